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

type L = Failing<FakeLedger>;
type Q = Failing<FakeQueues>;
type S = Failing<FakeServiceNow>;
type D = Failing<FakeDirectory>;

pub(crate) fn intake(world: &World) -> Intake<L, Q> {
    Intake {
        ledger: world.failing(&world.ledger),
        queue: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
    }
}

pub(crate) fn dispatcher(world: &World) -> Dispatcher<L, S, D, Failing<FakeMailer>, Q> {
    Dispatcher {
        ledger: world.failing(&world.ledger),
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

pub(crate) fn approval(world: &World) -> Approval<L, S, Failing<FakeKeys>, Q, Q> {
    Approval {
        ledger: world.failing(&world.ledger),
        servicenow: world.failing(&world.servicenow),
        signer: world.failing(&world.keys),
        work: world.failing(&world.queues),
        outcomes: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
        installation: world.installation.clone(),
        origin: Some(ORIGIN.to_owned()),
        hold: false,
    }
}

pub(crate) fn provisioner(world: &World) -> Provisioner<L, D, Failing<FakeKeys>, Q> {
    Provisioner {
        ledger: world.failing(&world.ledger),
        member: world.failing(&world.directory),
        verifier: world.failing(&world.keys),
        outcomes: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
        hold: false,
        look_again: Duration::ZERO,
        clock: ports::Clock::new(|| at(0)),
    }
}

pub(crate) fn reporter(world: &World) -> Reporter<L, Failing<FakeTickets>, S, Failing<FakeMailer>> {
    let fields =
        r#"{"granted":{},"denied":{},"expired":{},"undeliverable":{},"withdrawn":{},"failed":{}}"#;
    Reporter {
        ledger: world.failing(&world.ledger),
        tickets: world.failing(&world.tickets),
        servicenow: world.failing(&world.servicenow),
        mailer: world.failing(&world.mailer),
        fields: OutcomeFields::parse(fields).unwrap(),
        installation: world.installation.clone(),
        mail_domains: world.guardrails.mail_domains().to_vec(),
    }
}

pub(crate) fn sweeper(world: &World) -> Sweeper<L, Q> {
    Sweeper {
        ledger: world.failing(&world.ledger),
        queues: world.failing(&world.queues),
        pending_for: PENDING_FOR,
    }
}
