//! The dispatcher with everything around it in memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]

mod broken;
mod crashes;
mod extending;
mod identities;
mod managers;
mod new_users;
mod owners;
mod people;
mod preview;
mod refusals;
mod reminders;
mod steering;
mod volume;

use dispatcher::{DispatchError, Dispatcher, DispatcherPorts};
use snowgate_core::approval::ReviewToken;
use snowgate_core::id::RequestId;
use testkit::world::{NOTICE_BEFORE_END, PENDING_FOR, REMIND_BEFORE, World, at, ready};
use testkit::{
    Failing, FakeDirectory, FakeLedger, FakeMailer, FakeQueues, FakeServiceNow, Fault, SentEmail,
};

const APPROVAL_URL: &str = "https://review.example/live";

/// Everything in memory.
struct Faked;

impl DispatcherPorts for Faked {
    type Requests = Failing<FakeLedger>;
    type Identities = Failing<FakeLedger>;
    type ServiceNow = Failing<FakeServiceNow>;
    type Directory = Failing<FakeDirectory>;
    type Mailer = Failing<FakeMailer>;
    type Outcomes = Failing<FakeQueues>;
}

type Tested = Dispatcher<Faked>;

/// The ports of the dispatcher.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    Ledger,
    ServiceNow,
    Directory,
    Mailer,
    Outcomes,
}

const ALL: [Port; 5] = [
    Port::Ledger,
    Port::ServiceNow,
    Port::Directory,
    Port::Mailer,
    Port::Outcomes,
];

/// A dispatcher of whose ports these fail as the world's fault plans.
fn dispatcher(world: &World, failing: &[Port]) -> Tested {
    let fault = |port| match failing.contains(&port) {
        true => world.fault.clone(),
        false => Fault::none(),
    };
    Dispatcher {
        requests: Failing::new(world.ledger.clone(), &fault(Port::Ledger)),
        identities: Failing::new(world.ledger.clone(), &fault(Port::Ledger)),
        servicenow: Failing::new(world.servicenow.clone(), &fault(Port::ServiceNow)),
        directory: Failing::new(world.directory.clone(), &fault(Port::Directory)),
        mailer: Failing::new(world.mailer.clone(), &fault(Port::Mailer)),
        outcomes: Failing::new(world.queues.clone(), &fault(Port::Outcomes)),
        guardrails: world.guardrails.clone(),
        installation: world.installation.clone(),
        approval_url: APPROVAL_URL.to_owned(),
        pending_for: PENDING_FOR,
        remind_before: REMIND_BEFORE,
        notice_before_end: NOTICE_BEFORE_END,
    }
}

fn handle(dispatcher: &Tested, id: &RequestId, second: i64) -> Result<(), DispatchError> {
    ready(dispatcher.handle(id, at(second)))
}

/// To whom e-mails went, in order.
fn addresses(letters: &[SentEmail]) -> Vec<&str> {
    letters.iter().map(|sent| sent.to.expose()).collect()
}

/// The token of the link in an e-mail: the same in text and HTML, and the only one.
fn token_in(sent: &SentEmail) -> ReviewToken {
    let start = format!("{APPROVAL_URL}/r/");
    let tokens = |text: &str| -> Vec<String> {
        text.split(&start)
            .skip(1)
            .map(|rest| {
                rest.chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                    .collect()
            })
            .collect()
    };
    let (text, html) = (tokens(&sent.email.text), tokens(&sent.email.html));
    assert_eq!(text.len(), 1);
    assert!(!html.is_empty() && html.iter().all(|token| *token == text[0]));
    text[0].parse().unwrap()
}
