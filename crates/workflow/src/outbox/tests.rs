//! One message, whatever comes between.

use super::*;
use ports::ledger::Tokens as _;
use snowgate_core::approval::{ReviewToken, Verdict};
use snowgate_core::email::MailField;
use snowgate_core::lifecycle::State;
use snowgate_core::record::DeliveryOutcome;
use testkit::contract::together;
use testkit::world::{OWNER, World, address as address_of, at, ready, requester};
use testkit::{Aftermath, Moment, samples};

use crate::change::TRIES;
use crate::storm::Storm;

const TOLD: Message = Message::Outcome {
    state: State::Denied,
};

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    NotChanged(#[from] NotChanged),
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Composes the same e-mail to everybody.
#[derive(Default)]
struct Circular {
    skip: Option<SkipCode>,
    link: Option<TokenRow>,
    /// What happens to the request while it is composed.
    meanwhile: Option<(World, Event, Actor)>,
}

impl Compose for Circular {
    type Parcel = AddressedEmail;
    type Error = Failed;
    const ACTOR: Actor = Actor::Reporter;

    fn composes(&self, message: &Message) -> bool {
        !matches!(message, Message::TicketNote { .. })
    }

    async fn compose(
        &self,
        record: RequestRecord,
        _: &Message,
    ) -> Result<(RequestRecord, Composed<AddressedEmail>), Failed> {
        if let Some((world, event, actor)) = &self.meanwhile {
            let _ = world.apply(&record, event.clone(), actor.clone(), at(2));
        }
        let email = AddressedEmail {
            to: address_of(OWNER).parse().unwrap(),
            email: Email {
                subject: "News".to_owned(),
                text: "News".to_owned(),
                html: "<p>News</p>".to_owned(),
            },
            tags: None,
        };
        let composed = match (self.skip, &self.link) {
            (Some(code), _) => Composed::Skip(code),
            (None, Some(link)) => Composed::WithLink(email, link.clone()),
            (None, None) => Composed::Parcel(email),
        };
        Ok((record, composed))
    }
}

/// A mail service that refuses everything.
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

/// A request that was denied by the only one who was asked: the requester is notified.
fn denied(world: &World) -> RequestRecord {
    let (record, _) = world.pending(&[OWNER], at(0));
    let record = world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(1));
    assert!(record.due_deliveries(at(1)).contains(&TOLD));
    record
}

/// Delivers with these, at this second.
fn run(
    world: &World,
    mailer: &impl Mailer,
    composer: &Circular,
    record: RequestRecord,
    second: i64,
) -> Delivered<Failed> {
    let (requests, carrier) = (world.failing(&world.ledger), ByMail(mailer));
    let delivered = deliver(&requests, &carrier, composer, record, at(second));
    ready(delivered).unwrap()
}

fn outcome(record: &RequestRecord, message: &Message) -> Option<DeliveryOutcome> {
    record.delivery(message)?.outcome.clone()
}

fn is_sent(record: &RequestRecord, message: &Message) -> bool {
    matches!(outcome(record, message), Some(DeliveryOutcome::Sent { .. }))
}

#[test]
fn what_is_due_is_sent_once_and_closed() {
    let world = World::default();
    let record = denied(&world);
    let id = record.id().clone();
    for second in [2, 3, 500] {
        let record = world.load(&id);
        let delivered = run(&world, &world.mailer, &Circular::default(), record, second);
        assert!(delivered.failed.is_none());
        assert_eq!(delivered.record, world.load(&id));
    }
    assert_eq!(world.mailer.sent().len(), 1);
    let record = world.load(&id);
    assert!(is_sent(&record, &TOLD));
    let note = Message::TicketNote {
        state: State::Denied,
    };
    assert_eq!(
        record.delivery(&note),
        None,
        "others' messages are left alone"
    );
}

/// Wherever a run breaks off, the next one sends it; twice only where nobody can know.
#[test]
fn a_run_that_breaks_off_is_taken_up() {
    let mut doubled = 0;
    for moment in [Moment::Before, Moment::After] {
        let mut nth = 1;
        loop {
            let world = World::default();
            let record = denied(&world);
            let id = record.id().clone();
            world.fault.at(nth, moment, Aftermath::Dead);
            let mailer = world.failing(&world.mailer);
            let requests = world.failing(&world.ledger);
            let circular = Circular::default();
            let carrier = ByMail(&mailer);
            let _ = ready(deliver(&requests, &carrier, &circular, record, at(2)));
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            let again = run(&world, &mailer, &circular, world.load(&id), 200);
            assert!(again.failed.is_none(), "{moment:?} call {nth}");
            assert!(is_sent(&again.record, &TOLD), "{moment:?} call {nth}");
            let sent = world.mailer.sent().len();
            assert!((1..=2).contains(&sent), "{moment:?} call {nth}: {sent}");
            doubled += sent - 1;
            if !reached {
                break;
            }
            nth += 1;
        }
        assert_eq!(nth, 4, "claim, send and close were tried");
    }
    assert_eq!(
        doubled, 2,
        "sent and not closed: the answer lost, or a crash"
    );
}

#[test]
fn of_two_workers_one_sends() {
    let world = World::default();
    let record = denied(&world);
    let requests = world.failing(&world.ledger);
    let mailer = world.failing(&world.mailer);
    world.fault.interleave();
    let circular = Circular::default();
    let carrier = ByMail(&mailer);
    let workers = [record.clone(), record.clone()]
        .map(|record| deliver(&requests, &carrier, &circular, record, at(2)));
    for delivered in block_on(together(workers)) {
        assert!(delivered.unwrap().failed.is_none());
    }
    assert_eq!(world.mailer.sent().len(), 1);
    assert!(is_sent(&world.load(record.id()), &TOLD));
}

/// Polls a future that wakes itself until it is done.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

#[test]
fn what_fails_for_now_stays_claimed_and_is_sent_later() {
    let world = World::default();
    let record = denied(&world);
    let id = record.id().clone();
    let fault = testkit::Fault::none();
    let mailer = testkit::Failing::new(world.mailer.clone(), &fault);
    fault.at(1, Moment::Before, Aftermath::Alive);
    let delivered = run(&world, &mailer, &Circular::default(), record, 2);
    assert!(matches!(delivered.failed, Some(Failed::Call(_))));
    assert!(delivered.record.due_at().is_some());
    let soon = run(&world, &mailer, &Circular::default(), world.load(&id), 60);
    assert!(soon.failed.is_none());
    assert_eq!(world.mailer.sent(), [], "it is claimed");
    let later = run(&world, &mailer, &Circular::default(), world.load(&id), 122);
    assert!(is_sent(&later.record, &TOLD));
    assert_eq!(world.mailer.sent().len(), 1);
}

#[test]
fn what_is_refused_for_good_is_skipped_in_the_open() {
    let world = World::default();
    let record = denied(&world);
    let delivered = run(&world, &Refusing, &Circular::default(), record, 2);
    assert!(delivered.failed.is_none());
    let found = outcome(&delivered.record, &TOLD);
    assert!(
        matches!(
            found,
            Some(DeliveryOutcome::Skipped {
                code: SkipCode::MailRefused,
                ..
            })
        ),
        "{found:?}"
    );
    assert!(!delivered.record.due_deliveries(at(500)).contains(&TOLD));
}

#[test]
fn a_review_request_is_never_given_up() {
    let world = World::default();
    let record = asked(&world);
    let [message] = &record.due_deliveries(at(2))[..] else {
        panic!("one person is asked");
    };
    let id = record.id().clone();
    let delivered = run(&world, &Refusing, &Circular::default(), record.clone(), 2);
    assert!(matches!(delivered.failed, Some(Failed::Call(_))));
    assert_eq!(outcome(&world.load(&id), message), None);
    assert!(world.load(&id).due_deliveries(at(122)).contains(message));
}

/// A request whose approver is to be asked.
fn asked(world: &World) -> RequestRecord {
    let received = world.received(at(0));
    let approvers = [testkit::world::id(OWNER)];
    let round = samples::asked(received.request(), &approvers, at(9_000));
    let event = Event::ApprovalRequested { round };
    world.apply(&received, event, Actor::Dispatcher, at(1))
}

#[test]
fn what_is_skipped_is_never_claimed() {
    let world = World::default();
    let record = denied(&world);
    let composer = Circular {
        skip: Some(SkipCode::NoMail),
        ..Circular::default()
    };
    let delivered = run(&world, &world.mailer, &composer, record, 2);
    let delivery = delivered.record.delivery(&TOLD).unwrap();
    assert_eq!(delivery.claimed_at, None);
    assert!(matches!(
        delivery.outcome,
        Some(DeliveryOutcome::Skipped {
            code: SkipCode::NoMail,
            ..
        })
    ));
    assert_eq!(world.mailer.sent(), []);
}

#[test]
fn what_is_not_wanted_any_more_is_not_sent_and_opens_nothing() {
    let world = World::default();
    let record = asked(&world);
    let token = ReviewToken::from_random(samples::random());
    let link = TokenRow {
        digest: token.digest(),
        request: record.id().clone(),
        approver: testkit::world::id(OWNER),
        expires_at: at(9_000),
    };
    let withdrawn = Event::Withdrawn { reason: None };
    let client = Actor::Client {
        client: samples::client(),
    };
    let composer = Circular {
        link: Some(link.clone()),
        meanwhile: Some((world.clone(), withdrawn, client)),
        ..Circular::default()
    };
    let delivered = run(&world, &world.mailer, &composer, record, 2);
    assert!(delivered.failed.is_none());
    assert_eq!(delivered.record.state(), State::Withdrawn);
    assert_eq!(world.mailer.sent(), []);
    assert_eq!(ready(world.ledger.token(&link.digest)).unwrap(), None);
    // Where nobody comes between, the link is open before the e-mail is sent.
    let record = asked(&world);
    let link = TokenRow {
        request: record.id().clone(),
        ..link
    };
    let composer = Circular {
        link: Some(link.clone()),
        ..Circular::default()
    };
    world.fault.mend();
    world.fault.at(2, Moment::Before, Aftermath::Dead);
    let mailer = world.failing(&world.mailer);
    let requests = world.failing(&world.ledger);
    let _ = ready(deliver(
        &requests,
        &ByMail(&mailer),
        &composer,
        record,
        at(2),
    ));
    assert_eq!(world.mailer.sent(), []);
    assert!(ready(world.ledger.token(&link.digest)).unwrap().is_some());
}

#[test]
fn a_storm_of_other_changes_is_waited_out_or_ends_in_a_later_try() {
    for (commits, sent) in [(TRIES - 1, 1), (TRIES, 0)] {
        let world = World::default();
        let record = denied(&world);
        let id = record.id().clone();
        let storm = Storm::over(&world, commits);
        let carrier = ByMail(&world.mailer);
        let circular = Circular::default();
        let delivered = deliver(&storm, &carrier, &circular, record, at(2));
        let delivered = ready(delivered).unwrap();
        assert_eq!(delivered.failed.is_none(), sent == 1, "{commits}");
        assert_eq!(world.mailer.sent().len(), sent, "{commits}");
        let later = run(&world, &world.mailer, &circular, world.load(&id), 200);
        assert!(later.failed.is_none());
        assert_eq!(world.mailer.sent().len(), 1, "{commits}");
    }
}

#[test]
fn why_a_person_is_not_written_to_is_a_code() {
    let domains = World::default().guardrails.mail_domains().to_vec();
    let fit = requester();
    assert!(address(&fit, &domains).is_ok());
    let cases = [
        (
            Person {
                active: false,
                ..fit.clone()
            },
            SkipCode::Inactive,
        ),
        (
            Person {
                locked_out: true,
                ..fit.clone()
            },
            SkipCode::Locked,
        ),
        (
            Person {
                email: MailField::Empty,
                ..fit.clone()
            },
            SkipCode::NoMail,
        ),
        (
            Person {
                email: MailField::read("x@evil.example"),
                ..fit
            },
            SkipCode::ForeignMail,
        ),
    ];
    for (person, code) in cases {
        assert_eq!(address(&person, &domains).err(), Some(code));
    }
}
