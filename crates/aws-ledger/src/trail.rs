//! Reading audit trails, as far as one is read.

use std::hash::{BuildHasher as _, RandomState};

use aws_sdk_dynamodb::types::AttributeValue;
use ports::CallError;
use ports::ledger::{MAX_TRAIL_BYTES, MAX_TRAIL_ROWS, TRAIL_TOO_LONG};
use snowgate_core::audit::{self, StoredRow};

use crate::document::Item;
use crate::in_table::InTable;
use crate::item;
use crate::read::QUERY;
use crate::{DynamoLedger, keys};

/// How many pages of a trail are read at most. A page is 1 MB of what stands there, whatever of it is no
/// row.
const PAGES: usize = 2 * (MAX_TRAIL_BYTES >> 20);

/// Among how many places the next row of a trail is put that is not read and has one where it belongs.
const PLACES: u64 = 1_000_000_000;

/// How many places of a trail are read in one call: 4 MB, of items as big as they may be.
const PLACES_AT_ONCE: usize = 10;

/// The first rows of a trail.
pub(crate) struct FirstRows {
    /// The rows, in order.
    pub(crate) rows: Vec<StoredRow>,
    /// Whether these are all.
    pub(crate) all: bool,
}

impl DynamoLedger {
    /// The trail in a partition.
    pub(crate) async fn read_trail(&self, pk: &str) -> Result<Vec<StoredRow>, CallError> {
        match self.read_first_rows(pk).await? {
            FirstRows { rows, all: true } => Ok(rows),
            FirstRows { all: false, .. } => Err(CallError::permanent(QUERY, TRAIL_TOO_LONG)),
        }
    }

    /// As much of a trail as is read. What does not fit is read from its places, so that nothing that
    /// somebody puts beside them comes first.
    pub(crate) async fn read_first_rows(&self, pk: &str) -> Result<FirstRows, CallError> {
        let (mut rows, mut bytes, mut next) = (Vec::new(), 0, None);
        for _ in 0..PAGES {
            let page;
            (page, next) = self.read_page(pk, keys::EVENT_PREFIX, next).await?;
            bytes += page.iter().map(size).sum::<usize>();
            rows.extend(page.iter().map(item::read_event));
            if bytes > MAX_TRAIL_BYTES || rows.len() > MAX_TRAIL_ROWS {
                break;
            }
            if next.is_none() {
                return Ok(FirstRows { rows, all: true });
            }
        }
        let rows = self.read_places(pk).await?;
        Ok(FirstRows { rows, all: false })
    }

    /// The rows in the first places of a trail, up to a gap of many, or as many as are read.
    async fn read_places(&self, pk: &str) -> Result<Vec<StoredRow>, CallError> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for first in (0..MAX_TRAIL_ROWS as u64).step_by(PLACES_AT_ONCE) {
            let places = first..first + PLACES_AT_ONCE as u64;
            let places = places.map(|place| (pk.to_owned(), keys::event(place)));
            let some = self.get_all(places).await?;
            bytes += some.iter().map(size).sum::<usize>();
            rows.extend(some.iter().map(item::read_event));
            if some.is_empty() || bytes > MAX_TRAIL_BYTES {
                break;
            }
        }
        rows.sort_by_key(|row| row.place);
        Ok(rows)
    }

    /// A record whose trail is longer than is read.
    pub(crate) async fn examine_long<R: InTable>(
        &self,
        first: &[StoredRow],
        record: R,
    ) -> Result<R, CallError> {
        let pk = R::partition(record.id());
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
