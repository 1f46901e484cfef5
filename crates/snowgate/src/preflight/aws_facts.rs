//! What AWS says, collected by `python/facts.py` in one go and judged here.

use serde_json::{Value, json};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;
use std::path::Path;

use crate::python::{Program, ProgramError, ProgramText};

/// The program that asks AWS.
const ASKS: Program<'static> = Program {
    name: "facts.py",
    text: ProgramText::Embedded(include_str!("../../python/facts.py")),
};

/// Where the stack is, and how it is reached.
#[derive(Debug, Clone)]
pub struct StackLocation {
    /// The region of the stack; where there is none, what AWS's configuration says.
    pub region: Option<String>,
    /// The name of the stack.
    pub stack: String,
    /// A model of AWS in place of AWS itself, as an address.
    pub endpoint: Option<String>,
    /// The role in target accounts that may read IAM.
    pub inspect_role: Option<String>,
    /// Whether two e-mails are sent to SES's simulator, to see their reports come.
    pub try_mail: bool,
}

/// Everything that AWS knows of the stack and the target accounts. Holds secrets: never printed.
pub(super) struct AwsFacts(Value);

impl AwsFacts {
    /// Asks AWS, with a Python that has boto3.
    pub(super) async fn gather(
        python: &Path,
        location: &StackLocation,
        guardrails: &Guardrails,
        accounts: &[AccountId],
    ) -> Result<Self, ProgramError> {
        let order = json!({
            "region": location.region,
            "stack": location.stack,
            "endpoint": location.endpoint,
            "inspect_role": location.inspect_role,
            "try_mail": location.try_mail,
            "accounts": accounts,
            "boundary": guardrails.boundary(),
        });
        Ok(Self(ASKS.ask(python, &order).await?))
    }

    /// Facts as they were written down.
    #[cfg(test)]
    pub(super) const fn of(value: Value) -> Self {
        Self(value)
    }

    /// A fact by its path; null where it is not known.
    pub(super) fn at(&self, path: &str) -> &Value {
        self.0.pointer(path).unwrap_or(&Value::Null)
    }

    /// A text by its path; empty where it is not known.
    pub(super) fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    /// Why a call was refused, if it was.
    pub(super) fn refusal(&self, path: &str) -> Option<&str> {
        self.at(path).get("refused").and_then(Value::as_str)
    }

    /// A parameter of the stack.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.text(&format!("/stack/parameters/{name}"))
    }

    /// Whether there is a stack.
    pub(super) fn has_stack(&self) -> bool {
        self.at("/stack/status").is_string()
    }
}
