//! A DynamoDB that holds what it is told to hold, and answers as often as asked with the same.
//!
//! Reads are by key or by the keys of an index, as the ledger's are. Writes are counted and
//! change nothing, so that every call of a function finds what the call before it found; only
//! while it learns does it keep what is put.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Map, Value, json};

/// Tables and indexes.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// Whether what is put is kept.
    pub(crate) learns: bool,
    /// Items as JSON texts by partition and sort key.
    items: BTreeMap<(String, String), String>,
    /// Keys of requests by bucket, time and partition key.
    due: BTreeMap<(String, i64, String), ()>,
    /// Partition keys of requests by the record they come from and their time.
    of_record: BTreeMap<(String, i64, String), ()>,
}

impl Store {
    /// Answers one operation; none where it is not known here.
    pub(crate) fn answer(&mut self, operation: &str, body: &Value) -> Option<Value> {
        match operation {
            "GetItem" => Some(self.get(body)),
            "Query" => Some(self.query(body)),
            "TransactWriteItems" => {
                self.write(body);
                Some(json!({}))
            }
            "UpdateItem" => Some(json!({})),
            _ => None,
        }
    }

    /// The id of a request that was learned.
    pub(crate) fn request(&self) -> Option<String> {
        let found = self.items.keys().find(|(_, sk)| sk == "META");
        found.and_then(|(pk, _)| pk.strip_prefix("REQ#").map(str::to_owned))
    }

    /// Fills up to this many requests that wait: copies of the one that was learned, with ids of
    /// their own, due long after today.
    pub(crate) fn pend(&mut self, count: u64) {
        let Some(id) = self.request() else { return };
        let key = (format!("REQ#{id}"), "META".to_owned());
        let Some(text) = self.items.get(&key).cloned() else {
            return;
        };
        for nth in self.of_record.len() as u64..count {
            let other = format!("req-{nth:032x}");
            let Ok(Value::Object(mut item)) = serde_json::from_str(&text.replace(&id, &other))
            else {
                return;
            };
            item.insert(
                "due_bucket".to_owned(),
                json!({"S": format!("due#{}", nth % 8)}),
            );
            item.insert(
                "due_at".to_owned(),
                json!({"N": (4_000_000_000 + nth).to_string()}),
            );
            // Half of them come from the same ServiceNow record, which is the worst case.
            if nth.is_multiple_of(2) {
                item.insert(
                    "client_record".to_owned(),
                    json!({"S": format!("servicenow#{nth:032x}")}),
                );
            }
            self.put(item);
        }
    }

    fn get(&self, body: &Value) -> Value {
        let part = |name| string(body.pointer(&format!("/Key/{name}")));
        let key = (part("pk"), part("sk"));
        match self
            .items
            .get(&key)
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
        {
            Some(item) => json!({ "Item": item }),
            None => json!({}),
        }
    }

    fn query(&self, body: &Value) -> Value {
        let value =
            |name: &str| string(body.pointer(&format!("/ExpressionAttributeValues/{name}")));
        let limit = body.get("Limit").and_then(Value::as_u64).unwrap_or(1_000);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let items: Vec<Value> = match body.get("IndexName").and_then(Value::as_str) {
            Some("due") => {
                let now = value(":now").parse().unwrap_or(0);
                let (from, to) = ends(&value(":bucket"), now);
                let found = self.due.range((Bound::Included(from), Bound::Included(to)));
                let shown = |((bucket, at, pk), ()): (&(String, i64, String), &())| {
                    json!({"pk": {"S": pk}, "sk": {"S": "META"}, "due_bucket": {"S": bucket},
                           "due_at": {"N": at.to_string()}})
                };
                found.take(limit).map(shown).collect()
            }
            Some("client_record") => {
                let (from, to) = ends(&value(":record"), i64::MAX);
                let found = self
                    .of_record
                    .range((Bound::Included(from), Bound::Included(to)));
                let shown = |((_, _, pk), ()): (&(String, i64, String), &())| json!({"pk": {"S": pk}, "state": {"S": "Received"}});
                found.rev().take(limit).map(shown).collect()
            }
            _ => {
                let (pk, prefix) = (value(":pk"), value(":prefix"));
                let from = Bound::Included((pk.clone(), prefix.clone()));
                let found = self.items.range((from, Bound::Unbounded));
                found
                    .take_while(|((held, sk), _)| *held == pk && sk.starts_with(&prefix))
                    .take(limit)
                    .filter_map(|(_, text)| serde_json::from_str(text).ok())
                    .collect()
            }
        };
        json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items})
    }

    fn write(&mut self, body: &Value) {
        if !self.learns {
            return;
        }
        let writes = body.get("TransactItems").and_then(Value::as_array);
        for write in writes.into_iter().flatten() {
            if let Some(item) = write.pointer("/Put/Item").and_then(Value::as_object) {
                self.put(item.clone());
            }
        }
    }

    fn put(&mut self, item: Map<String, Value>) {
        let text = |name: &str| string(item.get(name));
        let (pk, sk) = (text("pk"), text("sk"));
        let number = |name: &str| text(name).parse::<i64>().ok();
        if let Some(at) = number("due_at") {
            self.due.insert((text("due_bucket"), at, pk.clone()), ());
        }
        if let (Some(at), record) = (number("created_at"), text("client_record")) {
            self.of_record.insert((record, at, pk.clone()), ());
        }
        self.items.insert((pk, sk), Value::Object(item).to_string());
    }
}

/// Everything of one partition up to a number.
fn ends(partition: &str, last: i64) -> ((String, i64, String), (String, i64, String)) {
    let beyond = char::MAX.to_string();
    (
        (partition.to_owned(), i64::MIN, String::new()),
        (partition.to_owned(), last, beyond),
    )
}

/// The text of an attribute of the type S or N; empty where there is none.
fn string(attribute: Option<&Value>) -> String {
    let value = attribute.and_then(|value| value.get("S").or_else(|| value.get("N")));
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned() -> Store {
        let mut store = Store {
            learns: true,
            ..Store::default()
        };
        let item = json!({"pk": {"S": "REQ#req-a"}, "sk": {"S": "META"}, "created_at": {"N": "7"},
                          "client_record": {"S": "c#1"}, "doc": {"S": "req-a"},
                          "due_bucket": {"S": "due#3"}, "due_at": {"N": "50"}});
        let write = json!({"TransactItems": [{"Put": {"TableName": "t", "Item": item}}]});
        store.answer("TransactWriteItems", &write);
        store.learns = false;
        store
    }

    fn count(store: &mut Store, query: Value) -> Value {
        store.answer("Query", &query).unwrap()["Count"].clone()
    }

    #[test]
    fn what_is_learned_is_found_by_its_keys() {
        let mut store = learned();
        let key = json!({"Key": {"pk": {"S": "REQ#req-a"}, "sk": {"S": "META"}}});
        assert_eq!(
            store.answer("GetItem", &key).unwrap()["Item"]["doc"]["S"],
            "req-a"
        );
        let due = |now: &str| {
            json!({"IndexName": "due", "ExpressionAttributeValues":
            {":bucket": {"S": "due#3"}, ":now": {"N": now}}})
        };
        assert_eq!(count(&mut store, due("49")), 0);
        assert_eq!(count(&mut store, due("50")), 1);
        let rows = json!({"ExpressionAttributeValues":
            {":pk": {"S": "REQ#req-a"}, ":prefix": {"S": "ME"}}});
        assert_eq!(count(&mut store, rows), 1);
        assert!(store.answer("Scan", &json!({})).is_none());
    }

    #[test]
    fn pending_requests_have_ids_of_their_own_and_are_not_due() {
        let mut store = learned();
        store.pend(1_000);
        store.pend(1_000);
        assert_eq!(store.of_record.len(), 1_000);
        let due = json!({"IndexName": "due", "Limit": 100, "ExpressionAttributeValues":
            {":bucket": {"S": "due#1"}, ":now": {"N": "3000000000"}}});
        assert_eq!(count(&mut store, due), 0);
        let record = json!({"IndexName": "client_record", "Limit": 25, "ExpressionAttributeValues":
            {":record": {"S": "c#1"}}});
        assert_eq!(count(&mut store, record), 25);
    }
}
