//! IAM in memory.

mod administrator;
mod change;
mod described;
mod enrolled;
mod users;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use ports::CallError;
use ports::directory::{Directory, DirectoryError, Member};
use snowgate_core::account::{GroupFacts, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts};
use snowgate_core::arn::{PolicyArn, RoleArn};
use snowgate_core::effect::EffectChange;
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalKey, PrincipalName, PrincipalType};
use snowgate_core::request::GroupName;

pub use change::take_back;
use change::{make, reported, suits};
use users::FakeUser;

/// What goes wrong with every call to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountFault {
    /// The role cannot be assumed.
    NotPrepared,
    /// Calls are throttled.
    Throttled,
    /// Calls are denied.
    Denied,
}

/// IAM of several accounts. An account that was never spoken of has no role for us.
#[derive(Debug, Clone, Default)]
pub struct FakeDirectory(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    accounts: BTreeMap<AccountId, Account>,
    faults: HashMap<AccountId, AccountFault>,
    refused: Vec<String>,
    kept: Vec<String>,
    out_of_reach: Vec<String>,
    /// Whether putting life policies is denied.
    life_is_kept: bool,
    /// Whether making access keys inactive is denied.
    keys_are_kept: bool,
    /// What creating a user is refused with, if it is.
    creation_fails: Option<&'static str>,
    changes: Vec<String>,
    /// The clock by which users are created, where a test sets one.
    now: Option<Timestamp>,
    /// The last of the numbers in ids.
    numbers: u32,
    /// What is still read of a principal instead of what is there.
    stale: BTreeMap<(AccountId, PrincipalKey), PrincipalFacts>,
    /// How many looks still do not find a principal that is there.
    unseen: BTreeMap<(AccountId, PrincipalKey), u32>,
    before_next_change: Interruption,
}

/// Something that happens in an account.
type Happening = Box<dyn FnOnce(&FakeDirectory) + Send>;

/// What happens between two calls of ours.
#[derive(Default)]
struct Interruption(Option<Happening>);

impl std::fmt::Debug for Interruption {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let planned = self.0.is_some();
        formatter
            .debug_tuple("Interruption")
            .field(&planned)
            .finish()
    }
}

#[derive(Debug, Default)]
struct Account {
    principals: BTreeMap<PrincipalKey, PrincipalFacts>,
    policies: BTreeMap<PolicyArn, PolicyFacts>,
    groups: BTreeMap<String, GroupFacts>,
    roles: BTreeMap<RoleArn, RoleFacts>,
    /// What users have besides, by their unique ids.
    users: BTreeMap<String, FakeUser>,
    /// Where they are not AWS's defaults.
    user_quotas: Option<PrincipalQuotas>,
}

impl Account {
    fn quotas(&self, kind: PrincipalType) -> PrincipalQuotas {
        match kind {
            PrincipalType::User => self.user_quotas,
            PrincipalType::Role => None,
        }
        .unwrap_or(PrincipalQuotas::default_of(kind))
    }

    /// How many users there are.
    fn users_there(&self) -> usize {
        let arns = self.principals.values().map(|facts| &facts.arn);
        arns.filter(|arn| arn.contains(":user/")).count()
    }
}

impl FakeDirectory {
    fn with_account<T>(&self, account: &AccountId, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut world = self.0.lock().unwrap();
        act(world.accounts.entry(account.clone()).or_default())
    }

    /// Sets how much a user of an account may hold.
    pub fn set_user_quotas(&self, account: &AccountId, quotas: PrincipalQuotas) {
        self.with_account(account, |account| account.user_quotas = Some(quotas));
    }

    /// Sets or ends the fault of an account.
    pub fn set_fault(&self, account: &AccountId, fault: Option<AccountFault>) {
        let mut world = self.0.lock().unwrap();
        match fault {
            Some(fault) => world.faults.insert(account.clone(), fault),
            None => world.faults.remove(account),
        };
    }

    /// Denies making this change, to whomever, from now on.
    pub fn refuse(&self, change: &EffectChange) {
        self.0.lock().unwrap().refused.push(change.key());
    }

    /// Denies making this change no longer.
    pub fn allow_again(&self, change: &EffectChange) {
        let key = change.key();
        self.0.lock().unwrap().refused.retain(|one| *one != key);
    }

    /// Denies taking this change back, from whomever, from now on.
    pub fn keep(&self, change: &EffectChange) {
        self.0.lock().unwrap().kept.push(change.key());
    }

    /// Answers this of a principal, whatever there is, as IAM may for a while; or what there is.
    pub fn read_as(&self, principal: &Principal, stale: Option<PrincipalFacts>) {
        let mut world = self.0.lock().unwrap();
        let place = (principal.account_id.clone(), principal.key_by_name());
        match stale {
            Some(facts) => world.stale.insert(place, facts),
            None => world.stale.remove(&place),
        };
    }

    /// Lets so many looks not find a principal that is there, as IAM may for a while.
    pub fn hide_for(&self, principal: &Principal, looks: u32) {
        let place = (principal.account_id.clone(), principal.key_by_name());
        self.0.lock().unwrap().unseen.insert(place, looks);
    }

    /// Lets something happen between our last look and our next change.
    pub fn before_next_change(&self, act: impl FnOnce(&Self) + Send + 'static) {
        self.0.lock().unwrap().before_next_change = Interruption(Some(Box::new(act)));
    }

    /// Lets happen what was to happen before this change.
    fn interrupted(&self) {
        let interruption = self.0.lock().unwrap().before_next_change.0.take();
        if let Some(interrupt) = interruption {
            interrupt(self);
        }
    }

    /// The policies attached to a principal; none if it does not exist.
    #[must_use]
    pub fn attached(&self, principal: &Principal) -> Vec<String> {
        let facts = self.facts(principal);
        facts.map(|facts| facts.attached).unwrap_or_default()
    }

    /// A principal as it is now, whatever fault is set; none if it does not exist.
    #[must_use]
    pub fn facts(&self, principal: &Principal) -> Option<PrincipalFacts> {
        let mut world = self.0.lock().unwrap();
        world.facts(principal).cloned()
    }

    /// Every change that was made, in order: `attach <principal key> <policy>`, `put … <name>`,
    /// `join … <group>`, and `detach`, `delete`, `leave` for what was removed; `create`, `put-life`,
    /// `deactivate-keys`, `remove <kind>` and `delete-user` with the key of a user. Calls that changed
    /// nothing are not among them.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        self.0.lock().unwrap().changes.clone()
    }
}

impl World {
    fn account(
        &mut self,
        operation: &'static str,
        account: &AccountId,
    ) -> Result<&mut Account, DirectoryError> {
        match self.faults.get(account) {
            Some(AccountFault::Throttled) => {
                return Err(CallError::transient(operation, "Throttling").into());
            }
            Some(AccountFault::Denied) => {
                return Err(CallError::permanent(operation, "AccessDenied").into());
            }
            Some(AccountFault::NotPrepared) => {
                return Err(DirectoryError::NotPrepared(account.clone()));
            }
            None => {}
        }
        self.accounts
            .get_mut(account)
            .ok_or_else(|| DirectoryError::NotPrepared(account.clone()))
    }

    fn facts(&mut self, principal: &Principal) -> Option<&mut PrincipalFacts> {
        self.accounts
            .get_mut(&principal.account_id)?
            .principals
            .get_mut(&principal.key_by_name())
    }
}

impl Account {
    /// Whether IAM has what a change needs beside the principal.
    fn knows(&self, change: &EffectChange) -> bool {
        match change {
            EffectChange::PolicyAttached { policy_arn } => self.policies.contains_key(policy_arn),
            EffectChange::InlinePolicyPut { .. } | EffectChange::UserCreated { .. } => true,
            EffectChange::GroupJoined { group, .. } => self.groups.contains_key(group.as_str()),
        }
    }
}

fn is_user(facts: &PrincipalFacts) -> bool {
    facts.arn.contains(":user/")
}

impl Directory for FakeDirectory {
    async fn principal(
        &self,
        principal: &Principal,
    ) -> Result<Option<PrincipalFacts>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let place = (principal.account_id.clone(), principal.key_by_name());
        if let Some(looks) = world.unseen.get_mut(&place).filter(|looks| **looks > 0) {
            *looks -= 1;
            return Ok(None);
        }
        let stale = world.stale.get(&place).cloned();
        let account = world.account("fake:GetPrincipal", &principal.account_id)?;
        Ok(stale.or_else(|| account.principals.get(&place.1).cloned()))
    }

    async fn quotas(
        &self,
        account: &AccountId,
        kind: PrincipalType,
    ) -> Result<PrincipalQuotas, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let account = world.account("fake:GetQuotas", account)?;
        Ok(PrincipalQuotas {
            users_there: account.users_there(),
            ..account.quotas(kind)
        })
    }

    async fn policy(
        &self,
        account: &AccountId,
        policy: &PolicyArn,
    ) -> Result<Option<PolicyFacts>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let account = world.account("fake:GetPolicy", account)?;
        Ok(account.policies.get(policy).cloned())
    }

    async fn group(
        &self,
        account: &AccountId,
        group: &GroupName,
    ) -> Result<Option<GroupFacts>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let account = world.account("fake:GetGroup", account)?;
        Ok(account.groups.get(group.as_str()).cloned())
    }

    async fn role(&self, role: &RoleArn) -> Result<Option<RoleFacts>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let account = world.account("fake:GetRole", role.account())?;
        Ok(account.roles.get(role).cloned())
    }
}

impl Member for FakeDirectory {
    async fn user_name(
        &self,
        account: &AccountId,
        unique_id: &str,
    ) -> Result<Option<PrincipalName>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let is_hidden = world.unseen.values().any(|looks| *looks > 0);
        if is_hidden {
            return Ok(None);
        }
        let account = world.account("fake:UserName", account)?;
        let mut principals = account.principals.values();
        let is_it = |facts: &&PrincipalFacts| facts.unique_id == unique_id && is_user(facts);
        let found = principals.find(is_it);
        Ok(found.map(|facts| facts.arn.rsplit('/').next().unwrap().parse().unwrap()))
    }

    async fn make(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> Result<(), DirectoryError> {
        const MAKE: &str = "fake:Make";
        self.interrupted();
        let mut world = self.0.lock().unwrap();
        suits(MAKE, principal, change)?;
        if world.refused.contains(&change.key()) {
            return Err(CallError::permanent(MAKE, "AccessDenied").into());
        }
        let out_of_reach = world.out_of_reach.clone();
        let account = world.account(MAKE, &principal.account_id)?;
        let missing = || CallError::permanent(MAKE, "NoSuchEntity");
        if !account.knows(change) {
            return Err(missing().into());
        }
        let quotas = account.quotas(principal.kind);
        let Account {
            principals, groups, ..
        } = account;
        let facts = principals.get_mut(&principal.key_by_name());
        let facts = facts.ok_or_else(missing)?;
        if out_of_reach.contains(&facts.unique_id) {
            return Err(CallError::permanent(MAKE, "AccessDenied").into());
        }
        if facts.shows(change) {
            return Ok(());
        }
        let before = facts.clone();
        if !make(quotas, facts, groups, change) {
            *facts = before;
            return Err(CallError::permanent(MAKE, "LimitExceeded").into());
        }
        let (word, _, what) = reported(change);
        let line = format!("{word} {} {what}", principal.key_by_name());
        world.changes.push(line);
        Ok(())
    }

    async fn take_back(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> Result<(), DirectoryError> {
        const TAKE_BACK: &str = "fake:TakeBack";
        self.interrupted();
        let mut world = self.0.lock().unwrap();
        suits(TAKE_BACK, principal, change)?;
        world.account(TAKE_BACK, &principal.account_id)?;
        let denied = world.kept.contains(&change.key());
        let out_of_reach = world.out_of_reach.clone();
        let Some(facts) = world.facts(principal) else {
            return Ok(());
        };
        if denied || out_of_reach.contains(&facts.unique_id) {
            return Err(CallError::permanent(TAKE_BACK, "AccessDenied").into());
        }
        let before = facts.clone();
        take_back(facts, change);
        if *facts == before {
            return Ok(());
        }
        let (_, word, what) = reported(change);
        let line = format!("{word} {} {what}", principal.key_by_name());
        world.changes.push(line);
        Ok(())
    }
}
