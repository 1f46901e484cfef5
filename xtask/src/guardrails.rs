//! What the guardrails say about a target account's template.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use crate::checkout::Checkout;

/// The parts of the guardrails file that templates are generated from. The file as a whole is
/// checked where Snowgate is built.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Guardrails {
    partition: String,
    servicenow: ServiceNow,
    principals: Principals,
    grants: Vec<Grant>,
}

#[derive(Debug, Clone, Deserialize)]
struct ServiceNow {
    tables: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Principals {
    paths: Vec<String>,
    boundary: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Grant {
    accounts: Vec<String>,
    #[serde(default)]
    policies: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    inline_policies: bool,
}

impl Grant {
    /// The accounts of the roles that may be assumed: they are read, though nothing is changed.
    fn role_accounts(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().filter_map(|role| role.split(':').nth(4))
    }
}

/// Why the guardrails are not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuardrailsError {
    /// The file could not be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file has another shape.
    #[error("the guardrails do not have the right shape")]
    Shape(#[from] toml::de::Error),
}

impl Guardrails {
    /// Reads the guardrails of this checkout.
    pub(crate) fn load(checkout: &Checkout) -> Result<Self, GuardrailsError> {
        // The same override as in the build of the functions.
        let path = std::env::var_os("SNOWGATE_GUARDRAILS")
            .map_or_else(|| checkout.path("guardrails.toml"), PathBuf::from);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| GuardrailsError::Unreadable { path, source })?;
        Ok(toml::from_str(&text)?)
    }

    fn in_account(&self, account: &str) -> impl Iterator<Item = &Grant> {
        self.grants
            .iter()
            .filter(move |grant| grant.accounts.iter().any(|allowed| allowed == account))
    }

    /// The managed policies that may be attached in an account.
    pub(crate) fn policies(&self, account: &str) -> BTreeSet<&str> {
        self.in_account(account)
            .flat_map(|grant| grant.policies.iter().map(String::as_str))
            .collect()
    }

    /// The groups that may be joined in an account.
    pub(crate) fn groups(&self, account: &str) -> BTreeSet<&str> {
        self.in_account(account)
            .flat_map(|grant| grant.groups.iter().map(String::as_str))
            .collect()
    }

    /// Whether principals of an account may be given policies of their own: for what they ask
    /// for, or to assume a role.
    pub(crate) fn inline_policies(&self, account: &str) -> bool {
        self.in_account(account)
            .any(|grant| grant.inline_policies || !grant.roles.is_empty())
    }

    /// ARN patterns of the principals that may be changed in an account.
    pub(crate) fn enrolled(&self, account: &str) -> Vec<String> {
        let of =
            |kind: &str, path: &str| format!("arn:{}:iam::{account}:{kind}{path}*", self.partition);
        let paths = self.principals.paths.iter();
        paths
            .flat_map(|path| [of("user", path), of("role", path)])
            .collect()
    }

    /// The tables whose records may ask.
    pub(crate) fn tables(&self) -> &[String] {
        &self.servicenow.tables
    }

    /// The name of the boundary.
    pub(crate) fn boundary(&self) -> &str {
        &self.principals.boundary
    }

    /// The same for one account alone.
    pub(crate) fn only(&self, account: &str) -> Self {
        let mut one = self.clone();
        for grant in &mut one.grants {
            grant.accounts.retain(|allowed| allowed == account);
        }
        one.grants.retain(|grant| !grant.accounts.is_empty());
        one
    }

    /// Every account that something may be granted in, or that has a role which may be assumed.
    pub(crate) fn accounts(&self) -> BTreeSet<&str> {
        self.grants
            .iter()
            .flat_map(|grant| {
                let targets = grant.accounts.iter().map(String::as_str);
                targets.chain(grant.role_accounts())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        partition = "aws"
        [servicenow]
        tables = ["sc_task"]
        [principals]
        paths = ["/enrolled/", "/partners/"]
        boundary = "Frame"
        [[grants]]
        accounts = ["111111111111", "222222222222"]
        policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
        [[grants]]
        accounts = ["111111111111"]
        policies = ["arn:aws:iam::111111111111:policy/reports", "arn:aws:iam::aws:policy/ReadOnlyAccess"]
    "#;

    #[test]
    fn an_account_gets_its_own_policies_once() {
        let guardrails: Guardrails = toml::from_str(TEXT).unwrap();
        let all: Vec<_> = guardrails.policies("111111111111").into_iter().collect();
        assert_eq!(
            all,
            [
                "arn:aws:iam::111111111111:policy/reports",
                "arn:aws:iam::aws:policy/ReadOnlyAccess"
            ]
        );
        assert_eq!(guardrails.policies("222222222222").len(), 1);
        assert!(guardrails.policies("333333333333").is_empty());
    }

    #[test]
    fn roles_are_read_in_their_account_and_assumed_from_the_target() {
        let more = r#"
            [[grants]]
            accounts = ["222222222222"]
            roles = ["arn:aws:iam::444444444444:role/reader"]
            [[grants]]
            accounts = ["111111111111"]
            groups = ["arn:aws:iam::111111111111:group/granted/analysts"]
        "#;
        let guardrails: Guardrails = toml::from_str(&format!("{TEXT}{more}")).unwrap();
        let accounts: Vec<_> = guardrails.accounts().into_iter().collect();
        assert_eq!(accounts, ["111111111111", "222222222222", "444444444444"]);
        let inline = ["111111111111", "222222222222", "444444444444"];
        assert_eq!(
            inline.map(|account| guardrails.inline_policies(account)),
            [false, true, false]
        );
        let groups: Vec<_> = guardrails.groups("111111111111").into_iter().collect();
        assert_eq!(groups, ["arn:aws:iam::111111111111:group/granted/analysts"]);
        assert!(guardrails.groups("222222222222").is_empty());
    }

    #[test]
    fn every_path_is_enrolled_for_users_and_roles() {
        let guardrails: Guardrails = toml::from_str(TEXT).unwrap();
        let enrolled = guardrails.enrolled("111111111111");
        assert_eq!(enrolled.len(), 4);
        assert!(enrolled.contains(&"arn:aws:iam::111111111111:role/partners/*".to_owned()));
    }
}
