//! Calls to the local AWS, made by boto3 in a process of its own.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::checkout::Checkout;
use crate::environments::Environment;

/// The local AWS of a stack.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    checkout: Checkout,
    endpoint: String,
    region: String,
}

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AwsError {
    /// The helper could not be run.
    #[error("`local/aws.py` could not be run")]
    Run(#[from] std::io::Error),
    /// A call was refused.
    #[error("the local AWS refused: {0}")]
    Refused(String),
    /// The answer has no such shape.
    #[error("the answer of the local AWS cannot be read")]
    Shape(#[from] serde_json::Error),
}

impl Aws {
    /// The local AWS at an endpoint.
    pub(crate) fn new(checkout: &Checkout, endpoint: &str, region: &str) -> Self {
        let (endpoint, region) = (endpoint.to_owned(), region.to_owned());
        Self {
            checkout: checkout.clone(),
            endpoint,
            region,
        }
    }

    /// Carries out the steps in order; the result of each.
    pub(crate) async fn run(&self, steps: Vec<Value>) -> Result<Vec<Value>, AwsError> {
        let order = json!({ "endpoint": self.endpoint, "region": self.region, "steps": steps });
        let mut child =
            tokio::process::Command::new(Environment::MiniStack.program(&self.checkout, "python"))
                .arg(self.checkout.path("local/aws.py"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(order.to_string().as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("no reason given").to_owned();
            return Err(AwsError::Refused(last));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// One call as the root of an account.
pub(crate) fn call(account: &str, service: &str, operation: &str, arguments: &Value) -> Value {
    json!({
        "account": account, "service": service, "operation": operation, "arguments": arguments,
    })
}

/// A call whose refusal with one of these codes is no error: its result is null.
pub(crate) fn tolerant(mut step: Value, codes: &[&str]) -> Value {
    if let Some(step) = step.as_object_mut() {
        step.insert("tolerate".to_owned(), json!(codes));
    }
    step
}
