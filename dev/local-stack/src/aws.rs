//! Calls to the local AWS, made by boto3 in a process of its own.

use serde_json::{Value, json};
use snowgate::python::{Program, ProgramError, ProgramText};

use crate::checkout::Checkout;
use crate::environments::Environment;

/// The local AWS of a stack.
#[derive(Debug, Clone)]
pub(crate) struct LocalAws {
    checkout: Checkout,
    endpoint: String,
    region: String,
}

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum LocalAwsError {
    /// A call was refused, or none could be made.
    #[error("the local AWS cannot be asked")]
    Program(#[from] ProgramError),
    /// The answer has no such shape.
    #[error("the local AWS answers with something else than results")]
    Shape,
}

impl LocalAws {
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
    pub(crate) async fn run(&self, steps: Vec<Value>) -> Result<Vec<Value>, LocalAwsError> {
        let order = json!({ "endpoint": self.endpoint, "region": self.region, "steps": steps });
        let python = Environment::MiniStack.program(&self.checkout, "python");
        let program = Program {
            name: "local/aws.py",
            text: ProgramText::File(&self.checkout.path("local/aws.py")),
        };
        match program.ask(&python, &order).await? {
            Value::Array(results) => Ok(results),
            _ => Err(LocalAwsError::Shape),
        }
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
