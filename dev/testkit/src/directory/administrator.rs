//! What an administrator of the account does: makes, changes, renames, moves and deletes.

use snowgate_core::account::{GroupFacts, PolicyFacts, PrincipalFacts, RoleFacts};
use snowgate_core::arn::{PolicyArn, RoleArn};
use snowgate_core::effect::EffectChange;
use snowgate_core::id::AccountId;
use snowgate_core::identity::LIFE_POLICY_NAME;
use snowgate_core::principal::Principal;
use snowgate_core::request::GroupName;

use super::FakeDirectory;
use super::change::make;

impl FakeDirectory {
    /// Puts a user or role in its account, in place of one of the same name.
    pub fn put_principal(&self, principal: &Principal, facts: PrincipalFacts) {
        self.with_account(&principal.account_id, |account| {
            account.principals.insert(principal.key_by_name(), facts);
        });
    }

    /// Removes a user or role.
    pub fn remove_principal(&self, principal: &Principal) {
        self.with_account(&principal.account_id, |account| {
            account.principals.remove(&principal.key_by_name());
        });
    }

    /// Makes a change to a principal, whatever there is.
    pub fn give(&self, principal: &Principal, change: &EffectChange) {
        self.with_account(&principal.account_id, |account| {
            let quotas = account.quotas(principal.kind);
            let groups = account.groups.clone();
            let facts = account.principals.get_mut(&principal.key_by_name());
            facts.into_iter().for_each(|facts| {
                make(quotas, facts, &groups, change);
            });
        });
    }

    /// Removes the life policy of a user.
    pub fn remove_life(&self, user: &Principal) {
        self.with_account(&user.account_id, |account| {
            let facts = account.principals.get_mut(&user.key_by_name());
            let inline = facts.map(|facts| &mut facts.inline);
            inline.into_iter().for_each(|inline| {
                inline.retain(|one| one.name != LIFE_POLICY_NAME);
            });
        });
    }

    /// Renames a user, as `UpdateUser` does.
    ///
    /// # Panics
    /// Where there is no such user.
    pub fn rename(&self, principal: &Principal, name: &str) -> Principal {
        let renamed = Principal {
            name: name.parse().unwrap(),
            ..principal.clone()
        };
        self.with_account(&principal.account_id, |account| {
            let facts = account.principals.remove(&principal.key_by_name());
            let mut facts = facts.unwrap();
            let (path, _) = facts.arn.rsplit_once('/').unwrap();
            facts.arn = format!("{path}/{name}");
            account.principals.insert(renamed.key_by_name(), facts);
        });
        renamed
    }

    /// Moves a user to another path, where the role may change nothing, or back.
    ///
    /// # Panics
    /// Where there is no such user.
    pub fn move_to(&self, principal: &Principal, path: &str, in_reach: bool) {
        let mut world = self.0.lock().unwrap();
        let facts = world.facts(principal).unwrap();
        path.clone_into(&mut facts.path);
        let (account, name) = (&principal.account_id, &principal.name);
        facts.arn = format!("arn:aws:iam::{account}:user{path}{name}");
        let unique_id = facts.unique_id.clone();
        world.out_of_reach.retain(|one| *one != unique_id);
        if !in_reach {
            world.out_of_reach.push(unique_id);
        }
    }

    /// Renames a group, as `UpdateGroup` does; its members stay.
    ///
    /// # Panics
    /// Where there is no such group.
    pub fn rename_group(&self, account: &AccountId, group: &GroupName, name: &str) {
        self.with_account(account, |account| {
            let mut facts = account.groups.remove(group.as_str()).unwrap();
            let (path, _) = facts.arn.as_str().rsplit_once('/').unwrap();
            facts.arn = format!("{path}/{name}").parse().unwrap();
            let principals = account.principals.values_mut();
            let memberships = principals.flat_map(|principal| &mut principal.groups);
            for membership in memberships.filter(|one| one.unique_id == facts.unique_id) {
                name.clone_into(&mut membership.name);
            }
            account.groups.insert(name.to_owned(), facts);
        });
    }

    /// Makes a policy known in an account, in place of its earlier version. Policies that AWS
    /// keeps are put in each account that is to see them.
    pub fn put_policy(&self, account: &AccountId, policy: PolicyFacts) {
        self.with_account(account, |account| {
            account.policies.insert(policy.arn.clone(), policy);
        });
    }

    /// Removes a policy.
    pub fn remove_policy(&self, account: &AccountId, policy: &PolicyArn) {
        self.with_account(account, |account| {
            account.policies.remove(policy);
        });
    }

    /// Puts a group in its account, in place of one of the same name.
    pub fn put_group(&self, group: GroupFacts) {
        let account = group.arn.account().clone();
        self.with_account(&account, |account| {
            account.groups.insert(group.arn.name().to_owned(), group);
        });
    }

    /// Removes a group; its members leave it.
    pub fn remove_group(&self, account: &AccountId, group: &GroupName) {
        self.with_account(account, |account| {
            account.groups.remove(group.as_str());
            for principal in account.principals.values_mut() {
                principal.groups.retain(|one| one.name != group.as_str());
            }
        });
    }

    /// Puts a role that may be assumed in its account, in place of the one of the same ARN.
    pub fn put_role(&self, role: RoleFacts) {
        let account = role.arn.account().clone();
        self.with_account(&account, |account| {
            account.roles.insert(role.arn.clone(), role);
        });
    }

    /// Removes a role that may be assumed.
    pub fn remove_role(&self, role: &RoleArn) {
        self.with_account(role.account(), |account| {
            account.roles.remove(role);
        });
    }
}
