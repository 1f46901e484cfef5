//! Reading tickets, people and owners.

use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::account::AccountItem;
use snowgate_core::id::{AccountId, SysId};
use snowgate_core::request::Source;
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::{Person, Ticket};

use crate::query::UserName;
use crate::session::Session;
use crate::{delegates, owners, people, tickets};

/// Reads ServiceNow. Holds nothing between calls but the session: what it says of an owner was
/// read just now.
#[derive(Debug, Clone)]
pub struct Reader {
    session: Session,
}

impl Reader {
    /// A reader over this session.
    #[must_use]
    pub const fn new(session: Session) -> Self {
        Self { session }
    }

    /// The person with this `user_name`; none if there is no such person.
    ///
    /// # Errors
    /// As for the methods of the port; more than one such person is an error too.
    pub async fn person_by_user_name(&self, name: &UserName) -> Result<Option<Person>, CallError> {
        people::person_by_user_name(&self.session, name).await
    }
}

impl ServiceNow for Reader {
    async fn ticket(&self, source: &Source) -> Result<Option<Ticket>, CallError> {
        tickets::ticket(&self.session, source).await
    }

    async fn people(&self, ids: &[SysId]) -> Result<Vec<Person>, CallError> {
        people::people(&self.session, ids).await
    }

    async fn account(&self, account: &AccountId) -> Result<Option<AccountItem>, CallError> {
        owners::account(&self.session, account).await
    }

    async fn item(&self, sys_id: &SysId) -> Result<Option<AccountItem>, CallError> {
        owners::item(&self.session, sys_id).await
    }

    async fn delegations(&self, of: &[SysId]) -> Result<Vec<Delegation>, CallError> {
        delegates::delegations(&self.session, of).await
    }

    async fn manager(&self, person: &SysId) -> Result<Option<SysId>, CallError> {
        people::manager(&self.session, person).await
    }

    async fn group_manager(&self, group: &SysId) -> Result<Option<SysId>, CallError> {
        owners::group_manager(&self.session, group).await
    }

    async fn group_members(&self, group: &SysId) -> Result<Vec<SysId>, CallError> {
        owners::group_members(&self.session, group).await
    }
}
