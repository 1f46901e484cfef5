//! Requests at each place of their life.

use iam_policy::document::PolicyType;

use super::*;
use crate::binding::{BoundGroup, BoundInline, BoundRole};
use crate::policy_digest::policy_digest;

/// What somebody with access to the table could do.
impl RequestRecord {
    pub(crate) const fn request_mut(&mut self) -> &mut AccessRequest {
        &mut self.head.request
    }

    pub(crate) fn round_mut(&mut self) -> &mut ApprovalRound {
        match &mut self.phase {
            Phase::Pending(round) | Phase::Approved(round) | Phase::Provisioning(round) => round,
            Phase::Active(access) | Phase::Revoking(access) => &mut access.round,
            Phase::Received | Phase::Ended(_) => panic!("nobody is asked"),
        }
    }

    pub(crate) fn decisions_mut(&mut self) -> &mut Vec<DecisionRecord> {
        &mut self.round_mut().decisions
    }

    pub(crate) const fn phase_mut(&mut self) -> &mut Phase {
        &mut self.phase
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn person(n: u8) -> SysId {
    format!("{n:032x}").parse().unwrap()
}

pub(crate) fn request() -> AccessRequest {
    let body = serde_json::json!({
        "source": {"table": "sc_req_item", "sys_id": "aa".repeat(16), "number": "RITM0010001"},
        "requested_by": {"sys_id": person(1)},
        "target": {"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}},
        "grants": [{"type": "attach_managed_policy",
                    "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"}],
        "duration": "PT8H",
        "justification": "Quarter-end reports"
    });
    AccessRequest::parse(body.to_string().as_bytes()).unwrap()
}

/// The same with a grant of each kind that an existing user can have, in another order than that of the kinds.
pub(crate) fn request_of_all_kinds() -> AccessRequest {
    let grants = serde_json::json!([
        {"type": "group_membership", "group": "Analysts"},
        {"type": "assume_role", "role_arn": "arn:aws:iam::320987654321:role/assumable/reader"},
        {"type": "inline_policy", "document": serde_json::from_str::<serde_json::Value>(DOCUMENT).unwrap()},
        {"type": "attach_managed_policy", "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"}
    ]);
    AccessRequest {
        grants: serde_json::from_value(grants).unwrap(),
        ..request()
    }
}

/// A request that creates its target, for somebody else, and gives it a policy.
pub(crate) fn request_for_a_new_user() -> AccessRequest {
    let grants = serde_json::json!([
        {"type": "attach_managed_policy", "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"},
        {"type": "create_user", "tags": {"Team": "billing"}, "owner": {"sys_id": person(5)}}
    ]);
    let mut body = serde_json::to_value(request()).unwrap();
    body["requested_by"] = serde_json::json!({"sys_id": person(1)});
    body["target"]["principal"] = serde_json::json!({"type": "user", "name": "ci-billing"});
    body["target"]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name == "account_id" || name == "principal");
    body["grants"] = grants;
    AccessRequest::parse(body.to_string().as_bytes()).unwrap()
}

/// A round about [`request_for_a_new_user`], whose owner is person 2.
pub(crate) fn asked_for_a_new_user() -> ApprovalRound {
    let slots = vec![slot("210987654321", &[2])];
    let mut binding = asked(Vec::new()).binding;
    *binding.principal = BoundPrincipal {
        unique_id: None,
        path: "/enrolled/".to_owned(),
        boundary: Some("arn:aws:iam::210987654321:policy/boundary".to_owned()),
        owner: Some(person(5)),
        tags: Some([("Team".to_owned(), "billing".to_owned())].into()),
        boundary_document: Some(policy_digest(DOCUMENT, PolicyType::Boundary)),
    };
    let content = binding.content_digest(&request_for_a_new_user(), &slots);
    ApprovalRound::new(slots, binding, content.unwrap(), at(72 * 3600))
}

pub(crate) fn received() -> Change {
    let id = RequestId::from_random([1; 16]);
    RequestRecord::receive(id, "servicenow".parse().unwrap(), request(), at(0)).unwrap()
}

pub(crate) fn slot(account: &str, approvers: &[u8]) -> Slot {
    let resource = OwnedResource::Account {
        account_id: account.parse().unwrap(),
    };
    let approvers = approvers
        .iter()
        .map(|n| Approver::own(person(*n), ApproverRole::Owner))
        .collect();
    Slot::new(resource, approvers)
}

/// A round as the golden files have it, from before documents were bound by what they say.
pub(crate) fn asked(slots: Vec<Slot>) -> ApprovalRound {
    asked_about(slots, Digest::of(DOCUMENT.as_bytes()))
}

/// What is bound of [`request_of_all_kinds`].
pub(crate) fn binding_of_all_kinds() -> Binding {
    let policy = |name: &str| BoundPolicy {
        arn: format!("arn:aws:iam::210987654321:policy/{name}")
            .parse()
            .unwrap(),
        version: "v2".to_owned(),
        document: policy_digest(DOCUMENT, PolicyType::Identity),
    };
    let inline = |name: &str| BoundInline {
        name: name.to_owned(),
        document: Digest::of(name.as_bytes()),
    };
    let mut binding = asked(Vec::new()).binding;
    binding.policies = vec![policy("reports-read")];
    binding.roles = vec![BoundRole {
        arn: "arn:aws:iam::320987654321:role/assumable/reader"
            .parse()
            .unwrap(),
        unique_id: "AROAEXAMPLE".to_owned(),
        boundary: Some("arn:aws:iam::320987654321:policy/frame".to_owned()),
        trust: Digest::of(b"trust"),
        longest_session: 3600,
        policies: vec![policy("of-the-role")],
        inline: vec![inline("of-the-role")],
    }];
    binding.groups = vec![BoundGroup {
        arn: "arn:aws:iam::210987654321:group/granted/analysts"
            .parse()
            .unwrap(),
        unique_id: "AGPAEXAMPLE".to_owned(),
        policies: vec![policy("of-the-group")],
        inline: vec![inline("of-the-group")],
    }];
    binding
}

/// A round about [`request_of_all_kinds`], whose owners are persons 2 and 3.
pub(crate) fn asked_of_all_kinds() -> ApprovalRound {
    let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[3])];
    let binding = binding_of_all_kinds();
    let content = binding.content_digest(&request_of_all_kinds(), &slots);
    ApprovalRound::new(slots, binding, content.unwrap(), at(72 * 3600))
}

fn asked_about(slots: Vec<Slot>, document: Digest) -> ApprovalRound {
    let principal = BoundPrincipal {
        unique_id: Some("AIDAEXAMPLE".to_owned()),
        path: "/enrolled/".to_owned(),
        boundary: None,
        owner: Some(person(1)),
        tags: None,
        boundary_document: None,
    };
    let mut binding = Binding::new(principal, Digest::of(b"guardrails"));
    binding.policies.push(BoundPolicy {
        arn: "arn:aws:iam::210987654321:policy/reports-read"
            .parse()
            .unwrap(),
        version: "v1".to_owned(),
        document,
    });
    let content = binding.content_digest(&request(), &slots).unwrap();
    ApprovalRound::new(slots, binding, content, at(72 * 3600))
}

pub(crate) fn pending(slots: Vec<Slot>) -> RequestRecord {
    let event = Event::ApprovalRequested {
        round: asked_about(slots, policy_digest(DOCUMENT, PolicyType::Identity)),
    };
    received()
        .record
        .apply(event, Actor::Dispatcher, at(1))
        .unwrap()
        .record
}

pub(crate) fn decide(record: &RequestRecord, slot: &str, who: u8, verdict: Verdict) -> Event {
    let decision = Decision {
        request: record.id().clone(),
        content: record.round().unwrap().content.clone(),
        slot: slot.to_owned(),
        verdict,
        approver: person(who),
        at: at(10).as_second(),
        reason: Digest::of(b"Fine by me"),
        identities: None,
    };
    let signed = SignedDecision {
        decision,
        mac: MacTag::new(vec![1; 32]),
    };
    Event::Decided {
        decision: DecisionRecord {
            signed,
            reason: "Fine by me".parse().unwrap(),
        },
    }
}

pub(crate) const fn claim(message: Message) -> Event {
    Event::DeliveryClaimed { message }
}

pub(crate) const fn sent(message: Message) -> Event {
    let message_id = None;
    Event::DeliverySent {
        message,
        message_id,
    }
}

pub(crate) fn review_request(n: u8) -> Message {
    Message::ReviewRequest {
        approver: person(n),
    }
}

/// The record after a message was claimed and sent.
pub(crate) fn delivered(record: &RequestRecord, message: Message, second: i64) -> RequestRecord {
    let apply = |record: &RequestRecord, event| {
        let change = record.apply(event, Actor::Reporter, at(second));
        change.unwrap().record
    };
    apply(&apply(record, claim(message.clone())), sent(message))
}

/// The text of the policy that the request is for.
pub(crate) const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::reports","arn:aws:s3:::reports/*"]}]}"#;
pub(crate) const ONE: &str = "account:210987654321";
pub(crate) const TWO: &str = "account:320987654321";

pub(crate) fn approver(n: u8) -> Actor {
    Actor::Approver { sys_id: person(n) }
}
