//! The indexes by time.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{DueItem, DueKind, EndedEffect, IndexPage, ItemKey, TimeIndex, bucket_of};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;

use super::{FakeLedger, Tables, limits, whole_second};

const META: &str = "META";

pub(super) fn key(pk: String, at: Timestamp) -> ItemKey {
    ItemKey {
        pk,
        sk: META.to_owned(),
        at: at.as_second().to_string(),
    }
}

/// A page of what is over, the longest first.
fn page<T>(
    mut all: Vec<(ItemKey, T)>,
    (now, limit, after): (Timestamp, u16, Option<&ItemKey>),
) -> IndexPage<T> {
    let second = |key: &ItemKey| key.at.parse::<i64>().unwrap();
    all.retain(|(key, _)| second(key) <= now.as_second());
    all.sort_by_key(|(key, _)| (second(key), key.pk.clone()));
    if let Some(after) = after {
        let from = (second(after), &after.pk);
        all.retain(|(key, _)| (second(key), &key.pk) > from);
    }
    let limit = usize::from(limit.max(1));
    let is_cut = all.len() > limit;
    all.truncate(limit);
    let last = all.last().filter(|_| is_cut);
    let next = last.map(|(key, _)| key.clone());
    let items = all.into_iter().map(|(_, item)| item).collect();
    IndexPage { items, next }
}

impl Tables {
    fn move_stray(&mut self, key: &ItemKey, to: Option<Timestamp>) -> bool {
        let before = self.strays.len();
        let Some(to) = to else {
            self.strays.retain(|(_, item)| item.key != *key);
            return self.strays.len() < before;
        };
        let mut strays = self.strays.iter_mut();
        let Some((_, item)) = strays.find(|(_, item)| item.key == *key) else {
            return false;
        };
        item.key.at = whole_second(to).as_second().to_string();
        item.due_at = Some(whole_second(to));
        true
    }
}

impl TimeIndex for FakeLedger {
    async fn due(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> Result<IndexPage<DueItem>, CallError> {
        let tables = self.0.lock().unwrap();
        let mine = tables.records.values();
        let mine = mine.filter(|held| bucket_of(held.id()) == bucket);
        let mut all: Vec<(ItemKey, DueItem)> = mine
            .filter_map(|held| {
                let due_at = whole_second(held.due_at()?);
                let key = key(format!("REQ#{}", held.id()), due_at);
                let item = DueItem {
                    key: key.clone(),
                    about: DueKind::Known(Aggregate::Request(held.id().clone())),
                    due_at: Some(due_at),
                };
                Some((key, item))
            })
            .collect();
        all.extend(tables.users.due(bucket));
        let strays = tables.strays.iter().filter(|(other, _)| *other == bucket);
        all.extend(strays.map(|(_, item)| (item.key.clone(), item.clone())));
        Ok(page(all, (now, limit, after)))
    }

    async fn ended(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> Result<IndexPage<EndedEffect>, CallError> {
        let tables = self.0.lock().unwrap();
        let mine = tables.ends.iter();
        let mine = mine.filter(|(_, (effect, _))| bucket_of(&effect.request) == bucket);
        let all = mine.map(|(name, (effect, at))| {
            let key = key(name.clone(), *at);
            let of = (effect.principal_key.clone(), effect.request.clone());
            let of = (!tables.illegible_ends.contains(name)).then_some(of);
            (key.clone(), EndedEffect { key, of })
        });
        Ok(page(all.collect(), (now, limit, after)))
    }

    async fn put_due(
        &self,
        key: &ItemKey,
        version: Option<u64>,
        to: Option<Timestamp>,
    ) -> Result<bool, CallError> {
        let mut tables = self.0.lock().unwrap();
        let biggest = tables.biggest_item;
        if let Some(done) = tables.users.put_due(key, version, to) {
            return Ok(done);
        }
        let id = key.pk.strip_prefix("REQ#");
        let Some(id) = id.and_then(|id| id.parse::<RequestId>().ok()) else {
            return Ok(tables.move_stray(key, to));
        };
        let held = tables.records.get_mut(&id).filter(|held| {
            let at = held.due_at().map(whole_second);
            at.is_some_and(|at| at.as_second().to_string() == key.at)
                && version.is_none_or(|version| held.version() == version)
        });
        let Some(held) = held else {
            return Ok(false);
        };
        let attempts = held.attempts();
        let moved = held.clone().rescheduled(to.map(whole_second), attempts);
        if to.is_some() {
            limits::fits(&moved, biggest)?;
        }
        *held = moved;
        Ok(true)
    }

    async fn put_end(&self, key: &ItemKey, to: Timestamp) -> Result<bool, CallError> {
        let mut tables = self.0.lock().unwrap();
        let found = tables.ends.get_mut(&key.pk);
        let found = found.filter(|(_, at)| at.as_second().to_string() == key.at);
        Ok(found.is_some_and(|(_, at)| {
            *at = whole_second(to);
            true
        }))
    }
}
