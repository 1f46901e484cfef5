//! Reading audit trails, as far as one is read, and records without theirs.

use std::hash::{BuildHasher as _, RandomState};

use aws_errors::call_error;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use ports::CallError;
use ports::ledger::{MAX_TRAIL_BYTES, MAX_TRAIL_ROWS, TRAIL_TOO_LONG};
use snowgate_core::audit::{self, StoredRow};
use snowgate_core::id::RequestId;
use snowgate_core::record::RequestRecord;

use crate::document::Item;
use crate::item::{self, s};
use crate::read::QUERY;
use crate::{DynamoLedger, keys};

const BATCH_GET: &str = "dynamodb:BatchGetItem";

/// How many pages of a trail are read at most. A page is 1 MB of what stands there, whatever of it is no
/// row.
const PAGES: usize = 2 * (MAX_TRAIL_BYTES >> 20);

/// Among how many places the next row of a trail is put that is not read and has one where it belongs.
const PLACES: u64 = 1_000_000_000;

/// The first rows of a trail.
pub(crate) struct FirstRows {
    /// The rows, in order.
    pub(crate) rows: Vec<StoredRow>,
    /// Whether these are all.
    pub(crate) all: bool,
}

impl DynamoLedger {
    pub(crate) async fn read_trail(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        match self.read_first_rows(id).await? {
            FirstRows { rows, all: true } => Ok(rows),
            FirstRows { all: false, .. } => Err(CallError::permanent(QUERY, TRAIL_TOO_LONG)),
        }
    }

    /// As much of a trail as is read.
    pub(crate) async fn read_first_rows(&self, id: &RequestId) -> Result<FirstRows, CallError> {
        let pk = keys::request(id);
        let (mut rows, mut bytes, mut next) = (Vec::new(), 0, None);
        for _ in 0..PAGES {
            let page;
            (page, next) = self.read_page(&pk, keys::EVENT_PREFIX, next).await?;
            bytes += page.iter().map(size).sum::<usize>();
            rows.extend(page.iter().map(item::read_event));
            if bytes > MAX_TRAIL_BYTES || rows.len() > MAX_TRAIL_ROWS {
                break;
            }
            if next.is_none() {
                return Ok(FirstRows { rows, all: true });
            }
        }
        Ok(FirstRows { rows, all: false })
    }

    /// A record whose trail is longer than is read.
    pub(crate) async fn examine_long(
        &self,
        first: &[StoredRow],
        record: RequestRecord,
    ) -> Result<RequestRecord, CallError> {
        let pk = keys::request(record.id());
        let last = keys::event(audit::last_place(&record));
        let last = self.get(&pk, &last).await?;
        let last = last.as_ref().map(item::read_event);
        let mut next = record.audit().count;
        if self.get(&pk, &keys::event(next)).await?.is_some() {
            // Nobody foresees which, so nobody can have put something there.
            let further = RandomState::new().hash_one(next) % PLACES;
            next = next.saturating_add(1 + further);
        }
        Ok(audit::examine_long(first, last.as_ref(), next, record))
    }

    /// Requests without their trails. Those that cannot be read are left out.
    pub(crate) async fn read_requests(
        &self,
        ids: &[RequestId],
    ) -> Result<Vec<RequestRecord>, CallError> {
        let key = |id: &RequestId| -> Item {
            let keys = [("pk", s(keys::request(id))), ("sk", s(keys::META))];
            keys.map(|(name, value)| (name.to_owned(), value)).into()
        };
        let mut asked = match ids {
            [] => None,
            ids => Some(ids.iter().map(key).collect::<Vec<Item>>()),
        };
        let mut found = Vec::new();
        while let Some(keys) = asked {
            let items = KeysAndAttributes::builder().set_keys(Some(keys));
            let items = items
                .consistent_read(true)
                .build()
                .map_err(|error| CallError::permanent(BATCH_GET, "NotSent").because(error))?;
            let call = self.client.batch_get_item();
            let answer = call.request_items(&self.requests, items).send().await;
            let answer = answer.map_err(|error| call_error(BATCH_GET, &error))?;
            let items = answer.responses.unwrap_or_default();
            let items = items.values().flatten();
            found.extend(items.filter_map(|item| item::read_request(BATCH_GET, item).ok()));
            // What was too much for one answer.
            let left = answer.unprocessed_keys.unwrap_or_default();
            let left = left.into_values().map(|left| left.keys);
            asked = left.reduce(|one, other| [one, other].concat());
        }
        Ok(found)
    }
}

/// About how many bytes an item has.
fn size(item: &Item) -> usize {
    let size = |(name, value): (&String, &AttributeValue)| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => name.len() + text.len(),
        AttributeValue::B(blob) => name.len() + blob.as_ref().len(),
        _ => name.len(),
    };
    item.iter().map(size).sum()
}
