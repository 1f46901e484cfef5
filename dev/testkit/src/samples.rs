//! Requests to test with: all of them valid, with ids that no other test has.

use jiff::Timestamp;
use serde_json::{Value, json};
use snowgate_core::approval::TokenRow;
use snowgate_core::arn::PolicyArn;
use snowgate_core::binding::{Binding, BoundPolicy, BoundPrincipal};
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::id::{ClientId, Digest, RequestId, SysId, hex};
use snowgate_core::identity::NewUser;
use snowgate_core::lifecycle::Actor;
use snowgate_core::principal::{Principal, PrincipalKey, PrincipalType};
use snowgate_core::record::{
    ApprovalRound, BlockedBecause, Change, Deviation, Event, RequestRecord,
};
use snowgate_core::request::AccessRequest;
use snowgate_core::slots::{Approver, ApproverRole, OwnedResource, Slot};
use snowgate_core::stored;

/// What mail fields hold that is no plain address of the mailbox `rita@meridian.example`, although
/// many a mail system would take it for that.
pub const UNREADABLE_ADDRESSES: [(&str, &str); 16] = [
    ("a space before the address", " rita@meridian.example"),
    ("a line break behind the address", "rita@meridian.example\n"),
    ("spaces alone", "  "),
    ("a display name", "Rita Chen <rita@meridian.example>"),
    ("`mailto:`", "mailto:rita@meridian.example"),
    ("a dot at the end", "rita@meridian.example."),
    ("two addresses", "rita@meridian.example, x@meridian.example"),
    (
        "two addresses with a semicolon",
        "x@meridian.example;rita@meridian.example",
    ),
    ("a quoted local part", "\"rita\"@meridian.example"),
    ("a comment", "rita(Rita)@meridian.example"),
    ("a routed address", "rita%meridian.example@relay.example"),
    ("a Cyrillic letter", "rit\u{430}@meridian.example"),
    ("fullwidth letters", "\u{ff52}ita@meridian.example"),
    ("a domain in Unicode", "rita@mer\u{131}dian.example"),
    ("an invisible character", "rita\u{200b}@meridian.example"),
    ("an address literal", "rita@[192.0.2.1]"),
];

/// Random bytes.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// A `sys_id` that no other test has.
#[must_use]
pub fn sys_id() -> SysId {
    hex(&random::<16>()).parse().unwrap()
}

/// A request id that no other test has.
#[must_use]
pub fn request_id() -> RequestId {
    RequestId::from_random(random())
}

/// The client `servicenow`.
#[must_use]
pub fn client() -> ClientId {
    "servicenow".parse().unwrap()
}

/// A time, in seconds after an arbitrary beginning in 2027.
#[must_use]
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// The account of all samples.
pub const ACCOUNT: &str = "210987654321";

/// A user of the account with a name that no other test has.
#[must_use]
pub fn user() -> Principal {
    Principal {
        account_id: ACCOUNT.parse().unwrap(),
        kind: PrincipalType::User,
        name: format!("user-{}", hex(&random::<6>())).parse().unwrap(),
    }
}

/// A user of the account that is to be made, with a name that no other test has.
#[must_use]
pub fn new_user() -> NewUser {
    let user = user();
    NewUser {
        account_id: user.account_id,
        name: user.name,
        path: "/snowgate/".to_owned(),
        owner: sys_id(),
        tags: [("team".to_owned(), "billing".to_owned())].into(),
        boundary: policy(),
    }
}

/// The policy that samples ask for.
#[must_use]
pub fn policy() -> PolicyArn {
    format!("arn:aws:iam::{ACCOUNT}:policy/reports-read")
        .parse()
        .unwrap()
}

/// A request from this ServiceNow record for this principal.
#[must_use]
pub fn request(source: &SysId, target: &Principal) -> AccessRequest {
    AccessRequest::parse(body(source, target).to_string().as_bytes()).unwrap()
}

/// The body of the same request, as a client sends it.
#[must_use]
pub fn body(source: &SysId, target: &Principal) -> Value {
    json!({
        "source": {"table": "sc_req_item", "sys_id": source, "number": "RITM0010001"},
        "requested_by": {"sys_id": "b".repeat(32)},
        "target": {
            "account_id": target.account_id,
            "principal": {"type": target.kind, "name": target.name},
        },
        "grants": [{"type": "attach_managed_policy", "policy_arn": policy()}],
        "duration": "PT8H",
        "justification": "Quarter-end reports"
    })
}

/// A new request of [`client`] from this ServiceNow record, for a user of its own.
#[must_use]
pub fn received(source: &SysId, now: Timestamp) -> Change {
    received_from(client(), request_id(), source, now)
}

/// A new request of this client, with this id.
#[must_use]
pub fn received_from(client: ClientId, id: RequestId, source: &SysId, now: Timestamp) -> Change {
    RequestRecord::receive(id, client, request(source, &user()), now).unwrap()
}

/// A slot for the account of all samples.
#[must_use]
pub fn slot(approvers: &[SysId]) -> Slot {
    let resource = OwnedResource::Account {
        account_id: ACCOUNT.parse().unwrap(),
    };
    let approver = |sys_id: &SysId| Approver::own(sys_id.clone(), ApproverRole::Owner);
    Slot::new(resource, approvers.iter().map(approver).collect())
}

/// What is bound when these people are asked, once, for the account of all samples.
#[must_use]
pub fn asked(request: &AccessRequest, approvers: &[SysId], expires_at: Timestamp) -> ApprovalRound {
    let slots = vec![slot(approvers)];
    let principal = BoundPrincipal {
        unique_id: Some(UNIQUE_ID.to_owned()),
        path: "/enrolled/".to_owned(),
        boundary: Some(format!("arn:aws:iam::{ACCOUNT}:policy/boundary")),
        owner: Some(request.requested_by.clone()),
        tags: None,
        boundary_document: None,
    };
    let mut binding = Binding::new(principal, Digest::of(b"guardrails"));
    binding.policies.push(BoundPolicy {
        arn: policy(),
        version: "v1".to_owned(),
        document: Digest::of(b"document"),
    });
    let content = binding.content_digest(request, &slots).unwrap();
    ApprovalRound::new(slots, binding, content, expires_at)
}

/// The record with its stored form changed, as somebody with access to the table could.
#[must_use]
pub fn tampered(record: &RequestRecord, change: impl FnOnce(&mut Value)) -> RequestRecord {
    let mut document: Value = serde_json::from_str(&stored::write(record).unwrap()).unwrap();
    change(document.get_mut("body").unwrap());
    stored::read(&document.to_string()).unwrap()
}

/// The change that asks these people, three days long.
#[must_use]
pub fn ask(record: &RequestRecord, approvers: &[SysId], now: Timestamp) -> Change {
    let expires_at = now + jiff::SignedDuration::from_hours(72);
    let asked = asked(record.request(), approvers, expires_at);
    record
        .apply(
            Event::ApprovalRequested { round: asked },
            Actor::Dispatcher,
            now,
        )
        .unwrap()
}

/// The change by which the client takes the request back.
#[must_use]
pub fn withdraw(record: &RequestRecord, now: Timestamp) -> Change {
    let actor = Actor::Client {
        client: record.client().clone(),
    };
    record
        .apply(Event::Withdrawn { reason: None }, actor, now)
        .unwrap()
}

/// The unique id of the principal of all samples.
pub const UNIQUE_ID: &str = "AIDAEXAMPLE";

/// A key of a principal that exists, different for each name that differs by more than case.
#[must_use]
pub fn principal_key(principal: &Principal) -> PrincipalKey {
    principal.key_by_id(&format!(
        "AIDA{}",
        principal.name.as_str().to_ascii_uppercase()
    ))
}

/// An effect of a request on a principal: [`policy`] attached.
#[must_use]
pub fn effect(request: &RequestId, principal: &Principal, preexisting: bool) -> RecordedEffect {
    RecordedEffect {
        request: request.clone(),
        principal_key: principal_key(principal),
        principal: principal.clone(),
        change: EffectChange::PolicyAttached {
            policy_arn: policy(),
        },
        preexisting,
        since: at(0),
        latest_end: None,
        signature: None,
    }
}

/// What is found of a removal that does not work, and a day later, when it is parked; with how many
/// seconds lie between.
#[must_use]
pub fn parking() -> [(i64, Event); 2] {
    let still_there = Deviation::StillThere {
        change: EffectChange::PolicyAttached {
            policy_arn: policy(),
        },
        because: BlockedBecause::NotPrepared,
    };
    let found = |found| Event::DeviationsFound { found: vec![found] };
    [(0, found(still_there)), (86_400, found(Deviation::Parked))]
}

/// A review link for a request, good until this time.
#[must_use]
pub fn token(request: &RequestId, expires_at: Timestamp) -> TokenRow {
    TokenRow {
        digest: Digest::of(&random::<32>()),
        request: request.clone(),
        approver: sys_id(),
        expires_at,
    }
}
