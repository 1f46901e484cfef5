//! The life of a request: one enum of states, one transition function.
//!
//! States and steps are in [`transition`]; `docs/architecture.md` draws them. `Active` always goes
//! on to `Revoking`, and `Revoking` to `Revoked`: access that was granted is removed, however long
//! that takes, unless a person abandons a removal that does not work. Terminal states never change.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, SysId};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Accepted and held; nobody was asked yet.
    Received,
    /// Its owners have been asked.
    Pending,
    /// Every slot approved.
    Approved,
    /// IAM is being changed.
    Provisioning,
    /// The access is there.
    Active,
    /// The access is being removed.
    Revoking,
    /// The access was removed at its end.
    Revoked,
    /// The access could not be removed, and the security team gave that up. It may remain.
    Abandoned,
    /// What it says does not hold, or the guardrails do not allow it.
    Refused,
    /// Nobody could be asked.
    Undeliverable,
    /// An approver denied it.
    Denied,
    /// Nobody decided, or it was not provisioned, in time.
    Expired,
    /// The client withdrew it before it was provisioned.
    Withdrawn,
    /// IAM could not be changed, or what was approved is no longer what is there. Rolled back.
    Failed,
    /// A dry run: it was checked as far as the approval e-mails, and none was sent.
    Previewed,
}

impl State {
    /// Its name, which stands in the ledger's index and in the markers of ticket notes: what was
    /// written is looked for again, so a name stays what it is whatever the variant is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "Received",
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Provisioning => "Provisioning",
            Self::Active => "Active",
            Self::Revoking => "Revoking",
            Self::Revoked => "Revoked",
            Self::Abandoned => "Abandoned",
            Self::Refused => "Refused",
            Self::Undeliverable => "Undeliverable",
            Self::Denied => "Denied",
            Self::Expired => "Expired",
            Self::Withdrawn => "Withdrawn",
            Self::Failed => "Failed",
            Self::Previewed => "Previewed",
        }
    }

    /// Whether the request has ended and never changes state again.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Revoked
            | Self::Abandoned
            | Self::Refused
            | Self::Undeliverable
            | Self::Denied
            | Self::Expired
            | Self::Withdrawn
            | Self::Failed
            | Self::Previewed => true,
            Self::Received
            | Self::Pending
            | Self::Approved
            | Self::Provisioning
            | Self::Active
            | Self::Revoking => false,
        }
    }

    /// Whether this state is reported to the ticket, where that was found to carry the request.
    #[must_use]
    pub const fn is_reported(self) -> bool {
        matches!(self, Self::Active) || self.is_terminal()
    }

    /// Whether the request still blocks another one for the same record.
    #[must_use]
    pub const fn holds_record(self) -> bool {
        !self.is_terminal()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What moves a request from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The request is accepted, which happens once and before it has a state.
    Receive,
    /// The owners are known and the content is bound.
    Ask,
    /// A slot was approved and others are still open.
    ApproveOne,
    /// The last open slot was approved.
    ApproveLast,
    /// A slot was denied.
    Deny,
    /// The people of an open slot change.
    ChangeApprovers,
    /// The provisioner begins.
    Provision,
    /// The user that the request creates was seen in IAM.
    CreateUser,
    /// The change was applied and read back.
    Activate,
    /// The end of the access has come.
    Revoke,
    /// The removal was applied and read back.
    FinishRevoke,
    /// The security team gives up a removal that does not work.
    Abandon,
    /// The request does not hold or may not be granted.
    Refuse,
    /// There is nobody to ask.
    GiveUp,
    /// Time ran out.
    Expire,
    /// The client withdraws.
    Withdraw,
    /// It cannot be done; what was done is undone.
    Fail,
    /// Somebody who may ends the access before its time.
    EndEarly,
    /// A dry run has been checked.
    Preview,
    /// IAM was found otherwise than it should be.
    Deviate,
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {from} cannot {step:?}")]
pub struct TransitionError {
    /// The state it is in.
    pub from: State,
    /// The step that was tried.
    pub step: Step,
}

/// The one transition function.
///
/// # Errors
/// Where the state does not allow the step; always, for terminal states.
pub const fn transition(from: State, step: Step) -> Result<State, TransitionError> {
    use State as S;
    let to = match (from, step) {
        (S::Received, Step::Ask) => S::Pending,
        (S::Pending, Step::ApproveOne | Step::ChangeApprovers) => S::Pending,
        (S::Pending, Step::ApproveLast) => S::Approved,
        (S::Pending, Step::Deny) => S::Denied,
        (S::Approved, Step::Provision) => S::Provisioning,
        (S::Provisioning, Step::Activate) => S::Active,
        (S::Active, Step::Revoke) => S::Revoking,
        (S::Revoking, Step::FinishRevoke) => S::Revoked,
        (S::Revoking, Step::Abandon) => S::Abandoned,
        (S::Received, Step::Refuse) => S::Refused,
        (S::Received | S::Pending, Step::GiveUp) => S::Undeliverable,
        (S::Received | S::Pending | S::Approved, Step::Expire) => S::Expired,
        (S::Received | S::Pending | S::Approved, Step::Withdraw) => S::Withdrawn,
        (S::Pending | S::Approved | S::Provisioning, Step::Fail) => S::Failed,
        (S::Active, Step::EndEarly | Step::Deviate) => S::Active,
        (S::Provisioning, Step::Deviate | Step::CreateUser) => S::Provisioning,
        (S::Revoking, Step::Deviate) => S::Revoking,
        (S::Received, Step::Preview) => S::Previewed,
        _ => return Err(TransitionError { from, step }),
    };
    Ok(to)
}

/// Who caused a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A client of the service API.
    Client {
        /// The id under which its credentials are known.
        client: ClientId,
    },
    /// The holder of the review link sent to this person.
    Approver {
        /// The person whom the link was sent to.
        sys_id: SysId,
    },
    /// The function that shows requests to approvers and takes their decisions, where it acts of
    /// itself.
    Approval,
    /// The function that finds the approvers and writes to them.
    Dispatcher,
    /// The function that changes IAM.
    Provisioner,
    /// The function that writes to tickets.
    Reporter,
    /// The function that runs on a schedule.
    Sweeper,
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 15] = [
        State::Received,
        State::Pending,
        State::Approved,
        State::Provisioning,
        State::Active,
        State::Revoking,
        State::Revoked,
        State::Abandoned,
        State::Refused,
        State::Undeliverable,
        State::Denied,
        State::Expired,
        State::Withdrawn,
        State::Failed,
        State::Previewed,
    ];
    const STEPS: [Step; 20] = [
        Step::Receive,
        Step::ChangeApprovers,
        Step::Ask,
        Step::ApproveOne,
        Step::ApproveLast,
        Step::Deny,
        Step::Provision,
        Step::CreateUser,
        Step::Activate,
        Step::Revoke,
        Step::FinishRevoke,
        Step::Abandon,
        Step::Refuse,
        Step::GiveUp,
        Step::Expire,
        Step::Withdraw,
        Step::Fail,
        Step::EndEarly,
        Step::Preview,
        Step::Deviate,
    ];

    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for from in STATES {
            for step in STEPS {
                if let Ok(to) = transition(from, step) {
                    table.push_str(&format!("{from:<13} {step:<13?} {to}\n"));
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn terminal_states_never_change() {
        for from in STATES.into_iter().filter(|state| state.is_terminal()) {
            for step in STEPS {
                assert_eq!(transition(from, step), Err(TransitionError { from, step }));
            }
        }
    }

    #[test]
    fn nothing_reaches_iam_without_every_approval() {
        // The only way into `Provisioning` is from `Approved`, and into that only by the last slot.
        for from in STATES {
            for step in STEPS {
                match transition(from, step) {
                    Ok(State::Provisioning) => assert!(
                        [
                            (State::Approved, Step::Provision),
                            (State::Provisioning, Step::CreateUser),
                            (State::Provisioning, Step::Deviate)
                        ]
                        .contains(&(from, step))
                    ),
                    Ok(State::Approved) => {
                        assert_eq!((from, step), (State::Pending, Step::ApproveLast))
                    }
                    Ok(State::Active) => assert!(
                        [
                            (State::Provisioning, Step::Activate),
                            (State::Active, Step::EndEarly),
                            (State::Active, Step::Deviate)
                        ]
                        .contains(&(from, step))
                    ),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn active_access_can_only_be_taken_back() {
        for (from, only) in [
            (
                State::Active,
                vec![Step::Revoke, Step::EndEarly, Step::Deviate],
            ),
            (
                State::Revoking,
                vec![Step::FinishRevoke, Step::Abandon, Step::Deviate],
            ),
        ] {
            let possible: Vec<_> = STEPS
                .into_iter()
                .filter(|s| transition(from, *s).is_ok())
                .collect();
            assert_eq!(possible, only);
        }
    }
}
