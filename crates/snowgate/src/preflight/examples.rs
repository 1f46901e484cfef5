//! The guardrails: none that are the example.

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

/// The guardrails that ship are an example: a deployment needs its own.
pub(super) fn check(guardrails: &Guardrails) -> PreflightResult {
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
