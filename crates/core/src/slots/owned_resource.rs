//! Which accounts and items a request affects, and whom it is for: each needs an approval.

use serde::Serialize;

use crate::id::{AccountId, SysId};
use crate::request::AccessRequest;
use crate::slots::ApproverRole;

/// What a slot stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OwnedResource {
    /// An AWS account: its owner decides.
    Account {
        /// Its 12-digit id.
        account_id: AccountId,
    },
    /// A configuration item of the CMDB that the request names: its owner decides.
    Item {
        /// Its sys_id in `cmdb_ci`.
        sys_id: SysId,
        /// The accounts whose owners are not asked because the guardrails put this item in charge
        /// of everything that is granted there; none where the item only adds an approval.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        instead_of: Vec<AccountId>,
    },
    /// The person whom the principal belongs to: their manager decides, where the guardrails want
    /// that.
    Beneficiary {
        /// Their sys_id in `sys_user`.
        sys_id: SysId,
    },
}

/// The kinds of what a slot stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnedResourceKind {
    /// An AWS account.
    #[default]
    Account,
    /// A configuration item.
    Item,
    /// The person whom the access is for.
    Beneficiary,
}

impl OwnedResourceKind {
    /// Whether it is an account.
    #[must_use]
    pub const fn is_account(&self) -> bool {
        matches!(self, Self::Account)
    }
}

impl OwnedResource {
    /// Account, configuration item or person.
    #[must_use]
    pub const fn kind(&self) -> OwnedResourceKind {
        match self {
            Self::Account { .. } => OwnedResourceKind::Account,
            Self::Item { .. } => OwnedResourceKind::Item,
            Self::Beneficiary { .. } => OwnedResourceKind::Beneficiary,
        }
    }

    /// In which roles somebody may approve for it, in the order in which they are looked for.
    #[must_use]
    pub const fn roles(&self) -> &'static [ApproverRole] {
        match self {
            Self::Account { .. } | Self::Item { .. } => &ApproverRole::ORDER,
            Self::Beneficiary { .. } => &[ApproverRole::LineManager],
        }
    }

    /// The id of the slot for it.
    #[must_use]
    pub fn slot_id(&self) -> String {
        match self {
            Self::Account { account_id } => format!("account:{account_id}"),
            Self::Item { sys_id, .. } => format!("item:{sys_id}"),
            Self::Beneficiary { sys_id } => format!("beneficiary:{sys_id}"),
        }
    }
}

/// The accounts and items that need an approval, each once, in a fixed order: the accounts that the
/// grants affect, and the item that the request names. Whether the beneficiary's manager approves
/// besides is the guardrails' to say ([`Guardrails::manager_rule`](crate::guardrails::Guardrails::manager_rule)). The item stands in for those accounts that
/// are `covered` by it ([`Guardrails::covered`](crate::guardrails::Guardrails::covered)); without
/// an item nothing is.
#[must_use]
pub fn owned_resources(request: &AccessRequest, covered: &[AccountId]) -> Vec<OwnedResource> {
    let reached = request.grants.iter();
    let mut reached: Vec<AccountId> = reached
        .flat_map(|grant| grant.accounts(&request.target))
        .collect();
    reached.sort();
    reached.dedup();
    let stands_in = |account: &AccountId| request.resource.is_some() && covered.contains(account);
    let (instead_of, asked): (Vec<AccountId>, Vec<AccountId>) =
        reached.into_iter().partition(stands_in);
    let item = request.resource.iter().map(|resource| OwnedResource::Item {
        sys_id: resource.sys_id.clone(),
        instead_of: instead_of.clone(),
    });
    let accounts = asked.into_iter();
    accounts
        .map(|account_id| OwnedResource::Account { account_id })
        .chain(item)
        .collect()
}

/// What stands in, in words, and for which accounts.
pub(super) fn in_charge(item: &str, instead_of: &[AccountId]) -> String {
    let (accounts, names) = in_words(instead_of);
    format!(
        "{item}, which the guardrails put in charge of the requested resources in {accounts} {names}"
    )
}

/// `AWS account` or `AWS accounts`, and their numbers: `1, 2 and 3`.
pub(crate) fn in_words(accounts: &[AccountId]) -> (&'static str, String) {
    match accounts {
        [first @ .., last] if !first.is_empty() => {
            let first: Vec<&str> = first.iter().map(AccountId::as_str).collect();
            ("AWS accounts", format!("{} and {last}", first.join(", ")))
        }
        all => ("AWS account", all.iter().map(AccountId::as_str).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(resource: Option<&str>) -> AccessRequest {
        let mut body = serde_json::json!({
            "source": {"table": "sc_req_item", "sys_id": "aa".repeat(16), "number": "RITM0010001"},
            "requested_by": {"sys_id": "bb".repeat(16)},
            "target": {"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}},
            "grants": [
                {"type": "attach_managed_policy", "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"},
                {"type": "attach_managed_policy", "policy_arn": "arn:aws:iam::210987654321:policy/reports-write"},
            ],
            "duration": "PT8H",
            "justification": "Quarter-end reports"
        });
        if let Some(sys_id) = resource {
            body["resource"] = serde_json::json!({ "sys_id": sys_id });
        }
        AccessRequest::parse(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_slot_for_each_account_and_item() {
        let ids = |request: &AccessRequest, covered: &[AccountId]| -> Vec<String> {
            owned_resources(request, covered)
                .iter()
                .map(OwnedResource::slot_id)
                .collect()
        };
        let item = "cc".repeat(16);
        let (plain, named) = (request(None), request(Some(&item)));
        let account = "account:210987654321".to_owned();
        assert_eq!(ids(&plain, &[]), std::slice::from_ref(&account));
        assert_eq!(
            ids(&named, &[]),
            [account.clone(), format!("item:{item}")],
            "an item adds a slot"
        );
        let here: Vec<AccountId> = vec!["210987654321".parse().unwrap()];
        assert_eq!(ids(&named, &here), [format!("item:{item}")]);
        assert_eq!(
            owned_resources(&named, &here),
            [OwnedResource::Item {
                sys_id: item.parse().unwrap(),
                instead_of: here.clone()
            }]
        );
        assert_eq!(
            ids(&plain, &here),
            std::slice::from_ref(&account),
            "nothing stands in where no item is named"
        );
        let elsewhere: Vec<AccountId> = vec!["320987654321".parse().unwrap()];
        assert_eq!(ids(&plain, &elsewhere), std::slice::from_ref(&account));
        assert_eq!(
            owned_resources(&named, &elsewhere),
            owned_resources(&named, &[]),
            "only accounts that are affected are stood in for"
        );
    }

    #[test]
    fn an_item_that_only_adds_is_written_as_before() {
        let item = OwnedResource::Item {
            sys_id: "cc".repeat(16).parse().unwrap(),
            instead_of: Vec::new(),
        };
        let written = serde_json::json!({"type": "item", "sys_id": "cc".repeat(16)});
        assert_eq!(serde_json::to_value(&item).unwrap(), written);
    }

    #[test]
    fn accounts_in_words() {
        let accounts: Vec<AccountId> = ["210987654321", "320987654321", "430987654321"]
            .map(|id| id.parse().unwrap())
            .to_vec();
        assert_eq!(
            in_words(&accounts).1,
            "210987654321, 320987654321 and 430987654321"
        );
        assert_eq!(
            in_words(&accounts[..1]),
            ("AWS account", "210987654321".to_owned())
        );
    }
}
