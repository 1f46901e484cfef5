//! What the items of a request say.

use jiff::Timestamp;
use serde_json::{Value, json};
use snowgate_core::audit::{self, StoredRow, TrailError};
use snowgate_core::id::RequestId;
use snowgate_core::record::RequestRecord;
use snowgate_core::stored::{self, ReadError};

/// The items of a request.
pub(super) struct Look {
    record: Result<RequestRecord, Option<ReadError>>,
    rows: Vec<(StoredRow, Value)>,
    due: Option<(String, String)>,
    bucket: String,
}

impl Look {
    /// Reads the items; none where there are none.
    pub(super) fn at(id: &RequestId, items: &Value) -> Option<Self> {
        let items = items.as_array().filter(|items| !items.is_empty())?;
        let meta = items.iter().find(|item| text(item, "sk") == Some("META"));
        let record = match meta.and_then(|meta| text(meta, "doc")) {
            Some(doc) => stored::read(doc).map_err(Some),
            None => Err(None),
        };
        let is_row = |item: &&Value| text(item, "sk").is_some_and(|sk| sk.starts_with("EVT#"));
        let rows = items.iter().filter(is_row).map(|item| {
            let row = StoredRow {
                place: text(item, "sk").and_then(place_of),
                bytes: text(item, "doc").unwrap_or_default().to_owned(),
                hash: text(item, "hash").and_then(|hash| hash.parse().ok()),
            };
            (row, item.clone())
        });
        let due = meta.and_then(|meta| {
            let at = meta.pointer("/due_at/N")?.as_str()?;
            Some((text(meta, "due_bucket")?.to_owned(), at.to_owned()))
        });
        Some(Self {
            record,
            rows: rows.collect(),
            due,
            bucket: format!("due#{}", snowgate_core::aggregate::bucket_of(id)),
        })
    }

    fn trail_error(&self) -> Option<TrailError> {
        let record = self.record.as_ref().ok()?;
        let rows: Vec<StoredRow> = self.rows.iter().map(|(row, _)| row.clone()).collect();
        audit::verify(&rows, record).err()
    }

    /// Whether the record does not know a row: it stands where the next one belongs, or after it.
    fn is_unknown(&self, row: &StoredRow) -> bool {
        let known = self.record.as_ref().map(|record| record.audit().count);
        known.is_ok_and(|count| row.place.is_none_or(|n| n >= count))
    }

    /// The item of a row that the record does not know.
    pub(super) fn unknown_row(&self, n: u64) -> Option<&Value> {
        let mut rows = self.rows.iter();
        let found = rows.find(|(row, _)| row.place == Some(n) && self.is_unknown(row));
        found.map(|(_, item)| item)
    }

    /// The order that puts the request where the sweeper finds it; none where its record cannot be
    /// read.
    pub(super) fn look_now(&self, second: i64) -> Option<Value> {
        let record = self.record.as_ref().ok()?;
        Some(json!({
            "bucket": self.bucket, "second": second, "version": record.version(),
        }))
    }

    /// What is wrong with where the request stands in the index of what is due.
    fn misplaced(&self, now: Timestamp) -> Option<String> {
        let record = self.record.as_ref().ok()?;
        let belongs = record.scheduled(now);
        match (&self.due, belongs) {
            (None, None) => None,
            (Some(_), None) => Some("it is due, and nothing is left to do".to_owned()),
            (None, Some(at)) => Some(format!("it is not due, and belongs to {at}")),
            (Some((bucket, _)), Some(_)) if *bucket != self.bucket => {
                Some(format!("it stands in another bucket than {}", self.bucket))
            }
            (Some((_, at)), Some(belongs)) => {
                let at = at
                    .parse()
                    .ok()
                    .and_then(|at| Timestamp::from_second(at).ok());
                let day = jiff::SignedDuration::from_hours(24);
                let near = at.is_some_and(|at| at <= belongs + day);
                (!near).then(|| format!("it is due later than {belongs}"))
            }
        }
    }

    /// Whether everything fits together.
    pub(super) fn is_whole(&self, now: Timestamp) -> bool {
        self.record.is_ok() && self.trail_error().is_none() && self.misplaced(now).is_none()
    }

    /// What it all comes to, line by line. Nothing of what a request says is in it.
    pub(super) fn lines(&self, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.record {
            Ok(record) => lines.push(format!(
                "record   {}, version {}, {} rows known",
                record.state(),
                record.version(),
                record.audit().count
            )),
            Err(None) => lines.push("record   there is none, or it has no document".to_owned()),
            Err(Some(error)) => lines.push(format!("record   cannot be read: {error}")),
        }
        match self.trail_error() {
            Some(error) => lines.push(format!("trail    broken: {error}")),
            None if self.record.is_ok() => lines.push("trail    whole".to_owned()),
            None => lines.push(format!("trail    {} rows", self.rows.len())),
        }
        for (row, _) in self.rows.iter().filter(|(row, _)| self.is_unknown(row)) {
            let place = row
                .place
                .map_or("of no number".to_owned(), |n| n.to_string());
            lines.push(format!("         row {place} is not known to the record"));
        }
        let due = self.misplaced(now);
        let due = due.unwrap_or_else(|| "as it should be".to_owned());
        lines.push(format!("due      {due}"));
        if self.record.is_err() {
            lines.push(
                "to do    its access ends by its effects; restore the item from a backup to see more"
                    .to_owned(),
            );
        }
        lines
    }
}

/// A text attribute of an item, as the low-level API writes it.
fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name)?.get("S")?.as_str()
}

/// The place of an audit row, as its key has it.
fn place_of(sk: &str) -> Option<u64> {
    let digits = sk.strip_prefix("EVT#")?;
    (digits.len() == 10).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use snowgate_core::record::Change;
    use snowgate_core::request::AccessRequest;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn change() -> Change {
        let body = json!({
            "source": {"table": "incident", "sys_id": "aa".repeat(16), "number": "INC0010001"},
            "requested_by": {"sys_id": "bb".repeat(16)},
            "target": {"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}},
            "grants": [{"type": "attach_managed_policy",
                        "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"}],
            "duration": "PT8H",
            "justification": "Quarter-end reports"
        });
        let request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
        let id = RequestId::from_random([1; 16]);
        RequestRecord::receive(id, "servicenow".parse().unwrap(), request, now()).unwrap()
    }

    fn row(n: u64, bytes: &str, hash: &str) -> Value {
        json!({"pk": {"S": "REQ#x"}, "sk": {"S": format!("EVT#{n:010}")},
               "doc": {"S": bytes}, "hash": {"S": hash}})
    }

    /// The items of a request that was just accepted.
    fn items(bucket: &str) -> Vec<Value> {
        let Change {
            record, row: first, ..
        } = change();
        let stored = first.stored().unwrap();
        let hash = stored.hash.unwrap();
        vec![
            row(0, &stored.bytes, hash.as_str()),
            json!({"pk": {"S": "REQ#x"}, "sk": {"S": "META"},
                   "doc": {"S": stored::write(&record).unwrap()},
                   "due_bucket": {"S": bucket}, "due_at": {"N": "1800000120"}}),
        ]
    }

    fn look(items: Vec<Value>) -> Look {
        Look::at(change().record.id(), &Value::Array(items)).unwrap()
    }

    #[test]
    fn what_fits_together_is_said_to() {
        let id = change().record.id().clone();
        let bucket = format!("due#{}", snowgate_core::aggregate::bucket_of(&id));
        let whole = look(items(&bucket));
        assert!(whole.is_whole(now()), "{:?}", whole.lines(now()));
        assert_eq!(
            whole.lines(now()),
            [
                "record   Received, version 0, 1 rows known",
                "trail    whole",
                "due      as it should be"
            ]
        );
        assert!(Look::at(&id, &json!([])).is_none());
        assert_eq!(
            whole.look_now(5),
            Some(json!({"bucket": bucket, "second": 5, "version": 0}))
        );
    }

    #[test]
    fn a_row_that_is_not_known_can_be_set_aside_and_no_other() {
        let mut with = items("due#9");
        with.push(row(1, "canary", "canary"));
        let found = look(with);
        assert!(!found.is_whole(now()));
        let lines = found.lines(now()).join("\n");
        assert!(
            lines.contains("row 1 is not known to the record"),
            "{lines}"
        );
        assert!(
            lines.contains("row 1 of the audit trail: a row stands"),
            "{lines}"
        );
        assert!(
            lines.contains("another bucket") && !lines.contains("canary"),
            "{lines}"
        );
        assert!(found.unknown_row(1).is_some());
        for part_of_it in [0, 2] {
            assert!(found.unknown_row(part_of_it).is_none());
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_said_to_be_that() {
        let mut garbled = items("due#0");
        garbled[1]["doc"]["S"] = json!("{\"schema\":1,\"body\":\"canary\"}");
        let found = look(garbled);
        assert!(!found.is_whole(now()));
        assert!(!found.lines(now()).join("\n").contains("canary"));
        assert_eq!(found.look_now(5), None);
        assert!(found.unknown_row(0).is_none());
    }
}
