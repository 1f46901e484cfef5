//! Which messages are wanted, when, and that each goes out once.

use super::*;
use crate::approval::Verdict;
use crate::bounce::{BounceKind, EmailTags};
use crate::lifecycle::Actor;
use crate::record::tests::{
    ONE, approver, asked, at, claim, decide, delivered, person, received, review_request, sent,
    slot,
};
use crate::record::{RefusalCode, Reminders, Worker};
use jiff::SignedDuration;

mod refused;

const EXPIRES: i64 = 72 * 3600;
const REMIND: i64 = 48 * 3600;

/// A request whose e-mails have gone out to these people.
fn pending(people: &[u8]) -> RequestRecord {
    let round = asked(vec![slot("210987654321", people)]).with_reminders(Reminders::new(
        at(0),
        at(EXPIRES),
        SignedDuration::from_hours(24),
        SignedDuration::from_hours(4),
    ));
    let record = apply(&received().record, Event::ApprovalRequested { round }, 1);
    let all = people.iter();
    all.fold(record, |record, who| {
        delivered(&record, review_request(*who), 5)
    })
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
    let started = apply(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
        30,
    );
    apply(&started, Event::Activated { until: at(end) }, 31)
}

fn reminder(who: u8) -> Message {
    Message::Reminder {
        approver: person(who),
    }
}

fn handled(who: u8) -> Message {
    Message::Handled {
        approver: person(who),
    }
}

const fn outcome(state: State) -> Message {
    Message::Outcome { state }
}

const fn note(state: State) -> Message {
    Message::TicketNote { state }
}

/// The mails that are due: what goes to the ticket is left out.
fn mails(record: &RequestRecord, second: i64) -> Vec<Message> {
    let mut due = record.due_deliveries(at(second));
    due.retain(|message| !matches!(message, Message::TicketNote { .. }));
    due
}

#[test]
fn those_who_have_not_decided_are_reminded_when_it_is_time() {
    let record = pending(&[2, 3]);
    assert_eq!(mails(&record, REMIND - 1), []);
    assert_eq!(record.next_wanted(at(6)), Some(at(REMIND)));
    assert_eq!(mails(&record, REMIND), [reminder(2), reminder(3)]);
    assert_eq!(mails(&record, EXPIRES), [], "then it is too late");
    let claimed = apply(&record, claim(reminder(2)), REMIND);
    assert_eq!(mails(&claimed, REMIND + 1), [reminder(3)]);
    assert_eq!(
        mails(&claimed, REMIND + 120),
        [reminder(2), reminder(3)],
        "whoever claimed it has crashed"
    );
    let sent = apply(&claimed, sent(reminder(2)), REMIND + 1);
    assert_eq!(mails(&sent, REMIND + 500), [reminder(3)]);
}

#[test]
fn a_reminder_waits_for_half_of_the_time_and_can_be_switched_off() {
    let of = |hours: i64, before| {
        let before = SignedDuration::from_hours(before);
        Reminders::new(at(0), at(hours * 3600), before, SignedDuration::ZERO)
    };
    assert_eq!(of(72, 24).remind_at, Some(at(48 * 3600)));
    assert_eq!(of(10, 24).remind_at, Some(at(5 * 3600)));
    assert_eq!(of(72, 0), Reminders::default());
}

#[test]
fn a_letter_that_went_out_late_is_not_followed_by_a_reminder() {
    let round = pending(&[2]).round().unwrap().clone();
    let record = apply(&received().record, Event::ApprovalRequested { round }, 1);
    let record = delivered(&record, review_request(2), REMIND + 5);
    assert_eq!(mails(&record, REMIND + 6), []);
}

#[test]
fn nothing_more_goes_to_a_mailbox_that_lost_a_letter() {
    // Two slots; the second person is asked for both, and a colleague decides the first.
    let slots = vec![slot("210987654321", &[2, 3]), slot("320987654321", &[3, 4])];
    let round = asked(slots);
    let mut record = apply(&received().record, Event::ApprovalRequested { round }, 1);
    for who in [2, 3, 4] {
        record = delivered(&record, review_request(who), 5);
    }
    let record = decided(&record, 2, Verdict::Approve);
    let lost = Event::DeliveryBounced {
        approver: person(3),
        kind: BounceKind::Bounced,
    };
    let record = apply(&record, lost, 25);
    assert!(record.asks(&person(3)), "when that slot was decided");
    assert_eq!(record.open_slot_of(&person(3)), None);
    assert_eq!(mails(&record, 30), []);
    let withdrawn = apply(&record, Event::Withdrawn { reason: None }, 40);
    assert_eq!(
        mails(&withdrawn, 41),
        [handled(4), outcome(State::Withdrawn)]
    );
}

#[test]
fn those_who_were_asked_and_have_nothing_left_to_do_are_told() {
    let record = pending(&[2, 3]);
    let approved = decided(&record, 2, Verdict::Approve);
    assert_eq!(mails(&approved, 21), [handled(3)]);
    let denied = decided(&record, 2, Verdict::Deny);
    assert_eq!(mails(&denied, 21), [handled(3), outcome(State::Denied)]);
    let expired = apply(&record, Event::Expired, EXPIRES);
    assert_eq!(
        mails(&expired, EXPIRES),
        [handled(2), handled(3), outcome(State::Expired)]
    );
    let round = asked(vec![slot("210987654321", &[2, 3])]);
    let unsent = apply(&received().record, Event::ApprovalRequested { round }, 1);
    let unsent = delivered(&unsent, review_request(2), 5);
    let unsent = decided(&unsent, 2, Verdict::Approve);
    assert_eq!(mails(&unsent, 21), [], "nobody ever wrote to them");
}

#[test]
fn the_requester_is_told_of_what_the_ticket_is_told_of() {
    let active = active(&pending(&[2]), 40_000);
    assert_eq!(mails(&active, 32), [outcome(State::Active)]);
    let reported = apply(
        &active,
        Event::DeliverySkipped {
            message: outcome(State::Active),
            code: SkipCode::NoMail,
        },
        33,
    );
    assert_eq!(mails(&reported, 34), []);
    let revoking = apply(&reported, Event::RevocationStarted, 40_000);
    assert_eq!(mails(&revoking, 40_001), []);
    let gone = Event::Revoked {
        retained: Vec::new(),
    };
    let revoked = apply(&revoking, gone, 40_002);
    assert_eq!(mails(&revoked, 40_003), [outcome(State::Revoked)]);
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
            (record.unreported(), record.due_deliveries(at(4))),
            (None, vec![])
        );
    }
    let verified = refused(RefusalCode::NotEnrolled);
    assert_eq!(verified.unreported(), Some(State::Refused));
    assert_eq!(mails(&verified, 4), [outcome(State::Refused)]);
}

#[test]
fn the_end_of_long_access_is_announced() {
    let record = active(&pending(&[2]), 8 * 3600);
    let record = apply(
        &record,
        Event::DeliverySkipped {
            message: outcome(State::Active),
            code: SkipCode::NoMail,
        },
        33,
    );
    assert_eq!(record.next_wanted(at(34)), Some(at(4 * 3600)));
    assert_eq!(mails(&record, 4 * 3600), [Message::EndsSoon]);
    let mut short = record.clone();
    short.request_mut().duration = "PT4H".parse().unwrap();
    assert_eq!(short.next_wanted(at(34)), None);
    let ending = apply(
        &record,
        Event::RevocationRequested {
            by: crate::record::RevokedBy::Client,
            reason: None,
            signature: None,
        },
        35,
    );
    assert_eq!(mails(&ending, 4 * 3600), []);
}

/// Whatever becomes of the request meanwhile, the manager is told once.
#[test]
fn the_manager_is_notified_once_however_it_goes_on() {
    let round = asked(vec![slot("210987654321", &[2])]).with_notified_manager(Some(person(9)));
    let record = apply(&received().record, Event::ApprovalRequested { round }, 1);
    let notice = Message::ManagerNotice { manager: person(9) };
    assert_eq!((notice.sender(), notice.asks()), (Worker::Reporter, None));
    assert_eq!(mails(&record, 2), [review_request(2), notice.clone()]);
    let record = delivered(&record, review_request(2), 5);
    let denied = decided(&record, 2, Verdict::Deny);
    for record in [&record, &denied] {
        assert!(mails(record, 21).contains(&notice));
        let told = delivered(record, notice.clone(), 21);
        assert!(!mails(&told, 22).contains(&notice));
    }
    let untold = asked(vec![slot("210987654321", &[2])]);
    let event = Event::ApprovalRequested { round: untold };
    let record = apply(&received().record, event, 1);
    assert_eq!(mails(&record, 2), [review_request(2)]);
}

#[test]
fn a_mail_is_claimed_only_where_it_is_wanted_and_closed_once() {
    let record = pending(&[2]);
    let refused = |record: &RequestRecord, event| {
        let change = record.apply(event, Actor::Reporter, at(REMIND));
        assert!(matches!(change, Err(ChangeError::NoDelivery)));
    };
    let notice = reminder(2);
    let sent = sent(notice.clone());
    refused(&record, sent.clone());
    refused(&record, claim(Message::EndsSoon));
    let claim = claim(notice.clone());
    let claimed = apply(&record, claim.clone(), REMIND);
    refused(&claimed, claim);
    let decided = decided(&claimed, 2, Verdict::Approve);
    let closed = apply(&decided, sent.clone(), REMIND + 1);
    refused(&closed, sent);
    refused(
        &closed,
        Event::DeliverySkipped {
            message: notice,
            code: SkipCode::TooLate,
        },
    );
}

#[test]
fn a_message_is_claimed_by_one_and_claimed_again_after_a_crash() {
    let record = received().record;
    let round = asked(vec![slot("210987654321", &[2])]);
    let record = apply(&record, Event::ApprovalRequested { round }, 1);
    let request = review_request(2);
    assert_eq!(mails(&record, 1), std::slice::from_ref(&request));
    let claimed = apply(&record, claim(request.clone()), 10);
    assert_eq!(mails(&claimed, 129), []);
    assert_eq!(mails(&claimed, 130), std::slice::from_ref(&request));
    let again = claimed.apply(claim(request.clone()), Actor::Dispatcher, at(129));
    assert!(matches!(again, Err(ChangeError::NoDelivery)));
    let again = apply(&claimed, claim(request.clone()), 130);
    let closed = apply(&again, sent(request), 131);
    assert_eq!(mails(&closed, 1_000), []);
    let nobody = closed.apply(sent(review_request(7)), Actor::Dispatcher, at(13));
    assert!(matches!(nobody, Err(ChangeError::NoDelivery)));
}

#[test]
fn nobody_is_asked_who_has_nothing_to_decide_any_more() {
    let round = asked(vec![
        slot("210987654321", &[2, 3]),
        slot("320987654321", &[4]),
    ]);
    let record = apply(&received().record, Event::ApprovalRequested { round }, 1);
    let record = delivered(&record, review_request(2), 5);
    let decided = decided(&record, 2, Verdict::Approve);
    assert_eq!(mails(&decided, 21), [review_request(4)]);
}

#[test]
fn the_ticket_has_one_note_for_each_state_that_is_reported() {
    let active = active(&pending(&[2]), 40_000);
    let due = active.due_deliveries(at(32));
    assert_eq!(due, [note(State::Active), outcome(State::Active)]);
    assert_eq!(active.unreported(), Some(State::Active));
    let claimed = apply(&active, claim(note(State::Active)), 33);
    assert_eq!(claimed.unreported(), Some(State::Active), "not yet");
    assert_eq!(claimed.due_deliveries(at(34)), [outcome(State::Active)]);
    // The access ends before the writer says that the note is there.
    let revoking = apply(&claimed, Event::RevocationStarted, 40_000);
    assert_eq!(revoking.unreported(), None);
    let closed = apply(&revoking, sent(note(State::Active)), 40_001);
    assert_eq!(closed.reported(), [State::Active]);
    let retained = Vec::new();
    let revoked = apply(&closed, Event::Revoked { retained }, 40_002);
    assert_eq!(revoked.unreported(), Some(State::Revoked));
}

#[test]
fn a_bounce_is_believed_of_what_was_sent_under_that_id() {
    let id = |text: &str| text.parse::<MessageId>().unwrap();
    let bounce = |message: &str, who| Bounce {
        message: id(message),
        tags: EmailTags {
            request: received().record.id().clone(),
            approver: person(who),
        },
        kind: Some(BounceKind::Bounced),
    };
    let send = |record: &RequestRecord, message: Message, as_id: &str, second| {
        let claimed = apply(record, claim(message.clone()), second);
        let message_id = Some(id(as_id));
        let sent = Event::DeliverySent {
            message,
            message_id,
        };
        apply(&claimed, sent, second)
    };
    let round = pending(&[2]).round().unwrap().clone();
    let record = apply(&received().record, Event::ApprovalRequested { round }, 1);
    let of = |record: &RequestRecord, message, who| record.bounced_message(&bounce(message, who));
    assert_eq!(of(&record, "first", 2), BouncedMessage::Unknown);
    let claimed = apply(&record, claim(review_request(2)), 5);
    assert_eq!(of(&claimed, "first", 2), BouncedMessage::InFlight);
    let first = send(&record, review_request(2), "first", 5);
    assert_eq!(of(&first, "first", 2), BouncedMessage::Sent);
    assert_eq!(of(&first, "first", 3), BouncedMessage::Unknown, "another");
    assert_eq!(of(&first, "second", 2), BouncedMessage::Unknown);
    let reminded = send(&first, reminder(2), "second", REMIND);
    for message in ["first", "second"] {
        assert_eq!(of(&reminded, message, 2), BouncedMessage::Sent);
    }
}
