//! How many calls one request costs: counted at the ports, and the same however many others wait.

use std::collections::BTreeMap;

use ports::ledger::{NewRequest, Requests as _};
use serde_json::json;
use snowgate_core::lifecycle::State;
use testkit::samples;
use testkit::world::{World, at, ready};
use testkit::{Failing, Fault, QueueName};

use crate::flow::event_of;
use crate::functions::{self, ORIGIN};

/// Calls by port.
type Calls = BTreeMap<&'static str, u64>;

/// Counts the calls of each port by itself.
#[derive(Default)]
struct Meters {
    ledger: Fault,
    queues: Fault,
    keys: Fault,
    servicenow: Fault,
    directory: Fault,
    mailer: Fault,
    tickets: Fault,
}

impl Meters {
    fn take(&self) -> Calls {
        let all = [
            ("ledger", &self.ledger),
            ("queues", &self.queues),
            ("keys", &self.keys),
            ("servicenow", &self.servicenow),
            ("directory", &self.directory),
            ("mailer", &self.mailer),
            ("tickets", &self.tickets),
        ];
        let calls = all.map(|(name, fault)| {
            let calls = fault.calls();
            fault.mend();
            (name, calls)
        });
        calls.into_iter().filter(|(_, calls)| *calls > 0).collect()
    }
}

fn meter<T: Clone>(port: &T, fault: &Fault) -> Failing<T> {
    Failing::new(port.clone(), fault)
}

/// A world in which so many requests of others wait for a decision.
fn waiting(count: usize) -> World {
    let world = World::default();
    for _ in 0..count {
        let due_at = Some(at(250_000));
        let mut change = samples::received(&samples::sys_id(), at(0));
        change.record = change.record.rescheduled(due_at, 0);
        let new = NewRequest { change, key: None };
        ready(world.ledger.create(&new)).unwrap();
    }
    world
}

/// One request from its call to its grant, with the calls of every step.
fn one_request(world: &World) -> Vec<(&'static str, Calls)> {
    let meters = Meters::default();
    let mut steps = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();

    let mut intake = functions::intake(world);
    intake.requests = meter(&world.ledger, &meters.ledger);
    intake.index = meter(&world.ledger, &meters.ledger);
    intake.queues = meter(&world.queues, &meters.queues);
    let body = samples::body(&world.ticket(), &world.target);
    let event = json!({
        "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
    });
    let answer = runtime.block_on(intake.handle(&event_of(event), at(1)));
    assert_eq!(answer.status_code, 202);
    steps.push(("intake", meters.take()));

    let id = world.queues.take(QueueName::Requests)[0].request().clone();
    let mut dispatcher = functions::dispatcher(world);
    dispatcher.requests = meter(&world.ledger, &meters.ledger);
    dispatcher.servicenow = meter(&world.servicenow, &meters.servicenow);
    dispatcher.directory = meter(&world.directory, &meters.directory);
    dispatcher.mailer = meter(&world.mailer, &meters.mailer);
    dispatcher.outcomes = meter(&world.queues, &meters.queues);
    runtime.block_on(dispatcher.handle(&id, at(2))).unwrap();
    steps.push(("dispatcher", meters.take()));

    let letter = world.mailer.sent()[0].email.text.clone();
    let (_, rest) = letter.split_once(&format!("{ORIGIN}/r/")).unwrap();
    let link: String = rest.chars().take(43).collect();
    let mut approval = functions::approval(world);
    approval.requests = meter(&world.ledger, &meters.ledger);
    approval.tokens = meter(&world.ledger, &meters.ledger);
    approval.servicenow = meter(&world.servicenow, &meters.servicenow);
    approval.signer = meter(&world.keys, &meters.keys);
    approval.work = meter(&world.queues, &meters.queues);
    approval.outcomes = meter(&world.queues, &meters.queues);
    let call = |method: &str, body: String| {
        let event = json!({
            "resource": "/r/{token}", "path": format!("/r/{link}"), "httpMethod": method,
            "headers": {"Content-Type": "application/x-www-form-urlencoded", "Origin": ORIGIN},
            "pathParameters": {"token": link}, "body": body,
            "requestContext": {"httpMethod": method},
        });
        let answer = runtime.block_on(approval.handle(&event_of(event), at(3)));
        serde_json::to_value(&answer).unwrap()["body"].to_string()
    };
    let shown = call("GET", String::new());
    steps.push(("page", meters.take()));
    let (_, rest) = shown.split_once(r#"name=\"nonce\" value=\""#).unwrap();
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("nonce", rest.split_once('\\').unwrap().0)
        .append_pair("decision", "approve")
        .append_pair("reason", "Known and needed")
        .finish();
    call("POST", body);
    steps.push(("decision", meters.take()));

    let mut provisioner = functions::provisioner(world);
    provisioner.requests = meter(&world.ledger, &meters.ledger);
    provisioner.effects = meter(&world.ledger, &meters.ledger);
    provisioner.member = meter(&world.directory, &meters.directory);
    provisioner.verifier = meter(&world.keys, &meters.keys);
    provisioner.outcomes = meter(&world.queues, &meters.queues);
    runtime.block_on(provisioner.handle(&id, at(4))).unwrap();
    steps.push(("provisioner", meters.take()));

    let mut reporter = functions::reporter(world);
    reporter.requests = meter(&world.ledger, &meters.ledger);
    reporter.tickets = meter(&world.tickets, &meters.tickets);
    runtime.block_on(reporter.handle(&id, at(5))).unwrap();
    steps.push(("reporter", meters.take()));

    let mut sweeper = functions::sweeper(world);
    sweeper.requests = meter(&world.ledger, &meters.ledger);
    sweeper.index = meter(&world.ledger, &meters.ledger);
    sweeper.queues = meter(&world.queues, &meters.queues);
    runtime.block_on(sweeper.sweep(at(6))).unwrap();
    steps.push(("sweeper", meters.take()));

    assert_eq!(world.load(&id).state(), State::Active);
    steps
}

#[test]
fn a_request_costs_the_same_calls_however_many_wait() {
    let few = one_request(&waiting(10));
    let of = |step: &str| {
        few.iter()
            .find(|(name, _)| *name == step)
            .unwrap()
            .1
            .clone()
    };
    let table = |calls: &[(&'static str, u64)]| calls.iter().copied().collect::<Calls>();
    // One transaction, one message.
    assert_eq!(of("intake"), table(&[("ledger", 1), ("queues", 1)]));
    // Link and request are read, and whether the approver still stands; then the key of the marks and
    // one signature, one transaction, one message.
    let decision = of("decision");
    assert_eq!(
        (decision["keys"], decision["queues"]),
        (2, 1),
        "{decision:?}"
    );
    assert_eq!(decision["ledger"], 3, "{decision:?}");
    // One query for each of eight buckets.
    assert_eq!(of("sweeper"), table(&[("ledger", 8)]));
    for many in [1_000, 100_000] {
        assert_eq!(one_request(&waiting(many)), few, "{many} requests wait");
    }
}
