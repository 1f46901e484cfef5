//! The functions' binaries, from an ordinary `cargo build`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::checkout::Checkout;

/// The functions, by binary.
pub const FUNCTIONS: [&str; 8] = [
    "authorizer",
    "intake",
    "directory",
    "dispatcher",
    "approval",
    "provisioner",
    "reporter",
    "sweeper",
];
/// The ServiceNow emulator.
const EMULATOR: &str = "servicenow-emulator";

/// Where the emulator's binary is.
#[derive(Debug)]
pub struct LocalBinaries {
    /// The emulator.
    pub emulator: PathBuf,
}

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
pub enum LocalBuildError {
    /// Cargo could not be run.
    #[error("cargo could not be run")]
    Cargo(#[source] std::io::Error),
    /// Something did not compile; cargo has said what.
    #[error("the build failed")]
    Failed,
    /// Cargo did not say where a binary is.
    #[error("cargo built no binary `{0}`")]
    Missing(&'static str),
    /// A file could not be copied.
    #[error("cannot write `{path}`")]
    Copy {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Builds everything that runs locally and puts `bootstrap` files into `.local/functions/`.
pub async fn build(checkout: &Checkout) -> Result<LocalBinaries, LocalBuildError> {
    let executables = cargo_build(checkout).await?;
    for function in FUNCTIONS {
        let binary = executables
            .get(function)
            .ok_or(LocalBuildError::Missing(function))?;
        place(binary, &checkout.local(&format!("functions/{function}")))?;
    }
    let emulator = executables
        .get(EMULATOR)
        .ok_or(LocalBuildError::Missing(EMULATOR))?;
    Ok(LocalBinaries {
        emulator: emulator.clone(),
    })
}

/// Runs cargo and collects the binaries that it names. Its progress goes to the terminal.
async fn cargo_build(checkout: &Checkout) -> Result<BTreeMap<String, PathBuf>, LocalBuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = tokio::process::Command::new(cargo);
    // The whole workspace, as the tests build it: features unify over what is built together, and
    // another selection would compile the SDK a second time.
    command.args([
        "build",
        "--workspace",
        "--bins",
        "--message-format=json-render-diagnostics",
    ]);
    let output = command
        .current_dir(checkout.root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(LocalBuildError::Cargo)?;
    if !output.status.success() {
        return Err(LocalBuildError::Failed);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    Ok(messages.lines().filter_map(executable).collect())
}

/// The binary that one of cargo's messages names.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.pointer("/target/name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}

/// Makes a function's folder from its binary, without symbols where `strip` is at hand.
fn place(binary: &Path, folder: &Path) -> Result<(), LocalBuildError> {
    let target = folder.join("bootstrap");
    if is_newer(&target, binary) {
        return Ok(());
    }
    let failed = |source| LocalBuildError::Copy {
        path: target.clone(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let stripped = std::process::Command::new("strip")
        .arg("-o")
        .arg(&target)
        .arg(binary)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !stripped {
        std::fs::copy(binary, &target).map_err(failed)?;
    }
    Ok(())
}

fn is_newer(target: &Path, source: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|data| data.modified());
    matches!((changed(target), changed(source)), (Ok(target), Ok(source)) if target > source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_those_that_measure() {
        let listed: Value =
            serde_json::from_str(include_str!("../../../crates/shell/metrics.json")).unwrap();
        assert_eq!(listed["functions"], serde_json::json!(FUNCTIONS));
    }

    #[test]
    fn cargo_names_its_binaries() {
        let message = r#"{"reason":"compiler-artifact","target":{"name":"intake"},"executable":"/t/debug/intake"}"#;
        assert_eq!(
            executable(message),
            Some(("intake".into(), "/t/debug/intake".into()))
        );
        let library = r#"{"reason":"compiler-artifact","target":{"name":"x"},"executable":null}"#;
        assert_eq!(executable(library), None);
    }
}
