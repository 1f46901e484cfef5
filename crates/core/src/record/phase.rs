//! The phases of a request: each holds what is true in its state, and nothing that is not.

use jiff::Timestamp;

use super::revocation::{RetainedChange, Revocation};
use super::{ApprovalRound, ChangeError, Event};
use crate::codes::{FailureCode, RefusalCode};
use crate::finding::Finding;
use crate::lifecycle::State;
use crate::preview::Preview;
use crate::prose::Reason;

/// Where a request stands, with what it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Accepted and held; nobody was asked yet.
    Received,
    /// Approvals are awaited.
    Pending(ApprovalRound),
    /// Every slot is approved.
    Approved(ApprovalRound),
    /// IAM is being changed.
    Provisioning(ApprovalRound),
    /// The access is there.
    Active(GrantedAccess),
    /// The access is being removed.
    Revoking(GrantedAccess),
    /// The request has ended.
    Ended(Ending),
}

/// Access that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedAccess {
    /// How it was approved.
    pub round: ApprovalRound,
    /// When it ends, or ended.
    pub until: Timestamp,
    /// How it was revoked before its time, where it was.
    pub revocation: Option<Revocation>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The access was removed at its end.
    Revoked {
        /// The access that was there.
        access: GrantedAccess,
        /// What stays in IAM all the same.
        retained: Vec<RetainedChange>,
    },
    /// The access could not be removed, and the security team gave that up.
    Abandoned {
        /// The access that may remain.
        access: GrantedAccess,
        /// What the security client gave as the reason.
        reason: Reason,
    },
    /// An approver denied it.
    Denied {
        /// What was asked.
        round: ApprovalRound,
    },
    /// Time ran out.
    Expired {
        /// What was asked; none where nobody was.
        round: Option<ApprovalRound>,
    },
    /// The client withdrew it.
    Withdrawn {
        /// What was asked; none where nobody was.
        round: Option<ApprovalRound>,
        /// Why, where it said.
        reason: Option<Reason>,
    },
    /// It does not hold, or may not be granted.
    Refused {
        /// The reason, as the API and the ticket give it.
        code: RefusalCode,
        /// What was found.
        findings: Vec<Finding>,
    },
    /// Nobody could be asked for a slot.
    Undeliverable {
        /// The slot's id.
        slot: String,
        /// What was asked; none where nobody was.
        round: Option<ApprovalRound>,
    },
    /// It could not be provisioned, and was rolled back.
    Failed {
        /// What was asked.
        round: ApprovalRound,
        /// The reason, as the API and the ticket give it.
        code: FailureCode,
    },
    /// A dry run.
    Previewed {
        /// What was found.
        preview: Preview,
    },
}

/// Why a request ended as it did, where that needs saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason<'a> {
    /// It does not hold, or may not be granted.
    Refused {
        /// The reason, as the API and the ticket give it.
        code: RefusalCode,
        /// What was found.
        findings: &'a [Finding],
    },
    /// Nobody could be asked.
    Undeliverable {
        /// The slot's id.
        slot: &'a str,
    },
    /// It could not be provisioned.
    Failed {
        /// The reason, as the API and the ticket give it.
        code: FailureCode,
    },
    /// The client withdrew it, and said why.
    Withdrawn {
        /// What the client gave as the reason.
        reason: &'a Reason,
    },
    /// Its access could not be removed, and the security team gave that up.
    Abandoned {
        /// What the security client gave as the reason.
        reason: &'a Reason,
    },
}

impl Phase {
    /// The state that this is the phase of.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Received => State::Received,
            Self::Pending(_) => State::Pending,
            Self::Approved(_) => State::Approved,
            Self::Provisioning(_) => State::Provisioning,
            Self::Active(_) => State::Active,
            Self::Revoking(_) => State::Revoking,
            Self::Ended(ending) => ending.state(),
        }
    }

    /// What was asked; none where nobody was.
    #[must_use]
    pub const fn round(&self) -> Option<&ApprovalRound> {
        match self {
            Self::Received => None,
            Self::Pending(round) | Self::Approved(round) | Self::Provisioning(round) => Some(round),
            Self::Active(access) | Self::Revoking(access) => Some(&access.round),
            Self::Ended(ending) => ending.round(),
        }
    }

    /// The access that is or was there; none where none ever was.
    #[must_use]
    pub const fn access(&self) -> Option<&GrantedAccess> {
        match self {
            Self::Active(access)
            | Self::Revoking(access)
            | Self::Ended(Ending::Revoked { access, .. } | Ending::Abandoned { access, .. }) => {
                Some(access)
            }
            Self::Received
            | Self::Pending(_)
            | Self::Approved(_)
            | Self::Provisioning(_)
            | Self::Ended(_) => None,
        }
    }

    fn into_round(self) -> Option<ApprovalRound> {
        match self {
            Self::Pending(round) | Self::Approved(round) | Self::Provisioning(round) => Some(round),
            Self::Active(access) | Self::Revoking(access) => Some(access.round),
            Self::Received | Self::Ended(_) => None,
        }
    }

    /// The phase that an event leads to, where the transition function says that it leads to the
    /// state `to`. A phase that does not fit the event is left as it is.
    pub(super) fn after(
        self,
        event: &Event,
        to: State,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        Ok(match (self, event) {
            (Self::Received, Event::ApprovalRequested { round }) => Self::Pending(round.clone()),
            (Self::Pending(round), event) if to == State::Pending => {
                Self::Pending(round.after(event))
            }
            (Self::Pending(round), event @ Event::Decided { .. }) => {
                let round = round.after(event);
                match to {
                    State::Denied => Self::Ended(Ending::Denied { round }),
                    _ => Self::Approved(round),
                }
            }
            (Self::Approved(round), Event::ProvisioningStarted { .. }) => Self::Provisioning(round),
            (Self::Provisioning(round), Event::Activated { until }) => {
                Self::Active(GrantedAccess {
                    round,
                    until: *until,
                    revocation: None,
                })
            }
            (
                Self::Active(access),
                Event::RevocationRequested {
                    by,
                    reason,
                    signature,
                },
            ) => Self::Active(access.revoke(*by, reason.clone(), signature.clone(), now)?),
            (Self::Active(access), Event::RevocationStarted) => Self::Revoking(access),
            (Self::Revoking(access), Event::Revoked { retained }) => {
                let retained = retained.clone();
                Self::Ended(Ending::Revoked { access, retained })
            }
            (Self::Revoking(access), Event::Abandoned { reason }) => {
                let reason = reason.clone();
                Self::Ended(Ending::Abandoned { access, reason })
            }
            (phase, Event::DeviationsFound { .. } | Event::UserCreated { .. }) => phase,
            (phase, event) => phase.ended_by(event),
        })
    }

    /// The phase after an event that ends a request before there is access.
    fn ended_by(self, event: &Event) -> Self {
        Self::Ended(match (event, self) {
            (Event::Refused { code, findings }, _) => Ending::Refused {
                code: *code,
                findings: findings.clone(),
            },
            (Event::Previewed { preview }, _) => Ending::Previewed {
                preview: preview.clone(),
            },
            (Event::Undeliverable { slot }, phase) => Ending::Undeliverable {
                slot: slot.clone(),
                round: phase.into_round(),
            },
            (Event::Expired, phase) => Ending::Expired {
                round: phase.into_round(),
            },
            (Event::Withdrawn { reason }, phase) => Ending::Withdrawn {
                round: phase.into_round(),
                reason: reason.clone(),
            },
            (
                Event::Failed { code },
                Self::Pending(round) | Self::Approved(round) | Self::Provisioning(round),
            ) => Ending::Failed { round, code: *code },
            (_, phase) => return phase,
        })
    }
}

impl Ending {
    /// The state of a request that ended so.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Revoked { .. } => State::Revoked,
            Self::Abandoned { .. } => State::Abandoned,
            Self::Denied { .. } => State::Denied,
            Self::Expired { .. } => State::Expired,
            Self::Withdrawn { .. } => State::Withdrawn,
            Self::Refused { .. } => State::Refused,
            Self::Undeliverable { .. } => State::Undeliverable,
            Self::Failed { .. } => State::Failed,
            Self::Previewed { .. } => State::Previewed,
        }
    }

    /// What was asked; none where nobody was.
    #[must_use]
    pub const fn round(&self) -> Option<&ApprovalRound> {
        match self {
            Self::Revoked { access, .. } | Self::Abandoned { access, .. } => Some(&access.round),
            Self::Denied { round } | Self::Failed { round, .. } => Some(round),
            Self::Expired { round }
            | Self::Withdrawn { round, .. }
            | Self::Undeliverable { round, .. } => round.as_ref(),
            Self::Refused { .. } | Self::Previewed { .. } => None,
        }
    }

    /// Why it ended so, where that needs saying.
    #[must_use]
    pub fn reason(&self) -> Option<EndReason<'_>> {
        match self {
            Self::Refused { code, findings } => Some(EndReason::Refused {
                code: *code,
                findings,
            }),
            Self::Undeliverable { slot, .. } => Some(EndReason::Undeliverable { slot }),
            Self::Failed { code, .. } => Some(EndReason::Failed { code: *code }),
            Self::Withdrawn { reason, .. } => {
                let reason = reason.as_ref()?;
                Some(EndReason::Withdrawn { reason })
            }
            Self::Abandoned { reason, .. } => Some(EndReason::Abandoned { reason }),
            Self::Revoked { .. }
            | Self::Denied { .. }
            | Self::Expired { .. }
            | Self::Previewed { .. } => None,
        }
    }
}
