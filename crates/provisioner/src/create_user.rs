//! Creating the user that a request asks for, and what a step of a request means for its user.
//!
//! What both records say is written in one transaction. The answer to the call that creates a user may be
//! lost, and so may this run: what is there is looked at, and believed to be ours only where everything
//! says so.

use jiff::{SignedDuration, Timestamp};
use ports::directory::DirectoryError;
use ports::identities::{IdentityCommit, MovedEffect};
use ports::users::{Creation, Users as _};
use snowgate_core::id::RequestId;
use snowgate_core::identity::{
    Admission, CLOCKS_DIFFER_BY, DeletedBecause, IdentityEvent, IdentityPhase, IdentityRecord,
    MadeUser, NewUser, Whose, whose,
};
use snowgate_core::lifecycle::Actor;
use snowgate_core::plan;
use snowgate_core::principal::Principal;
use snowgate_core::record::{Event, FailureCode, RequestRecord};
use tracing::{error, info};
use workflow::change::Draft;

use crate::grant::NotGranted;
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts};

/// What came of creating a user.
pub(crate) enum CreatedUser {
    /// It is there, and written down; the request as it stands.
    There(Box<RequestRecord>),
    /// The request fails.
    Failed(FailureCode),
}

impl<P: ProvisionerPorts> Provisioner<P> {
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
        let wanted = self.guardrails.new_user(record.request());
        let identity = self.user_of(&record).await?;
        let (Some(user), Some(identity)) = (wanted, identity) else {
            return Ok(CreatedUser::Failed(FailureCode::ContentChanged));
        };
        if identity.trail_fault().is_some() {
            return Ok(CreatedUser::Failed(FailureCode::BrokenTrail));
        }
        // What an earlier run began to take back without a word in the request is taken back.
        let is_undone = record.created_user().is_none() && identity.unique_id().is_some();
        match identity.phase() {
            // Whoever writes the table could have put another user there than the one that was approved.
            IdentityPhase::Creating if *identity.user() == user && !is_undone => {}
            // What an earlier run began to take back is not given again.
            IdentityPhase::Deleting {
                because: DeletedBecause::Rollback { code },
            } => return Ok(CreatedUser::Failed(*code)),
            _ => return Ok(CreatedUser::Failed(FailureCode::ContentChanged)),
        }
        if record.created_user().is_some() {
            return Ok(CreatedUser::There(Box::new(record)));
        }
        let is_refused = self.is_refused(&user, record.id()).await?;
        let waited: SignedDuration = now.duration_since(identity.begun_at());
        let is_long = waited > CLOCKS_DIFFER_BY;
        let Some(made) = self.look_for(&user.principal()).await? else {
            // One that was just created, in this run or in one whose answer was lost, may be seen later.
            return match is_refused && is_long {
                true => Ok(CreatedUser::Failed(FailureCode::IamRefused)),
                false => Err(ProvisionError::NotSeen),
            };
        };
        match whose(&made, &identity) {
            Whose::Ours => {}
            Whose::Another => return Ok(CreatedUser::Failed(FailureCode::NameTaken)),
            Whose::Undecided => {
                error!("a user of the name may be ours, and is otherwise than it was to be");
                return match is_long {
                    true => Ok(CreatedUser::Failed(FailureCode::ContentChanged)),
                    false => Err(ProvisionError::NotSeen),
                };
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

    /// Creates a user; whether IAM refuses that for what it is. Whose the user is that has the name then is for
    /// the caller to see.
    async fn is_refused(
        &self,
        user: &NewUser,
        request: &RequestId,
    ) -> Result<bool, DirectoryError> {
        match self.member.create(user, request).await {
            Ok(Creation::Denied) => {
                error!("IAM denied creating the user");
                Ok(true)
            }
            Ok(Creation::Made { .. } | Creation::NameTaken) => Ok(false),
            Err(DirectoryError::Call(call)) if !call.is_transient() => {
                error!(
                    error = shell::log::chain(&call),
                    "IAM refused to create the user"
                );
                Ok(true)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Looks until a user of the name is to be seen; IAM is eventually consistent.
    pub(crate) async fn look_for(
        &self,
        principal: &Principal,
    ) -> Result<Option<MadeUser>, DirectoryError> {
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            if let Some(made) = self.member.made(principal).await? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// Whether the user that a request is for can have its access: it lives, and no access outlives it but
    /// what gives it more time. True where the user is one that Snowgate made, and its record says so.
    ///
    /// # Errors
    /// The code that the request fails with; while the user is created, that it is tried later.
    pub(crate) async fn user_admits(
        &self,
        record: &RequestRecord,
        until: Timestamp,
    ) -> Result<bool, NotGranted> {
        if record.request().creates_user() {
            return Ok(false);
        }
        let is_extension = record.request().user().is_some();
        let Some(identity) = self.user_on(record).await? else {
            // Nobody's user is given more time.
            return match is_extension {
                true => Err(FailureCode::ContentChanged.into()),
                false => Ok(false),
            };
        };
        if identity.trail_fault().is_some() {
            return Err(FailureCode::BrokenTrail.into());
        }
        match identity.phase().admission(until, is_extension) {
            Admission::Admitted => Ok(true),
            Admission::BeingCreated => Err(ProvisionError::NotSeen.into()),
            Admission::EndsBefore => Err(FailureCode::OutlivesUser.into()),
            Admission::Over => Err(FailureCode::UserEnded.into()),
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
