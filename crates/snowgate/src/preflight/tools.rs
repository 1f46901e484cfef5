//! This machine: programs, and guardrails that are not the example.

use std::process::Stdio;

use snowgate_core::guardrails::Guardrails;

use super::result::PreflightResult;

/// The invented accounts of the example guardrails, which ship with Snowgate.
const EXAMPLE_ACCOUNTS: [&str; 8] = [
    "210987654321",
    "320987654321",
    "430987654321",
    "540987654321",
    "650987654321",
    "760987654321",
    "870987654321",
    "980987654321",
];

/// A program that must be there, and how to get it.
struct Needed {
    program: &'static str,
    arguments: &'static [&'static str],
    remedy: &'static str,
}

const NEEDED: [Needed; 3] = [
    Needed {
        program: "sam",
        arguments: &["--version"],
        remedy: "pip install aws-sam-cli, or the installer of AWS",
    },
    Needed {
        program: "cargo-lambda",
        arguments: &["lambda", "--version"],
        remedy: "pip install cargo-lambda==1.9.2 ziglang",
    },
    Needed {
        program: "cargo",
        arguments: &["--version"],
        remedy: "install Rust with rustup; rust-toolchain.toml names the version",
    },
];

/// Tools and guardrails.
pub(super) async fn check(guardrails: &Guardrails) -> Vec<PreflightResult> {
    let mut results = Vec::new();
    for needed in &NEEDED {
        results.push(match works(needed).await {
            true => PreflightResult::good("tools", needed.program, "works"),
            false => PreflightResult::bad("tools", needed.program, "does not run", needed.remedy),
        });
    }
    results.push(examples(guardrails));
    results
}

async fn works(needed: &Needed) -> bool {
    tokio::process::Command::new(needed.program)
        .args(needed.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .is_ok_and(|status| status.success())
}

/// The guardrails that ship are an example: a deployment needs its own.
pub(super) fn examples(guardrails: &Guardrails) -> PreflightResult {
    let accounts = guardrails.accounts();
    let left: Vec<_> = EXAMPLE_ACCOUNTS
        .into_iter()
        .filter(|example| accounts.iter().any(|account| account.as_str() == *example))
        .collect();
    if left.is_empty() {
        let found = format!("grant in {} accounts", accounts.len());
        return PreflightResult::good("guardrails", "", found);
    }
    let found = format!("still name accounts of the example: {}", left.join(", "));
    let remedy = "write your own, or name the file with --guardrails or SNOWGATE_GUARDRAILS";
    PreflightResult::bad("guardrails", "", found, remedy)
}
