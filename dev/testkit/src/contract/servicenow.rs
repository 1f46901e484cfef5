//! What reading ServiceNow must do.

use ports::servicenow::ServiceNow;
use snowgate_core::account::AccountItem;
use snowgate_core::id::{AccountId, SysId};
use snowgate_core::request::Source;
use snowgate_core::ticket::{Person, Ticket};

use crate::samples::sys_id;

/// What the instance under test holds.
#[derive(Debug, Clone)]
pub struct ServiceNowWorld {
    /// A record, and what is to be read of it.
    pub ticket: (Source, Ticket),
    /// People, at least two.
    pub people: Vec<Person>,
    /// A person, and who manages them.
    pub manager: (SysId, SysId),
    /// People who have no manager.
    pub unmanaged: Vec<SysId>,
    /// An account with one configuration item.
    pub account: (AccountId, AccountItem),
    /// Accounts that have none, or more than one.
    pub unowned: Vec<AccountId>,
    /// An active group, its manager, and its members ordered by `sys_id`.
    pub group: (SysId, Option<SysId>, Vec<SysId>),
    /// Groups that are not active, or have neither manager nor members.
    pub empty_groups: Vec<SysId>,
}

/// Everything reads as it is, and what is not there is none.
pub async fn servicenow(servicenow: &impl ServiceNow, world: &ServiceNowWorld) {
    let (source, ticket) = &world.ticket;
    let found = servicenow.ticket(source).await.unwrap();
    assert_eq!(found.as_ref(), Some(ticket));
    let nowhere = Source {
        sys_id: sys_id(),
        ..source.clone()
    };
    assert_eq!(servicenow.ticket(&nowhere).await.unwrap(), None);

    let mut ids: Vec<_> = world.people.iter().map(|p| p.sys_id.clone()).collect();
    ids.push(sys_id());
    let by_id = |people: &[Person]| {
        let mut people = people.to_vec();
        people.sort_by(|a, b| a.sys_id.cmp(&b.sys_id));
        people
    };
    let found = servicenow.people(&ids).await.unwrap();
    assert_eq!(by_id(&found), by_id(&world.people));
    assert_eq!(servicenow.people(&[]).await.unwrap(), []);

    let (person, manager) = &world.manager;
    let found = servicenow.manager(person).await.unwrap();
    assert_eq!(found.as_ref(), Some(manager));
    for unmanaged in world.unmanaged.iter().chain([&sys_id()]) {
        assert_eq!(servicenow.manager(unmanaged).await.unwrap(), None);
    }

    let (account, item) = &world.account;
    let found = servicenow.account(account).await.unwrap();
    assert_eq!(found.as_ref(), Some(item));
    for unowned in &world.unowned {
        assert_eq!(servicenow.account(unowned).await.unwrap(), None);
    }

    let (group, manager, members) = &world.group;
    assert_eq!(&servicenow.group_manager(group).await.unwrap(), manager);
    assert_eq!(&servicenow.group_members(group).await.unwrap(), members);
    for empty in world.empty_groups.iter().chain([&sys_id()]) {
        assert_eq!(servicenow.group_manager(empty).await.unwrap(), None);
        assert_eq!(servicenow.group_members(empty).await.unwrap(), []);
    }
}
