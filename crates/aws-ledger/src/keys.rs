//! The keys of the items.

use ports::ledger::bucket_of;
use snowgate_core::aggregate::Aggregate;
use snowgate_core::effect::Effect;
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::principal::PrincipalKey;
use snowgate_core::request::Source;

/// The sort key of a request.
pub(crate) const META: &str = "META";
/// The sort key of an idempotency key.
pub(crate) const KEY: &str = "KEY";
/// The sort key of a claim on a ServiceNow record.
pub(crate) const OPEN: &str = "OPEN";
/// What the sort keys of audit rows begin with.
pub(crate) const EVENT_PREFIX: &str = "EVT#";
/// What the sort keys of policy texts begin with.
pub(crate) const DOCUMENT_PREFIX: &str = "DOC#";
/// What the sort keys of effects begin with.
pub(crate) const EFFECT_PREFIX: &str = "EFF#";

const REQUEST_PREFIX: &str = "REQ#";

pub(crate) fn request(id: &RequestId) -> String {
    format!("{REQUEST_PREFIX}{id}")
}

/// What is behind a partition key: the prefix says of what kind it is.
pub(crate) fn aggregate_of(pk: &str) -> Option<Aggregate> {
    let id = pk.strip_prefix(REQUEST_PREFIX)?.parse().ok()?;
    Some(Aggregate::Request(id))
}

pub(crate) fn event(n: u64) -> String {
    format!("{EVENT_PREFIX}{n:010}")
}

pub(crate) fn document(text: &str) -> String {
    format!("{DOCUMENT_PREFIX}{}", hex_of(&Digest::of(text.as_bytes())))
}

pub(crate) fn idempotency(client: &ClientId, key: &str) -> String {
    format!("KEY#{client}#{}", hex_of(&Digest::of(key.as_bytes())))
}

pub(crate) fn claim(source: &Source) -> String {
    format!("REC#{}#{}", source.table.as_str(), source.sys_id)
}

pub(crate) fn principal(principal: &PrincipalKey) -> String {
    format!("PRN#{principal}")
}

pub(crate) fn effect(effect: &Effect) -> String {
    format!("{EFFECT_PREFIX}{}", effect.key())
}

pub(crate) fn token(digest: &Digest) -> String {
    format!("TOK#{}", hex_of(digest))
}

pub(crate) fn client_record(client: &ClientId, sys_id: &SysId) -> String {
    format!("{client}#{sys_id}")
}

pub(crate) fn due_bucket(id: &RequestId) -> String {
    due_bucket_of(bucket_of(id))
}

pub(crate) fn due_bucket_of(bucket: u8) -> String {
    format!("due#{bucket}")
}

fn hex_of(digest: &Digest) -> &str {
    digest.as_str().trim_start_matches("sha256:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_as_documented() {
        let id = RequestId::from_random([0xab; 16]);
        assert_eq!(aggregate_of(&request(&id)), Some(Aggregate::Request(id)));
        assert_eq!(aggregate_of("KEY#servicenow#00"), None);
        assert_eq!(event(12), "EVT#0000000012");
        let client: ClientId = "servicenow".parse().unwrap();
        // FIPS 180-4 example "abc": the key itself never becomes part of a key.
        assert_eq!(
            idempotency(&client, "abc"),
            "KEY#servicenow#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            token(&Digest::of(b"abc")),
            "TOK#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn events_sort_as_they_are_counted() {
        let mut sorted = [event(10), event(9), event(100), event(0)];
        sorted.sort();
        assert_eq!(sorted, [event(0), event(9), event(10), event(100)]);
    }
}
