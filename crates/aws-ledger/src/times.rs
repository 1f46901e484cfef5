//! The indexes by time: what is due, and effects whose access should be over. Whoever writes the
//! table writes them too, so an item that is none of ours is answered as that, and is no error.

use aws_errors::call_error;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{DueItem, EndedEffect, IndexPage, ItemKey};

use crate::document::Item;
use crate::item::{self, n, s};
use crate::read::QUERY;
use crate::write::done_or_not;
use crate::{DynamoLedger, keys};

/// An index by time: its name, and the attributes that are its keys.
pub(crate) struct ByTime {
    name: &'static str,
    bucket: &'static str,
    at: &'static str,
}

/// What is due.
pub(crate) const DUE: ByTime = ByTime {
    name: "due",
    bucket: "due_bucket",
    at: "due_at",
};

/// Effects, by the end of their access.
pub(crate) const ENDS: ByTime = ByTime {
    name: "ends",
    bucket: "ends_bucket",
    at: "ends_at",
};

impl DynamoLedger {
    /// The items of an index in this bucket whose time has come, the oldest first, at most
    /// `limit`, after this item.
    pub(crate) async fn read_index(
        &self,
        index: &ByTime,
        bucket: String,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> Result<IndexPage<ItemKey>, CallError> {
        let start = after.map(|key| {
            let keys = [
                ("pk", s(&key.pk)),
                ("sk", s(&key.sk)),
                (index.bucket, s(&bucket)),
                (index.at, AttributeValue::N(key.at.clone())),
            ];
            keys.map(|(name, value)| (name.to_owned(), value)).into()
        });
        let answer = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name(index.name)
            .key_condition_expression("#bucket = :bucket AND #at <= :now")
            .expression_attribute_names("#bucket", index.bucket)
            .expression_attribute_names("#at", index.at)
            .expression_attribute_values(":bucket", s(&bucket))
            .expression_attribute_values(":now", n(now.as_second()))
            .limit(i32::from(limit.max(1)))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| call_error(QUERY, &error))?;
        let key_of = |found: &Item| key_of(index, found);
        let next = answer.last_evaluated_key.as_ref().and_then(key_of);
        Ok(IndexPage {
            // Every item of an index has its keys, so none is left out.
            items: answer.items().iter().filter_map(key_of).collect(),
            next,
        })
    }

    /// Moves an item to another time in an index, or takes it out, where it stands where it stood.
    pub(crate) async fn write_time(
        &self,
        index: &ByTime,
        key: &ItemKey,
        version: Option<u64>,
        to: Option<Timestamp>,
    ) -> Result<bool, CallError> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.requests)
            .key("pk", s(&key.pk))
            .key("sk", s(&key.sk))
            .expression_attribute_names("#at", index.at)
            .expression_attribute_values(":seen", AttributeValue::N(key.at.clone()));
        update = match to {
            Some(to) => update
                .update_expression("SET #at = :to")
                .expression_attribute_values(":to", n(item::due_second(to))),
            None => update
                .update_expression("REMOVE #at, #bucket")
                .expression_attribute_names("#bucket", index.bucket),
        };
        update = match version {
            Some(version) => update
                .condition_expression("#at = :seen AND version = :version")
                .expression_attribute_values(":version", n(version)),
            None => update.condition_expression("#at = :seen"),
        };
        done_or_not(update.send().await)
    }
}

/// What an item that is due is about.
pub(crate) fn due_item(key: ItemKey) -> DueItem {
    DueItem {
        about: keys::due_kind(&key.pk, &key.sk),
        due_at: time_of(&key),
        key,
    }
}

/// The effect that an item is.
pub(crate) fn ended_effect(key: ItemKey) -> EndedEffect {
    EndedEffect {
        of: keys::effect_of(&key.pk, &key.sk),
        key,
    }
}

fn time_of(key: &ItemKey) -> Option<Timestamp> {
    Timestamp::from_second(key.at.parse().ok()?).ok()
}

fn key_of(index: &ByTime, found: &Item) -> Option<ItemKey> {
    let text = |name: &str| match found.get(name)? {
        AttributeValue::S(text) | AttributeValue::N(text) => Some(text.clone()),
        _ => None,
    };
    Some(ItemKey {
        pk: text("pk")?,
        sk: text("sk")?,
        at: text(index.at)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_none_is_no_error() {
        let key = |at: &str| ItemKey {
            pk: "REQ#x".to_owned(),
            sk: "META".to_owned(),
            at: at.to_owned(),
        };
        assert_eq!(time_of(&key("100")).map(Timestamp::as_second), Some(100));
        for none in ["-1e30", "0.5", "99999999999999", ""] {
            assert_eq!(time_of(&key(none)), None, "{none}");
        }
    }
}
