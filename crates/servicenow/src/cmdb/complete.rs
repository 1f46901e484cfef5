//! Reading all records that match, or knowing that not all were seen.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use ports::CallError;
use serde_json::Value;
use snowgate_core::entitlement::{Fact, Freshness, Unread};
use snowgate_core::id::SysId;
use tokio::time::{Instant, timeout_at};

use super::key::Key;
use crate::answer::TableAnswer;
use crate::error::ServiceNowError;
use crate::instance::escaped;
use crate::query::MAX_KEYS;
use crate::row::Row;
use crate::session::{Session, TableCall};
use crate::table::answer_format;

/// Records of one page.
const PAGE: u64 = 1_000;

/// The most records that one query is paged through.
const MOST: u64 = 10_000;

/// How many keys of a look-up are asked for alone where records spoil their batch.
const MOST_ALONE: usize = 100;

/// A look-up in one table.
pub(super) struct Lookup<'a> {
    /// Its name in logs.
    pub(super) operation: &'static str,
    /// A known word, or a name that was checked.
    pub(super) table: &'a str,
    /// The field that holds the keys.
    pub(super) key: &'static str,
    /// Further conditions: a field, and the values of which it must have one.
    pub(super) conditions: Vec<(&'static str, Vec<String>)>,
    /// What is read besides.
    pub(super) fields: Vec<String>,
}

/// Why not all records of a batch were seen.
#[derive(Clone, Copy)]
enum Incomplete {
    /// By some of its records: other keys may do better alone.
    Spoilt(Unread),
    /// By the call.
    Failed(Unread),
}

impl Incomplete {
    const fn why(self) -> Unread {
        match self {
            Self::Spoilt(why) | Self::Failed(why) => why,
        }
    }
}

/// The look-ups of one call, which have until the same moment.
pub(super) struct Lookups<'s> {
    session: &'s Session,
    until: Instant,
}

impl<'s> Lookups<'s> {
    pub(super) fn new(session: &'s Session, within: Duration) -> Self {
        Self {
            session,
            until: Instant::now() + within,
        }
    }

    /// The records of each key, in the order of the keys.
    pub(super) async fn rows(&self, lookup: &Lookup<'_>, keys: &[Key]) -> Vec<Fact<Vec<Row>>> {
        let alone = AtomicUsize::new(0);
        let batches = self.batches(lookup, keys);
        let batches = batches.into_iter().map(|batch| {
            let keys = keys.get(batch).unwrap_or_default();
            self.batch(lookup, keys, &alone)
        });
        join_all(batches).await.into_iter().flatten().collect()
    }

    /// Which keys go together: as many as fit an address, and at most [`MAX_KEYS`] values.
    fn batches(&self, lookup: &Lookup<'_>, keys: &[Key]) -> Vec<Range<usize>> {
        let room = lookup.parameters(&[], MOST);
        let room = self.session.instance().room(lookup.table, &room);
        let mut batches: Vec<Range<usize>> = Vec::new();
        let (mut bytes, mut values) = (0, 0);
        for (index, key) in keys.iter().enumerate() {
            let spellings = key.spellings();
            let more: usize = spellings.iter().map(|one| escaped(one).len() + 1).sum();
            bytes += more;
            values += spellings.len();
            match batches.last_mut() {
                Some(batch) if bytes <= room && values <= MAX_KEYS => batch.end = index + 1,
                _ => {
                    batches.push(index..index + 1);
                    (bytes, values) = (more, spellings.len());
                }
            }
        }
        batches
    }

    /// One batch; where some of its records are hidden, contradict the question or are too many, each key alone, so that one of
    /// them does not spoil the others.
    async fn batch(
        &self,
        lookup: &Lookup<'_>,
        keys: &[Key],
        alone: &AtomicUsize,
    ) -> Vec<Fact<Vec<Row>>> {
        let freshness = Freshness::read(self.session.now());
        let unread = |why| keys.iter().map(|_| Fact::Unread(why)).collect();
        match self.complete(lookup, keys).await {
            Ok(rows) => sorted_by_key(rows, lookup, keys, freshness),
            Err(Incomplete::Spoilt(why)) if keys.len() > 1 => {
                let each = keys.iter().map(|key| async move {
                    if alone.fetch_add(1, Ordering::Relaxed) >= MOST_ALONE {
                        return Fact::Unread(why);
                    }
                    match self.complete(lookup, std::slice::from_ref(key)).await {
                        Ok(value) => Fact::Known { value, freshness },
                        Err(incomplete) => Fact::Unread(incomplete.why()),
                    }
                });
                join_all(each).await
            }
            Err(incomplete) => unread(incomplete.why()),
        }
    }

    /// All records of these keys, page by page in whatever order the instance has, each of them once.
    async fn complete(&self, lookup: &Lookup<'_>, keys: &[Key]) -> Result<Vec<Row>, Incomplete> {
        let (mut rows, mut seen) = (Vec::new(), BTreeSet::<SysId>::new());
        let (mut offset, mut total) = (0, None);
        let inconsistent = Incomplete::Spoilt(Unread::Inconsistent);
        loop {
            let answer = self.page(lookup, keys, offset).await;
            let answer = answer.map_err(Incomplete::Failed)?;
            // Without a total nobody knows what is hidden, of whichever key.
            let matching = answer
                .total
                .ok_or(Incomplete::Failed(Unread::Inconsistent))?;
            if total.is_some_and(|total| total != matching) {
                return Err(Incomplete::Failed(Unread::Unavailable));
            }
            total = Some(matching);
            if matching > MOST {
                return Err(Incomplete::Spoilt(Unread::TooMany));
            }
            for row in echoing(lookup, keys, answer.result).map_err(|_| inconsistent)? {
                let id = row.sys_id().map_err(|_| inconsistent)?;
                if !seen.insert(id) {
                    return Err(inconsistent);
                }
                rows.push(row);
            }
            offset += PAGE;
            if offset >= matching {
                return match (rows.len() as u64).cmp(&matching) {
                    std::cmp::Ordering::Equal => Ok(rows),
                    std::cmp::Ordering::Less => Err(Incomplete::Spoilt(Unread::Hidden)),
                    std::cmp::Ordering::Greater => Err(inconsistent),
                };
            }
        }
    }

    async fn page(
        &self,
        lookup: &Lookup<'_>,
        keys: &[Key],
        offset: u64,
    ) -> Result<TableAnswer, Unread> {
        let parameters = lookup.parameters(keys, offset);
        let url = self
            .session
            .instance()
            .table_url(lookup.table, None, &parameters)
            .map_err(|error| unread(&error.in_call(lookup.operation)))?;
        let call = TableCall {
            method: Method::GET,
            url,
            body: None,
        };
        let answer = self.session.call(lookup.operation, &call);
        match timeout_at(self.until, answer).await {
            Ok(answer) => answer.map_err(|error| unread(&error)),
            Err(_) => Err(Unread::Unavailable),
        }
    }
}

/// What a failed call means for the facts that it was made for.
fn unread(error: &CallError) -> Unread {
    tracing::warn!(operation = error.operation, code = %error.code, "a look-up failed");
    match error.is_transient() {
        true => Unread::Unavailable,
        false => Unread::Forbidden,
    }
}

impl Lookup<'_> {
    fn parameters(&self, keys: &[Key], offset: u64) -> Vec<(&'static str, String)> {
        let values: Vec<&str> = keys
            .iter()
            .flat_map(Key::spellings)
            .map(|one| &**one)
            .collect();
        let mut query = vec![format!("{}IN{}", self.key, values.join(","))];
        for (field, values) in &self.conditions {
            query.push(match values.as_slice() {
                [one] => format!("{field}={one}"),
                many => format!("{field}IN{}", many.join(",")),
            });
        }
        let mut fields = vec!["sys_id", self.key];
        fields.extend(self.conditions.iter().map(|(field, _)| *field));
        fields.extend(self.fields.iter().map(|field| &**field));
        let mut once = BTreeSet::new();
        fields.retain(|field| once.insert(*field));
        let mut parameters = vec![("sysparm_query", query.join("^"))];
        parameters.extend(answer_format(&fields));
        parameters.push(("sysparm_limit", PAGE.to_string()));
        if offset > 0 {
            parameters.push(("sysparm_offset", offset.to_string()));
        }
        parameters
    }
}

/// The records, each of which shows one of the keys, and what else was asked for.
fn echoing(lookup: &Lookup<'_>, keys: &[Key], result: Value) -> Result<Vec<Row>, ServiceNowError> {
    let Value::Array(rows) = result else {
        return Err(ServiceNowError::Incomplete);
    };
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row)?;
            let stored = row.text(lookup.key)?;
            if !keys.iter().any(|key| key.is(stored)) {
                return Err(ServiceNowError::WrongRow);
            }
            for (field, values) in &lookup.conditions {
                let stored = row.text(field)?;
                if !values.iter().any(|value| value == stored) {
                    return Err(ServiceNowError::WrongRow);
                }
            }
            Ok(row)
        })
        .collect()
}

/// The records of each key. Each record shows one of them.
fn sorted_by_key(
    rows: Vec<Row>,
    lookup: &Lookup<'_>,
    keys: &[Key],
    freshness: Freshness,
) -> Vec<Fact<Vec<Row>>> {
    let mut of: Vec<Vec<Row>> = keys.iter().map(|_| Vec::new()).collect();
    for row in rows {
        let stored = row.text(lookup.key).unwrap_or_default();
        let whose = keys.iter().position(|key| key.is(stored));
        if let Some(rows) = whose.and_then(|index| of.get_mut(index)) {
            rows.push(row);
        }
    }
    of.into_iter()
        .map(|value| Fact::Known { value, freshness })
        .collect()
}

/// What was found for each key, read from its rows; a row that cannot be read leaves the fact unread.
pub(super) fn read<K: Clone, T>(
    keys: &[K],
    facts: Vec<Fact<Vec<Row>>>,
    of: impl Fn(&[Row]) -> Result<T, ServiceNowError>,
) -> Vec<(K, Fact<T>)> {
    let facts = facts.into_iter().map(|fact| match fact {
        Fact::Unread(why) => Fact::Unread(why),
        Fact::Known { value, freshness } => match of(&value) {
            Ok(value) => Fact::Known { value, freshness },
            Err(_) => Fact::Unread(Unread::Inconsistent),
        },
    });
    keys.iter().cloned().zip(facts).collect()
}
