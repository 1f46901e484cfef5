//! Where a principal is now. It is held by its unique id; its name only says where to look first.

use ports::directory::{Directory as _, DirectoryError, Member as _};
use snowgate_core::account::PrincipalFacts;
use snowgate_core::principal::{Principal, PrincipalType};
use snowgate_core::record::RequestRecord;

use crate::{ProvisionError, Provisioner, ProvisionerPorts};

/// How often a principal is looked for before it counts as gone: IAM is eventually consistent.
const GONE_LOOKS: u32 = 3;

/// A principal by the name that it has now.
#[derive(Debug)]
pub(crate) struct Located {
    /// Its name now.
    pub(crate) principal: Principal,
    /// What IAM has of it.
    pub(crate) facts: PrincipalFacts,
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// The principal that was bound when the approvers were asked; none where it does not exist any
    /// more. Another one of its name is not it.
    pub(crate) async fn locate(
        &self,
        record: &RequestRecord,
    ) -> Result<Option<Located>, ProvisionError> {
        match bound(record) {
            Some((target, unique_id)) => self.locate_by_id(target, unique_id).await,
            None => Ok(None),
        }
    }

    /// The same with one look, for whom it is known not to be there.
    pub(crate) async fn locate_at_once(
        &self,
        record: &RequestRecord,
    ) -> Result<Option<Located>, ProvisionError> {
        match bound(record) {
            Some((target, unique_id)) => self.look(target, unique_id).await,
            None => Ok(None),
        }
    }

    /// The principal of this unique id, whose name was this; none where it does not exist any more.
    pub(crate) async fn locate_by_id(
        &self,
        target: &Principal,
        unique_id: &str,
    ) -> Result<Option<Located>, ProvisionError> {
        for look in 0..GONE_LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            if let Some(located) = self.look(target, unique_id).await? {
                return Ok(Some(located));
            }
        }
        Ok(None)
    }

    async fn look(
        &self,
        target: &Principal,
        unique_id: &str,
    ) -> Result<Option<Located>, ProvisionError> {
        if let Some(located) = self.named(target.clone(), unique_id).await? {
            return Ok(Some(located));
        }
        // Roles cannot be renamed.
        if target.kind == PrincipalType::Role {
            return Ok(None);
        }
        let account = &target.account_id;
        let Some(name) = self.member.user_name(account, unique_id).await? else {
            return Ok(None);
        };
        let renamed = Principal {
            name,
            ..target.clone()
        };
        let located = self.named(renamed, unique_id).await?;
        located.map(Some).ok_or(ProvisionError::NotSeen)
    }

    /// The principal of this name, if it has this unique id.
    async fn named(
        &self,
        principal: Principal,
        unique_id: &str,
    ) -> Result<Option<Located>, DirectoryError> {
        let facts = self.member.principal(&principal).await?;
        let facts = facts.filter(|facts| facts.unique_id == unique_id);
        Ok(facts.map(|facts| Located { principal, facts }))
    }
}

/// The principal of a request by its name then, and its unique id; none where nobody was asked.
fn bound(record: &RequestRecord) -> Option<(&Principal, &str)> {
    Some((&record.request().target, record.unique_id()?))
}
