//! The items: a document beside the attributes that indexes and conditions use.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ports::CallError;
use snowgate_core::approval::TokenRow;
use snowgate_core::audit::{StoredRow, TrailRow};
use snowgate_core::effect::Removal;
use snowgate_core::id::{IdentityId, RequestId};
use snowgate_core::identity::HeldName;
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::stored::{StateV1, Stored as _};

use crate::document::{self, Item};
use crate::in_table::InTable;
use crate::keys;

/// How long a review link is kept after its end, in seconds: 90 days.
const TOKEN_KEPT: i64 = 90 * 86_400;

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn item(attributes: impl IntoIterator<Item = (&'static str, AttributeValue)>) -> Item {
    attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The second at which this time has come. Rounded up: nothing is due before its time.
pub(crate) fn due_second(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// The item of a record.
pub(crate) fn record<R: InTable>(operation: &'static str, record: &R) -> Result<Item, CallError> {
    let mut item = item([
        ("pk", s(R::partition(record.id()))),
        ("sk", s(keys::META)),
        ("version", n(record.version())),
        ("attempts", n(record.attempts())),
        ("doc", document::write(operation, record)?),
    ]);
    let named = |(name, value): (&str, AttributeValue)| (name.to_owned(), value);
    item.extend(record.attributes().into_iter().map(named));
    if let Some(due_at) = record.due_at() {
        item.insert("due_bucket".to_owned(), s(keys::due_bucket(record.id())));
        item.insert("due_at".to_owned(), n(due_second(due_at)));
    }
    Ok(item)
}

/// Reads a record; when it is due and how often it was tried count from the attributes, which
/// may be newer than the document. What is there and is no time is due now; what is no number of
/// tries counts as the document has it.
pub(crate) fn read_record<R: InTable>(
    operation: &'static str,
    item: &Item,
) -> Result<R, CallError> {
    let record: R = document::read(operation, item)?;
    let version: Option<u64> = document::number(operation, item, "version")?;
    if version != Some(record.version()) {
        return Err(document::bad_attribute(operation, "version"));
    }
    let attempts = document::number(operation, item, "attempts");
    let attempts = attempts.ok().flatten().unwrap_or(record.attempts());
    let due: Option<i64> = document::number(operation, item, "due_at").unwrap_or(Some(0));
    if due == record.due_at().map(due_second) {
        let due_at = record.due_at();
        return Ok(record.rescheduled(due_at, attempts));
    }
    let read = |second| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(record.rescheduled(due.map(read), attempts))
}

/// An audit row: the bytes that were hashed, as they are.
pub(crate) fn event<R: InTable>(
    operation: &'static str,
    row: &TrailRow<R>,
) -> Result<Item, CallError> {
    let stored = row
        .stored()
        .map_err(|error| CallError::permanent(operation, "UnwritableDocument").because(error))?;
    let unhashed = || CallError::permanent(operation, "UnwritableDocument");
    let row_hash = stored.hash.ok_or_else(unhashed)?;
    Ok(item([
        ("pk", s(R::partition(&row.of))),
        ("sk", s(keys::event(row.n))),
        ("hash", s(row_hash)),
        ("doc", s(stored.bytes)),
    ]))
}

/// The bytes of an audit row with its place and the hash that stands beside them, unread. What is
/// no row is one without a hash: it breaks its own trail, and nothing else.
pub(crate) fn read_event(item: &Item) -> StoredRow {
    let text = |name| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    StoredRow {
        place: text("sk").and_then(keys::place_of),
        bytes: text("doc").unwrap_or_default().to_owned(),
        hash: text("hash").and_then(|hash| hash.parse().ok()),
    }
}

pub(crate) fn document(id: &RequestId, text: &str) -> Item {
    item([
        ("pk", s(keys::request(id))),
        ("sk", s(keys::document(text))),
        ("text", s(text)),
    ])
}

/// When a change was removed for the last time.
pub(crate) fn removal(principal: &PrincipalKey, removal: &Removal) -> Item {
    item([
        ("pk", s(keys::principal(principal))),
        ("sk", s(keys::removal(&removal.change))),
        ("removed_at", n(due_second(removal.at))),
    ])
}

/// Reads a removal; none where it is none.
pub(crate) fn read_removal(operation: &'static str, item: &Item) -> Option<Removal> {
    let sk = document::text(operation, item, "sk").ok()?;
    let at: Option<i64> = document::number(operation, item, "removed_at").ok()?;
    Some(Removal {
        change: sk.strip_prefix(keys::REMOVAL_PREFIX)?.to_owned(),
        at: Timestamp::from_second(at?).ok()?,
    })
}

pub(crate) fn token(operation: &'static str, row: &TokenRow) -> Result<Item, CallError> {
    let expires_at = row.expires_at.as_second();
    Ok(item([
        ("pk", s(keys::token(&row.digest))),
        ("expires_at", n(expires_at)),
        ("ttl", n(expires_at.saturating_add(TOKEN_KEPT))),
        ("doc", document::write(operation, row)?),
    ]))
}

/// To which user a unique id belongs.
pub(crate) fn pointer(principal: &PrincipalKey, identity: &IdentityId) -> Item {
    item([
        ("pk", s(keys::principal(principal))),
        ("sk", s(keys::IDENTITY)),
        ("identity", s(identity.as_str())),
    ])
}

/// Reads whose a name is.
pub(crate) fn read_held_name(operation: &'static str, item: &Item) -> Result<HeldName, CallError> {
    let bad = |name| document::bad_attribute(operation, name);
    let identity = match item.contains_key("identity") {
        true => Some(document::text(operation, item, "identity")?),
        false => None,
    };
    let kept_until: Option<i64> = document::number(operation, item, "kept_until")?;
    let kept_until = kept_until.map(Timestamp::from_second).transpose();
    let owner = document::text(operation, item, "owner")?;
    Ok(HeldName {
        identity: identity
            .map(str::parse)
            .transpose()
            .map_err(|_| bad("identity"))?,
        owner: owner.parse().map_err(|_| bad("owner"))?,
        kept_until: kept_until.map_err(|_| bad("kept_until"))?,
    })
}

/// The state of this name.
pub(crate) fn state_of(operation: &'static str, name: &str) -> Result<State, CallError> {
    let stored: Result<StateV1, _> = serde_json::from_value(name.into());
    let stored = stored.map_err(|_| document::bad_attribute(operation, "state"))?;
    Ok(State::from_wire(stored))
}

#[cfg(test)]
mod tests {
    use snowgate_core::id::{Digest, RequestId};
    use snowgate_core::record::{Change, RequestRecord};
    use snowgate_core::request::AccessRequest;

    use super::*;

    fn at(second: i64, nanosecond: i32) -> Timestamp {
        Timestamp::new(second, nanosecond).unwrap()
    }

    fn change() -> Change {
        let body = serde_json::json!({
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
        let now = at(1_800_000_000, 5);
        RequestRecord::receive(id, "servicenow".parse().unwrap(), request, now).unwrap()
    }

    #[test]
    fn a_request_reads_as_it_was_written() {
        let record = change().record;
        let item = self::record("x:Y", &record).unwrap();
        assert_eq!(item["due_at"], n(1_800_000_121));
        assert_eq!(item["state"], s("Received"));
        assert_eq!(read_record::<RequestRecord>("x:Y", &item).unwrap(), record);
        let nothing_due = record.rescheduled(None, 0);
        let item = self::record("x:Y", &nothing_due).unwrap();
        assert!(!item.contains_key("due_bucket") && !item.contains_key("due_at"));
        assert_eq!(
            read_record::<RequestRecord>("x:Y", &item).unwrap(),
            nothing_due
        );
    }

    #[test]
    fn attributes_count_where_the_document_is_older() {
        let record = change().record;
        let mut item = self::record("x:Y", &record).unwrap();
        item.insert("due_at".to_owned(), n(1_800_009_000));
        item.insert("attempts".to_owned(), n(3));
        let read = read_record::<RequestRecord>("x:Y", &item).unwrap();
        assert_eq!(
            (read.due_at(), read.attempts()),
            (Some(at(1_800_009_000, 0)), 3)
        );
        for none in ["1e30", "99999999999999", "0.5"] {
            item.insert("due_at".to_owned(), n(none));
            item.insert("attempts".to_owned(), n(none));
            let read = read_record::<RequestRecord>("x:Y", &item).unwrap();
            let now = Some(Timestamp::UNIX_EPOCH);
            assert_eq!((read.due_at(), read.attempts()), (now, record.attempts()));
        }
        item.insert("version".to_owned(), n(7));
        assert!(read_record::<RequestRecord>("x:Y", &item).is_err());
    }

    #[test]
    fn every_state_reads_as_it_is_named() {
        for state in [State::Received, State::Undeliverable, State::Revoking] {
            assert_eq!(state_of("x:Y", state.name()).unwrap(), state);
        }
        assert!(state_of("x:Y", "Lost").is_err());
    }

    #[test]
    fn links_are_dropped_ninety_days_after_their_end() {
        let row = TokenRow {
            digest: Digest::of(b"token"),
            request: RequestId::from_random([1; 16]),
            approver: "cc".repeat(16).parse().unwrap(),
            expires_at: at(1_000, 0),
        };
        let item = token("x:Y", &row).unwrap();
        assert_eq!(item["ttl"], n(1_000 + 90 * 86_400));
        assert_eq!(document::read::<TokenRow>("x:Y", &item).unwrap(), row);
    }
}
