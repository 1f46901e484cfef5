//! The local AWS, seen by the root of an account. Calls are signed by boto3, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

/// The local AWS.
pub struct Aws {
    python: PathBuf,
    script: PathBuf,
    endpoint: String,
    region: String,
    hub: String,
}

impl Aws {
    pub(crate) fn new(checkout: &Path, endpoint: String, region: String, hub: String) -> Self {
        Self {
            python: checkout.join(".tools/ministack/bin/python"),
            script: checkout.join("local/aws.py"),
            endpoint,
            region,
            hub,
        }
    }

    /// The account that Snowgate runs in.
    #[must_use]
    pub fn hub(&self) -> &str {
        &self.hub
    }

    /// Carries out calls in order; what each answers.
    pub async fn run(&self, steps: Vec<Value>) -> Vec<Value> {
        let order = json!({ "endpoint": self.endpoint, "region": self.region, "steps": steps });
        let mut child = tokio::process::Command::new(&self.python)
            .arg(&self.script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the local stack's Python can be run");
        let mut input = child.stdin.take().expect("the input is a pipe");
        input
            .write_all(order.to_string().as_bytes())
            .await
            .expect("it reads its input");
        drop(input);
        let output = child.wait_with_output().await.expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the local AWS refused: {said}");
        serde_json::from_slice(&output.stdout).expect("it answers with JSON")
    }

    /// One call in the hub account.
    pub async fn call(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        let steps = vec![step(&self.hub, service, operation, arguments)];
        self.run(steps).await.pop().expect("one call, one answer")
    }

    /// Sets one thing that the local IAM lets tests set (`local/ministack_hooks.py`), for an account.
    pub async fn set_iam(&self, account: &str, member: &str, value: Value) {
        let url = format!("{}/_ministack/iam", self.endpoint);
        let order = json!({ "account": account, member: value });
        let answer = reqwest::Client::new().post(url).json(&order).send().await;
        let status = answer.expect("it answers").status();
        assert!(status.is_success(), "{order} is answered with {status}");
    }

    /// Makes a user as an account's administrators enrol one: in the path, with the boundary, and
    /// with the tag that says whose it is.
    pub async fn enrol(&self, account: &str, user: &str, owner: &str) {
        self.run(vec![enrolment(account, user, owner)]).await;
    }

    /// The managed policies that a user has, by ARN.
    pub async fn attached(&self, account: &str, user: &str) -> Vec<String> {
        let steps = vec![of_user(account, "list_attached_user_policies", user)];
        let answers = self.run(steps).await;
        names(&answers[0], "AttachedPolicies", "PolicyArn")
    }
}

/// What a user holds, as IAM lists it, in the order of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// ARNs of managed policies.
    pub attached: Vec<String>,
    /// Names of groups.
    pub groups: Vec<String>,
    /// Names of inline policies with their documents.
    pub inline: Vec<(String, Value)>,
}

impl Aws {
    /// What a user holds.
    pub async fn held(&self, account: &str, user: &str) -> Held {
        let held = self.held_by(account, &[user]).await;
        held.into_iter().next().expect("one user, one answer")
    }

    /// What each of these users holds.
    pub async fn held_by(&self, account: &str, users: &[&str]) -> Vec<Held> {
        let lists = [
            "list_attached_user_policies",
            "list_groups_for_user",
            "list_user_policies",
        ];
        let steps = users
            .iter()
            .flat_map(|user| lists.map(|list| of_user(account, list, user)));
        let answers = self.run(steps.collect()).await;
        let mut all = Vec::new();
        let mut texts = Vec::new();
        for (user, answers) in users.iter().zip(answers.chunks(lists.len())) {
            let named = names(&answers[2], "PolicyNames", "");
            texts.extend(named.iter().map(|name| {
                let mut step = of_user(account, "get_user_policy", user);
                step["arguments"]["PolicyName"] = json!(name);
                step
            }));
            all.push(Held {
                attached: names(&answers[0], "AttachedPolicies", "PolicyArn"),
                groups: names(&answers[1], "Groups", "GroupName"),
                inline: named.into_iter().map(|name| (name, Value::Null)).collect(),
            });
        }
        if texts.is_empty() {
            return all;
        }
        let texts = self.run(texts).await;
        let inline = all.iter_mut().flat_map(|held| &mut held.inline);
        for ((_, document), text) in inline.zip(texts) {
            *document = text["PolicyDocument"].clone();
        }
        all
    }

    /// A key for a user: what it adds to a [`step`] that is made with it.
    pub async fn key_of(&self, account: &str, user: &str) -> Value {
        let of = json!({ "UserName": user });
        let made = self
            .run(vec![step(account, "iam", "create_access_key", &of)])
            .await;
        let key = &made[0]["AccessKey"];
        json!({ "id": key["AccessKeyId"], "secret": key["SecretAccessKey"] })
    }

    /// Whether the holder of a key may assume a role.
    pub async fn may_assume(&self, account: &str, key: &Value, role: &str) -> bool {
        let session = json!({ "RoleArn": role, "RoleSessionName": "flow" });
        let mut assume = step(account, "sts", "assume_role", &session);
        assume["key"] = key.clone();
        assume["tolerate"] = json!(["AccessDenied"]);
        let answers = self.run(vec![assume]).await;
        answers[0]["Credentials"]["AccessKeyId"].is_string()
    }
}

/// The call that makes a user as [`Aws::enrol`] does.
#[must_use]
pub fn enrolment(account: &str, user: &str, owner: &str) -> Value {
    let arguments = json!({
        "UserName": user,
        "Path": "/enrolled/",
        "PermissionsBoundary": format!("arn:aws:iam::{account}:policy/SnowgateBoundary"),
        "Tags": [{ "Key": "snowgate:owner", "Value": owner }],
    });
    step(account, "iam", "create_user", &arguments)
}

/// A call about a user.
fn of_user(account: &str, operation: &str, user: &str) -> Value {
    step(account, "iam", operation, &json!({ "UserName": user }))
}

/// What IAM lists, by name, in the order of names.
fn names(answer: &Value, list: &str, name: &str) -> Vec<String> {
    let listed = answer[list].as_array().expect("IAM answers with a list");
    let mut names: Vec<String> = listed
        .iter()
        .map(|one| if name.is_empty() { one } else { &one[name] })
        .map(|one| one.as_str().expect("a name").to_owned())
        .collect();
    names.sort();
    names
}

/// One call as the root of an account.
#[must_use]
pub fn step(account: &str, service: &str, operation: &str, arguments: &Value) -> Value {
    json!({
        "account": account, "service": service, "operation": operation, "arguments": arguments,
    })
}
