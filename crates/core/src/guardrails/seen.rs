//! Which clients of the service API see the users of which accounts. What is not said is not seen.

use serde::Deserialize;

use super::Guardrails;
use crate::id::{AccountId, ClientId};
use crate::markup::code;

/// A row `[[directory]]` of the file: what one client sees.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenAccounts {
    /// The client.
    pub(crate) client: ClientId,
    /// The accounts whose users it sees.
    pub(crate) accounts: Vec<AccountId>,
}

impl SeenAccounts {
    /// What of these rows does not hold together.
    pub(super) fn contradictions(rows: &[Self]) -> Vec<String> {
        let mut found = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let name = code(row.client.as_str());
            if rows.iter().take(index).any(|one| one.client == row.client) {
                found.push(format!("directory[{index}]: client {name} is listed above"));
            }
            if row.accounts.is_empty() {
                found.push(format!("directory[{index}]: client {name} sees no account"));
            }
            let accounts = row.accounts.iter().enumerate();
            let twice =
                accounts.filter(|(n, one)| row.accounts.iter().take(*n).any(|it| it == *one));
            found.extend(
                twice.map(|(_, one)| format!("directory[{index}]: account {one} is listed twice")),
            );
        }
        found
    }
}

impl Guardrails {
    /// The accounts whose users a client sees, in order; none of a client that is not named.
    #[must_use]
    pub fn accounts_seen_by(&self, client: &ClientId) -> Vec<&AccountId> {
        let rows = self.seen.iter().filter(|row| row.client == *client);
        let mut accounts: Vec<_> = rows.flat_map(|row| &row.accounts).collect();
        accounts.sort();
        accounts.dedup();
        accounts
    }

    /// Who sees what, in words, in order.
    pub(super) fn seen_in_words(&self) -> Vec<String> {
        let words = |row: &SeenAccounts| {
            let client = row.client.clone();
            let accounts = row.accounts.iter();
            let words = accounts.map(move |account| format!("{client} sees users of {account}"));
            words.collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.seen.iter().flat_map(words).collect();
        all.sort();
        all
    }
}
