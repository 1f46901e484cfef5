//! Which user a request made, or gives more time, and what proves that.
//!
//! Whoever writes the table can put a record of a user with a trail of their own. So what a record names
//! is asked of IAM, too: a user is created with a tag that names its request, which nobody puts on it later
//! with Snowgate's rights.

use jiff::Timestamp;
use ports::CallError;
use ports::identities::Identities as _;
use ports::ledger::EffectKeys;
use ports::users::Users as _;
use snowgate_core::id::{IdentityId, RequestId};
use snowgate_core::identity::{IdentityRecord, MadeUser};
use snowgate_core::plan;
use snowgate_core::principal::{Principal, PrincipalKey};
use snowgate_core::record::RequestRecord;
use tracing::error;

use crate::leftover::forgotten;
use crate::locate::Located;
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts};

/// What IAM has of a user that a record says was created for a request.
pub(crate) enum MadeFor {
    /// It is there, and was created for it.
    It(Box<Located>),
    /// It is there, and nothing in IAM says that it was created for it.
    Another,
    /// It is not there any more.
    Gone,
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// The record of a user; none where it is not there, or cannot be read.
    pub(crate) async fn identity(
        &self,
        id: &IdentityId,
    ) -> Result<Option<IdentityRecord>, CallError> {
        let found = self.identities.identity(id).await;
        if_readable(found, "the record of a user cannot be read")
    }

    /// Which user a principal is; none where it is none, or cannot be read.
    pub(crate) async fn identity_of(
        &self,
        principal: &PrincipalKey,
    ) -> Result<Option<IdentityId>, CallError> {
        let found = self.identities.identity_of(principal).await;
        if_readable(found, "which user a principal is cannot be read")
    }

    /// The user that a request creates or gives more time; none where it does neither. It is the one that
    /// the request has the unique id of.
    pub(crate) async fn user_of(
        &self,
        record: &RequestRecord,
    ) -> Result<Option<IdentityRecord>, CallError> {
        if record.request().user().is_none() {
            return Ok(None);
        }
        if record.request().creates_user() {
            let identity = self.identity(&IdentityId::of(record.id())).await?;
            return Ok(identity.filter(|identity| {
                identity.created_by() == record.id()
                    && (record.unique_id().is_none() || identity.unique_id() == record.unique_id())
            }));
        }
        self.user_on(record).await
    }

    /// The user that the principal of a request is, if Snowgate made it.
    pub(crate) async fn user_on(
        &self,
        record: &RequestRecord,
    ) -> Result<Option<IdentityRecord>, CallError> {
        let Some(id) = self.identity_of(&record.principal_key()).await? else {
            return Ok(None);
        };
        let identity = self.identity(&id).await?;
        Ok(identity.filter(|identity| {
            identity.unique_id().is_some() && identity.unique_id() == record.unique_id()
        }))
    }

    /// A record with the user that it created, where its broken trail does not say which, and the user's own
    /// record and IAM do.
    pub(crate) async fn with_user(
        &self,
        record: RequestRecord,
    ) -> Result<RequestRecord, ProvisionError> {
        let is_known = record.trail_fault().is_none() || record.unique_id().is_some();
        if is_known || !record.request().creates_user() {
            return Ok(record);
        }
        let identity = self.identity(&IdentityId::of(record.id())).await?;
        let Some(unique_id) = identity.as_ref().and_then(IdentityRecord::unique_id) else {
            return Ok(record);
        };
        let (user, request) = (&record.request().target, record.id());
        match self.made_for(user, unique_id, request).await? {
            MadeFor::It(_) => Ok(record.with_created_user(unique_id)),
            MadeFor::Another | MadeFor::Gone => Ok(record),
        }
    }

    /// Forgets what was recorded for a lost request under the name of a user that it was to create, once the
    /// user has come to be known by its unique id, or to nothing: what it has is there, or is nowhere.
    pub(crate) async fn forget_by_name(
        &self,
        key: &PrincipalKey,
        id: &RequestId,
        keys: &EffectKeys,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let identity = self.identity(&IdentityId::of(id)).await?;
        let is_known = identity.is_some_and(|identity| {
            identity.unique_id().is_some() || identity.state().is_terminal()
        });
        if !is_known {
            error!(request_id = %id, "it is not known whether a lost request created its user");
            return Err(ProvisionError::Blocked);
        }
        let recorded = self.recorded(key, keys, id, &[]).await?;
        self.forget_all(forgotten(Vec::new(), recorded, &[]), now)
            .await
    }

    /// Whether what a request gave to a user may be taken from it, as IAM says: the request created it; or
    /// Snowgate created it, and the request that did gives it no time any more, or is known to.
    pub(crate) async fn may_lose(
        &self,
        record: &RequestRecord,
        located: &Located,
        others: &[RequestRecord],
        now: Timestamp,
    ) -> Result<bool, ProvisionError> {
        let (user, unique_id) = (&located.principal, located.facts.unique_id.as_str());
        let Some(made) = self.look_at_tags(user, unique_id).await? else {
            return Ok(false);
        };
        if record.request().creates_user() {
            return Ok(made.is_of(record.id()));
        }
        let Some(creator) = made.created_for() else {
            return Ok(false);
        };
        if others.iter().any(|other| *other.id() == creator) {
            return Ok(true);
        }
        // What no row leads to may give it time all the same.
        // Which user it created, the tag has just said.
        let created = self.readable(&creator).await?;
        let created = created.map(|one| one.with_created_user(unique_id));
        let key = record.principal_key();
        let gives = |one: &RequestRecord| !plan::live_effects(one, &key).is_empty();
        Ok(!created.is_some_and(|one| !one.is_over(now) && gives(&one)))
    }

    /// What IAM has of a user, once it shows tags; none where it is another.
    async fn look_at_tags(
        &self,
        user: &Principal,
        unique_id: &str,
    ) -> Result<Option<MadeUser>, ProvisionError> {
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            match self.member.made(user).await? {
                // IAM shows the tags of a user that was just created after a while.
                Some(made) if !made.tags.is_empty() => {
                    return Ok(Some(made).filter(|made| made.unique_id == unique_id));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Whether the user of this unique id, whatever it is called now, was created for a request.
    pub(crate) async fn made_for(
        &self,
        user: &Principal,
        unique_id: &str,
        request: &RequestId,
    ) -> Result<MadeFor, ProvisionError> {
        let Some(located) = self.locate_by_id(user, unique_id).await? else {
            return Ok(MadeFor::Gone);
        };
        let made = self.look_at_tags(&located.principal, unique_id).await?;
        Ok(match made.is_some_and(|made| made.is_of(request)) {
            true => MadeFor::It(Box::new(located)),
            false => MadeFor::Another,
        })
    }
}

/// What was found; none, with an error in the log, where it can never be read.
fn if_readable<T>(
    found: Result<Option<T>, CallError>,
    what: &'static str,
) -> Result<Option<T>, CallError> {
    match found {
        Err(failure) if !failure.is_transient() => {
            error!(error = shell::log::chain(&failure), "{what}");
            Ok(None)
        }
        found => found,
    }
}
