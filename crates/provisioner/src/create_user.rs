//! Creating the user that a request asks for, and what a step of a request means for its user.
//!
//! What both records say is written in one transaction. The answer to the call that creates a user may be
//! lost, and so may this run: what is there is looked at, and believed to be ours only where everything
//! says so.

use jiff::{SignedDuration, Timestamp};
use ports::directory::DirectoryError;
use ports::identities::{Identities as _, IdentityCommit, MovedEffect};
use ports::users::{Creation, Users as _};
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{
    CLOCKS_DIFFER_BY, DeletedBecause, IdentityEvent, IdentityPhase, IdentityRecord, IdentityState,
    MadeUser, NewUser, Whose, whose,
};
use snowgate_core::lifecycle::Actor;
use snowgate_core::plan;
use snowgate_core::record::{Event, FailureCode, RequestRecord};
use tracing::{error, info};
use workflow::change::Draft;

use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts};

/// What came of creating a user.
pub(crate) enum CreatedUser {
    /// It is there, and written down; the request as it stands.
    There(Box<RequestRecord>),
    /// The request fails.
    Failed(FailureCode),
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// The user that a request creates or gives more time; none where it does neither. It is the one that
    /// the request has the unique id of.
    pub(crate) async fn user_of(
        &self,
        record: &RequestRecord,
    ) -> Result<Option<IdentityRecord>, ProvisionError> {
        if record.request().user().is_none() {
            return Ok(None);
        }
        let id = match record.request().creates_user() {
            true => Some(IdentityId::of(record.id())),
            false => self.identities.identity_of(&record.principal_key()).await?,
        };
        let Some(id) = id else {
            return Ok(None);
        };
        let identity = self.identities.identity(&id).await?;
        let is_it = |identity: &IdentityRecord| match record.request().creates_user() {
            // Of a broken trail the request may not say which it is.
            true => {
                identity.created_by() == record.id()
                    && (record.unique_id().is_none() || identity.unique_id() == record.unique_id())
            }
            false => identity.unique_id() == record.unique_id(),
        };
        Ok(identity.filter(is_it))
    }

    /// That the user of a request is about to be created, to be written with the request; none where it
    /// creates none.
    pub(crate) fn begun(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        let Some(user) = self.guardrails.new_user(record.request()) else {
            return Ok(None);
        };
        let begun = IdentityRecord::begin(record.id().clone(), user, Actor::Provisioner, now)?;
        Ok(Some(Box::new(begun.into())))
    }

    /// Creates the user that this request is to create, or finds the one that an earlier run created, and writes
    /// down which it is before anything else is done to it.
    pub(crate) async fn create_user(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<CreatedUser, ProvisionError> {
        if record.created_user().is_some() {
            return Ok(CreatedUser::There(Box::new(record)));
        }
        let wanted = self.guardrails.new_user(record.request());
        let identity = self.user_of(&record).await?;
        let (Some(user), Some(identity)) = (wanted, identity) else {
            return Ok(CreatedUser::Failed(FailureCode::ContentChanged));
        };
        // Whoever writes the table could have put another user there than the one that was approved.
        if *identity.user() != user || identity.state() != IdentityState::Creating {
            return Ok(CreatedUser::Failed(FailureCode::ContentChanged));
        }
        let creation = self.member.create(&user, record.id()).await?;
        let Some(made) = self.look_for(&user).await? else {
            return self.not_seen(&creation, &identity, now);
        };
        match whose(&made, &identity) {
            Whose::Ours => {}
            Whose::Another => return Ok(CreatedUser::Failed(FailureCode::NameTaken)),
            Whose::Undecided => {
                error!("a user of the name may be ours, and is otherwise than it was to be");
                return Err(ProvisionError::NotSeen);
            }
        }
        let effects = plan::effects_of_begun(&record);
        let ends_at = plan::until(&record, &effects, now);
        let moved = effects.into_iter();
        let moved = moved.map(|effect| MovedEffect { effect, ends_at });
        let unique_id = made.unique_id;
        let event = IdentityEvent::UserCreated {
            unique_id: unique_id.clone(),
        };
        let identity = IdentityCommit {
            moved: moved.collect(),
            ..IdentityCommit::from(identity.apply(event, Actor::Provisioner, now)?)
        };
        let draft = Draft {
            identity: Some(Box::new(identity)),
            ..Draft::from(Event::UserCreated { unique_id })
        };
        let record = self.write(record, draft, now).await?;
        info!("the user was created");
        Ok(CreatedUser::There(Box::new(record)))
    }

    /// Looks until a user of the name is to be seen; IAM is eventually consistent.
    async fn look_for(&self, user: &NewUser) -> Result<Option<MadeUser>, DirectoryError> {
        let principal = user.principal();
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            if let Some(made) = self.member.made(&principal).await? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// What follows where no user of the name is to be seen. One that was just created, in this run or in one
    /// whose answer was lost, may be seen later.
    fn not_seen(
        &self,
        creation: &Creation,
        identity: &IdentityRecord,
        now: Timestamp,
    ) -> Result<CreatedUser, ProvisionError> {
        let waited: SignedDuration = now.duration_since(identity.begun_at());
        match creation {
            Creation::Denied if waited > CLOCKS_DIFFER_BY => {
                error!("IAM denied creating the user");
                Ok(CreatedUser::Failed(FailureCode::IamRefused))
            }
            _ => Err(ProvisionError::NotSeen),
        }
    }

    /// What the access of a request means for its user, to be written with it: it goes live, or lives on.
    pub(crate) async fn activated(
        &self,
        record: &RequestRecord,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        let Some(identity) = self.user_of(record).await? else {
            return self.without_user(record);
        };
        let by = record.id().clone();
        let event = match identity.phase() {
            IdentityPhase::Creating => IdentityEvent::WentLive { until },
            IdentityPhase::Ended { .. } => IdentityEvent::Revived { until, by },
            _ => IdentityEvent::Extended { until, by },
        };
        let change = identity.apply(event, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// That the user of a request loses what it has, where nothing else gives it more time; written before
    /// anything is removed. Its record is changed alone: it must be there whatever becomes of the request.
    pub(crate) async fn end_user(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let Some(identity) = self.user_of(record).await? else {
            return Ok(());
        };
        let can_end = matches!(
            identity.state(),
            IdentityState::Live | IdentityState::Disabled
        );
        if can_end {
            let event = IdentityEvent::EndingStarted;
            self.change_user_by(&identity, event, now).await?;
        }
        let target = self.locate(record).await?;
        if let Some(located) = target {
            self.member.deactivate_keys(&located.principal).await?;
        }
        Ok(())
    }

    /// That the user of a request has lost what it had, to be written with its end.
    pub(crate) async fn ended(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        let Some(identity) = self.user_of(record).await? else {
            return Ok(None);
        };
        if identity.state() != IdentityState::Ending {
            return Ok(None);
        }
        let grace_until = now + self.guardrails.grace().as_signed();
        let event = IdentityEvent::Ended { grace_until };
        let change = identity.apply(event, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// Undoes what creating a user came to, for a request that fails: one that was seen is deleted, with all
    /// that it has; one that never was is not created any more. What is to be written with the end of the
    /// request; none where it has no user.
    pub(crate) async fn roll_back_user(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        if !record.request().creates_user() {
            return Ok(None);
        }
        let Some(mut identity) = self.user_of(record).await? else {
            return Ok(None);
        };
        if identity.state().is_terminal() {
            return Ok(None);
        }
        let Some(unique_id) = identity.unique_id().map(str::to_owned) else {
            return self.discarded(&identity, now).await;
        };
        if identity.state() == IdentityState::Creating {
            let because = DeletedBecause::Rollback;
            let event = IdentityEvent::DeletionStarted { because };
            identity = self.change_user_by(&identity, event, now).await?;
        }
        let principal = identity.user().principal();
        self.delete_user(&principal, &unique_id).await?;
        let change = identity.apply(IdentityEvent::Deleted, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// That a user was never created, and will not be: nothing of ours is to be seen, and what was asked for
    /// long enough ago would be.
    async fn discarded(
        &self,
        identity: &IdentityRecord,
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        let made = self.look_for(identity.user()).await?;
        let is_not_ours = |made: &MadeUser| whose(made, identity) == Whose::Another;
        let waited: SignedDuration = now.duration_since(identity.begun_at());
        if !made.as_ref().is_none_or(is_not_ours) || waited <= CLOCKS_DIFFER_BY {
            return Err(ProvisionError::NotSeen);
        }
        let change = identity.apply(IdentityEvent::Discarded, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// A request whose user has no record that bears it out: nothing is made live.
    fn without_user(
        &self,
        record: &RequestRecord,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        match record.request().user() {
            None => Ok(None),
            Some(_) => {
                error!("the user of the request has no record that bears it out");
                Err(ProvisionError::NotSeen)
            }
        }
    }
}
