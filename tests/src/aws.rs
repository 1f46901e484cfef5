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

    /// Makes a user as an account's administrators enrol one: in the path, with the boundary, and
    /// with the tag that says whose it is.
    pub async fn enrol(&self, account: &str, user: &str, owner: &str) {
        let arguments = json!({
            "UserName": user,
            "Path": "/enrolled/",
            "PermissionsBoundary": format!("arn:aws:iam::{account}:policy/SnowgateBoundary"),
            "Tags": [{ "Key": "snowgate:owner", "Value": owner }],
        });
        self.run(vec![step(account, "iam", "create_user", &arguments)])
            .await;
    }

    /// The managed policies that a user has, by ARN.
    pub async fn attached(&self, account: &str, user: &str) -> Vec<String> {
        let arguments = json!({ "UserName": user });
        let steps = vec![step(
            account,
            "iam",
            "list_attached_user_policies",
            &arguments,
        )];
        let answers = self.run(steps).await;
        let listed = answers
            .first()
            .and_then(|answer| answer["AttachedPolicies"].as_array());
        listed
            .expect("IAM lists policies")
            .iter()
            .map(|policy| crate::stack::text(policy, "PolicyArn"))
            .collect()
    }
}

/// What a user holds, as IAM lists it.
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
        let of = json!({ "UserName": user });
        let steps = ["list_groups_for_user", "list_user_policies"]
            .map(|operation| step(account, "iam", operation, &of));
        let answers = self.run(steps.into()).await;
        let groups = answers[0]["Groups"].as_array().expect("IAM lists groups");
        let names = answers[1]["PolicyNames"].as_array().expect("and policies");
        let texts = names.iter().map(|name| {
            let of = json!({ "UserName": user, "PolicyName": name });
            step(account, "iam", "get_user_policy", &of)
        });
        let texts = self.run(texts.collect()).await;
        Held {
            attached: self.attached(account, user).await,
            groups: groups
                .iter()
                .map(|group| crate::stack::text(group, "GroupName"))
                .collect(),
            inline: texts
                .iter()
                .map(|text| {
                    let name = crate::stack::text(text, "PolicyName");
                    (name, text["PolicyDocument"].clone())
                })
                .collect(),
        }
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

/// One call as the root of an account.
#[must_use]
pub fn step(account: &str, service: &str, operation: &str, arguments: &Value) -> Value {
    json!({
        "account": account, "service": service, "operation": operation, "arguments": arguments,
    })
}
