//! The accounts and people of the local organisation, as `local/organisation.json` lists them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use snowgate_core::id::AccountId;

use crate::checkout::Checkout;

/// The local organisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Organisation {
    /// The account that Snowgate is deployed in.
    pub hub_account: String,
    /// IAM user name → the person's sys_id in ServiceNow. Every member account has such a user.
    pub people: BTreeMap<String, String>,
    /// The accounts that access is asked for.
    pub member_accounts: Vec<MemberAccount>,
    /// What the demonstration asks for.
    pub demo: Demo,
}

/// A member account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberAccount {
    /// Twelve digits.
    pub id: AccountId,
    /// Its name in ServiceNow.
    pub name: String,
    /// The account whose enrolled users may assume a role of it.
    pub trusts: Option<String>,
}

/// The request of the demonstration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Demo {
    /// sys_ids of tickets, each good for one demonstration; the ticket says who asks for what.
    pub tickets: Vec<String>,
}

/// Why the organisation is not known.
#[derive(Debug, thiserror::Error)]
pub enum OrganisationError {
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
