//! A request through its life, and everything that must not happen to it.

use super::*;
use crate::approval::{Decision, MacTag};
use crate::audit::{self, TrailError};
use crate::binding::{BoundPolicy, BoundPrincipal};
use crate::slots::{Approver, ApproverRole, OwnedResource};

/// What somebody with access to the table could do.
impl RequestRecord {
    pub(crate) const fn request_mut(&mut self) -> &mut AccessRequest {
        &mut self.request
    }

    pub(crate) const fn round_mut(&mut self) -> &mut Option<ApprovalRound> {
        &mut self.asked
    }

    pub(crate) const fn decisions_mut(&mut self) -> &mut Vec<DecisionRecord> {
        &mut self.decisions
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

pub(crate) fn asked(slots: Vec<Slot>) -> ApprovalRound {
    let binding = Binding {
        principal: BoundPrincipal {
            unique_id: "AIDAEXAMPLE".to_owned(),
            path: "/enrolled/".to_owned(),
            boundary: None,
            owner: Some(person(1)),
        },
        policies: vec![BoundPolicy {
            arn: "arn:aws:iam::210987654321:policy/reports-read"
                .parse()
                .unwrap(),
            version: "v1".to_owned(),
            document: Digest::of(DOCUMENT.as_bytes()),
        }],
        roles: Vec::new(),
        groups: Vec::new(),
        guardrails: Digest::of(b"guardrails"),
    };
    let content = content_digest(&request(), &binding, &slots).unwrap();
    ApprovalRound::new(slots, binding, content, at(72 * 3600))
}

pub(crate) fn pending(slots: Vec<Slot>) -> RequestRecord {
    let event = Event::ApprovalRound {
        asked: asked(slots),
    };
    received()
        .record
        .apply(event, Actor::Dispatcher, at(1))
        .unwrap()
        .record
}

pub(crate) fn decide(record: &RequestRecord, slot: &str, who: u8, verdict: Verdict) -> Event {
    let decision = Decision {
        request: record.id.clone(),
        content: record.asked.as_ref().unwrap().content.clone(),
        slot: slot.to_owned(),
        verdict,
        approver: person(who),
        at: at(10).as_second(),
        reason: Digest::of(b"Fine by me"),
    };
    let signed = SignedDecision {
        decision,
        mac: MacTag::new(vec![1; 32]),
    };
    Event::DecisionRecord {
        decided: DecisionRecord {
            signed,
            reason: "Fine by me".parse().unwrap(),
        },
    }
}

/// The text of the policy that the request is for.
pub(crate) const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::reports","arn:aws:s3:::reports/*"]}]}"#;
pub(crate) const ONE: &str = "account:210987654321";
pub(crate) const TWO: &str = "account:320987654321";

pub(crate) fn approver(n: u8) -> Actor {
    Actor::Approver { sys_id: person(n) }
}

#[test]
fn the_whole_way() {
    let mut change = received();
    let mut rows = vec![change.row.clone()];
    let events = [
        (
            Event::ApprovalRound {
                asked: asked(vec![slot("210987654321", &[2])]),
            },
            Actor::Dispatcher,
            State::Pending,
        ),
        (
            Event::LetterClaimed {
                approver: person(2),
            },
            Actor::Dispatcher,
            State::Pending,
        ),
        (
            Event::LetterSent {
                approver: person(2),
                message: None,
            },
            Actor::Dispatcher,
            State::Pending,
        ),
    ];
    for (event, actor, state) in events {
        change = change.record.apply(event, actor, at(5)).unwrap();
        assert_eq!(change.record.state, state);
        rows.push(change.row.clone());
    }
    assert_eq!(change.record.due_at, Some(at(72 * 3600)));
    let yes = decide(&change.record, ONE, 2, Verdict::Approve);
    let events = [
        (yes, approver(2), State::Approved),
        (
            Event::ProvisioningStarted,
            Actor::Provisioner,
            State::Provisioning,
        ),
        (
            Event::Activated {
                until: at(9 * 3600),
            },
            Actor::Provisioner,
            State::Active,
        ),
        (
            Event::Reported {
                state: State::Active,
            },
            Actor::Reporter,
            State::Active,
        ),
        (
            Event::RevocationStarted,
            Actor::Provisioner,
            State::Revoking,
        ),
        (
            Event::Revoked {
                retained: Vec::new(),
            },
            Actor::Provisioner,
            State::Revoked,
        ),
        (
            Event::Reported {
                state: State::Revoked,
            },
            Actor::Reporter,
            State::Revoked,
        ),
    ];
    for (event, actor, state) in events {
        let before = change.record.version;
        change = change.record.apply(event, actor, at(20)).unwrap();
        assert_eq!(
            (change.record.state, change.replaces),
            (state, Some(before))
        );
        // The requester is to be told by mail too.
        assert!(change.record.due_at.is_some());
        rows.push(change.row.clone());
    }
    let skip = Event::NoticeSkipped {
        notice: Notice::Outcome {
            state: State::Revoked,
        },
        why: SkipCode::NoMail,
    };
    change = change.record.apply(skip, Actor::Reporter, at(21)).unwrap();
    rows.push(change.row.clone());
    assert_eq!(change.record.due_at, None);
    assert_eq!(audit::verify(&rows, &change.record.audit), Ok(()));
    let stored = serde_json::to_string(&change.record).unwrap();
    assert_eq!(
        serde_json::from_str::<RequestRecord>(&stored).unwrap(),
        change.record
    );
}

#[test]
fn a_trail_shows_every_tampering() {
    let first = received();
    let second = first
        .record
        .apply(Event::Withdrawn { reason: None }, approver(1), at(3))
        .unwrap();
    let rows = vec![first.row, second.row];
    let head = second.record.audit;
    let tampered: [(Vec<AuditRow>, TrailError); 5] = [
        (vec![rows[0].clone()], TrailError::Head),
        (vec![rows[1].clone()], TrailError::Order(0)),
        (vec![rows[1].clone(), rows[0].clone()], TrailError::Order(0)),
        (
            {
                let mut r = rows.clone();
                r[0].at = at(99);
                r
            },
            TrailError::Changed(1),
        ),
        (
            {
                let mut r = rows.clone();
                r[1].actor = Actor::Sweeper;
                r
            },
            TrailError::Head,
        ),
    ];
    for (rows, error) in tampered {
        assert_eq!(audit::verify(&rows, &head), Err(error));
    }
    assert_eq!(audit::verify(&rows, &head), Ok(()));
}

#[test]
fn every_slot_is_needed_and_one_denial_ends() {
    let record = pending(vec![slot("210987654321", &[2]), slot("320987654321", &[3])]);
    let one = record
        .apply(
            decide(&record, ONE, 2, Verdict::Approve),
            approver(2),
            at(10),
        )
        .unwrap()
        .record;
    assert_eq!(one.state, State::Pending);
    let both = one
        .apply(decide(&one, TWO, 3, Verdict::Approve), approver(3), at(11))
        .unwrap()
        .record;
    assert_eq!(both.state, State::Approved);
    let denied = one
        .apply(decide(&one, TWO, 3, Verdict::Deny), approver(3), at(11))
        .unwrap()
        .record;
    assert_eq!(denied.state, State::Denied);
}

#[test]
fn the_first_decision_of_a_slot_wins() {
    let record = pending(vec![
        slot("210987654321", &[2, 3]),
        slot("320987654321", &[4]),
    ]);
    let one = record
        .apply(
            decide(&record, ONE, 2, Verdict::Approve),
            approver(2),
            at(10),
        )
        .unwrap()
        .record;
    for (who, verdict) in [
        (2, Verdict::Deny),
        (3, Verdict::Deny),
        (3, Verdict::Approve),
    ] {
        let again = one.apply(decide(&one, ONE, who, verdict), approver(who), at(11));
        assert!(matches!(again, Err(ChangeError::SlotDecided)));
    }
}

#[test]
fn only_those_asked_decide_on_what_they_were_shown_in_time() {
    let record = pending(vec![slot("210987654321", &[2])]);
    let yes = |record: &RequestRecord, who| decide(record, ONE, who, Verdict::Approve);
    assert!(matches!(
        record.apply(yes(&record, 1), approver(1), at(10)),
        Err(ChangeError::NotAsked)
    ));
    let late = record.apply(yes(&record, 2), approver(2), at(72 * 3600));
    assert!(matches!(late, Err(ChangeError::TooLate)));
    let unknown = decide(&record, TWO, 2, Verdict::Approve);
    assert!(matches!(
        record.apply(unknown, approver(2), at(10)),
        Err(ChangeError::UnknownSlot)
    ));
    let mut other = yes(&record, 2);
    if let Event::DecisionRecord { decided } = &mut other {
        decided.signed.decision.content = Digest::of(b"other");
    }
    assert!(matches!(
        record.apply(other, approver(2), at(10)),
        Err(ChangeError::OtherContent)
    ));
    let mut other = yes(&record, 2);
    if let Event::DecisionRecord { decided } = &mut other {
        decided.signed.decision.request = RequestId::from_random([9; 16]);
    }
    assert!(matches!(
        record.apply(other, approver(2), at(10)),
        Err(ChangeError::OtherContent)
    ));
}

#[test]
fn a_record_that_does_not_agree_with_itself_has_no_content() {
    let record = pending(vec![slot("210987654321", &[2])]);
    assert_eq!(
        record.content(),
        record.asked.as_ref().map(|asked| &asked.content)
    );
    let mut other = record.clone();
    other.request.duration = "PT9H".parse().unwrap();
    assert_eq!(other.content(), None);
    let mut other = record;
    other.asked.as_mut().unwrap().content = Digest::of(b"of something else");
    assert_eq!(other.content(), None);
    assert_eq!(received().record.content(), None);
}

#[test]
fn nothing_is_decided_before_it_is_asked_or_after_it_ended() {
    let fresh = received().record;
    let asked = pending(vec![slot("210987654321", &[2])]);
    let event = decide(&asked, ONE, 2, Verdict::Approve);
    assert!(matches!(
        fresh.apply(event.clone(), approver(2), at(2)),
        Err(ChangeError::Transition(_))
    ));
    let expired = asked
        .apply(Event::Expired, Actor::Sweeper, at(72 * 3600))
        .unwrap()
        .record;
    assert!(matches!(
        expired.apply(event, approver(2), at(12)),
        Err(ChangeError::Transition(_))
    ));
    assert_eq!(expired.unreported(), Some(State::Expired));
}

#[test]
fn a_letter_is_claimed_by_one_and_claimed_again_after_a_crash() {
    let record = pending(vec![slot("210987654321", &[2])]);
    let letter = |record: &RequestRecord| record.asked.as_ref().unwrap().letters[0].clone();
    assert!(letter(&record).is_due(at(1)));
    let claim = Event::LetterClaimed {
        approver: person(2),
    };
    let claimed = record
        .apply(claim, Actor::Dispatcher, at(10))
        .unwrap()
        .record;
    assert!(!letter(&claimed).is_due(at(11)));
    assert!(letter(&claimed).is_due(at(130)));
    let sent = Event::LetterSent {
        approver: person(2),
        message: None,
    };
    let sent = claimed
        .apply(sent, Actor::Dispatcher, at(12))
        .unwrap()
        .record;
    assert!(!letter(&sent).is_due(at(1_000)));
    let nobody = Event::LetterSent {
        approver: person(7),
        message: None,
    };
    assert!(matches!(
        sent.apply(nobody, Actor::Dispatcher, at(13)),
        Err(ChangeError::NoLetter)
    ));
}
