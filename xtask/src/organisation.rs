//! The accounts and people of the local organisation, as `local/organisation.json` lists them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::checkout::Checkout;

/// The local organisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Organisation {
    /// The account that Snowgate is deployed in.
    pub(crate) hub_account: String,
    /// IAM user name → the person's sys_id in ServiceNow. Every member account has such a user.
    pub(crate) people: BTreeMap<String, String>,
    /// The accounts that access is asked for.
    pub(crate) member_accounts: Vec<MemberAccount>,
    /// What the demonstration asks for.
    pub(crate) demo: Demo,
}

/// A member account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberAccount {
    /// Twelve digits.
    pub(crate) id: String,
    /// Its name in ServiceNow.
    pub(crate) name: String,
    /// The account whose enrolled users may assume a role of it.
    pub(crate) trusts: Option<String>,
}

/// The request of the demonstration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Demo {
    /// sys_ids of tickets, each good for one demonstration; the ticket says who asks for what.
    pub(crate) tickets: Vec<String>,
}

/// Why the organisation is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrganisationError {
    /// The file could not be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file has another shape.
    #[error("`local/organisation.json` does not have the right shape")]
    Shape(#[from] serde_json::Error),
}

impl Organisation {
    /// Reads it.
    pub(crate) fn load(checkout: &Checkout) -> Result<Self, OrganisationError> {
        let path = checkout.path("local/organisation.json");
        let text = std::fs::read(&path)
            .map_err(|source| OrganisationError::Unreadable { path, source })?;
        Ok(serde_json::from_slice(&text)?)
    }
}

/// The invented accounts of the example guardrails. No deployment to AWS should name them.
pub(crate) const EXAMPLE_ACCOUNTS: [&str; 8] = [
    "210987654321",
    "320987654321",
    "430987654321",
    "540987654321",
    "650987654321",
    "760987654321",
    "870987654321",
    "980987654321",
];
