//! `cargo xtask test`: every check of the project, then all tests with a stack deployed.

mod entropy;
mod features;
mod gates;
mod kinds;
mod layout;
mod privileges;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use local_stack::checkout::Checkout;
use local_stack::environments::{Environment, PythonEnvironmentError};
use local_stack::preflight::drill;
use local_stack::samples;
use local_stack::stack::LocalStack;
use local_stack::terminal::{self, line};
use local_stack::up::{self, UpError};

use gates::{Gate, GateWork, Wanted};
use layout::LayoutError;

/// What tests use of Debian's packages, where it is there (`local/packages.sh` installs it): a
/// browser, and a clock that can be put forward.
const PACKAGES: [(&str, &str); 2] = [
    ("SNOWGATE_CHROMEDRIVER", "/usr/bin/chromedriver"),
    (
        "SNOWGATE_FAKETIME",
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    ),
];

/// axe-core in its package.
const AXE: &str = "axe_playwright_python/axe.min.js";

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

/// Runs everything.
pub(crate) async fn test(checkout: &Checkout) -> Result<(), CheckError> {
    let mut failed = static_checks(checkout, &[]).await?;
    failed.extend(on_a_stack(checkout).await?);
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
        if !tests(checkout, &stack).await? {
            failed.push("tests");
        }
        // Last: it makes requests that nobody expects.
        let described = gates::described(checkout);
        if !passes(checkout, &described).await? {
            failed.push(described.name);
        }
        Ok(failed)
    };
    let outcome = tokio::select! {
        outcome = both => outcome,
        interrupted = up::interruption() => {
            interrupted.map_err(CheckError::from).and(Err(UpError::Interrupted.into()))
        }
    };
    up::down(checkout)?;
    outcome
}

/// One runner everywhere: tests of one binary share its locks, and binaries follow each other.
async fn tests(checkout: &Checkout, stack: &LocalStack) -> Result<bool, CheckError> {
    let cargo = cargo();
    let arguments: &[&str] = &[
        "test",
        "--workspace",
        "--no-fail-fast",
        "--lib",
        "--bins",
        "--tests",
    ];
    succeeded(inherited(checkout, stack, &cargo, arguments), &cargo).await
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

/// A command that writes to the terminal and knows the stack.
fn inherited(
    checkout: &Checkout,
    stack: &LocalStack,
    program: &Path,
    arguments: &[&str],
) -> tokio::process::Command {
    let independent_client = Environment::Checks.program(checkout, "python");
    let arguments: Vec<_> = arguments.iter().map(|&word| word.to_owned()).collect();
    let mut command = tool(checkout, program, &arguments);
    command
        .env("SNOWGATE_STACK_JSON", checkout.local("stack.json"))
        .env("SNOWGATE_AWS_ENDPOINT", &stack.aws_endpoint)
        .env("SNOWGATE_REQUIRE_STACK", "1")
        .env("SNOWGATE_PYSNC_PYTHON", independent_client)
        .envs(
            PACKAGES
                .into_iter()
                .filter(|(_, file)| Path::new(file).exists()),
        )
        .envs(
            Environment::Axe
                .file(checkout, AXE)
                .map(|file| ("SNOWGATE_AXE", file)),
        )
        .env("INSTA_UPDATE", "no")
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    command
}

async fn succeeded(
    mut command: tokio::process::Command,
    program: &Path,
) -> Result<bool, CheckError> {
    let status = command.status().await.map_err(|source| CheckError::Run {
        tool: shown(program),
        source,
    })?;
    Ok(status.success())
}

fn shown(program: &Path) -> String {
    program.display().to_string()
}
