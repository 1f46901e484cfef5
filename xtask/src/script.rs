//! The project's Python scripts that speak to AWS: an order goes in as JSON on standard input, for
//! it may hold secrets, and the answer comes back as JSON.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::checkout::Checkout;
use crate::environments::Environment;

/// Why a script did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    /// It could not be run.
    #[error("`{0}` could not be run")]
    Run(&'static str, #[source] std::io::Error),
    /// It said no; its last words.
    #[error("{0}")]
    Refused(String),
    /// Its answer cannot be read.
    #[error("what `{0}` says cannot be read")]
    Shape(&'static str, #[source] serde_json::Error),
}

/// Runs a script, named by its path in the checkout, with the Python of an environment.
pub(crate) async fn ask(
    checkout: &Checkout,
    environment: Environment,
    script: &'static str,
    order: &Value,
) -> Result<Value, ScriptError> {
    let run = async || {
        let mut child = tokio::process::Command::new(environment.program(checkout, "python"))
            .arg(checkout.path(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(order.to_string().as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    let output = run()
        .await
        .map_err(|error| ScriptError::Run(script, error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("no reason given").to_owned();
        return Err(ScriptError::Refused(last));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| ScriptError::Shape(script, error))
}
