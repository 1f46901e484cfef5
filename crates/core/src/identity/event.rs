//! What happens to a user that Snowgate made.

use jiff::Timestamp;

use super::{
    IdentityChangeError, IdentityEnd, IdentityPhase, IdentityState, IdentityStep,
    IdentityTransitionError, NewUser,
};
use crate::id::RequestId;
use crate::prose::Reason;

/// Something that happened to a user. Each is one row of its trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityEvent {
    /// It is about to be made.
    Begun {
        /// What it is to be.
        user: NewUser,
        /// The request that makes it.
        by: RequestId,
    },
    /// It was seen in IAM, and is ours.
    UserCreated {
        /// Its unique id (`AIDA…`).
        unique_id: String,
    },
    /// All that it was to have was read back.
    WentLive {
        /// When it ends.
        until: Timestamp,
    },
    /// Its end was put off.
    Extended {
        /// When it ends now.
        until: Timestamp,
        /// The request that extends it.
        by: RequestId,
    },
    /// It was shut out of everything before its end.
    Disabled {
        /// In which role somebody did so.
        by: DisabledBy,
        /// Why, where they said.
        reason: Option<Reason>,
    },
    /// An approved request lets it in again.
    Enabled {
        /// The request.
        by: RequestId,
    },
    /// Its end has come.
    EndingStarted,
    /// That it can do nothing and has nothing was read back.
    Ended {
        /// Until when it is kept.
        grace_until: Timestamp,
    },
    /// An extension lets it in again after its end.
    Revived {
        /// When it ends now.
        until: Timestamp,
        /// The request that extends it.
        by: RequestId,
    },
    /// It is to be deleted.
    DeletionStarted {
        /// Why.
        because: DeletedBecause,
    },
    /// That it is gone was read back.
    Deleted,
    /// IAM has nothing of it, and will not be asked to make it.
    Discarded,
    /// A person gave up ending it: what is left of it is not known.
    Abandoned {
        /// Why, as they said.
        reason: Reason,
    },
}

/// In which role somebody disabled a user. Who it was is the actor of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisabledBy {
    /// The person whom it belongs to.
    Owner,
    /// A client of the security team.
    Security,
    /// Snowgate, for its owner has left.
    OwnerGone,
    /// An approved request.
    Request {
        /// The request.
        request: RequestId,
    },
}

/// Why a user is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletedBecause {
    /// The request that made it failed, and all that it did is undone.
    Rollback,
    /// It was kept long enough after its end.
    GraceOver,
    /// An approved request asks for it.
    Request {
        /// The request.
        request: RequestId,
    },
}

impl IdentityEvent {
    /// The step that it is.
    ///
    /// # Errors
    /// For [`IdentityEvent::Begun`], which happens once, before there is a state.
    pub(super) const fn step(
        &self,
        from: IdentityState,
    ) -> Result<IdentityStep, IdentityTransitionError> {
        Ok(match self {
            Self::Begun { .. } => {
                let step = IdentityStep::Make;
                return Err(IdentityTransitionError { from, step });
            }
            Self::UserCreated { .. } => IdentityStep::Make,
            Self::WentLive { .. } => IdentityStep::GoLive,
            Self::Extended { .. } => IdentityStep::Extend,
            Self::Disabled { .. } => IdentityStep::Disable,
            Self::Enabled { .. } => IdentityStep::Enable,
            Self::EndingStarted => IdentityStep::StartEnding,
            Self::Ended { .. } => IdentityStep::End,
            Self::Revived { .. } => IdentityStep::Revive,
            Self::DeletionStarted { .. } => IdentityStep::StartDeletion,
            Self::Deleted => IdentityStep::Delete,
            Self::Discarded => IdentityStep::Discard,
            Self::Abandoned { .. } => IdentityStep::Abandon,
        })
    }

    /// Whether it is written even where the trail is broken: it takes access away, and can be undone.
    /// Deleting cannot be undone, and asks for a whole trail.
    pub(super) const fn is_taken_despite_fault(&self) -> bool {
        matches!(
            self,
            Self::EndingStarted
                | Self::Ended { .. }
                | Self::Disabled { .. }
                | Self::Abandoned { .. }
        )
    }
}

impl IdentityPhase {
    /// The phase after an event that its state allows.
    ///
    /// # Errors
    /// Where the event says something that the phase does not bear.
    pub(super) fn after(&self, event: &IdentityEvent) -> Result<Self, IdentityChangeError> {
        Ok(match event {
            IdentityEvent::Begun { .. } | IdentityEvent::UserCreated { .. } => Self::Creating,
            IdentityEvent::WentLive { until } | IdentityEvent::Revived { until, .. } => {
                Self::Live { until: *until }
            }
            IdentityEvent::Extended { until, .. } => self.extended(*until)?,
            IdentityEvent::Disabled { by, reason } => Self::Disabled {
                until: self.until().ok_or(IdentityChangeError::NotMade)?,
                by: by.clone(),
                reason: reason.clone(),
            },
            IdentityEvent::Enabled { .. } => Self::Live {
                until: self.until().ok_or(IdentityChangeError::NotMade)?,
            },
            IdentityEvent::EndingStarted => Self::Ending,
            IdentityEvent::Ended { grace_until } => Self::Ended {
                grace_until: *grace_until,
            },
            IdentityEvent::DeletionStarted { because } => Self::Deleting {
                because: because.clone(),
            },
            IdentityEvent::Deleted => {
                let Self::Deleting { because } = self else {
                    return Err(IdentityChangeError::NotMade);
                };
                let because = because.clone();
                let end = IdentityEnd::Deleted { because };
                Self::Over { end }
            }
            IdentityEvent::Discarded => Self::Over {
                end: IdentityEnd::Discarded,
            },
            IdentityEvent::Abandoned { reason } => Self::Over {
                end: IdentityEnd::Abandoned {
                    reason: reason.clone(),
                },
            },
        })
    }

    /// When it ends, before its end.
    pub(super) const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Live { until } | Self::Disabled { until, .. } => Some(*until),
            _ => None,
        }
    }

    fn extended(&self, later: Timestamp) -> Result<Self, IdentityChangeError> {
        let mut extended = self.clone();
        if let Self::Live { until } | Self::Disabled { until, .. } = &mut extended {
            if later <= *until {
                return Err(IdentityChangeError::NotLater);
            }
            *until = later;
        }
        Ok(extended)
    }
}
