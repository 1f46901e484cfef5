//! The functions over the ports of one world, all failing as its fault plans.

use std::time::Duration;

use approval::Approval;
use dispatcher::Dispatcher;
use intake::Intake;
use provisioner::Provisioner;
use reporter::Reporter;
use snowgate_core::ticket_note::OutcomeFields;
use sweeper::Sweeper;
use testkit::world::{NOTICE_BEFORE_END, PENDING_FOR, REMIND_BEFORE, World, at};
use testkit::{
    Failing, FakeDirectory, FakeKeys, FakeLedger, FakeMailer, FakeQueues, FakeServiceNow,
    FakeTickets,
};

pub(crate) const ORIGIN: &str = "https://review.example";

type Ledger = Failing<FakeLedger>;
type Queues = Failing<FakeQueues>;
type ServiceNow = Failing<FakeServiceNow>;
type Directory = Failing<FakeDirectory>;
type Mailer = Failing<FakeMailer>;
type Keys = Failing<FakeKeys>;

/// All ports in memory.
pub(crate) struct Faked;

impl intake::IntakePorts for Faked {
    type Requests = Ledger;
    type Index = Ledger;
    type Queues = Queues;
}

impl dispatcher::DispatcherPorts for Faked {
    type Identities = Ledger;
    type Requests = Ledger;
    type ServiceNow = ServiceNow;
    type Directory = Directory;
    type Mailer = Mailer;
    type Outcomes = Queues;
}

impl approval::ApprovalPorts for Faked {
    type Requests = Ledger;
    type Tokens = Ledger;
    type ServiceNow = ServiceNow;
    type Signer = Keys;
    type Work = Queues;
    type Outcomes = Queues;
}

impl provisioner::ProvisionerPorts for Faked {
    type Requests = Ledger;
    type Identities = Ledger;
    type Effects = Ledger;
    type Member = Directory;
    type Verifier = Keys;
    type Outcomes = Queues;
}

impl reporter::ReporterPorts for Faked {
    type Requests = Ledger;
    type Tickets = Failing<FakeTickets>;
    type ServiceNow = ServiceNow;
    type Mailer = Mailer;
}

impl sweeper::SweeperPorts for Faked {
    type Requests = Ledger;
    type Identities = Ledger;
    type Index = Ledger;
    type Queues = Queues;
}

pub(crate) fn intake(world: &World) -> Intake<Faked> {
    Intake {
        requests: world.failing(&world.ledger),
        index: world.failing(&world.ledger),
        queues: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
    }
}

pub(crate) fn dispatcher(world: &World) -> Dispatcher<Faked> {
    Dispatcher {
        requests: world.failing(&world.ledger),
        identities: world.failing(&world.ledger),
        servicenow: world.failing(&world.servicenow),
        directory: world.failing(&world.directory),
        mailer: world.failing(&world.mailer),
        outcomes: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
        installation: world.installation.clone(),
        approval_url: ORIGIN.to_owned(),
        pending_for: PENDING_FOR,
        remind_before: REMIND_BEFORE,
        notice_before_end: NOTICE_BEFORE_END,
    }
}

pub(crate) fn approval(world: &World) -> Approval<Faked> {
    Approval {
        requests: world.failing(&world.ledger),
        tokens: world.failing(&world.ledger),
        servicenow: world.failing(&world.servicenow),
        signer: world.failing(&world.keys),
        work: world.failing(&world.queues),
        outcomes: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
        installation: world.installation.clone(),
        origins: vec![ORIGIN.to_owned()],
        hold: false,
    }
}

pub(crate) fn provisioner(world: &World) -> Provisioner<Faked> {
    Provisioner {
        requests: world.failing(&world.ledger),
        effects: world.failing(&world.ledger),
        identities: world.failing(&world.ledger),
        member: world.failing(&world.directory),
        verifier: world.failing(&world.keys),
        outcomes: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
        hold: false,
        look_again: Duration::ZERO,
        clock: ports::Clock::new(|| at(0)),
    }
}

pub(crate) fn reporter(world: &World) -> Reporter<Faked> {
    let fields =
        r#"{"granted":{},"denied":{},"expired":{},"undeliverable":{},"withdrawn":{},"failed":{}}"#;
    Reporter {
        requests: world.failing(&world.ledger),
        tickets: world.failing(&world.tickets),
        servicenow: world.failing(&world.servicenow),
        mailer: world.failing(&world.mailer),
        fields: OutcomeFields::parse(fields).unwrap(),
        installation: world.installation.clone(),
        mail_domains: world.guardrails.mail_domains().to_vec(),
    }
}

pub(crate) fn sweeper(world: &World) -> Sweeper<Faked> {
    Sweeper {
        requests: world.failing(&world.ledger),
        index: world.failing(&world.ledger),
        identities: world.failing(&world.ledger),
        queues: world.failing(&world.queues),
        pending_for: PENDING_FOR,
    }
}
