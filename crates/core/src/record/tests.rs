//! A request through its life, and everything that must not happen to it.

use super::*;
use crate::approval::{Decision, MacTag};
use crate::audit;
use crate::binding::{Binding, BoundPolicy, BoundPrincipal};
use crate::id::SysId;
use crate::slots::{Approver, ApproverRole, OwnedResource, Slot};
use crate::stored;

mod samples;

pub(crate) use samples::*;

#[test]
fn the_whole_way() {
    let mut change = received();
    let mut rows = vec![change.row.stored().unwrap()];
    let events = [
        (
            Event::ApprovalRequested {
                round: asked(vec![slot("210987654321", &[2])]),
            },
            Actor::Dispatcher,
            State::Pending,
        ),
        (
            Event::DeliveryClaimed {
                message: Message::ReviewRequest {
                    approver: person(2),
                },
            },
            Actor::Dispatcher,
            State::Pending,
        ),
        (
            Event::DeliverySent {
                message: Message::ReviewRequest {
                    approver: person(2),
                },
                message_id: None,
            },
            Actor::Dispatcher,
            State::Pending,
        ),
    ];
    for (event, actor, state) in events {
        change = change.record.apply(event, actor, at(5)).unwrap();
        assert_eq!(change.record.state(), state);
        rows.push(change.row.stored().unwrap());
    }
    assert_eq!(change.record.due_at(), Some(at(72 * 3600)));
    let yes = decide(&change.record, ONE, 2, Verdict::Approve);
    let events = [
        (yes, approver(2), State::Approved),
        (
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
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
            claim(Message::TicketNote {
                state: State::Active,
            }),
            Actor::Reporter,
            State::Active,
        ),
        (
            sent(Message::TicketNote {
                state: State::Active,
            }),
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
            claim(Message::TicketNote {
                state: State::Revoked,
            }),
            Actor::Reporter,
            State::Revoked,
        ),
        (
            sent(Message::TicketNote {
                state: State::Revoked,
            }),
            Actor::Reporter,
            State::Revoked,
        ),
    ];
    for (event, actor, state) in events {
        let before = change.record.version();
        change = change.record.apply(event, actor, at(20)).unwrap();
        assert_eq!(
            (change.record.state(), change.replaces),
            (state, Some(before))
        );
        // The requester is to be notified by e-mail too.
        assert!(change.record.due_at().is_some());
        rows.push(change.row.stored().unwrap());
    }
    let skip = Event::DeliverySkipped {
        message: Message::Outcome {
            state: State::Revoked,
        },
        code: SkipCode::NoMail,
    };
    change = change.record.apply(skip, Actor::Reporter, at(21)).unwrap();
    rows.push(change.row.stored().unwrap());
    assert_eq!(change.record.due_at(), None);
    let read = audit::verify(&rows, &change.record).unwrap();
    assert_eq!(read.last(), Some(&change.row));
    let written = stored::write(&change.record).unwrap();
    assert_eq!(stored::read::<RequestRecord>(&written), Ok(change.record));
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
    assert_eq!(one.state(), State::Pending);
    let both = one
        .apply(decide(&one, TWO, 3, Verdict::Approve), approver(3), at(11))
        .unwrap()
        .record;
    assert_eq!(both.state(), State::Approved);
    let denied = one
        .apply(decide(&one, TWO, 3, Verdict::Deny), approver(3), at(11))
        .unwrap()
        .record;
    assert_eq!(denied.state(), State::Denied);
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
fn a_decision_of_the_future_is_not_taken() {
    let record = pending(vec![slot("210987654321", &[2])]);
    let yes = || decide(&record, ONE, 2, Verdict::Approve);
    let taken = |second| record.apply(yes(), approver(2), at(second));
    assert!(taken(10 - 120).is_ok());
    assert!(matches!(taken(10 - 121), Err(ChangeError::FromTheFuture)));
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
    if let Event::Decided { decision: decided } = &mut other {
        decided.signed.decision.content = Digest::of(b"other");
    }
    assert!(matches!(
        record.apply(other, approver(2), at(10)),
        Err(ChangeError::OtherContent)
    ));
    let mut other = yes(&record, 2);
    if let Event::Decided { decision: decided } = &mut other {
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
    assert_eq!(record.content(), record.round().map(|round| &round.content));
    let mut other = record.clone();
    other.request_mut().duration = "PT9H".parse().unwrap();
    assert_eq!(other.content(), None);
    let mut other = record;
    other.round_mut().content = Digest::of(b"of something else");
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
