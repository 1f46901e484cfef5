//! ServiceNow in memory, for reading.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use ports::servicenow::ServiceNow;
use ports::{CallError, Failure};
use snowgate_core::account::AccountItem;
use snowgate_core::id::{AccountId, SysId};
use snowgate_core::request::{Source, TableName};
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::{Person, Ticket};

/// A group of people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Whether it is active.
    pub active: bool,
    /// Its manager.
    pub manager: Option<SysId>,
    /// Its members.
    pub members: Vec<SysId>,
}

/// Records of ServiceNow.
#[derive(Debug, Clone, Default)]
pub struct FakeServiceNow(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
struct Records {
    tickets: HashMap<(TableName, SysId), Ticket>,
    people: HashMap<SysId, Person>,
    managers: HashMap<SysId, SysId>,
    accounts: HashMap<AccountId, Vec<AccountItem>>,
    items: HashMap<SysId, AccountItem>,
    delegations: Vec<Delegation>,
    groups: HashMap<SysId, Group>,
    failure: Option<Failure>,
}

impl FakeServiceNow {
    /// Puts a ticket into a table.
    pub fn put_ticket(&self, table: &TableName, ticket: Ticket) {
        let key = (table.clone(), ticket.sys_id.clone());
        self.0.lock().unwrap().tickets.insert(key, ticket);
    }

    /// Puts a person, in place of the one with the same `sys_id`.
    pub fn put_person(&self, person: Person) {
        let mut records = self.0.lock().unwrap();
        records.people.insert(person.sys_id.clone(), person);
    }

    /// Makes somebody the manager of a person, or nobody.
    pub fn set_manager(&self, person: &SysId, manager: Option<SysId>) {
        let managers = &mut self.0.lock().unwrap().managers;
        match manager {
            Some(manager) => managers.insert(person.clone(), manager),
            None => managers.remove(person),
        };
    }

    /// Takes a person out.
    pub fn remove_person(&self, sys_id: &SysId) {
        self.0.lock().unwrap().people.remove(sys_id);
    }

    /// Adds a configuration item for an account. With two of them the account has none.
    pub fn add_account(&self, account: &AccountId, item: AccountItem) {
        let mut records = self.0.lock().unwrap();
        records
            .accounts
            .entry(account.clone())
            .or_default()
            .push(item);
    }

    /// Puts the one configuration item of an account, in place of all others.
    pub fn put_account(&self, account: &AccountId, item: AccountItem) {
        let mut records = self.0.lock().unwrap();
        records.accounts.insert(account.clone(), vec![item]);
    }

    /// Removes every configuration item of an account.
    pub fn remove_account(&self, account: &AccountId) {
        self.0.lock().unwrap().accounts.remove(account);
    }

    /// Puts a configuration item that is no account.
    pub fn put_item(&self, item: AccountItem) {
        let mut records = self.0.lock().unwrap();
        records.items.insert(item.sys_id.clone(), item);
    }

    /// Takes a configuration item out.
    pub fn remove_item(&self, sys_id: &SysId) {
        self.0.lock().unwrap().items.remove(sys_id);
    }

    /// Adds a delegation of approvals.
    pub fn add_delegation(&self, delegation: Delegation) {
        self.0.lock().unwrap().delegations.push(delegation);
    }

    /// Forgets all delegations.
    pub fn clear_delegations(&self) {
        self.0.lock().unwrap().delegations.clear();
    }

    /// Puts a group.
    pub fn put_group(&self, sys_id: &SysId, group: Group) {
        self.0.lock().unwrap().groups.insert(sys_id.clone(), group);
    }

    /// Makes every call fail so, or work again; how it was before.
    pub fn set_failure(&self, failure: Option<Failure>) -> Option<Failure> {
        std::mem::replace(&mut self.0.lock().unwrap().failure, failure)
    }

    /// Does something as if every call worked.
    pub fn unfailing<T>(&self, what: impl FnOnce(&Self) -> T) -> T {
        let failure = self.0.lock().unwrap().failure.take();
        let done = what(self);
        self.set_failure(failure);
        done
    }

    fn records(&self) -> Result<MutexGuard<'_, Records>, CallError> {
        const READ: &str = "fake:Read";
        let records = self.0.lock().unwrap();
        match records.failure {
            None => Ok(records),
            Some(Failure::Transient) => Err(CallError::transient(READ, "Unreachable")),
            Some(Failure::Permanent) => Err(CallError::permanent(READ, "Forbidden")),
        }
    }
}

impl ServiceNow for FakeServiceNow {
    async fn ticket(&self, source: &Source) -> Result<Option<Ticket>, CallError> {
        let key = (source.table.clone(), source.sys_id.clone());
        Ok(self.records()?.tickets.get(&key).cloned())
    }

    async fn people(&self, ids: &[SysId]) -> Result<Vec<Person>, CallError> {
        let records = self.records()?;
        if ids.len() > 50 {
            return Err(CallError::permanent("fake:Read", "TooMany"));
        }
        let mut ids = ids.to_vec();
        ids.sort();
        ids.dedup();
        Ok(ids
            .iter()
            .filter_map(|id| records.people.get(id).cloned())
            .collect())
    }

    async fn account(&self, account: &AccountId) -> Result<Option<AccountItem>, CallError> {
        let records = self.records()?;
        let items = records.accounts.get(account).map(Vec::as_slice);
        Ok(match items {
            Some([item]) => Some(item.clone()),
            _ => None,
        })
    }

    async fn item(&self, sys_id: &SysId) -> Result<Option<AccountItem>, CallError> {
        let records = self.records()?;
        let mut accounts = records.accounts.values().flatten();
        let account = accounts.find(|item| item.sys_id == *sys_id);
        Ok(records.items.get(sys_id).or(account).cloned())
    }

    async fn delegations(&self, of: &[SysId]) -> Result<Vec<Delegation>, CallError> {
        let records = self.records()?;
        if of.len() > 50 {
            return Err(CallError::permanent("fake:Read", "TooMany"));
        }
        let mut found = records.delegations.clone();
        found.retain(|delegation| of.contains(&delegation.from));
        found.sort_by_key(|delegation| std::cmp::Reverse(delegation.starts));
        found.truncate(200);
        Ok(found)
    }

    async fn manager(&self, person: &SysId) -> Result<Option<SysId>, CallError> {
        let records = self.records()?;
        let known = records.people.contains_key(person);
        Ok(records.managers.get(person).filter(|_| known).cloned())
    }

    async fn group_manager(&self, group: &SysId) -> Result<Option<SysId>, CallError> {
        let records = self.records()?;
        let group = records.groups.get(group).filter(|group| group.active);
        Ok(group.and_then(|group| group.manager.clone()))
    }

    async fn group_members(&self, group: &SysId) -> Result<Vec<SysId>, CallError> {
        let records = self.records()?;
        let group = records.groups.get(group).filter(|group| group.active);
        let mut members = group.map(|group| group.members.clone()).unwrap_or_default();
        members.sort();
        members.dedup();
        members.truncate(50);
        Ok(members)
    }
}
