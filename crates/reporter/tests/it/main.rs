//! The reporter with everything around it in memory.
#![expect(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod broken;
mod mailing;

use ports::Failure;
use reporter::{ReportError, Reporter, ReporterPorts};
use snowgate_core::approval::Verdict;
use snowgate_core::effect::EffectChange;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{BlockedBecause, Deviation, Event, RequestRecord};
use snowgate_core::ticket::marker;
use snowgate_core::ticket_note::OutcomeFields;
use testkit::world::{OWNER, World, at, ready};
use testkit::{
    Aftermath, Failing, FakeLedger, FakeMailer, FakeServiceNow, FakeTickets, Moment, samples,
};

const FIELDS: &str = r#"{"granted":{"state":"3"},"denied":{"state":"4"},"expired":{"state":"4"},
    "undeliverable":{"state":"4"},"withdrawn":{"state":"7"},"failed":{"state":"4"}}"#;

/// Everything in memory.
struct Faked;

impl ReporterPorts for Faked {
    type Requests = Failing<FakeLedger>;
    type Tickets = Failing<FakeTickets>;
    type ServiceNow = Failing<FakeServiceNow>;
    type Mailer = Failing<FakeMailer>;
}

type Tested = Reporter<Faked>;

fn reporter(world: &World) -> Tested {
    Reporter {
        requests: world.failing(&world.ledger),
        tickets: world.failing(&world.tickets),
        servicenow: world.failing(&world.servicenow),
        mailer: world.failing(&world.mailer),
        fields: OutcomeFields::parse(FIELDS).unwrap(),
        installation: world.installation.clone(),
        mail_domains: world.guardrails.mail_domains().to_vec(),
    }
}

fn handle(world: &World, id: &RequestId, second: i64) -> Result<(), ReportError> {
    ready(reporter(world).handle(id, at(second)))
}

fn denied(world: &World) -> RequestRecord {
    let (record, _) = world.pending(&[OWNER], at(0));
    world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(1))
}

fn active(world: &World, end: i64) -> RequestRecord {
    let provisioner =
        |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(2));
    let started = provisioner(
        &world.approved(at(0)),
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    provisioner(&started, Event::Activated { until: at(end) })
}

#[test]
fn the_ticket_is_told_once() {
    let world = World::default();
    let record = denied(&world);
    for second in [2, 3, 400] {
        handle(&world, record.id(), second).unwrap();
    }
    let updates = world.tickets.updates();
    assert_eq!(updates.len(), 1);
    let (table, sys_id, update) = &updates[0];
    assert_eq!(
        (table, sys_id),
        (
            &record.request().source.table,
            &record.request().source.sys_id
        )
    );
    assert_eq!(update.fields["state"], "4");
    assert!(
        update
            .work_notes
            .ends_with(&marker(record.id(), State::Denied))
    );
    let after = world.load(record.id());
    assert_eq!(after.reported(), [State::Denied]);
    assert_eq!((after.state(), after.due_at()), (State::Denied, None));
}

#[test]
fn each_state_that_is_told_has_its_note() {
    let world = World::default();
    let record = active(&world, 9000);
    handle(&world, record.id(), 3).unwrap();
    let reported = world.load(record.id());
    let compared = Some(at(3 + 3600));
    assert_eq!(reported.due_at(), compared, "due again for a comparison");
    let over = world.apply(
        &reported,
        Event::RevocationStarted,
        Actor::Provisioner,
        at(9000),
    );
    handle(&world, record.id(), 9001).unwrap();
    assert_eq!(
        world.tickets.updates().len(),
        1,
        "on the way nothing is reported"
    );
    let gone = Event::Revoked {
        retained: Vec::new(),
    };
    let _ = world.apply(&over, gone, Actor::Provisioner, at(9002));
    handle(&world, record.id(), 9003).unwrap();
    assert_eq!(
        world.load(record.id()).reported(),
        [State::Active, State::Revoked]
    );
    assert_eq!(world.tickets.updates().len(), 2);
}

/// A removal does not work for a day, and a person gives it up: the ticket is told each.
#[test]
fn the_ticket_is_told_that_a_removal_is_parked_and_abandoned() {
    const DAY: i64 = 24 * 3600;
    let world = World::default();
    let mut record = active(&world, 9000);
    handle(&world, record.id(), 3).unwrap();
    let still_there = Deviation::StillThere {
        change: EffectChange::PolicyAttached {
            policy_arn: samples::policy(),
        },
        because: BlockedBecause::NotPrepared,
    };
    let reason = "The account is closed".parse().unwrap();
    let events = [
        (9000, Event::RevocationStarted),
        (
            9001,
            Event::DeviationsFound {
                found: vec![still_there],
            },
        ),
        (
            9001 + DAY,
            Event::DeviationsFound {
                found: vec![Deviation::Parked],
            },
        ),
        (9000 + 2 * DAY, Event::Abandoned { reason }),
    ];
    for (second, event) in events {
        record = world.load(record.id());
        let _ = world.apply(&record, event, Actor::Provisioner, at(second));
        handle(&world, record.id(), second + 1).unwrap();
    }
    let updates = world.tickets.updates();
    let notes: Vec<&str> = updates
        .iter()
        .map(|(_, _, update)| update.work_notes.as_str())
        .collect();
    assert_eq!(notes.len(), 4);
    let parked = format!("`snowgate requests abandon {}`.", record.id());
    assert!(notes[2].contains("once a day") && notes[2].contains(&parked));
    assert!(notes[3].starts_with("Access not removed: "), "{}", notes[3]);
    assert!(notes[3].contains("may remain") && notes[3].contains("The account is closed"));
    let after = world.load(record.id());
    assert_eq!(after.reported(), [State::Active, State::Abandoned]);
    assert_eq!(after.due_at(), None, "nothing is left to do");
}

#[test]
fn what_is_still_open_is_not_told() {
    let world = World::default();
    let records = [
        world.received(at(0)),
        world.pending(&[OWNER], at(0)).0,
        world.approved(at(0)),
    ];
    for record in records {
        handle(&world, record.id(), 3).unwrap();
        assert_eq!(world.load(record.id()), record);
    }
    assert_eq!(world.tickets.updates(), []);
}

#[test]
fn a_ticket_that_refuses_is_tried_less_and_less_often() {
    for failure in [Failure::Transient, Failure::Permanent] {
        let world = World::default();
        let record = denied(&world);
        world.tickets.set_failure(Some(failure));
        let mut second = 10;
        for minutes in [2, 4, 8, 16, 32, 60, 60] {
            handle(&world, record.id(), second).unwrap();
            let due = world.load(record.id()).due_at().unwrap();
            assert_eq!(due, at(second + minutes * 60));
            second += minutes * 60;
        }
        world.tickets.set_failure(None);
        handle(&world, record.id(), second).unwrap();
        assert_eq!(world.load(record.id()).reported(), [State::Denied]);
        assert_eq!(world.tickets.updates().len(), 1);
    }
}

#[test]
fn a_failing_ticket_does_not_put_off_the_end_of_access() {
    let world = World::default();
    let record = active(&world, 200);
    world.tickets.set_failure(Some(Failure::Transient));
    for second in [10, 20, 30, 190] {
        handle(&world, record.id(), second).unwrap();
        let due = world.load(record.id()).due_at().unwrap();
        assert!(due <= at(200), "{second}");
    }
}

/// Wherever a run breaks off, the next comes to one note.
#[test]
fn a_run_that_breaks_off_leaves_one_note() {
    for moment in [Moment::Before, Moment::After] {
        let mut nth = 1;
        loop {
            let world = World::default();
            let record = denied(&world);
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = handle(&world, record.id(), 2);
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            handle(&world, record.id(), 300).unwrap();
            assert_eq!(world.tickets.updates().len(), 1, "{moment:?} call {nth}");
            let after = world.load(record.id());
            assert_eq!(
                (&after.reported()[..], after.due_at()),
                (&[State::Denied][..], None)
            );
            if !reached {
                break;
            }
            nth += 1;
        }
        assert!(nth > 3, "every call was tried: {nth}");
    }
}

#[tokio::test]
async fn runs_at_once_leave_one_note() {
    let world = World::default();
    let record = denied(&world);
    world.fault.interleave();
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let (reporter, id) = (reporter(&world), record.id().clone());
            tokio::spawn(async move { reporter.handle(&id, at(2)).await.unwrap() })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
    assert_eq!(world.tickets.updates().len(), 1);
    assert_eq!(world.load(record.id()).reported(), [State::Denied]);
}

#[test]
fn a_request_that_does_not_exist_is_an_error() {
    let world = World::default();
    assert!(handle(&world, &samples::request_id(), 0).is_err());
}
