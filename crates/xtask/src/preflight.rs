//! What a deployment to AWS needs, checked before it starts.

use std::process::Stdio;

use crate::checkout::Checkout;
use crate::guardrails::{Guardrails, GuardrailsError};
use crate::terminal::line;

/// Why a deployment would not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreflightError {
    /// The guardrails cannot be used.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsError),
    /// Something is missing; it was printed.
    #[error("{0} of the checks failed; see above")]
    Missing(usize),
}

/// A program that must be there, and how to get it.
struct Needed {
    program: &'static str,
    arguments: &'static [&'static str],
    remedy: &'static str,
}

const NEEDED: [Needed; 4] = [
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
    Needed {
        program: "aws",
        arguments: &["sts", "get-caller-identity"],
        remedy: "install AWS CLI and sign in to the hub account",
    },
];

/// Checks tools, credentials and guardrails; prints what comes after the deployment.
pub(crate) async fn preflight(checkout: &Checkout) -> Result<(), PreflightError> {
    let mut missing = 0;
    for needed in &NEEDED {
        let works = works(checkout, needed).await;
        line(&format!(
            "  {} {}",
            if works { "ok" } else { "--" },
            needed.program
        ));
        if !works {
            missing += 1;
            line(&format!("     {}", needed.remedy));
        }
    }
    let guardrails = Guardrails::load(checkout)?;
    line(&format!(
        "  ok guardrails, granting in {} accounts",
        guardrails.accounts().len()
    ));
    missing += examples(&guardrails);
    if missing > 0 {
        return Err(PreflightError::Missing(missing));
    }
    line("");
    line("After the deployment, in each of these accounts: templates/member-account.yaml with");
    for account in guardrails.accounts() {
        line(&format!(
            "  cargo xtask member-parameters --account {account}"
        ));
    }
    line("Then put the values of the three secrets in, and verify the sender (docs/operating.md).");
    Ok(())
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
fn examples(guardrails: &Guardrails) -> usize {
    let local = crate::organisation::EXAMPLE_ACCOUNTS;
    let left: Vec<_> = guardrails
        .accounts()
        .into_iter()
        .filter(|account| local.contains(account))
        .collect();
    if left.is_empty() {
        return 0;
    }
    line(&format!(
        "  -- the guardrails still name accounts of the example: {}",
        left.join(", ")
    ));
    1
}
