//! What is asked of users that Snowgate makes, beside what is asked of every request.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::Directory as _;
use ports::identities::Identities as _;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::codes::RefusalCode;
use snowgate_core::id::SysId;
use snowgate_core::identity::{Admission, IdentityRecord, NewUser};
use snowgate_core::record::RequestRecord;
use snowgate_core::request::AccessRequest;
use snowgate_core::slots::{Approver, ApproverRole, Excluded, OwnedResource};
use snowgate_core::ticket::Ticket;
use workflow::approvers;
use workflow::survey::SurveyError;

use crate::ask::Unasked;
use crate::{Dispatcher, DispatcherPorts};

impl<P: DispatcherPorts> Dispatcher<P> {
    /// Whether the name of a new user can be had: IAM has no user of it, and it is not kept for somebody
    /// else. Whoever has it, no more is told.
    pub(crate) async fn name_is_free(&self, user: &NewUser, now: Timestamp) -> Result<(), Unasked> {
        let principal = user.principal();
        let there = self.directory.principal(&principal).await;
        let there = there.map_err(SurveyError::from)?;
        let held = self.identities.held_name(&principal).await?;
        let is_free = held.is_none_or(|held| held.is_free_for(&user.owner, now));
        match there.is_none() && is_free {
            true => Ok(()),
            false => Err(RefusalCode::NameTaken.into()),
        }
    }

    /// Whether a user that Snowgate made can have this access: it lives, and no access outlives it but what
    /// gives it more time.
    pub(crate) async fn user_admits(
        &self,
        request: &AccessRequest,
        principal: &PrincipalFacts,
        now: Timestamp,
    ) -> Result<(), Unasked> {
        let gives_time = request.user().is_some();
        let key = request.target.key_by_id(&principal.unique_id);
        let identity = match self.identities.identity_of(&key).await? {
            Some(id) => self.identities.identity(&id).await?,
            None => None,
        };
        let is_it =
            |identity: &IdentityRecord| identity.unique_id() == Some(principal.unique_id.as_str());
        let until = now + request.duration.as_signed();
        let Some(identity) = identity.filter(is_it) else {
            if gives_time {
                return Err(RefusalCode::NotExtendable.into());
            }
            // Nobody knows which user it is. If it has a life policy, that ends it all the same.
            return match principal.life().map(|life| life.admission(until)) {
                Some(Admission::Over) => Err(RefusalCode::UserEnded.into()),
                Some(Admission::EndsBefore) => Err(RefusalCode::OutlivesUser.into()),
                _ => Ok(()),
            };
        };
        match identity.phase().admission(until, gives_time) {
            Admission::Admitted => Ok(()),
            Admission::BeingCreated => {
                Err(CallError::transient("ledger", "UserIsBeingCreated").into())
            }
            Admission::EndsBefore if gives_time => Err(RefusalCode::NotExtendable.into()),
            Admission::EndsBefore => Err(RefusalCode::OutlivesUser.into()),
            Admission::Over => Err(RefusalCode::UserEnded.into()),
        }
    }

    /// Whether a new user can belong to this person: the requester, or the one whom the ticket was opened
    /// for. Whoever asks names that one, and so takes a decision from them; somebody who would be asked
    /// is refused rather than passed over.
    pub(crate) async fn owner_is_allowed(
        &self,
        record: &RequestRecord,
        owner: &SysId,
        (ticket, resources): (&Ticket, &[OwnedResource]),
        (excluded, now): (&Excluded, Timestamp),
    ) -> Result<(), Unasked> {
        if *owner == record.request().requested_by {
            return Ok(());
        }
        if ticket.opened_for.as_ref() != Some(owner)
            || self
                .would_be_asked(record, owner, resources, (excluded, now))
                .await?
        {
            return Err(RefusalCode::OwnerNotAllowed.into());
        }
        Ok(())
    }

    /// Whether this person, who must not decide, would be asked otherwise, or somebody in their place.
    async fn would_be_asked(
        &self,
        record: &RequestRecord,
        person: &SysId,
        resources: &[OwnedResource],
        (excluded, now): (&Excluded, Timestamp),
    ) -> Result<bool, CallError> {
        let excluded = excluded.without(person);
        let rules = self.rules(record, &excluded, now);
        let is_about =
            |one: &Approver| one.sys_id == *person || one.on_behalf_of.as_ref() == Some(person);
        for resource in resources {
            let found = approvers::find(&self.servicenow, resource, &ApproverRole::ORDER, &rules);
            if found.await?.iter().any(is_about) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
