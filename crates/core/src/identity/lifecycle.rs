//! The life of a user that Snowgate made: its states, its steps, and one transition function.
//!
//! Nothing leads back from `Ended` but an approved extension, and nothing at all from what is over. A
//! user that was never seen as ours is discarded; one that was is deleted.

use std::fmt;

/// Where a user stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentityState {
    /// It is being created, with what it is to have.
    Creating,
    /// It can be used until its end.
    Live,
    /// It is there and can do nothing, before its end.
    Disabled,
    /// Its end has come: it is denied everything, and loses what it has.
    Ending,
    /// It is there, can do nothing and has nothing; an extension may revive it.
    Ended,
    /// It is being deleted.
    Deleting,
    /// It was deleted.
    Deleted,
    /// It was never created.
    Discarded,
    /// A person gave up ending it; what is left of it is not known.
    Abandoned,
}

impl IdentityState {
    /// Every state, in the order in which a user comes to them.
    pub const ALL: [Self; 9] = [
        Self::Creating,
        Self::Live,
        Self::Disabled,
        Self::Ending,
        Self::Ended,
        Self::Deleting,
        Self::Deleted,
        Self::Discarded,
        Self::Abandoned,
    ];

    /// Its name, which stands in the ledger: what was written is looked for again.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Live => "Live",
            Self::Disabled => "Disabled",
            Self::Ending => "Ending",
            Self::Ended => "Ended",
            Self::Deleting => "Deleting",
            Self::Deleted => "Deleted",
            Self::Discarded => "Discarded",
            Self::Abandoned => "Abandoned",
        }
    }

    /// Whether IAM has it, or may have it: it was not deleted, and may have been created.
    #[must_use]
    pub const fn may_be_in_iam(self) -> bool {
        !matches!(self, Self::Deleted | Self::Discarded)
    }

    /// Whether nothing happens to it any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Deleted | Self::Discarded | Self::Abandoned)
    }
}

impl fmt::Display for IdentityState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What moves a user from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentityStep {
    /// IAM has it, with its unique id.
    Create,
    /// It has all that it was to have, read back.
    GoLive,
    /// Its end is put off.
    Extend,
    /// Its end is brought forward, for what put it off is over.
    Shorten,
    /// It is denied everything before its end.
    Disable,
    /// It is allowed again what it may.
    Enable,
    /// Its end has come.
    StartEnding,
    /// That it can do nothing and has nothing was read back.
    End,
    /// Its end is taken back.
    Revive,
    /// The same of a user that was disabled before its end: what it is denied is not taken back.
    ReviveDisabled,
    /// It is to be deleted.
    StartDeletion,
    /// That it is gone was read back.
    Delete,
    /// It was not created, and will not be.
    Discard,
    /// A person gives up ending it.
    Abandon,
}

impl IdentityStep {
    /// Every step.
    pub const ALL: [Self; 14] = [
        Self::Create,
        Self::GoLive,
        Self::Extend,
        Self::Shorten,
        Self::Disable,
        Self::Enable,
        Self::StartEnding,
        Self::End,
        Self::Revive,
        Self::ReviveDisabled,
        Self::StartDeletion,
        Self::Delete,
        Self::Discard,
        Self::Abandon,
    ];
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user that is {from} cannot {step:?}")]
pub struct IdentityTransitionError {
    /// The state it is in.
    pub from: IdentityState,
    /// The step that was tried.
    pub step: IdentityStep,
}

/// The one transition function.
///
/// # Errors
/// Where the state does not allow the step; always, for terminal states.
pub const fn transition(
    from: IdentityState,
    step: IdentityStep,
) -> Result<IdentityState, IdentityTransitionError> {
    use IdentityState as S;
    use IdentityStep as T;
    let to = match (from, step) {
        (S::Creating, T::Create) => S::Creating,
        (S::Creating, T::GoLive) => S::Live,
        (S::Creating, T::Discard) => S::Discarded,
        (S::Live, T::Extend | T::Shorten) => S::Live,
        (S::Disabled, T::Extend | T::Shorten) => S::Disabled,
        (S::Live | S::Disabled, T::Disable) => S::Disabled,
        (S::Disabled, T::Enable) => S::Live,
        (S::Creating | S::Live | S::Disabled, T::StartEnding) => S::Ending,
        (S::Ending | S::Ended, T::End) => S::Ended,
        (S::Ended, T::Revive) => S::Live,
        (S::Ended, T::ReviveDisabled) => S::Disabled,
        (S::Creating | S::Live | S::Disabled | S::Ended, T::StartDeletion) => S::Deleting,
        (S::Deleting, T::Delete) => S::Deleted,
        // What can still be used is ended before anybody gives it up.
        (S::Creating | S::Ending | S::Deleting, T::Abandon) => S::Abandoned,
        _ => return Err(IdentityTransitionError { from, step }),
    };
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentityState as S;
    use IdentityStep as T;

    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for from in S::ALL {
            for step in T::ALL {
                if let Ok(to) = transition(from, step) {
                    table.push_str(&format!("{from:<9} {step:<13?} {to}\n"));
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn terminal_states_never_change() {
        for from in S::ALL.into_iter().filter(|state| state.is_terminal()) {
            for step in T::ALL {
                let refused = Err(IdentityTransitionError { from, step });
                assert_eq!(transition(from, step), refused);
            }
        }
    }

    #[test]
    fn only_what_is_approved_lets_a_user_in_again() {
        for from in S::ALL {
            for step in T::ALL {
                if transition(from, step) == Ok(S::Live) {
                    let known = [
                        (S::Creating, T::GoLive),
                        (S::Live, T::Extend),
                        (S::Live, T::Shorten),
                        (S::Disabled, T::Enable),
                        (S::Ended, T::Revive),
                    ];
                    assert!(known.contains(&(from, step)), "{from} {step:?}");
                }
            }
        }
    }
}
