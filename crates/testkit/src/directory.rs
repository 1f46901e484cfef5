//! IAM in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use ports::CallError;
use ports::directory::{Directory, DirectoryError, Member};
use snowgate_core::account::{ATTACHED_QUOTA, PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::id::AccountId;
use snowgate_core::principal::Principal;

/// What goes wrong with every call to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
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
    trouble: HashMap<AccountId, Trouble>,
    refused: Vec<PolicyArn>,
    changes: Vec<String>,
}

#[derive(Debug, Default)]
struct Account {
    principals: BTreeMap<String, PrincipalFacts>,
    policies: BTreeMap<PolicyArn, PolicyFacts>,
}

impl FakeDirectory {
    /// Puts a user or role in its account, in place of one of the same name.
    pub fn put_principal(&self, principal: &Principal, facts: PrincipalFacts) {
        let mut world = self.0.lock().unwrap();
        let account = world
            .accounts
            .entry(principal.account_id.clone())
            .or_default();
        account.principals.insert(principal.key(), facts);
    }

    /// Removes a user or role.
    pub fn remove_principal(&self, principal: &Principal) {
        let mut world = self.0.lock().unwrap();
        if let Some(account) = world.accounts.get_mut(&principal.account_id) {
            account.principals.remove(&principal.key());
        }
    }

    /// Makes a policy known in an account, in place of its earlier version. Policies that AWS
    /// keeps are put in each account that is to see them.
    pub fn put_policy(&self, account: &AccountId, policy: PolicyFacts) {
        let mut world = self.0.lock().unwrap();
        let account = world.accounts.entry(account.clone()).or_default();
        account.policies.insert(policy.arn.clone(), policy);
    }

    /// Removes a policy.
    pub fn remove_policy(&self, account: &AccountId, policy: &PolicyArn) {
        let mut world = self.0.lock().unwrap();
        if let Some(account) = world.accounts.get_mut(account) {
            account.policies.remove(policy);
        }
    }

    /// Sets or ends the trouble with an account.
    pub fn set_trouble(&self, account: &AccountId, trouble: Option<Trouble>) {
        let mut world = self.0.lock().unwrap();
        match trouble {
            Some(trouble) => world.trouble.insert(account.clone(), trouble),
            None => world.trouble.remove(account),
        };
    }

    /// Denies attaching this policy from now on.
    pub fn refuse(&self, policy: &PolicyArn) {
        self.0.lock().unwrap().refused.push(policy.clone());
    }

    /// The policies attached to a principal; none if it does not exist.
    #[must_use]
    pub fn attached(&self, principal: &Principal) -> Vec<String> {
        let mut world = self.0.lock().unwrap();
        world
            .facts(principal)
            .map(|facts| facts.attached.clone())
            .unwrap_or_default()
    }

    /// Every change that was made, as `attach <principal key> <policy>` or `detach …`, in order.
    /// Calls that changed nothing are not among them.
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
        match self.trouble.get(account) {
            Some(Trouble::Throttled) => {
                return Err(CallError::retry(operation, "Throttling").into());
            }
            Some(Trouble::Denied) => {
                return Err(CallError::last(operation, "AccessDenied").into());
            }
            Some(Trouble::NotPrepared) => {
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
            .get_mut(&principal.key())
    }
}

impl Directory for FakeDirectory {
    async fn principal(
        &self,
        principal: &Principal,
    ) -> Result<Option<PrincipalFacts>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let account = world.account("fake:GetPrincipal", &principal.account_id)?;
        Ok(account.principals.get(&principal.key()).cloned())
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
}

impl Member for FakeDirectory {
    async fn attach(
        &self,
        principal: &Principal,
        policy: &PolicyArn,
    ) -> Result<(), DirectoryError> {
        const ATTACH: &str = "fake:Attach";
        let mut world = self.0.lock().unwrap();
        if world.refused.contains(policy) {
            return Err(CallError::last(ATTACH, "AccessDenied").into());
        }
        let account = world.account(ATTACH, &principal.account_id)?;
        let missing = || CallError::last(ATTACH, "NoSuchEntity");
        if !account.policies.contains_key(policy) {
            return Err(missing().into());
        }
        let facts = account.principals.get_mut(&principal.key());
        let facts = facts.ok_or_else(missing)?;
        if facts.has(policy) {
            return Ok(());
        }
        if facts.attached.len() >= ATTACHED_QUOTA {
            return Err(CallError::last(ATTACH, "LimitExceeded").into());
        }
        facts.attached.push(policy.as_str().to_owned());
        world
            .changes
            .push(format!("attach {} {policy}", principal.key()));
        Ok(())
    }

    async fn detach(
        &self,
        principal: &Principal,
        policy: &PolicyArn,
    ) -> Result<(), DirectoryError> {
        let mut world = self.0.lock().unwrap();
        world.account("fake:Detach", &principal.account_id)?;
        let Some(facts) = world.facts(principal).filter(|facts| facts.has(policy)) else {
            return Ok(());
        };
        facts.attached.retain(|arn| arn != policy.as_str());
        world
            .changes
            .push(format!("detach {} {policy}", principal.key()));
        Ok(())
    }
}
