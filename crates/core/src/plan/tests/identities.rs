//! Nobody decides for themselves, under whichever record: seen in what was signed alone.

use super::*;
use crate::person::{InvolvedMarks, Mark, PeopleMarks};
use crate::slots::{Approver, ApproverRole};

fn mark(n: u8) -> Mark {
    Mark::try_from(format!("{n:032x}")).unwrap()
}

/// Somebody recognised by one mark, their number.
fn involved(n: u8) -> InvolvedMarks {
    InvolvedMarks {
        sys_id: person(n),
        marks: vec![mark(n)],
        has_mailbox: true,
    }
}

/// The decision of person 2 on a request of person 1, who has the access too, with all that the
/// provisioner wants to see.
pub(super) fn proved(mut event: Event) -> Event {
    if let Event::Decided { decision: decided } = &mut event {
        let decision = &mut decided.signed.decision;
        decision.reason = Digest::of(decided.reason.as_str().as_bytes());
        decision.identities = Some(PeopleMarks {
            deciders: vec![mark(2)],
            involved: vec![involved(1)],
        });
    }
    event
}

/// The identities of the decision, and the person who was asked.
fn parts(record: &mut RequestRecord) -> (&mut Option<PeopleMarks>, &mut Approver) {
    // Both are parts of one round.
    let round = record.round_mut();
    let identities = &mut round.decisions[0].signed.decision.identities;
    (identities, &mut round.slots[0].approvers[0])
}

fn checked(change: impl FnOnce(&mut PeopleMarks, &mut Approver)) -> Result<(), FailureCode> {
    let mut record = approved();
    let (identities, approver) = parts(&mut record);
    change(identities.as_mut().unwrap(), approver);
    check(&record, &surveyed(), &guardrails(), at(20))
}

#[test]
fn whoever_is_involved_has_decided_nothing() {
    assert_eq!(checked(|_, _| {}), Ok(()));
    let also =
        |n: u8| move |one: &mut PeopleMarks, _: &mut Approver| one.involved.push(involved(n));
    assert_eq!(checked(also(3)), Ok(()), "another opened the ticket");
    let unproven = Err(FailureCode::UnprovenDecision);
    assert_eq!(checked(also(2)), unproven, "the approver opened it");
    let by_record = checked(|one, _| {
        one.involved.push(InvolvedMarks {
            marks: vec![mark(8)],
            ..involved(2)
        });
    });
    assert_eq!(by_record, unproven, "the same record, recognised otherwise");
    let shares = checked(|one, _| {
        one.involved.push(InvolvedMarks {
            marks: vec![mark(8), mark(2)],
            ..involved(3)
        });
    });
    assert_eq!(shares, unproven, "the approver's other record opened it");
    let delegator = |n: u8| {
        checked(move |one, approver| {
            one.involved.push(involved(3));
            approver.on_behalf_of = Some(person(n));
        })
    };
    assert_eq!(delegator(4), Ok(()));
    assert_eq!(
        delegator(3),
        unproven,
        "in whose place the approver decides"
    );
    let twin = checked(|one, _| one.deciders.push(mark(1)));
    assert_eq!(twin, unproven, "one of two records of the requester");
}

#[test]
fn what_a_decision_does_not_say_counts_as_no() {
    let unproven = Err(FailureCode::UnprovenDecision);
    let mut unsaid = approved();
    *parts(&mut unsaid).0 = None;
    assert_eq!(check(&unsaid, &surveyed(), &guardrails(), at(20)), unproven);
    assert_eq!(checked(|one, _| one.involved.clear()), unproven);
    assert_eq!(checked(|one, _| one.deciders.clear()), unproven);
    let nothing = checked(|one, _| one.involved[0].marks.clear());
    assert_eq!(nothing, unproven, "recognised by nothing");
    let mut elsewhere = approved();
    let decided = &mut elsewhere.round_mut().decisions[0].signed.decision;
    decided.request = RequestId::from_random([9; 16]);
    let found = check(&elsewhere, &surveyed(), &guardrails(), at(20));
    assert_eq!(found, unproven, "said of another request");
    let another = checked(|one, _| one.involved = vec![involved(3)]);
    assert_eq!(another, unproven, "the requester is left out");
}

#[test]
fn the_owner_of_the_principal_is_named_too() {
    let mut surveyed = surveyed();
    surveyed.principal.owner_tag = Some(person(9).to_string());
    let mut record = approved();
    let round = record.round_mut();
    round.binding = surveyed.binding(guardrails().digest());
    round.content = round
        .binding
        .content_digest(&request(), &round.slots)
        .unwrap();
    round.decisions[0].signed.decision.content = round.content.clone();
    let unproven = Err(FailureCode::UnprovenDecision);
    assert_eq!(check(&record, &surveyed, &guardrails(), at(20)), unproven);
    let identities = parts(&mut record).0.as_mut().unwrap();
    identities.involved.push(involved(9));
    assert_eq!(check(&record, &surveyed, &guardrails(), at(20)), Ok(()));
    let identities = parts(&mut record).0.as_mut().unwrap();
    identities.involved = vec![involved(9)];
    let found = check(&record, &surveyed, &guardrails(), at(20));
    assert_eq!(found, unproven, "the requester is left out");
}

#[test]
fn without_a_mailbox_to_be_told_apart_by_only_the_security_group_has_decided() {
    let nowhere = |role: ApproverRole| {
        checked(move |one, approver| {
            one.involved.push(InvolvedMarks {
                has_mailbox: false,
                ..involved(3)
            });
            approver.role = role;
        })
    };
    for role in ApproverRole::ORDER {
        let expected = match role {
            ApproverRole::SecurityGroup => Ok(()),
            _ => Err(FailureCode::UnprovenDecision),
        };
        assert_eq!(nowhere(role), expected, "{role:?}");
    }
}
