//! `cargo xtask test`: every check of the project, then all tests with a stack deployed.

mod entropy;
mod features;
mod gates;
mod kinds;
mod layout;
mod privileges;
mod suites;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use local_stack::checkout::Checkout;
use local_stack::environments::{Environment, PythonEnvironmentError};
use local_stack::preflight::drill;
use local_stack::samples;
use local_stack::terminal::{self, line};
use local_stack::up::{self, UpError};

use gates::{Gate, GateWork, Wanted};
use workspace::LayoutError;

/// Why the checks did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    /// A tool could not be run.
    #[error("`{tool}` could not be run")]
    Run {
        /// The tool.
        tool: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The layout of the workspace cannot be read.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Checks failed.
    #[error("failed: {}", .0.join(", "))]
    Failed(Vec<&'static str>),
    /// A Python environment could not be made.
    #[error(transparent)]
    Environment(#[from] PythonEnvironmentError),
    /// The stack did not come up.
    #[error(transparent)]
    Up(#[from] UpError),
}

/// Runs everything. What needs no stack runs beside it, from when it is brought up: a stack waits most of its time.
pub(crate) async fn test(checkout: &Checkout) -> Result<(), CheckError> {
    let mut failed = static_checks(checkout, &[]).await?;
    if suites::compiled(checkout).await? {
        let others = unless_interrupted(without_a_stack(checkout));
        let (others, on_a_stack) = tokio::join!(others, on_a_stack(checkout));
        failed.extend(on_a_stack?);
        failed.extend(others?);
    } else {
        failed.push("tests, which do not compile");
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(CheckError::Failed(failed))
    }
}

/// Runs the static checks whose names hold one of the words; all without a word.
pub(crate) async fn check(checkout: &Checkout, words: &[String]) -> Result<(), CheckError> {
    let failed = static_checks(checkout, words).await?;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(CheckError::Failed(failed))
    }
}

/// Runs static checks; the names of those that failed. All run, so that one run names all that is
/// wrong. Those in Python have one processor at a time, and wait for the package index first: cargo
/// works beside them.
async fn static_checks(
    checkout: &Checkout,
    words: &[String],
) -> Result<Vec<&'static str>, CheckError> {
    let in_python = async {
        tokio::try_join!(
            Environment::MiniStack.ensure(checkout),
            Environment::Sam.ensure(checkout),
            Environment::Checks.ensure(checkout),
            Environment::Axe.ensure(checkout),
            Environment::Api.ensure(checkout),
        )?;
        failing(checkout, gates::with_environments(checkout), words).await
    };
    let others = failing(checkout, gates::without_environments(checkout), words);
    let (in_python, others) = tokio::try_join!(in_python, others)?;
    Ok([in_python, others].concat())
}

/// Runs those of these gates, one after the other, whose names hold one of the words; all without a
/// word. Answers the names of those that failed.
async fn failing(
    checkout: &Checkout,
    gates: Vec<Gate>,
    words: &[String],
) -> Result<Vec<&'static str>, CheckError> {
    let wanted = |gate: &Gate| {
        words.is_empty() || words.iter().any(|word| gate.name.contains(word.as_str()))
    };
    let mut failed = Vec::new();
    for gate in gates.iter().filter(|gate| wanted(gate)) {
        if !passes(checkout, gate).await? {
            failed.push(gate.name);
        }
    }
    Ok(failed)
}

/// Runs one gate; shows what it said only where it failed.
async fn passes(checkout: &Checkout, gate: &Gate) -> Result<bool, CheckError> {
    line(&format!("  …  {}", gate.name));
    let begun = Instant::now();
    let wrong = match &gate.work {
        GateWork::Commands(commands) => failed(checkout, commands).await?,
        GateWork::Look(look) => Some(look(checkout)?.join("\n")).filter(|found| !found.is_empty()),
    };
    if let Some(said) = wrong {
        line(&format!("FAILED {}\n{said}", gate.name));
        return Ok(false);
    }
    line(&format!(
        "  ok {} ({:.1} s)",
        gate.name,
        begun.elapsed().as_secs_f64()
    ));
    Ok(true)
}

/// What the first command said that did not end as it should; none where all did.
async fn failed(checkout: &Checkout, commands: &[Wanted]) -> Result<Option<String>, CheckError> {
    for command in commands {
        let output = tool(checkout, &command.program, &command.arguments)
            .output()
            .await
            .map_err(|source| CheckError::Run {
                tool: shown(&command.program),
                source,
            })?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !command.accepts(&said) {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Ok(Some(format!("{said}{errors}")));
        }
    }
    Ok(None)
}

/// Runs the tests that need no stack, and builds a function as `make deploy` does.
async fn without_a_stack(checkout: &Checkout) -> Result<Vec<&'static str>, CheckError> {
    let mut failed = Vec::new();
    if !suites::without_a_stack(checkout).await? {
        failed.push("tests that need no stack");
    }
    let sam_build = gates::sam_build();
    if !passes(checkout, &sam_build).await? {
        failed.push(sam_build.name);
    }
    Ok(failed)
}

/// Brings a stack of its own up, runs the recorded events and all tests on it, and ends it.
async fn on_a_stack(checkout: &Checkout) -> Result<Vec<&'static str>, CheckError> {
    up::down(checkout)?;
    let (stack, _) = up::ensure(checkout).await?;
    let both = async {
        let mut failed = Vec::new();
        if let Err(error) = privileges::check_binaries(checkout) {
            line(&format!("FAILED clients in the binaries: {error}"));
            failed.push("clients in the binaries");
        }
        if let Err(error) = entropy::check() {
            line(&format!("FAILED entropy of aws-lc: {error}"));
            failed.push("entropy of aws-lc");
        }
        let rights = gates::rights(checkout);
        if !passes(checkout, &rights).await? {
            failed.push(rights.name);
        }
        if let Err(error) = samples::all(checkout, &stack).await {
            line(&format!("FAILED recorded events: {error}"));
            failed.push("recorded events");
        }
        if let Err(error) = drill::run(checkout, &stack).await {
            line("FAILED preflight");
            terminal::failure(&error);
            failed.push("preflight");
        }
        if !suites::on(checkout, &stack).await? {
            failed.push("tests on a stack");
        }
        // Last: it makes requests that nobody expects.
        let described = gates::described(checkout);
        if !passes(checkout, &described).await? {
            failed.push(described.name);
        }
        Ok(failed)
    };
    let outcome = unless_interrupted(both).await;
    up::down(checkout)?;
    outcome
}

/// What this work comes to, unless a person ends it before.
async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, CheckError>>,
) -> Result<T, CheckError> {
    tokio::select! {
        outcome = work => outcome,
        interrupted = up::interruption() => {
            interrupted.map_err(CheckError::from).and(Err(UpError::Interrupted.into()))
        }
    }
}

/// Cargo, the one that runs this.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

fn tool(checkout: &Checkout, program: &Path, arguments: &[String]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .current_dir(checkout.root())
        .env("SAM_CLI_TELEMETRY", "0")
        .env("RUSTDOCFLAGS", "-D warnings")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn shown(program: &Path) -> String {
    program.display().to_string()
}
