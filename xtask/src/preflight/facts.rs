//! What AWS says, collected by `local/facts.py` in one go and judged here.

use serde_json::{Value, json};

use super::PreflightError;
use crate::checkout::Checkout;
use crate::environments::Environment;
use crate::guardrails::Guardrails;
use crate::script;

/// Where to look.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The region of the stack.
    pub(crate) region: Option<String>,
    /// The name of the stack.
    pub(crate) stack: String,
    /// The local AWS; none for AWS itself.
    pub(crate) endpoint: Option<String>,
    /// The role in target accounts that may read IAM.
    pub(crate) inspect_role: Option<String>,
}

/// Everything that AWS knows of the stack and the target accounts. Holds secrets: never printed.
pub(crate) struct Facts(Value);

impl Facts {
    /// Asks AWS.
    pub(crate) async fn gather(
        checkout: &Checkout,
        place: &Place,
        guardrails: &Guardrails,
    ) -> Result<Self, PreflightError> {
        Environment::Sam.ensure(checkout).await?;
        let order = json!({
            "region": place.region,
            "stack": place.stack,
            "endpoint": place.endpoint,
            "inspect_role": place.inspect_role,
            "accounts": guardrails.accounts(),
            "boundary": guardrails.boundary(),
        });
        let facts = script::ask(checkout, Environment::Sam, "local/facts.py", &order).await?;
        Ok(Self(facts))
    }

    /// Facts as they were written down.
    #[cfg(test)]
    pub(crate) const fn of(value: Value) -> Self {
        Self(value)
    }

    /// A fact by its path; null where it is not known.
    pub(crate) fn at(&self, path: &str) -> &Value {
        self.0.pointer(path).unwrap_or(&Value::Null)
    }

    /// A text by its path; empty where it is not known.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    /// Why a call was refused, if it was.
    pub(crate) fn refusal(&self, path: &str) -> Option<&str> {
        self.at(path).get("refused").and_then(Value::as_str)
    }

    /// A parameter of the stack.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.text(&format!("/stack/parameters/{name}"))
    }

    /// Whether there is a stack.
    pub(crate) fn has_stack(&self) -> bool {
        self.at("/stack/status").is_string()
    }
}
