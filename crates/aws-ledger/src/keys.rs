//! The keys of the items.

use ports::ledger::{DueKind, bucket_of};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::{ClientId, Digest, IdentityId, RequestId, SysId};
use snowgate_core::principal::{Principal, PrincipalKey};
use snowgate_core::request::Source;
use snowgate_core::volume::VolumeOf;

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
/// What the sort keys of removals begin with.
pub(crate) const REMOVAL_PREFIX: &str = "GONE#";

/// The sort key of what is counted.
pub(crate) const COUNT: &str = "COUNT";

/// The sort key of which user a principal is.
pub(crate) const IDENTITY: &str = "IDENTITY";

/// The index of users, and the attributes that are its keys.
pub(crate) const USERS: &str = "users";
pub(crate) const USERS_ACCOUNT: &str = "users_account";
pub(crate) const USERS_NAME: &str = "users_name";

const REQUEST_PREFIX: &str = "REQ#";
const IDENTITY_PREFIX: &str = "IDN#";
const PRINCIPAL_PREFIX: &str = "PRN#";

pub(crate) fn request(id: &RequestId) -> String {
    format!("{REQUEST_PREFIX}{id}")
}

pub(crate) fn identity(id: &IdentityId) -> String {
    format!("{IDENTITY_PREFIX}{id}")
}

/// The user that a partition is of.
pub(crate) fn identity_of(pk: &str) -> Option<IdentityId> {
    pk.strip_prefix(IDENTITY_PREFIX)?.parse().ok()
}

/// Whose the name of a user is: IAM keeps names unique without regard to case.
pub(crate) fn name(user: &Principal) -> String {
    format!("NAME#{}", user.key_by_name())
}

pub(crate) fn volume(of: &VolumeOf) -> String {
    format!("VOL#{}", of.key())
}

/// The request that a partition is of.
pub(crate) fn request_of(pk: &str) -> Option<RequestId> {
    pk.strip_prefix(REQUEST_PREFIX)?.parse().ok()
}

/// What an item in the index of what is due is about: the prefix says of what kind it is.
pub(crate) fn due_kind(pk: &str, sk: &str) -> DueKind {
    let request = request_of(pk).map(Aggregate::Request);
    let known = request.or_else(|| identity_of(pk).map(Aggregate::Identity));
    match known {
        Some(known) if sk == META => DueKind::Known(known),
        Some(_) => DueKind::Stray,
        None => DueKind::Unknown,
    }
}

/// The principal and the request that an effect is of.
pub(crate) fn effect_of(pk: &str, sk: &str) -> Option<(PrincipalKey, RequestId)> {
    let principal = pk.strip_prefix(PRINCIPAL_PREFIX)?.parse().ok()?;
    let (_, request) = sk.strip_prefix(EFFECT_PREFIX)?.rsplit_once('#')?;
    Some((principal, request.parse().ok()?))
}

/// How many digits a place has in its key, so that keys are in the order of places.
const PLACE_DIGITS: usize = 10;

/// The place of an audit row; none where its key has none.
pub(crate) fn place_of(sk: &str) -> Option<u64> {
    let digits = sk.strip_prefix(EVENT_PREFIX)?;
    let place = digits.parse().ok()?;
    (digits.len() == PLACE_DIGITS && event(place) == sk).then_some(place)
}

pub(crate) fn event(n: u64) -> String {
    format!("{EVENT_PREFIX}{n:0PLACE_DIGITS$}")
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
    format!("{PRINCIPAL_PREFIX}{principal}")
}

pub(crate) fn effect(effect: &RecordedEffect) -> String {
    effect_under(&effect.key())
}

/// The sort key of the effect with this key ([`RecordedEffect::key`]).
pub(crate) fn effect_under(key: &str) -> String {
    format!("{EFFECT_PREFIX}{key}")
}

pub(crate) fn removal(change: &str) -> String {
    format!("{REMOVAL_PREFIX}{change}")
}

/// The key of an effect ([`RecordedEffect::key`]) in its sort key.
pub(crate) fn key_of_effect(sk: &str) -> &str {
    sk.strip_prefix(EFFECT_PREFIX).unwrap_or(sk)
}

pub(crate) fn token(digest: &Digest) -> String {
    format!("TOK#{}", hex_of(digest))
}

pub(crate) fn client_record(client: &ClientId, sys_id: &SysId) -> String {
    format!("{client}#{sys_id}")
}

/// The client in the attribute that [`client_record`] is.
pub(crate) fn client_in(client_record: &str) -> Option<ClientId> {
    let (client, _) = client_record.rsplit_once('#')?;
    client.parse().ok()
}

pub(crate) fn due_bucket(id: impl AsRef<str>) -> String {
    due_bucket_of(bucket_of(id))
}

pub(crate) fn due_bucket_of(bucket: u8) -> String {
    format!("due#{bucket}")
}

pub(crate) fn ends_bucket(id: &RequestId) -> String {
    ends_bucket_of(bucket_of(id))
}

pub(crate) fn ends_bucket_of(bucket: u8) -> String {
    format!("ends#{bucket}")
}

fn hex_of(digest: &Digest) -> &str {
    digest.as_str().trim_start_matches("sha256:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use snowgate_core::principal::PrincipalType;

    #[test]
    fn keys_are_as_documented() {
        let id = RequestId::from_random([0xab; 16]);
        let pk = request(&id);
        assert_eq!(request_of(&pk), Some(id.clone()));
        let due = |sk| due_kind(&pk, sk);
        assert_eq!(due(META), DueKind::Known(Aggregate::Request(id.clone())));
        assert_eq!(due("EVT#0000000012"), DueKind::Stray);
        for unknown in ["KEY#servicenow#00", "REQ#", "USR#usr-1", ""] {
            assert_eq!(due_kind(unknown, META), DueKind::Unknown);
        }
        assert_eq!(event(12), "EVT#0000000012");
        assert_eq!(place_of("EVT#0000000012"), Some(12));
        let beyond = [
            "EVT#18446744073709551615",
            "EVT#12",
            "EVT#+000000012",
            "EVT#x",
            "META",
        ];
        for nowhere in beyond {
            assert_eq!(place_of(nowhere), None, "{nowhere}");
        }
        let of = effect_of(
            "PRN#210987654321#AIDAEXAMPLE",
            &format!("EFF#group-joined#a#b#{id}"),
        );
        let key = "210987654321#AIDAEXAMPLE".parse().unwrap();
        assert_eq!(of, Some((key, id)));
        assert_eq!(effect_of("PRN#210987654321", "EFF#x#req-1"), None);
        let user = Principal {
            account_id: "210987654321".parse().unwrap(),
            kind: PrincipalType::User,
            name: "CI-Billing".parse().unwrap(),
        };
        assert_eq!(name(&user), "NAME#210987654321#user#ci-billing");
        let client: ClientId = "servicenow".parse().unwrap();
        let record = client_record(&client, &"aa".repeat(16).parse().unwrap());
        assert_eq!(client_in(&record), Some(client.clone()));
        assert_eq!(client_in("servicenow"), None);
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
