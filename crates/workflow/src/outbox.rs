//! The outbox: one machine for every message to people and tickets.
//!
//! What is to be sent follows from the record. A message is composed, claimed in the ledger
//! (together with its review link, where it has one), sent, and closed, as sent or as skipped
//! for good. A second one goes out only after a crash between sending and closing. A function
//! composes what it may ([`Compose`]); the outbox claims, closes and hands over to the
//! [`Carrier`].

use std::error::Error;
use std::future::Future;

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests;
use ports::mail::Mailer;
use ports::servicenow::Tickets;
use snowgate_core::approval::TokenRow;
use snowgate_core::bounce::{LetterTags, MessageId};
use snowgate_core::email::{Email, EmailAddress};
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, Message, RequestRecord, SkipCode};
use snowgate_core::request::Source;
use snowgate_core::slots::{Eligibility, Excluded, judge};
use snowgate_core::ticket::Person;
use snowgate_core::ticket_note::TicketUpdate;
use tracing::{error, info, warn};

use crate::change::{Changed, Draft, Next, NotChanged, change, load, write};

/// What a function makes of a message that is due.
pub enum Composed<P> {
    /// It is to be sent.
    Parcel(P),
    /// It is to be sent, and opens this review link.
    WithLink(P, TokenRow),
    /// It is not sent, for good.
    Skip(SkipCode),
    /// The record asks for it no more.
    Unwanted,
}

/// A function that composes messages.
pub trait Compose: Send + Sync {
    /// What it hands to the carrier.
    type Parcel: Send + Sync;
    /// Why a message could not be composed or sent.
    type Error: Error + Send + From<NotChanged> + From<CallError> + 'static;
    /// In whose name it writes down what became of a message.
    const ACTOR: Actor;

    /// Whether this function sends such messages.
    fn composes(&self, message: &Message) -> bool;

    /// Composes a message. The record is that which is sent about; it is answered as it stands
    /// afterwards.
    fn compose(
        &self,
        record: RequestRecord,
        message: &Message,
    ) -> impl Future<Output = Result<(RequestRecord, Composed<Self::Parcel>), Self::Error>> + Send;
}

/// What hands messages over.
pub trait Carrier: Send + Sync {
    /// What it carries.
    type Parcel: Send + Sync;

    /// Sends one. Answers the id that a report of its loss will name, where there is one.
    fn carry(
        &self,
        parcel: &Self::Parcel,
    ) -> impl Future<Output = Result<Option<MessageId>, CallError>> + Send;
}

/// An e-mail to one person.
#[derive(Debug, Clone)]
pub struct AddressedEmail {
    /// To whom.
    pub to: EmailAddress,
    /// What it says.
    pub email: Email,
    /// What the mail service reports its loss with, where that is to be known.
    pub tags: Option<LetterTags>,
}

/// The mail service as a carrier.
#[derive(Debug, Clone, Copy)]
pub struct ByMail<'a, M>(
    /// The mail service.
    pub &'a M,
);

impl<M: Mailer> Carrier for ByMail<'_, M> {
    type Parcel = AddressedEmail;

    async fn carry(&self, parcel: &AddressedEmail) -> Result<Option<MessageId>, CallError> {
        let sent = self.0.send(&parcel.to, &parcel.email, parcel.tags.as_ref());
        sent.await
    }
}

/// A note in a ticket.
#[derive(Debug, Clone)]
pub struct Note {
    /// The ticket.
    pub source: Source,
    /// What is written to it.
    pub update: TicketUpdate,
}

/// ServiceNow as a carrier of notes in tickets. A note that is there already is not written
/// again.
#[derive(Debug, Clone, Copy)]
pub struct InTickets<'a, T>(
    /// The tickets.
    pub &'a T,
);

impl<T: Tickets> Carrier for InTickets<'_, T> {
    type Parcel = Note;

    async fn carry(&self, note: &Note) -> Result<Option<MessageId>, CallError> {
        let (table, sys_id) = (&note.source.table, &note.source.sys_id);
        let written = self.0.update(table, sys_id, &note.update).await?;
        info!(?written, "ticket written");
        Ok(None)
    }
}

/// What became of all messages that were due.
#[derive(Debug)]
pub struct Delivered<E> {
    /// The record as it stands afterwards.
    pub record: RequestRecord,
    /// Why one of them was not sent. It stays due.
    pub failed: Option<E>,
}

/// Sends every message that is due and that this function composes. One that fails keeps no
/// other back.
///
/// # Errors
/// Where the ledger does not answer.
pub async fn deliver<C, P>(
    requests: &impl Requests,
    carrier: &C,
    composer: &P,
    mut record: RequestRecord,
    now: Timestamp,
) -> Result<Delivered<P::Error>, NotChanged>
where
    C: Carrier,
    P: Compose<Parcel = C::Parcel>,
{
    let mut failed = None;
    let mut due = record.due_deliveries(now);
    due.retain(|message| composer.composes(message));
    for message in due {
        let id = record.id().clone();
        record = match one(requests, carrier, composer, record, (&message, now)).await {
            Ok(after) => after,
            Err(failure) => {
                log(&failure, &message, "a message was not sent");
                failed = Some(failure);
                load(requests, &id).await?
            }
        };
    }
    Ok(Delivered { record, failed })
}

async fn one<C, P>(
    requests: &impl Requests,
    carrier: &C,
    composer: &P,
    record: RequestRecord,
    (message, now): (&Message, Timestamp),
) -> Result<RequestRecord, P::Error>
where
    C: Carrier,
    P: Compose<Parcel = C::Parcel>,
{
    if !record.due_deliveries(now).contains(message) {
        return Ok(record);
    }
    let (record, composed) = composer.compose(record, message).await?;
    let (parcel, link) = match composed {
        Composed::Parcel(parcel) => (parcel, None),
        Composed::WithLink(parcel, link) => (parcel, Some(link)),
        Composed::Skip(code) => {
            warn!(?code, kind = kind(message), "a message is not sent");
            return Ok(close(requests, record, skipped(message, code), &P::ACTOR, now).await?);
        }
        Composed::Unwanted => return Ok(record),
    };
    let claim = Draft {
        tokens: link.into_iter().collect(),
        ..Draft::from(Event::DeliveryClaimed {
            message: message.clone(),
        })
    };
    // Somebody else may be sending it, or it is not wanted any more.
    let next = |record: &RequestRecord| match record.due_deliveries(now).contains(message) {
        true => Next::from(claim.clone()),
        false => Next::Done(()),
    };
    let record = match change(requests, record, &P::ACTOR, now, next).await? {
        Changed::Written(record) => record,
        Changed::Left(record, ()) => return Ok(record),
    };
    let closing = match carrier.carry(&parcel).await {
        Ok(message_id) => {
            info!(kind = kind(message), "message sent");
            Event::DeliverySent {
                message: message.clone(),
                message_id,
            }
        }
        Err(refusal) if !refusal.is_transient() && may_be_skipped(message) => {
            log(&refusal, message, "a message was refused");
            skipped(message, SkipCode::MailRefused)
        }
        Err(failure) => return Err(failure.into()),
    };
    Ok(close(requests, record, closing, &P::ACTOR, now).await?)
}

fn skipped(message: &Message, code: SkipCode) -> Event {
    Event::DeliverySkipped {
        message: message.clone(),
        code,
    }
}

/// Whether a message that is refused for good is given up. Without a review request nobody could
/// decide, and the ticket is owed its note: these two are tried again, less and less often.
const fn may_be_skipped(message: &Message) -> bool {
    !matches!(
        message,
        Message::ReviewRequest { .. } | Message::TicketNote { .. }
    )
}

fn log(error: &(dyn Error + 'static), message: &Message, what: &'static str) {
    error!(error, kind = kind(message), "{what}");
}

/// The kind of a message, for the log.
const fn kind(message: &Message) -> &'static str {
    match message {
        Message::ReviewRequest { .. } => "review request",
        Message::Reminder { .. } => "reminder",
        Message::Handled { .. } => "handled",
        Message::Outcome { .. } => "outcome",
        Message::EndsSoon => "ends soon",
        Message::TicketNote { .. } => "ticket note",
    }
}

/// Writes down what became of a message, however often the request changes meanwhile.
async fn close(
    requests: &impl Requests,
    record: RequestRecord,
    closing: Event,
    actor: &Actor,
    now: Timestamp,
) -> Result<RequestRecord, NotChanged> {
    let id = record.id().clone();
    match write(requests, record, closing, actor, now).await {
        // Somebody else has closed it, or it went with the person whom it was for.
        Err(NotChanged::Rules(ChangeError::NoDelivery)) => load(requests, &id).await,
        closed => closed,
    }
}

/// The address of a person who may be written to.
///
/// # Errors
/// Why the person is not written to.
pub fn address<'a>(
    person: &'a Person,
    mail_domains: &[String],
) -> Result<&'a EmailAddress, SkipCode> {
    match judge(person, &Excluded::default(), mail_domains) {
        Eligibility::Eligible => person.email.as_ref().ok_or(SkipCode::NoMail),
        Eligibility::Inactive => Err(SkipCode::Inactive),
        Eligibility::Locked => Err(SkipCode::Locked),
        Eligibility::NoMail => Err(SkipCode::NoMail),
        Eligibility::ForeignMail => Err(SkipCode::ForeignMail),
        Eligibility::Involved => Err(SkipCode::NotAnApprover),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::ledger::Tokens as _;
    use snowgate_core::approval::{ReviewToken, Verdict};
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
        ) -> Result<(RequestRecord, Composed<Email>), Failed> {
            if let Some((world, event, actor)) = &self.meanwhile {
                let _ = world.apply(&record, event.clone(), actor.clone(), at(2));
            }
            let email = Email {
                to: address_of(OWNER).parse().unwrap(),
                letter: Letter {
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
            _: &Letter,
            _: Option<&LetterTags>,
        ) -> Result<Option<MessageId>, CallError> {
            Err(CallError::permanent("fake:Send", "MessageRejected"))
        }
    }

    /// A request that was denied by the only one who was asked: the requester is told.
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
                    email: None,
                    ..fit.clone()
                },
                SkipCode::NoMail,
            ),
            (
                Person {
                    email: "x@evil.example".parse().ok(),
                    ..fit
                },
                SkipCode::ForeignMail,
            ),
        ];
        for (person, code) in cases {
            assert_eq!(address(&person, &domains).err(), Some(code));
        }
    }
}
