//! A user that Snowgate made, as the ledger holds it, and every change that can be made to it.
//!
//! It outlives the request that made it: it is extended, disabled, kept for a while after its end, and
//! deleted (docs/decisions/0080-users-are-an-aggregate-of-their-own.md). A record is a head (what is true
//! of it in every state) and a [`IdentityPhase`]. [`IdentityRecord::apply`] is the only way to change
//! one, and yields what is written in one transaction, as for requests.

mod accessors;
mod borne_out;
mod described;
mod drift;
mod due;
mod event;
mod life;
mod lifecycle;
mod made;
mod name;
mod new_user;
mod parts;
mod trail;
mod whose;

pub use accessors::Admission;
pub use described::{DescribedKey, DescribedUser, KeyUse};
pub use drift::{Drift, DriftCode, RecordedUser, drift};
use event::Course;
pub use event::{DeletedBecause, DisabledBy, Disabling, IdentityEvent};
pub use life::{LIFE_POLICY_NAME, LifePolicy};
pub use lifecycle::{IdentityState, IdentityStep, IdentityTransitionError, transition};
pub use made::{MADE, MADE_TAG, MadeUser, OWN_TAGS, REQUEST_TAG};
pub use name::{HeldName, NAME_KEPT_FOR, NameStep};
pub use new_user::NewUser;
pub use parts::{UserCredentials, UserKey, UserPart, parts_in_order};
pub use trail::IdentityRow;
pub use whose::{CLOCKS_DIFFER_BY, Whose, whose};

use jiff::Timestamp;

use crate::audit::{AuditHead, RecordChange, TrailFault, TrailRow};
use crate::canonical::CanonicalError;
use crate::id::{IdentityId, RequestId};
use crate::lifecycle::Actor;
use crate::prose::Reason;

/// A user and all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRecord {
    pub(crate) head: IdentityHead,
    pub(crate) phase: IdentityPhase,
    /// Whether its trail is broken and does not bear out which user it is; never stored.
    pub(crate) is_unproven: bool,
}

/// What is true of a user in every state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentityHead {
    /// The key of everything about it.
    pub(crate) id: IdentityId,
    /// What it was to be when it was begun.
    pub(crate) user: NewUser,
    /// The request that creates it.
    pub(crate) created_by: RequestId,
    /// When it was recorded that it is to be created. A user that IAM had before is another.
    pub(crate) begun_at: Timestamp,
    /// Its unique id (`AIDA…`); none until it was seen in IAM.
    pub(crate) unique_id: Option<String>,
    /// The requests that created, extended or revived it, in the order in which they did.
    pub(crate) requests: Vec<RequestId>,
    /// Counts the changes; a change is made to one version.
    pub(crate) version: u64,
    /// When it came to its state.
    pub(crate) since: Timestamp,
    /// When somebody must look at it again; none once nothing is left to do.
    pub(crate) due_at: Option<Timestamp>,
    /// How often the step that is due was tried.
    pub(crate) attempts: u32,
    /// The end of its trail.
    pub(crate) audit: AuditHead,
}

/// Where a user stands, with what it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityPhase {
    /// It is being created.
    Creating,
    /// It can be used.
    Live {
        /// Until when.
        until: Timestamp,
    },
    /// It is denied everything, before its end.
    Disabled {
        /// When it ends.
        until: Timestamp,
        /// Who disabled it, and why.
        disabling: Disabling,
    },
    /// It is losing what it has.
    Ending {
        /// When it was to end; none where it never was live.
        until: Option<Timestamp>,
        /// Who disabled it before, where somebody did.
        disabling: Option<Disabling>,
    },
    /// It is denied everything and has nothing.
    Ended {
        /// Until when it is kept.
        grace_until: Timestamp,
        /// When it was to end; none where it never was live.
        until: Option<Timestamp>,
        /// Who disabled it before, where somebody did.
        disabling: Option<Disabling>,
    },
    /// It is being deleted.
    Deleting {
        /// What it is deleted for.
        because: DeletedBecause,
    },
    /// It is over.
    Over {
        /// How.
        end: IdentityEnd,
    },
}

/// How it ended for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityEnd {
    /// It was deleted.
    Deleted {
        /// What it is deleted for.
        because: DeletedBecause,
    },
    /// It was never created.
    Discarded,
    /// A person gave up ending it.
    Abandoned {
        /// Why, as they said.
        reason: Reason,
    },
}

impl IdentityPhase {
    /// The state that this is the phase of.
    #[must_use]
    pub const fn state(&self) -> IdentityState {
        match self {
            Self::Creating => IdentityState::Creating,
            Self::Live { .. } => IdentityState::Live,
            Self::Disabled { .. } => IdentityState::Disabled,
            Self::Ending { .. } => IdentityState::Ending,
            Self::Ended { .. } => IdentityState::Ended,
            Self::Deleting { .. } => IdentityState::Deleting,
            Self::Over { end } => match end {
                IdentityEnd::Deleted { .. } => IdentityState::Deleted,
                IdentityEnd::Discarded => IdentityState::Discarded,
                IdentityEnd::Abandoned { .. } => IdentityState::Abandoned,
            },
        }
    }
}

/// A change to a user.
pub type IdentityChange = RecordChange<IdentityRecord>;

/// Why a change cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityChangeError {
    /// The state does not allow it.
    #[error(transparent)]
    Transition(#[from] IdentityTransitionError),
    /// It was begun already.
    #[error("the user was begun already")]
    AlreadyBegun,
    /// Its unique id is known already; it never changes.
    #[error("the user has its unique id")]
    AlreadyCreated,
    /// It was not seen in IAM yet, so nothing can be done to it.
    #[error("the user was not seen in IAM")]
    NotCreated,
    /// The unique id is not one of a user.
    #[error("the unique id is not one of a user")]
    NotAUser,
    /// It was disabled by somebody whose word counts as much.
    #[error("the user is disabled already")]
    AlreadyDisabled,
    /// The end has passed, or puts off the one that it has where it is to be sooner, or the other way round.
    #[error("the end has passed, or is on the wrong side of the one before")]
    NotLater,
    /// It is too early or too late for that, or there is nothing that it could be done to.
    #[error("the user does not stand so that this can be done now")]
    NotNow,
    /// Its broken trail does not bear out which user it is, so nothing is done to any.
    #[error("the audit trail does not say which user it is")]
    Unproven,
    /// The audit trail is broken. Only what ends the user's access is written.
    #[error("the audit trail is broken: {0}")]
    BrokenTrail(TrailFault),
    /// A value could not be hashed.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl IdentityRecord {
    /// Makes the record of a user that a request is about to create.
    ///
    /// # Errors
    /// Never for what was parsed; the type is honest about serialisation.
    pub fn begin(
        created_by: RequestId,
        user: NewUser,
        actor: Actor,
        now: Timestamp,
    ) -> Result<IdentityChange, CanonicalError> {
        let id = IdentityId::of(&created_by);
        let row = TrailRow {
            of: id.clone(),
            n: 0,
            at: now,
            actor,
            event: IdentityEvent::Begun {
                user: user.digest()?,
                by: created_by.clone(),
            },
            state: IdentityState::Creating,
            previous: None,
            trail_fault: None,
        };
        let head = IdentityHead {
            id,
            user,
            created_by: created_by.clone(),
            begun_at: now,
            unique_id: None,
            requests: vec![created_by],
            version: 0,
            since: now,
            due_at: None,
            attempts: 0,
            audit: AuditHead::of_first(&row)?,
        };
        let mut record = Self {
            head,
            phase: IdentityPhase::Creating,
            is_unproven: false,
        };
        record.head.due_at = record.next_due(now);
        Ok(RecordChange {
            replaces: None,
            record,
            row,
        })
    }

    /// Applies an event. Pure: the record itself is left as it is.
    ///
    /// # Errors
    /// Where the event does not fit the record.
    pub fn apply(
        &self,
        event: IdentityEvent,
        actor: Actor,
        now: Timestamp,
    ) -> Result<IdentityChange, IdentityChangeError> {
        if let Some(fault) = self.trail_fault()
            && !event.is_taken_despite_fault()
        {
            return Err(IdentityChangeError::BrokenTrail(fault));
        }
        if self.is_unproven && !matches!(event, IdentityEvent::Abandoned { .. }) {
            return Err(IdentityChangeError::Unproven);
        }
        let mut record = self.clone();
        let Course {
            phase,
            unique_id,
            requests,
        } = self.course().after(&event, now)?;
        record.phase = phase;
        record.head.unique_id = unique_id;
        record.head.requests = requests;
        let to = record.state();
        if to != self.state() {
            record.head.since = now;
        }
        record.head.version += 1;
        record.head.attempts = 0;
        record.head.due_at = record.next_due(now);
        let row = TrailRow {
            of: self.head.id.clone(),
            n: self.head.audit.count,
            at: now,
            actor,
            event,
            state: to,
            previous: Some(self.head.audit.hash.clone()),
            trail_fault: self.trail_fault(),
        };
        record.head.audit = self.head.audit.with(&row)?;
        Ok(RecordChange {
            replaces: Some(self.head.version),
            record,
            row,
        })
    }

    /// What its events came to.
    fn course(&self) -> Course {
        Course {
            phase: self.phase.clone(),
            unique_id: self.head.unique_id.clone(),
            requests: self.head.requests.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
