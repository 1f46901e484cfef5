//! The policies that Snowgate's templates ship, judged by this engine. `local/policies_test.py` writes
//! the files in `shipped/` from the templates and holds them equal.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]

#[path = "shipped/boundary.rs"]
mod boundary;
#[path = "shipped/case.rs"]
mod case;
#[path = "shipped/organization.rs"]
mod organization;
#[path = "shipped/users.rs"]
mod users;

use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;

/// The account of the hub.
const HUB: &str = "111122223333";
/// A target account.
const MEMBER: &str = "444455556666";
/// Allows everything.
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn shipped(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shipped");
    std::fs::read_to_string(format!("{folder}/{name}.json")).expect("a shipped policy")
}

fn document(text: &str, policy_type: PolicyType) -> Document<'_> {
    Document::parse(text, policy_type).expect("a policy")
}

fn ruleset(text: &str, policy_type: PolicyType) -> Ruleset {
    Ruleset::compile(&document(text, policy_type))
}
