//! Calls as API Gateway makes them, against the directory with a ledger and an IAM in memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]

mod answers;
mod faults;
mod listing;
mod showing;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use directory::{DirectoryPorts, UserDirectory};
use jiff::Timestamp;
use ports::identities::{Identities as _, IdentityCommit};
use ports::ledger::{Commit, Requests as _};
use ports::users::{Creation, Users as _};
use serde_json::{Value, json};
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::{AccountId, ClientId, RequestId};
use snowgate_core::identity::{IdentityEvent, IdentityRecord, LifePolicy, NewUser};
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::RequestRecord;
use testkit::samples;
use testkit::world::{World, at, ready};
use testkit::{Failing, FakeDirectory, FakeLedger, Fault};

/// The account of the organisation, and two more.
const ACCOUNT: &str = samples::ACCOUNT;
const SECOND: &str = "320987654321";
const UNSEEN: &str = "430987654321";

/// `servicenow` sees two accounts, `portal` one of them, and nobody the third.
const SEEN: &str = r#"
[[directory]]
client = "servicenow"
accounts = ["320987654321", "210987654321"]
[[directory]]
client = "portal"
accounts = ["210987654321"]
"#;

/// Everything in memory.
struct Faked;

impl DirectoryPorts for Faked {
    type Records = Failing<FakeLedger>;
    type Users = Failing<FakeDirectory>;
}

/// The directory under test: ledger and IAM fail each as planned for it.
struct Setup {
    world: World,
    iam: Fault,
    directory: UserDirectory<Faked>,
}

fn setup() -> Setup {
    let (world, iam) = (World::default(), Fault::none());
    let text = format!("{}{SEEN}", testkit::world::GUARDRAILS);
    let directory = UserDirectory::new(
        world.failing(&world.ledger),
        Failing::new(world.directory.clone(), &iam),
        Guardrails::parse(&text).unwrap(),
    );
    world.directory.set_now(at(0));
    Setup {
        world,
        iam,
        directory,
    }
}

/// An answer, taken apart.
struct Answer {
    status: i64,
    text: String,
    body: Value,
}

impl Answer {
    /// Asserts that this is a problem (RFC 9457) with this status, and gives what it says.
    #[track_caller]
    fn problem(self, status: i64) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.body["status"], status);
        assert!(self.body["title"].is_string());
        self.text
    }

    #[track_caller]
    fn good(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.body
    }
}

impl Setup {
    fn send(&self, event: Value, second: i64) -> Answer {
        let event: ApiGatewayProxyRequest = serde_json::from_value(event).unwrap();
        let response: ApiGatewayProxyResponse = ready(self.directory.handle(&event, at(second)));
        let whole = serde_json::to_value(&response).unwrap();
        let text = whole["body"].as_str().unwrap_or_default().to_owned();
        assert_eq!(whole["headers"]["cache-control"], "no-store");
        let is_problem = response.status_code >= 400;
        let expected = ["application/json", "application/problem+json"][usize::from(is_problem)];
        assert_eq!(whole["headers"]["content-type"], expected);
        Answer {
            status: response.status_code,
            // HEAD has none.
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// What `GET` lists for a client.
    fn list(&self, client: &str, query: Value, second: i64) -> Answer {
        self.send(get("/v1/users", None, query, client), second)
    }

    /// What `GET` shows a client of a user of the first account.
    fn show(&self, client: &str, name: &str, second: i64) -> Answer {
        self.send(one(ACCOUNT, name, client), second)
    }

    /// A request of a client for a user of this name.
    fn request(&self, client: &str, user: &NewUser) -> RequestRecord {
        let mut request = self.world.request();
        request.target = user.principal();
        let client: ClientId = client.parse().unwrap();
        let id = samples::request_id();
        let change = RequestRecord::receive(id, client, request, at(0)).unwrap();
        let new = ports::ledger::NewRequest { change, key: None };
        ready(self.world.ledger.create(&new)).unwrap();
        new.change.record
    }

    /// A user that a request of this client is about to create.
    fn begun(&self, client: &str, account: &str, name: &str) -> IdentityRecord {
        let user = new_user(account, name);
        let request = self.request(client, &user);
        let begun = IdentityRecord::begin(request.id().clone(), user, Actor::Provisioner, at(0));
        let commit = IdentityCommit::from(begun.unwrap());
        ready(self.world.ledger.commit_identity(&commit)).unwrap();
        commit.change.record
    }

    fn then(
        &self,
        record: &IdentityRecord,
        event: IdentityEvent,
        now: Timestamp,
    ) -> IdentityRecord {
        let change = record.apply(event, Actor::Provisioner, now).unwrap();
        let commit = IdentityCommit::from(change);
        ready(self.world.ledger.commit_identity(&commit)).unwrap();
        commit.change.record
    }

    /// A user that is live, in the ledger and in IAM, until [`END`].
    fn live(&self, client: &str, name: &str) -> IdentityRecord {
        let record = self.begun(client, ACCOUNT, name);
        let created = self
            .world
            .directory
            .create(record.user(), record.created_by());
        let Ok(Creation::Made { unique_id }) = ready(created) else {
            unreachable!("nobody has the name");
        };
        let record = self.then(&record, IdentityEvent::UserCreated { unique_id }, at(1));
        let principal = record.user().principal();
        let life = LifePolicy::Until(at(END));
        ready(self.world.directory.put_life(&principal, life)).unwrap();
        let change = EffectChange::UserCreated {
            name: principal.name.clone(),
            ends_at: at(END),
        };
        self.grant(&record, record.created_by(), change);
        self.then(&record, IdentityEvent::WentLive { until: at(END) }, at(2))
    }

    /// Records a change of a user for a request, with whatever else the request records.
    fn grant(&self, user: &IdentityRecord, request: &RequestId, change: EffectChange) {
        let effect = RecordedEffect {
            request: request.clone(),
            principal_key: user.principal_key(),
            principal: user.user().principal(),
            change,
            preexisting: false,
            since: at(1),
            latest_end: Some(at(END)),
            signature: None,
        };
        let held = ready(self.world.ledger.load(request)).unwrap().unwrap();
        let change = match held.version() {
            0 => samples::ask(&held, &[samples::sys_id()], at(1)),
            _ => samples::withdraw(&held, at(1)),
        };
        let mut commit = Commit::from(change);
        commit.put_effects = vec![effect];
        ready(self.world.ledger.commit(&commit)).unwrap();
    }
}

/// When the access of users ends.
const END: i64 = 36_000;

fn new_user(account: &str, name: &str) -> NewUser {
    let account_id: AccountId = account.parse().unwrap();
    NewUser {
        account_id,
        name: name.parse().unwrap(),
        ..samples::new_user()
    }
}

fn one(account: &str, name: &str, client: &str) -> Value {
    let query = json!({"account_id": account});
    get("/v1/users/{name}", Some(name), query, client)
}

fn get(resource: &str, name: Option<&str>, query: Value, client: &str) -> Value {
    let members = query.as_object().into_iter().flatten();
    let multi: serde_json::Map<_, _> = members
        .map(|(name, value)| match value {
            Value::Array(_) => (name.clone(), value.clone()),
            one => (name.clone(), json!([one])),
        })
        .collect();
    let last = |value: &Value| value.as_array().and_then(|all| all.last()).cloned();
    let single: serde_json::Map<_, _> = multi
        .iter()
        .map(|(name, value)| (name.clone(), last(value).unwrap()))
        .collect();
    json!({
        "resource": resource, "path": resource, "httpMethod": "GET", "headers": {},
        "pathParameters": name.map(|name| json!({"name": name})),
        "queryStringParameters": single, "multiValueQueryStringParameters": multi,
        "requestContext": {"httpMethod": "GET", "authorizer": {"client": client}},
    })
}
