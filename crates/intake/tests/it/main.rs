//! Calls as API Gateway makes them, against the intake with a ledger and a queue in memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]

mod answers;
mod broken;
mod dry_run;
mod ending;
mod extending;
mod keys;
mod openapi;
mod reading;
mod submitting;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use intake::{Intake, IntakePorts};
use serde_json::{Value, json};
use testkit::world::{World, at, ready};
use testkit::{Failing, FakeLedger, FakeQueues, Fault, samples};

/// Everything in memory.
struct Faked;

impl IntakePorts for Faked {
    type Requests = Failing<FakeLedger>;
    type Index = Failing<FakeLedger>;
    type Queues = Failing<FakeQueues>;
}

/// The intake under test: ledger and queue fail each as planned for it.
struct Setup {
    world: World,
    queue: Fault,
    intake: Intake<Faked>,
}

fn setup() -> Setup {
    let (world, queue) = (World::default(), Fault::none());
    let intake = Intake {
        requests: world.failing(&world.ledger),
        index: world.failing(&world.ledger),
        queues: Failing::new(world.queues.clone(), &queue),
        guardrails: world.guardrails.clone(),
    };
    Setup {
        world,
        queue,
        intake,
    }
}

/// An answer, taken apart.
struct Answer {
    status: i64,
    media_type: String,
    text: String,
    body: Value,
}

impl From<ApiGatewayProxyResponse> for Answer {
    fn from(response: ApiGatewayProxyResponse) -> Self {
        let whole = serde_json::to_value(&response).unwrap();
        let text = whole["body"].as_str().unwrap_or_default().to_owned();
        assert_eq!(whole["headers"]["cache-control"], "no-store");
        Self {
            status: response.status_code,
            media_type: whole["headers"]["content-type"]
                .as_str()
                .unwrap()
                .to_owned(),
            // HEAD has none.
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }
}

impl Answer {
    /// Asserts that this is a problem (RFC 9457) with this status.
    #[track_caller]
    fn problem(self, status: i64) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.media_type, "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert!(self.body["title"].is_string());
        self
    }
}

impl Setup {
    fn send(&self, event: Value, second: i64) -> Answer {
        let event: ApiGatewayProxyRequest = serde_json::from_value(event).unwrap();
        ready(self.intake.handle(&event, at(second))).into()
    }

    /// Posts a body with a key, as the client `servicenow`.
    fn post(&self, body: &str, key: Option<&str>, second: i64) -> Answer {
        self.send(post(body, key), second)
    }

    fn body(&self) -> Value {
        samples::body(&self.world.ticket(), &self.world.target)
    }
}

fn post(body: &str, key: Option<&str>) -> Value {
    let mut headers = json!({"Content-Type": "application/json"});
    if let Some(key) = key {
        headers["Idempotency-Key"] = json!(key);
    }
    json!({
        "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
        "headers": headers, "body": body, "isBase64Encoded": false,
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
    })
}

fn get(resource: &str, id: &str, query: Value, client: &str) -> Value {
    json!({
        "resource": resource, "path": resource, "httpMethod": "GET", "headers": {},
        "pathParameters": {"id": id}, "queryStringParameters": query,
        "multiValueQueryStringParameters": multi(&query),
        "requestContext": {"httpMethod": "GET", "authorizer": {"client": client}},
    })
}

fn multi(query: &Value) -> Value {
    let members = query.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
