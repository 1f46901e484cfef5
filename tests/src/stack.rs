//! The stack under test.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::aws::Aws;
use crate::browser::Browser;
use crate::mailbox::Mailbox;
use crate::service_api::{Credentials, ServiceApi};
use crate::servicenow::ServiceNow;

/// Names the stack's file.
const VARIABLE: &str = "SNOWGATE_STACK_JSON";
/// How long anything may take that is waited for. One step of the flow takes a second or two;
/// machines that build meanwhile are slower.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(200);

/// Tests that change what others meet (faults, settings) run alone, all others beside each other.
static TURN: RwLock<()> = RwLock::const_new(());

/// A deployed stack, and the turn to use it.
pub struct Stack {
    /// The service API, as ServiceNow calls it.
    pub api: ServiceApi,
    /// The ServiceNow emulator.
    pub servicenow: ServiceNow,
    /// The e-mails that were sent.
    pub mailbox: Mailbox,
    /// An approver's browser.
    pub browser: Browser,
    /// The local AWS, as the root of any account.
    pub aws: Aws,
    file: Value,
    folder: PathBuf,
    _turn: Turn,
}

enum Turn {
    Aside,
    Shared {
        _held: RwLockReadGuard<'static, ()>,
    },
    Alone {
        _held: RwLockWriteGuard<'static, ()>,
    },
}

impl Stack {
    /// The stack, while other tests use it too.
    pub async fn shared() -> Self {
        let _held = TURN.read().await;
        Self::load(Turn::Shared { _held })
    }

    /// The stack, while no other test uses it.
    pub async fn alone() -> Self {
        let _held = TURN.write().await;
        let stack = Self::load(Turn::Alone { _held });
        stack.servicenow.clear_faults().await;
        stack
    }

    /// The same stack while others have their turn: for waiting, where nobody is in the way.
    #[must_use]
    pub fn step_aside(mut self) -> Self {
        self._turn = Turn::Aside;
        self
    }

    fn load(turn: Turn) -> Self {
        let path = std::env::var_os(VARIABLE).unwrap_or_else(|| {
            panic!("{VARIABLE} names no stack: the flow tests need one, `make test` brings it up")
        });
        let path = PathBuf::from(path);
        let file = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{VARIABLE} names {}: {error}", path.display()));
        let file: Value = serde_json::from_slice(&file).expect("the stack's file is JSON");
        let text = |name: &str| text(&file, name);
        let http = client();
        let hub = text("hub_account");
        let token = std::fs::read_to_string(text("control_token_file"))
            .expect("the control token can be read");
        let folder = path.parent().expect("the file is in a folder").to_owned();
        let checkout = folder.parent().expect("the folder is in a checkout");
        Self {
            api: ServiceApi::new(http.clone(), text("service_api"), text("api_key")),
            servicenow: ServiceNow::new(
                http.clone(),
                text("servicenow_url"),
                text("service_api"),
                token,
            ),
            mailbox: Mailbox::new(
                http.clone(),
                &text("aws_endpoint"),
                &hub,
                &text("approval_api"),
            ),
            browser: Browser::new(http, text("approval_api")),
            aws: Aws::new(checkout, text("aws_endpoint"), text("region"), hub),
            folder,
            file,
            _turn: turn,
        }
    }

    /// A text of the stack's file, by JSON pointer or name.
    #[must_use]
    pub fn fact(&self, name: &str) -> String {
        text(&self.file, name)
    }

    /// The folder that holds the stack's state and logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The client that ServiceNow is.
    #[must_use]
    pub fn client(&self) -> Credentials {
        Credentials::new(&self.fact("client_id"), &self.fact("client_secret"))
    }

    /// A client that proves itself and may call nothing.
    #[must_use]
    pub fn powerless(&self) -> Credentials {
        Credentials::new(
            &self.fact("powerless_client_id"),
            &self.fact("powerless_client_secret"),
        )
    }

    /// The client of the security team.
    #[must_use]
    pub fn security(&self) -> Credentials {
        Credentials::new(
            &self.fact("security_client_id"),
            &self.fact("security_client_secret"),
        )
    }

    /// A request, as its client sees it.
    pub async fn request(&self, id: &str) -> Value {
        let answer = self
            .api
            .get(Some(&self.client()), &format!("/v1/requests/{id}"))
            .await;
        assert_eq!(answer.status, 200, "request {id}: {}", answer.text);
        answer.body
    }

    /// Waits until a request comes to a state; the request as it is then.
    pub async fn reaches(&self, id: &str, state: &str) -> Value {
        self.reaches_within(id, state, PATIENCE).await
    }

    /// Waits that long until a request comes to a state; the request as it is then.
    pub async fn reaches_within(&self, id: &str, state: &str, patience: Duration) -> Value {
        let what = format!("request {id} to be {state}");
        let end = Instant::now() + patience;
        loop {
            let request = self.request(id).await;
            if request["state"] == state {
                return request;
            }
            assert!(Instant::now() < end, "waited for {what}: {request}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Changes environment variables of a function, or removes those without a value; their values
    /// before. A call that is being answered may be lost: only while nobody else has a turn.
    pub async fn configure(
        &self,
        function: &str,
        change: &[(&str, Option<&str>)],
    ) -> Vec<Option<String>> {
        let name = json!({ "FunctionName": self.fact(&format!("/functions/{function}")) });
        let operation = "get_function_configuration";
        let found = self.aws.call("lambda", operation, &name).await;
        let mut variables = found["Environment"]["Variables"].clone();
        let all = variables.as_object_mut().expect("there are variables");
        let mut before = Vec::new();
        for (name, value) in change {
            let old = match value {
                Some(value) => all.insert((*name).to_owned(), json!(value)),
                None => all.remove(*name),
            };
            before.push(old.and_then(|old| old.as_str().map(str::to_owned)));
        }
        let mut order = name;
        order["Environment"] = json!({ "Variables": variables });
        let operation = "update_function_configuration";
        self.aws.call("lambda", operation, &order).await;
        before
    }

    /// Sends a wake-up for a request to a queue, as the sweeper does where a step got stuck.
    pub async fn wake(&self, queue: &str, id: &str) {
        let url = self.fact(&format!("/queues/{queue}"));
        let mut message = json!({
            "QueueUrl": url,
            "MessageBody": json!({ "kind": "request", "id": id }).to_string(),
        });
        if url.ends_with(".fifo") {
            message["MessageGroupId"] = json!(id);
            message["MessageDeduplicationId"] = json!(crate::random_hex(16));
        }
        self.aws.call("sqs", "send_message", &message).await;
    }

    /// All rows of a table, by the name of its fact. A scan answers a megabyte at a time.
    pub async fn table(&self, fact: &str) -> Vec<Value> {
        let mut order = json!({ "TableName": self.fact(fact), "ConsistentRead": true });
        let mut rows = Vec::new();
        loop {
            let page = self.aws.call("dynamodb", "scan", &order).await;
            rows.extend(page["Items"].as_array().expect("a scan has items").clone());
            match page.get("LastEvaluatedKey") {
                Some(last) => order["ExclusiveStartKey"] = last.clone(),
                None => return rows,
            }
        }
    }

    /// Everything that the ledger and the links hold about a request.
    pub async fn rows(&self, id: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        for table in ["/tables/requests", "/tables/tokens"] {
            rows.extend(self.table(table).await);
        }
        rows.retain(|row| row.to_string().contains(id));
        rows.sort_by_key(Value::to_string);
        rows
    }
}

/// Waits for something to come; it.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Random hexadecimal digits, so that no test meets what another made.
#[must_use]
pub fn random_hex(digits: usize) -> String {
    let mut text = String::new();
    while text.len() < digits {
        text.push_str(&format!(
            "{:016x}",
            RandomState::new().build_hasher().finish()
        ));
    }
    text.truncate(digits);
    text
}

pub(crate) fn text(value: &Value, name: &str) -> String {
    let found = if name.starts_with('/') {
        value.pointer(name)
    } else {
        value.get(name)
    };
    found
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("`{name}` is no text in {value}"))
        .to_owned()
}

/// Redirects are answers too, and nothing leaves this machine.
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .expect("the HTTP client can be made")
}
