//! Deletes a user with everything that IAM wants gone before it.
//!
//! No step is written down: each is found again by looking, so a run that breaks off anywhere is taken up by
//! the next one.

use ports::directory::DirectoryError;
use ports::users::{Deletion, Users as _};
use snowgate_core::identity::{LIFE_POLICY_NAME, LifePolicy, UserPart, parts_in_order};
use snowgate_core::principal::Principal;
use tracing::{error, info};

use crate::locate::Located;
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts};

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Deletes the user of this unique id, whatever it is called now, and looks until it is gone. First it
    /// is denied everything. Whether it may be deleted is for the caller to know: all that it has goes with
    /// it, whoever gave it.
    ///
    /// # Errors
    /// Where a call fails, or [`ProvisionError::NotSeen`] where it is there however often that is done.
    /// The next run goes on.
    pub async fn delete_user(
        &self,
        user: &Principal,
        unique_id: &str,
    ) -> Result<(), ProvisionError> {
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let Some(located) = self.locate_by_id(user, unique_id).await? else {
                return Ok(());
            };
            match self.delete_located(&located).await? {
                Deletion::Done => info!("a user was deleted"),
                Deletion::InTheWay => info!("a user has something left"),
            }
        }
        Err(ProvisionError::NotSeen)
    }

    /// Removes all that a user has, and then the user, unless somebody gave it something meanwhile.
    async fn delete_located(&self, located: &Located) -> Result<Deletion, ProvisionError> {
        let Located { principal, facts } = located;
        self.deny_everything(located).await?;
        let Some(credentials) = self.member.credentials(principal).await? else {
            return Ok(Deletion::Done);
        };
        let mut parts = parts_in_order(facts, &credentials);
        if !parts.last().is_some_and(UserPart::is_life_policy) {
            parts.push(UserPart::InlinePolicy(LIFE_POLICY_NAME.to_owned()));
        }
        for part in parts {
            self.member.remove(principal, &part).await?;
            info!(part = part.kind(), "removed from a user that is deleted");
        }
        // IAM deletes by name, and this cannot be undone.
        let named = self.member.made(principal).await?;
        match named.is_some_and(|named| named.unique_id == facts.unique_id) {
            true => Ok(self.member.delete(principal).await?),
            false => Ok(Deletion::InTheWay),
        }
    }

    /// Denies a user everything. One that has lost its boundary is given no policy by IAM, and is deleted all
    /// the same.
    async fn deny_everything(&self, located: &Located) -> Result<(), ProvisionError> {
        let life = LifePolicy::Over;
        let mut inline = located.facts.inline.iter();
        if inline.any(|one| one.name == LIFE_POLICY_NAME && one.document == life.document()) {
            return Ok(());
        }
        match self.member.put_life(&located.principal, life).await {
            Err(DirectoryError::Call(call)) if !call.is_transient() => {
                let error = shell::log::chain(&call);
                error!(
                    error,
                    "a user that is deleted could not be denied everything"
                );
                Ok(())
            }
            put => Ok(put?),
        }
    }
}
