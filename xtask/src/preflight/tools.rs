//! This machine: programs, and guardrails that are not the example.

use std::process::Stdio;

use super::finding::Finding;
use crate::checkout::Checkout;
use crate::guardrails::Guardrails;
use crate::organisation::EXAMPLE_ACCOUNTS;

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
pub(super) async fn check(checkout: &Checkout, guardrails: &Guardrails) -> Vec<Finding> {
    let mut findings = Vec::new();
    for needed in &NEEDED {
        findings.push(match works(checkout, needed).await {
            true => Finding::good("tools", needed.program, "works"),
            false => Finding::bad("tools", needed.program, "does not run", needed.remedy),
        });
    }
    findings.push(examples(guardrails));
    findings
}

async fn works(checkout: &Checkout, needed: &Needed) -> bool {
    tokio::process::Command::new(needed.program)
        .args(needed.arguments)
        .current_dir(checkout.root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .is_ok_and(|status| status.success())
}

/// The guardrails that ship are an example: a deployment needs its own.
pub(super) fn examples(guardrails: &Guardrails) -> Finding {
    let accounts = guardrails.accounts();
    let left: Vec<_> = EXAMPLE_ACCOUNTS
        .into_iter()
        .filter(|account| accounts.contains(account))
        .collect();
    if left.is_empty() {
        let found = format!("grant in {} accounts", accounts.len());
        return Finding::good("guardrails", "", found);
    }
    let found = format!("still name accounts of the example: {}", left.join(", "));
    let remedy = "write your own, or name them with SNOWGATE_GUARDRAILS";
    Finding::bad("guardrails", "", found, remedy)
}
