//! Mail to the requester, and to those who were asked and have nothing left to do.

use ports::CallError;
use ports::Failure;
use ports::ledger::Requests as _;
use ports::mail::Mailer;
use reporter::Reporter;
use snowgate_core::approval::Verdict;
use snowgate_core::bounce::{EmailTags, MessageId};
use snowgate_core::email::Email;
use snowgate_core::email::{EmailAddress, MailField};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{
    DeliveryOutcome, Event, Message, RefusalCode, RequestRecord, SkipCode, Worker,
};
use snowgate_core::ticket::Person;
use snowgate_core::ticket_note::OutcomeFields;
use testkit::samples;
use testkit::world::{COLLEAGUE, MEMBER, OWNER, World, address, at, id, person, ready, requester};
use testkit::{Aftermath, FakeLedger, FakeServiceNow, FakeTickets, Moment};

use super::{FIELDS, active, denied, handle, reporter};

const RITA: &str = "rita@meridian.example";

/// To whom mail went, and about what.
fn mail(world: &World) -> Vec<(String, String)> {
    let sent = world.mailer.sent();
    let mut all: Vec<_> = sent
        .iter()
        .map(|one| (one.to.expose().to_owned(), one.email.subject.clone()))
        .collect();
    all.sort();
    all
}

fn subject(words: &str) -> String {
    format!("{words} (RITM0010001)")
}

/// What became of the mails that the reporter claimed or skipped: sent, or skipped for a reason.
fn closings(record: &RequestRecord) -> Vec<Result<(), SkipCode>> {
    let mails = record.deliveries().iter().filter(|delivery| {
        delivery.message.sender() == Worker::Reporter
            && !matches!(delivery.message, Message::TicketNote { .. })
    });
    mails
        .map(|delivery| match delivery.outcome.as_ref().unwrap() {
            DeliveryOutcome::Sent { .. } => Ok(()),
            DeliveryOutcome::Skipped { code, .. } => Err(*code),
        })
        .collect()
}

#[test]
fn the_requester_is_told_of_each_ending_once() {
    type Ending = (fn(&World) -> RequestRecord, &'static str);
    let endings: [Ending; 7] = [
        (|world| active(world, 9000), "Your access is ready"),
        (denied, "Your request was denied"),
        (
            |world| {
                let (record, _) = world.pending(&[OWNER], at(0));
                world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(1))
            },
            "Your request was denied",
        ),
        (
            |world| {
                let record = world.approved(at(0));
                world.apply(&record, Event::Expired, Actor::Sweeper, at(1))
            },
            "Your request has expired",
        ),
        (
            |world| {
                let record = world.approved(at(0));
                let client = record.client().clone();
                world.apply(
                    &record,
                    Event::Withdrawn { reason: None },
                    Actor::Client { client },
                    at(1),
                )
            },
            "Your request was cancelled",
        ),
        (
            |world| {
                let slot = "account:210987654321".to_owned();
                let event = Event::Undeliverable { slot };
                world.apply(&world.received(at(0)), event, Actor::Dispatcher, at(1))
            },
            "No approver could be found",
        ),
        (
            |world| {
                let event = Event::Refused {
                    code: RefusalCode::NotEnrolled,
                    findings: Vec::new(),
                };
                world.apply(&world.received(at(0)), event, Actor::Dispatcher, at(1))
            },
            "Your request was refused",
        ),
    ];
    for (ending, words) in endings {
        let world = World::default();
        let record = ending(&world);
        for second in [2, 3, 400] {
            handle(&world, record.id(), second).unwrap();
        }
        assert_eq!(mail(&world), [(RITA.to_owned(), subject(words))]);
        let after = world.load(record.id());
        assert_eq!(closings(&after), [Ok(())]);
        assert_eq!(after.reported(), [record.state()]);
    }
}

/// A request that waits for the owner, of whose beneficiary this is the manager.
fn managed(world: &World, manager: u8) -> RequestRecord {
    let record = world.received(at(0));
    let round = samples::asked(record.request(), &[id(OWNER)], at(90_000));
    let round = round.with_notified_manager(Some(id(manager)));
    let event = Event::ApprovalRequested { round };
    world.apply(&record, event, Actor::Dispatcher, at(1))
}

#[test]
fn the_manager_is_notified_once() {
    let world = World::default();
    let record = managed(&world, MEMBER);
    for second in [2, 3, 400] {
        handle(&world, record.id(), second).unwrap();
    }
    let mut sent = world.mailer.sent();
    let notice = sent.pop().unwrap();
    assert_eq!(
        (sent.len(), notice.to.expose()),
        (0, address(MEMBER).as_str())
    );
    let text = &notice.email.text;
    assert!(text.contains("You have nothing to decide"), "{text}");
    assert!(!text.contains("/r/"), "no review link");
    assert_eq!(closings(&world.load(record.id())), [Ok(())]);
}

#[test]
fn a_manager_who_cannot_be_written_to_is_skipped() {
    let world = World::default();
    let record = managed(&world, MEMBER);
    world.servicenow.put_person(Person {
        email: MailField::read("x@evil.example"),
        ..person(MEMBER)
    });
    for second in [2, 400] {
        handle(&world, record.id(), second).unwrap();
    }
    assert_eq!(mail(&world), []);
    let after = world.load(record.id());
    assert_eq!(closings(&after), [Err(SkipCode::ForeignMail)]);
}

#[test]
fn a_ticket_that_was_not_verified_has_nobody_written_to() {
    let world = World::default();
    let received = world.received(at(0));
    let event = Event::Refused {
        code: RefusalCode::TicketMismatch,
        findings: Vec::new(),
    };
    let refused = world.apply(&received, event, Actor::Dispatcher, at(1));
    handle(&world, refused.id(), 2).unwrap();
    assert_eq!((mail(&world), world.tickets.updates().len()), (vec![], 0));
    assert_eq!(world.load(refused.id()), refused);
}

#[test]
fn those_who_were_asked_are_told_when_nothing_is_left_to_do() {
    let world = World::default();
    let (record, _) = world.pending(&[OWNER, COLLEAGUE, MEMBER], at(0));
    let record = world.decide(&record, OWNER, Verdict::Approve, &world.keys, at(1));
    for second in [2, 3, 400] {
        handle(&world, record.id(), second).unwrap();
    }
    let words = "No action needed: request by `Person 0`";
    let reported = [MEMBER, COLLEAGUE].map(|who| (address(who), subject(words)));
    assert_eq!(mail(&world), reported);
    let text = &world.mailer.sent()[0].email.text;
    assert!(
        text.contains("Another approver approved your part"),
        "{text}"
    );
    assert!(
        !text.contains("Known and needed"),
        "no reason, no name: {text}"
    );
    assert!(world.tickets.updates().is_empty(), "the ticket waits");
}

#[test]
fn whoever_cannot_be_written_to_is_passed_over_for_good() {
    let rita = requester();
    let cases = [
        (
            Person {
                active: false,
                ..rita.clone()
            },
            SkipCode::Inactive,
        ),
        (
            Person {
                locked_out: true,
                ..rita.clone()
            },
            SkipCode::Locked,
        ),
        (
            Person {
                email: MailField::Empty,
                ..rita.clone()
            },
            SkipCode::NoMail,
        ),
        (
            Person {
                email: MailField::read("rita@evil.example"),
                ..rita
            },
            SkipCode::ForeignMail,
        ),
    ];
    for (unfit, why) in cases {
        let world = World::default();
        let record = denied(&world);
        world.servicenow.put_person(unfit);
        handle(&world, record.id(), 2).unwrap();
        assert_eq!(mail(&world), []);
        let after = world.load(record.id());
        assert_eq!(closings(&after), [Err(why)]);
        assert_eq!(
            (after.due_at(), &after.reported()[..]),
            (None, &[State::Denied][..])
        );
        let trail = ready(world.ledger.trail(record.id())).unwrap();
        let skipped = trail.iter().any(|row| {
            let notice = Message::Outcome {
                state: State::Denied,
            };
            row.read::<RequestRecord>().unwrap().event
                == Event::DeliverySkipped {
                    message: notice,
                    code: why,
                }
        });
        assert!(skipped, "the audit trail has it");
        world.servicenow.put_person(requester());
        handle(&world, record.id(), 400).unwrap();
        assert_eq!(mail(&world), [], "for good");
    }
}

#[test]
fn the_end_of_access_is_announced_and_told() {
    let world = World::default();
    let record = active(&world, 8 * 3600);
    handle(&world, record.id(), 3).unwrap();
    let _ = world.mailer.take();
    // The sample has no reminders; this one does.
    let announced = samples::tampered(&world.load(record.id()), |stored| {
        stored["phase"]["access"]["round"]["reminders"]["before_end"] = "PT2H".into();
    });
    let due = announced.due_deliveries(at(6 * 3600));
    assert_eq!(due, [Message::EndsSoon]);
}

/// The mail service refuses for good.
#[derive(Clone, Copy)]
struct Refusing;

impl Mailer for Refusing {
    async fn send(
        &self,
        _: &EmailAddress,
        _: &Email,
        _: Option<&EmailTags>,
    ) -> Result<Option<MessageId>, CallError> {
        Err(CallError::permanent("fake:Send", "MessageRejected"))
    }
}

/// Fakes, and a mail service that refuses.
struct OnFakes;

impl reporter::ReporterPorts for OnFakes {
    type Requests = FakeLedger;
    type Tickets = FakeTickets;
    type ServiceNow = FakeServiceNow;
    type Mailer = Refusing;
}

#[test]
fn a_mail_that_is_refused_for_good_is_not_tried_for_ever() {
    let world = World::default();
    let record = denied(&world);
    let tested = Reporter::<OnFakes> {
        requests: world.ledger.clone(),
        tickets: world.tickets.clone(),
        servicenow: world.servicenow.clone(),
        mailer: Refusing,
        fields: OutcomeFields::parse(FIELDS).unwrap(),
        installation: world.installation.clone(),
        mail_domains: world.guardrails.mail_domains().to_vec(),
    };
    ready(tested.handle(record.id(), at(2))).unwrap();
    let after = world.load(record.id());
    let why = SkipCode::MailRefused;
    assert_eq!(closings(&after), [Err(why)]);
    assert_eq!(after.due_at(), None);
}

#[test]
fn without_servicenow_mail_waits_and_is_given_up_after_a_week() {
    let world = World::default();
    let record = denied(&world);
    world.servicenow.set_failure(Some(Failure::Transient));
    handle(&world, record.id(), 2).unwrap();
    let waiting = world.load(record.id());
    assert_eq!(
        waiting.reported(),
        [State::Denied],
        "the ticket is updated all the same"
    );
    assert_eq!(waiting.due_at(), Some(at(2 + 120)));
    world.servicenow.set_failure(None);
    handle(&world, record.id(), 8 * 24 * 3600).unwrap();
    let after = world.load(record.id());
    let why = SkipCode::TooLate;
    assert_eq!(closings(&after), [Err(why)]);
    assert_eq!((after.due_at(), mail(&world)), (None, vec![]));
}

/// Wherever a run breaks off, everybody is notified; twice only where the answer of the mail
/// service was lost or could not be written down.
#[test]
fn a_run_that_breaks_off_doubles_one_mail_at_most() {
    let mut doubled = 0;
    for moment in [Moment::Before, Moment::After] {
        let mut nth = 1;
        loop {
            let world = World::default();
            let (record, _) = world.pending(&[OWNER, COLLEAGUE], at(0));
            let record = world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(1));
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = handle(&world, record.id(), 2);
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            handle(&world, record.id(), 300).unwrap();
            let mut reported: Vec<String> = mail(&world).into_iter().map(|(to, _)| to).collect();
            let all = reported.len();
            reported.dedup();
            assert_eq!(reported, [address(COLLEAGUE), RITA.to_owned()]);
            assert!(all <= 3, "{moment:?} call {nth}: {all} mails");
            doubled += usize::from(all == 3);
            let after = world.load(record.id());
            assert_eq!((closings(&after), after.due_at()), (vec![Ok(()); 2], None));
            if !reached {
                break;
            }
            nth += 1;
        }
        assert!(nth > 10, "every call was tried: {nth}");
    }
    // For each of the two mails: sent and not answered, answered and not written down; and the
    // mark that was written and not answered is no second mail.
    assert_eq!(doubled, 4);
}

#[tokio::test]
async fn runs_at_once_send_one_mail_each() {
    let world = World::default();
    let (record, _) = world.pending(&[OWNER, COLLEAGUE], at(0));
    let record = world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(1));
    world.fault.interleave();
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let (reporter, id) = (reporter(&world), record.id().clone());
            tokio::spawn(async move { reporter.handle(&id, at(2)).await.is_ok() })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
    world.fault.mend();
    handle(&world, record.id(), 400).unwrap();
    assert_eq!(mail(&world).len(), 2);
}
