//! Calls as browsers and mail scanners make them, with everything around the page in memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]

mod broken;
mod deciding;
mod identities;
mod looking;
mod managers;
mod qualified;
mod racing;
mod refusing;
mod revoking;

use approval::{Approval, ApprovalPorts};
use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::{Value, json};
use snowgate_core::approval::ReviewToken;
use testkit::world::{World, at};
use testkit::{Failing, FakeKeys, FakeLedger, FakeQueues, FakeServiceNow, Fault};

const ORIGIN: &str = "https://review.example";
const REASON: &str = "Month-end work, agreed with me";

/// Everything in memory.
struct Faked;

impl ApprovalPorts for Faked {
    type Requests = Failing<FakeLedger>;
    type Tokens = Failing<FakeLedger>;
    type ServiceNow = Failing<FakeServiceNow>;
    type Signer = Failing<FakeKeys>;
    type Work = Failing<FakeQueues>;
    type Outcomes = Failing<FakeQueues>;
}

type Tested = Approval<Faked>;

/// An approval function whose queues fail as `queues` plans and all else as the world's fault.
fn approval(world: &World, queues: &Fault) -> Tested {
    Approval {
        requests: world.failing(&world.ledger),
        tokens: world.failing(&world.ledger),
        servicenow: world.failing(&world.servicenow),
        signer: world.failing(&world.keys),
        work: Failing::new(world.queues.clone(), queues),
        outcomes: Failing::new(world.queues.clone(), queues),
        guardrails: world.guardrails.clone(),
        installation: world.installation.clone(),
        origins: vec![ORIGIN.to_owned()],
        hold: false,
    }
}

/// What came back.
struct Answer {
    status: i64,
    headers: Value,
    html: String,
}

fn send(approval: &Tested, event: Value, second: i64) -> Answer {
    let response = runtime().block_on(approval.handle(&event_of(event), at(second)));
    let whole = serde_json::to_value(&response).unwrap();
    Answer {
        status: response.status_code,
        headers: whole["headers"].clone(),
        html: whole["body"].as_str().unwrap_or_default().to_owned(),
    }
}

/// The handler limits its own time, so it needs a timer.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

fn event_of(event: Value) -> ApiGatewayProxyRequest {
    serde_json::from_value(event).unwrap()
}

fn look(method: &str, token: &str) -> Value {
    json!({
        "resource": "/r/{token}", "path": format!("/r/{token}"), "httpMethod": method, "headers": {},
        "pathParameters": {"token": token},
        "requestContext": {"httpMethod": method, "domainName": "ignored.example"},
    })
}

fn form(nonce: &str, decision: &str, reason: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("nonce", nonce);
    if !decision.is_empty() {
        form.append_pair("decision", decision);
    }
    form.append_pair("reason", reason).finish()
}

/// A POST of this body, from our own page.
fn post(token: &ReviewToken, body: &str) -> Value {
    let mut event = look("POST", &token.expose());
    event["headers"] = json!({
        "Content-Type": "application/x-www-form-urlencoded", "Origin": ORIGIN,
    });
    event["body"] = json!(body);
    event
}

/// The nonce of a form that was shown then.
fn nonce(world: &World, token: &ReviewToken, second: i64) -> String {
    let rows = world.ledger.tokens();
    let row = rows.iter().find(|row| row.digest == token.digest());
    let record = world.load(&row.unwrap().request);
    let shown = record.shown_to(&row.unwrap().approver);
    // Where nothing is shown any more, a form that was open before holds some other nonce.
    let shown = shown.unwrap_or_else(|| record.content().unwrap().clone());
    token.nonce(&shown, at(second))
}

/// A decision as the form sends it, shown a second before.
fn decision(world: &World, token: &ReviewToken, decision: &str, second: i64) -> Value {
    post(
        token,
        &form(&nonce(world, token, second - 1), decision, REASON),
    )
}

/// Everything that the ledger holds, to see that nothing changed.
fn snapshot(world: &World) -> (String, usize) {
    let mut all = String::new();
    for record in world.ledger.records() {
        let trail = world.ledger.rows(record.id());
        all.push_str(&format!("{record:?}\n{trail:?}\n"));
    }
    let mut tokens = world.ledger.tokens();
    tokens.sort_by(|a, b| a.digest.cmp(&b.digest));
    all.push_str(&format!("{tokens:?}"));
    (all, world.queues.sent().len())
}
