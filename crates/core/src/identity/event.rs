//! What happens to a user that Snowgate made, and what it comes to.

use jiff::Timestamp;

use super::{IdentityChangeError, IdentityEnd, IdentityPhase, IdentityStep, transition};
use crate::arn::is_name;
use crate::id::{Digest, RequestId};
use crate::principal::PrincipalType;
use crate::prose::Reason;
use crate::record::FailureCode;

/// Something that happened to a user. Each is one row of its trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityEvent {
    /// It is about to be created.
    Begun {
        /// The digest of what it is to be ([`super::NewUser::digest`]).
        user: Digest,
        /// The request that creates it.
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
    /// What put its end off is over before its time: it ends with the rest of what gives it time.
    Shortened {
        /// When it ends now.
        until: Timestamp,
    },
    /// It was denied everything before its end.
    Disabled {
        /// Who did so, and why.
        disabling: Disabling,
    },
    /// An approved request allows it again what it may.
    Enabled {
        /// The request.
        by: RequestId,
    },
    /// Its end has come.
    EndingStarted,
    /// That it is denied everything and has nothing was read back. Again where that was changed meanwhile,
    /// and is put right.
    Ended {
        /// Until when it is kept.
        grace_until: Timestamp,
    },
    /// An extension takes its end back.
    Revived {
        /// When it ends now.
        until: Timestamp,
        /// The request that extends it.
        by: RequestId,
    },
    /// It is to be deleted.
    DeletionStarted {
        /// What it is deleted for.
        because: DeletedBecause,
    },
    /// That it is gone was read back.
    Deleted,
    /// IAM has nothing of it, and will not be asked to create it.
    Discarded,
    /// A person gave up ending it: what is left of it is not known.
    Abandoned {
        /// Why, as they said.
        reason: Reason,
    },
}

/// Who disabled a user, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabling {
    /// In which role somebody did so. Who it was is the actor of the row.
    pub by: DisabledBy,
    /// Why, where they said.
    pub reason: Option<Reason>,
}

/// In which role somebody disabled a user.
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
    /// The request that created it failed, and all that it did is undone.
    Rollback {
        /// Why it failed.
        code: FailureCode,
    },
    /// It was kept long enough after its end.
    GraceOver,
    /// An approved request asks for it.
    Request {
        /// The request.
        request: RequestId,
    },
}

impl IdentityEvent {
    /// The step that it is; none of [`IdentityEvent::Begun`], which happens once, before there is a
    /// state.
    const fn step(&self, phase: &IdentityPhase) -> Option<IdentityStep> {
        Some(match self {
            Self::Begun { .. } => return None,
            Self::UserCreated { .. } => IdentityStep::Create,
            Self::WentLive { .. } => IdentityStep::GoLive,
            Self::Extended { .. } => IdentityStep::Extend,
            Self::Shortened { .. } => IdentityStep::Shorten,
            Self::Disabled { .. } => IdentityStep::Disable,
            Self::Enabled { .. } => IdentityStep::Enable,
            Self::EndingStarted => IdentityStep::StartEnding,
            Self::Ended { .. } => IdentityStep::End,
            Self::Revived { .. } if phase.disabling().is_some() => IdentityStep::ReviveDisabled,
            Self::Revived { .. } => IdentityStep::Revive,
            Self::DeletionStarted { .. } => IdentityStep::StartDeletion,
            Self::Deleted => IdentityStep::Delete,
            Self::Discarded => IdentityStep::Discard,
            Self::Abandoned { .. } => IdentityStep::Abandon,
        })
    }

    /// Whether it is written even where the trail is broken: it takes access away, or says that a
    /// person looks after what is left. Deleting cannot be undone, and asks for a whole trail.
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

/// What the events of a user come to: the one place that says so, for new events and for trails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    pub(super) phase: IdentityPhase,
    pub(super) unique_id: Option<String>,
    pub(super) requests: Vec<RequestId>,
}

impl Course {
    /// That of a user that a request is about to create.
    pub(super) fn begun(by: RequestId) -> Self {
        Self {
            phase: IdentityPhase::Creating,
            unique_id: None,
            requests: vec![by],
        }
    }

    /// What it comes to with one more event.
    pub(super) fn after(
        mut self,
        event: &IdentityEvent,
        at: Timestamp,
    ) -> Result<Self, IdentityChangeError> {
        let step = event
            .step(&self.phase)
            .ok_or(IdentityChangeError::AlreadyBegun)?;
        let to = transition(self.phase.state(), step)?;
        self.note(event)?;
        self.phase = self.phase.after(event, at)?;
        match self.phase.state() == to {
            true => Ok(self),
            false => Err(IdentityChangeError::NotNow),
        }
    }

    /// Notes what an event says of the user in every state.
    fn note(&mut self, event: &IdentityEvent) -> Result<(), IdentityChangeError> {
        match (event, &self.unique_id) {
            // What was seen is deleted, and what was never created is not: each has its own end.
            (IdentityEvent::UserCreated { .. } | IdentityEvent::Discarded, Some(_)) => {
                return Err(IdentityChangeError::AlreadyCreated);
            }
            (IdentityEvent::UserCreated { unique_id }, None) => {
                let is_of_a_user =
                    PrincipalType::of_unique_id(unique_id) == Some(PrincipalType::User);
                if !is_of_a_user || !is_name(unique_id, 128) {
                    return Err(IdentityChangeError::NotAUser);
                }
                self.unique_id = Some(unique_id.clone());
            }
            (IdentityEvent::Discarded | IdentityEvent::Abandoned { .. }, _) => {}
            (_, None) => return Err(IdentityChangeError::NotCreated),
            (IdentityEvent::Extended { by, .. } | IdentityEvent::Revived { by, .. }, Some(_)) => {
                self.requests.push(by.clone());
            }
            (_, Some(_)) => {}
        }
        Ok(())
    }
}

impl IdentityPhase {
    /// The phase after an event.
    fn after(&self, event: &IdentityEvent, at: Timestamp) -> Result<Self, IdentityChangeError> {
        let later = |until: Timestamp| match until > at {
            true => Ok(until),
            false => Err(IdentityChangeError::NotLater),
        };
        Ok(match (event, self) {
            (IdentityEvent::UserCreated { .. }, _) => Self::Creating,
            (IdentityEvent::WentLive { until }, _) => Self::Live {
                until: later(*until)?,
            },
            (IdentityEvent::Extended { until, .. }, _) => {
                self.ending_at(later(*until)?, |before, after| before < after)?
            }
            (IdentityEvent::Shortened { until }, _) => {
                self.ending_at(later(*until)?, |before, after| before > after)?
            }
            (IdentityEvent::Disabled { disabling }, _) => self.disabled(disabling)?,
            (IdentityEvent::Enabled { .. }, Self::Disabled { until, .. }) => Self::Live {
                until: later(*until)?,
            },
            (IdentityEvent::EndingStarted, _) => Self::Ending {
                until: self.until(),
                disabling: self.disabling().cloned(),
            },
            (
                IdentityEvent::Ended { grace_until },
                Self::Ending { until, disabling }
                | Self::Ended {
                    until, disabling, ..
                },
            ) => Self::Ended {
                grace_until: *grace_until,
                until: *until,
                disabling: disabling.clone(),
            },
            (IdentityEvent::Revived { until, .. }, Self::Ended { grace_until, .. }) => {
                // What never was live was never read back as what was approved.
                if at >= *grace_until || self.until().is_none() {
                    return Err(IdentityChangeError::NotNow);
                }
                let until = later(*until)?;
                match self.disabling().cloned() {
                    None => Self::Live { until },
                    Some(disabling) => Self::Disabled { until, disabling },
                }
            }
            (IdentityEvent::DeletionStarted { because }, _) if self.is_deletable(because, at) => {
                Self::Deleting {
                    because: because.clone(),
                }
            }
            (IdentityEvent::Deleted, Self::Deleting { because }) => Self::Over {
                end: IdentityEnd::Deleted {
                    because: because.clone(),
                },
            },
            (IdentityEvent::Discarded, _) => Self::Over {
                end: IdentityEnd::Discarded,
            },
            (IdentityEvent::Abandoned { reason }, _) => Self::Over {
                end: IdentityEnd::Abandoned {
                    reason: reason.clone(),
                },
            },
            _ => return Err(IdentityChangeError::NotNow),
        })
    }

    /// Deleting cannot be undone: each reason has its time.
    fn is_deletable(&self, because: &DeletedBecause, at: Timestamp) -> bool {
        match because {
            DeletedBecause::Rollback { .. } => matches!(self, Self::Creating),
            DeletedBecause::GraceOver => {
                matches!(self, Self::Ended { grace_until, .. } if *grace_until <= at)
            }
            DeletedBecause::Request { .. } => matches!(
                self,
                Self::Live { .. } | Self::Disabled { .. } | Self::Ended { .. }
            ),
        }
    }

    /// Whoever disabled it first stays the one, unless the security team does so later.
    fn disabled(&self, disabling: &Disabling) -> Result<Self, IdentityChangeError> {
        let until = self.until().ok_or(IdentityChangeError::NotNow)?;
        let is_outranked = |before: &Disabling| {
            disabling.by == DisabledBy::Security && before.by != DisabledBy::Security
        };
        match self.disabling().is_none_or(is_outranked) {
            true => Ok(Self::Disabled {
                until,
                disabling: disabling.clone(),
            }),
            false => Err(IdentityChangeError::AlreadyDisabled),
        }
    }

    /// When it ends, or was to end; none where it never was live.
    pub(super) const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Live { until } | Self::Disabled { until, .. } => Some(*until),
            Self::Ending { until, .. } | Self::Ended { until, .. } => *until,
            Self::Creating | Self::Deleting { .. } | Self::Over { .. } => None,
        }
    }

    /// Who disabled it, where somebody did.
    const fn disabling(&self) -> Option<&Disabling> {
        match self {
            Self::Disabled { disabling, .. } => Some(disabling),
            Self::Ending { disabling, .. } | Self::Ended { disabling, .. } => disabling.as_ref(),
            _ => None,
        }
    }

    /// The same with another end. One that has come is put off as well, as long as nothing was taken away.
    fn ending_at(
        &self,
        end: Timestamp,
        is_meant: impl Fn(Timestamp, Timestamp) -> bool,
    ) -> Result<Self, IdentityChangeError> {
        let mut other = self.clone();
        if let Self::Live { until } | Self::Disabled { until, .. } = &mut other {
            match is_meant(*until, end) {
                true => *until = end,
                false => return Err(IdentityChangeError::NotLater),
            }
        }
        Ok(other)
    }
}
