//! Who is written to, when, and once.

use super::*;
use crate::approval::Verdict;
use crate::lifecycle::Actor;
use crate::record::tests::{ONE, approver, asked, at, decide, person, received, slot};
use crate::record::{Event, RefusalCode};

const EXPIRES: i64 = 72 * 3600;
const REMIND: i64 = 48 * 3600;

/// A request whose letters have gone out to these people.
fn pending(people: &[u8]) -> RequestRecord {
    let mut asked = asked(vec![slot("210987654321", people)]);
    asked.reminders = Reminders::new(
        at(0),
        at(EXPIRES),
        SignedDuration::from_hours(24),
        SignedDuration::from_hours(4),
    );
    let mut record = apply(&received().record, Event::ApprovalRound { asked }, 1);
    for who in people {
        let approver = person(*who);
        record = apply(
            &record,
            Event::LetterSent {
                approver,
                message: None,
            },
            5,
        );
    }
    record
}

fn apply(record: &RequestRecord, event: Event, second: i64) -> RequestRecord {
    let change = record.apply(event, Actor::Reporter, at(second));
    change.unwrap().record
}

fn decided(record: &RequestRecord, who: u8, verdict: Verdict) -> RequestRecord {
    let event = decide(record, ONE, who, verdict);
    record.apply(event, approver(who), at(20)).unwrap().record
}

fn active(record: &RequestRecord, end: i64) -> RequestRecord {
    let approved = decided(record, 2, Verdict::Approve);
    let started = apply(&approved, Event::ProvisioningStarted, 30);
    apply(&started, Event::Activated { until: at(end) }, 31)
}

fn reminder(who: u8) -> Notice {
    Notice::Reminder {
        approver: person(who),
    }
}

fn handled(who: u8) -> Notice {
    Notice::Handled {
        approver: person(who),
    }
}

const fn outcome(state: State) -> Notice {
    Notice::Outcome { state }
}

#[test]
fn those_who_have_not_decided_are_reminded_when_it_is_time() {
    let record = pending(&[2, 3]);
    assert_eq!(record.due_notices(at(REMIND - 1)), []);
    assert_eq!(record.next_notice(at(6)), Some(at(REMIND)));
    assert_eq!(record.due_notices(at(REMIND)), [reminder(2), reminder(3)]);
    assert_eq!(record.due_notices(at(EXPIRES)), [], "then it is too late");
    let claimed = apply(
        &record,
        Event::NoticeClaimed {
            notice: reminder(2),
        },
        REMIND,
    );
    assert_eq!(claimed.due_notices(at(REMIND + 1)), [reminder(3)]);
    assert_eq!(
        claimed.due_notices(at(REMIND + 120)),
        [reminder(2), reminder(3)],
        "whoever claimed it has crashed"
    );
    let sent = apply(
        &claimed,
        Event::NoticeSent {
            notice: reminder(2),
        },
        REMIND + 1,
    );
    assert_eq!(sent.due_notices(at(REMIND + 500)), [reminder(3)]);
}

#[test]
fn a_reminder_waits_for_half_of_the_time_and_can_be_switched_off() {
    let of = |hours: i64, before| {
        let before = SignedDuration::from_hours(before);
        Reminders::new(at(0), at(hours * 3600), before, SignedDuration::ZERO)
    };
    assert_eq!(of(72, 24).decide_at, Some(at(48 * 3600)));
    assert_eq!(of(10, 24).decide_at, Some(at(5 * 3600)));
    assert_eq!(of(72, 0), Reminders::default());
}

#[test]
fn a_letter_that_went_out_late_is_not_followed_by_a_reminder() {
    let mut record = pending(&[2]);
    let letter = &mut record.asked.as_mut().unwrap().letters[0];
    letter.sent_at = Some(at(REMIND + 5));
    assert_eq!(record.due_notices(at(REMIND + 6)), []);
}

#[test]
fn nothing_more_goes_to_a_mailbox_that_lost_a_letter() {
    // Two slots; the second person is asked for both, and a colleague decides the first.
    let slots = vec![slot("210987654321", &[2, 3]), slot("320987654321", &[3, 4])];
    let mut record = apply(
        &received().record,
        Event::ApprovalRound {
            asked: asked(slots),
        },
        1,
    );
    for who in [2, 3, 4] {
        let sent = Event::LetterSent {
            approver: person(who),
            message: None,
        };
        record = apply(&record, sent, 5);
    }
    let record = decided(&record, 2, Verdict::Approve);
    let lost = Event::LetterBounced {
        approver: person(3),
        kind: crate::bounce::BounceKind::Bounced,
    };
    let record = apply(&record, lost, 25);
    assert!(record.asks(&person(3)), "when that slot was decided");
    assert_eq!(record.open_slot_of(&person(3)), None);
    assert_eq!(record.due_notices(at(30)), []);
    let withdrawn = apply(&record, Event::Withdrawn { reason: None }, 40);
    assert_eq!(
        withdrawn.due_notices(at(41)),
        [handled(4), outcome(State::Withdrawn)]
    );
}

#[test]
fn those_who_were_asked_and_have_nothing_left_to_do_are_told() {
    let record = pending(&[2, 3]);
    let approved = decided(&record, 2, Verdict::Approve);
    assert_eq!(approved.due_notices(at(21)), [handled(3)]);
    let denied = decided(&record, 2, Verdict::Deny);
    assert_eq!(
        denied.due_notices(at(21)),
        [handled(3), outcome(State::Denied)]
    );
    let expired = apply(&record, Event::Expired, EXPIRES);
    assert_eq!(
        expired.due_notices(at(EXPIRES)),
        [handled(2), handled(3), outcome(State::Expired)]
    );
    let unsent = {
        let mut record = record;
        record.asked.as_mut().unwrap().letters[1].sent_at = None;
        decided(&record, 2, Verdict::Approve)
    };
    assert_eq!(unsent.due_notices(at(21)), [], "nobody ever wrote to them");
}

#[test]
fn the_requester_is_told_of_what_the_ticket_is_told_of() {
    let active = active(&pending(&[2]), 40_000);
    assert_eq!(active.due_notices(at(32)), [outcome(State::Active)]);
    let reported = apply(
        &active,
        Event::NoticeSkipped {
            notice: outcome(State::Active),
            why: SkipCode::NoMail,
        },
        33,
    );
    assert_eq!(reported.due_notices(at(34)), []);
    let revoking = apply(&reported, Event::RevocationStarted, 40_000);
    assert_eq!(revoking.due_notices(at(40_001)), []);
    let gone = Event::Revoked {
        retained: Vec::new(),
    };
    let revoked = apply(&revoking, gone, 40_002);
    assert_eq!(revoked.due_notices(at(40_003)), [outcome(State::Revoked)]);
}

#[test]
fn nobody_is_written_to_about_a_ticket_that_does_not_carry_the_request() {
    let fresh = received().record;
    let withdrawn = apply(&fresh, Event::Withdrawn { reason: None }, 3);
    let refused = |code| {
        apply(
            &fresh,
            Event::Refused {
                code,
                findings: Vec::new(),
            },
            3,
        )
    };
    for record in [withdrawn, refused(RefusalCode::TicketMismatch)] {
        assert_eq!(
            (record.unreported(), record.due_notices(at(4))),
            (None, vec![])
        );
    }
    let verified = refused(RefusalCode::NotEnrolled);
    assert_eq!(verified.unreported(), Some(State::Refused));
    assert_eq!(verified.due_notices(at(4)), [outcome(State::Refused)]);
}

#[test]
fn the_end_of_long_access_is_announced() {
    let record = active(&pending(&[2]), 8 * 3600);
    let record = apply(
        &record,
        Event::NoticeSkipped {
            notice: outcome(State::Active),
            why: SkipCode::NoMail,
        },
        33,
    );
    assert_eq!(record.next_notice(at(34)), Some(at(4 * 3600)));
    assert_eq!(record.due_notices(at(4 * 3600)), [Notice::EndsSoon]);
    let mut short = record.clone();
    short.request.duration = "PT4H".parse().unwrap();
    assert_eq!(short.next_notice(at(34)), None);
    let ending = apply(
        &record,
        Event::RevocationRequested {
            by: crate::record::RevokedBy::Client,
            reason: None,
        },
        35,
    );
    assert_eq!(ending.due_notices(at(4 * 3600)), []);
}

#[test]
fn a_mail_is_claimed_only_where_it_is_wanted_and_closed_once() {
    let record = pending(&[2]);
    let refused = |record: &RequestRecord, event| {
        let change = record.apply(event, Actor::Reporter, at(REMIND));
        assert!(matches!(change, Err(ChangeError::NoNotice)));
    };
    let notice = reminder(2);
    let sent = Event::NoticeSent {
        notice: notice.clone(),
    };
    refused(&record, sent.clone());
    refused(
        &record,
        Event::NoticeClaimed {
            notice: Notice::EndsSoon,
        },
    );
    let claim = Event::NoticeClaimed {
        notice: notice.clone(),
    };
    let claimed = apply(&record, claim.clone(), REMIND);
    refused(&claimed, claim);
    let decided = decided(&claimed, 2, Verdict::Approve);
    let closed = apply(&decided, sent.clone(), REMIND + 1);
    refused(&closed, sent);
    refused(
        &closed,
        Event::NoticeSkipped {
            notice,
            why: SkipCode::TooLate,
        },
    );
}
