//! What the guardrails say about target accounts: the parameters of the member role's template.

use std::collections::BTreeSet;

use super::permit::Permit;
use super::{AllowedGrant, Guardrails};
use crate::arn::{GroupArn, PolicyArn, RoleArn};
use crate::id::AccountId;
use crate::kind::GrantKind;
use crate::request::TableName;

impl Guardrails {
    /// The ServiceNow tables whose records may ask for access.
    #[must_use]
    pub fn tables(&self) -> &[TableName] {
        &self.tables
    }

    /// The name of the permissions boundary, the same in every account.
    #[must_use]
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    /// Every account that something may be granted in, or that has a role which may be assumed:
    /// all that need the two roles of Snowgate.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<&AccountId> {
        let targets = self.grants.iter().flat_map(|grant| &grant.accounts);
        let roles = self.grants.iter().flat_map(AllowedGrant::roles);
        targets.chain(roles.map(RoleArn::account)).collect()
    }

    /// The paths of those that may receive access.
    #[must_use]
    pub fn principal_paths(&self) -> &[String] {
        &self.principal_paths
    }

    /// ARN patterns of the users and roles that may be changed in an account.
    #[must_use]
    pub fn enrolled_in(&self, account: &AccountId) -> Vec<String> {
        let pattern = |kind: &str, path: &String| {
            format!("arn:{}:iam::{account}:{kind}{path}*", self.partition)
        };
        self.principal_paths
            .iter()
            .flat_map(|path| [pattern("user", path), pattern("role", path)])
            .collect()
    }

    /// Every policy that may be granted in an account, for the member role's own list.
    #[must_use]
    pub fn policies_in(&self, account: &AccountId) -> Vec<&PolicyArn> {
        self.in_account(account)
            .flat_map(|grant| &grant.permits)
            .filter_map(Permit::policy)
            .collect()
    }

    /// Every group that may be joined in an account, for the member role's own list.
    #[must_use]
    pub fn groups_in(&self, account: &AccountId) -> Vec<&GroupArn> {
        self.in_account(account)
            .flat_map(|grant| &grant.permits)
            .filter_map(Permit::group)
            .filter(|group| group.account() == account)
            .collect()
    }

    /// Every role, of whatever account, that principals of an account may be let assume, for
    /// their permissions boundary.
    #[must_use]
    pub fn assumable_from(&self, account: &AccountId) -> Vec<&RoleArn> {
        self.in_account(account)
            .flat_map(AllowedGrant::roles)
            .collect()
    }

    /// Whether principals of an account may be given inline policies: one that a request carries,
    /// or the one that lets them assume a role.
    #[must_use]
    pub fn inline_policies_in(&self, account: &AccountId) -> bool {
        let inline = Permit::Every(GrantKind::InlinePolicy);
        let mut permits = self.in_account(account).flat_map(|grant| &grant.permits);
        permits.any(|permit| *permit == inline || permit.role().is_some())
    }

    pub(super) fn in_account(&self, account: &AccountId) -> impl Iterator<Item = &AllowedGrant> {
        self.grants
            .iter()
            .filter(move |grant| grant.accounts.contains(account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guardrails::tests::TEXT;

    /// The guardrails of the tests with a second enrolled path.
    fn guardrails() -> Guardrails {
        let paths = "[\"/enrolled/\", \"/partners/\"]";
        Guardrails::parse(&TEXT.replace("[\"/enrolled/\"]", paths)).unwrap()
    }

    fn account(id: &str) -> AccountId {
        id.parse().unwrap()
    }

    #[test]
    fn an_account_has_its_own_policies_and_groups() {
        let guardrails = guardrails();
        let policies = |id| {
            let listed = guardrails.policies_in(&account(id)).into_iter();
            listed.map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            policies("210987654321"),
            [
                "arn:aws:iam::210987654321:policy/reports-read",
                "arn:aws:iam::aws:policy/PowerUserAccess",
            ]
        );
        assert_eq!(
            policies("320987654321"),
            ["arn:aws:iam::aws:policy/PowerUserAccess"]
        );
        assert!(policies("430987654321").is_empty());
        let groups = guardrails.groups_in(&account("210987654321")).into_iter();
        assert_eq!(
            groups.map(ToString::to_string).collect::<Vec<_>>(),
            ["arn:aws:iam::210987654321:group/granted/analysts"]
        );
        assert!(guardrails.groups_in(&account("320987654321")).is_empty());
    }

    #[test]
    fn roles_are_read_in_their_account_and_assumed_from_the_target() {
        let text = TEXT.replace("\"210987654321\", \"320987654321\"]", "\"210987654321\"]");
        let guardrails = Guardrails::parse(&text).unwrap();
        let accounts: Vec<_> = guardrails.accounts().into_iter().collect();
        assert_eq!(
            accounts,
            [&account("210987654321"), &account("320987654321")],
            "the second is named by a role alone"
        );
        assert!(guardrails.inline_policies_in(&account("210987654321")));
        assert!(!guardrails.inline_policies_in(&account("320987654321")));
        let none = text.replace("inline_policies = true", "");
        let guardrails = Guardrails::parse(&none).unwrap();
        assert!(
            guardrails.inline_policies_in(&account("210987654321")),
            "a role is assumed by an inline policy"
        );
    }

    #[test]
    fn every_path_is_enrolled_for_users_and_roles() {
        assert_eq!(
            guardrails().enrolled_in(&account("210987654321")),
            [
                "arn:aws:iam::210987654321:user/enrolled/*",
                "arn:aws:iam::210987654321:role/enrolled/*",
                "arn:aws:iam::210987654321:user/partners/*",
                "arn:aws:iam::210987654321:role/partners/*",
            ]
        );
    }
}
