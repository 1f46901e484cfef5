//! Where IAM is found otherwise than the record says: drift, and what cannot be removed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RequestRecord;
use crate::codes::codes;
use crate::effect::EffectChange;
use crate::lifecycle::State;
use crate::principal::PrincipalName;

/// After how many reports a record takes only what keeps access from ending. Somebody who changes IAM
/// back and forth fills no record and no ticket; what is still there is as many things as were given.
const MAX_REPORTS: usize = 16;

/// One thing in IAM that is otherwise than the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// Access is active, and this change is not in IAM as it was made: somebody changed it.
    Missing {
        /// The change.
        change: EffectChange,
    },
    /// The principal has another name than the request gives.
    Renamed {
        /// Its name now.
        name: PrincipalName,
    },
    /// The principal does not exist any more.
    Gone,
    /// The change is to be removed and is still there.
    StillThere {
        /// The change.
        change: EffectChange,
        /// What stands in the way.
        because: BlockedBecause,
    },
    /// What is still there could not be removed for so long that it is tried once a day from now on.
    Parked,
}

impl Deviation {
    /// Whether it is access that should be gone.
    #[must_use]
    pub const fn is_still_there(&self) -> bool {
        matches!(self, Self::StillThere { .. })
    }

    /// Whether the record takes it however many reports it has: access that should be gone.
    const fn is_always_taken(&self) -> bool {
        matches!(self, Self::StillThere { .. } | Self::Parked)
    }

    /// What kind it is, for the log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Renamed { .. } => "renamed",
            Self::Gone => "gone",
            Self::StillThere { .. } => "still there",
            Self::Parked => "parked",
        }
    }
}

codes!(
    /// Why a change cannot be removed.
    BlockedBecause {
        /// The principal has another path than it was approved with, and IAM refuses.
        Moved => "The user was moved to a path where Snowgate may change nothing.",
        /// The group has another name than it was approved with, and IAM refuses.
        GroupRenamed => "The group was renamed, and Snowgate may change the groups on the account's list only.",
        /// IAM refuses: the right is missing, or the change is no longer on the account's lists.
        Denied => "IAM refused the removal.",
        /// The member role cannot be assumed.
        NotPrepared => "Snowgate's role in the AWS account can't be used.",
        /// IAM refuses to make the access keys of a user that has ended inactive.
        KeysStayActive => "IAM refused to make its access keys inactive.",
        /// The user of a request that fails is denied everything and stays, for not everything says that it may
        /// be deleted.
        UserLeft => "It is denied everything, and a person has to look whether it can be deleted.",
        /// The ledger contradicts itself about it, and no signature settles that.
        Unproven => "Snowgate's records about it don't agree, so a person has to look at it.",
    }
);

/// What one look at IAM found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviationReport {
    /// When IAM was looked at.
    pub at: Timestamp,
    /// What was found that no earlier look had found.
    pub found: Vec<Deviation>,
}

impl RequestRecord {
    /// What looks at IAM have found, the earliest first.
    #[must_use]
    pub fn deviation_reports(&self) -> &[DeviationReport] {
        &self.head.deviations
    }

    /// All that was found otherwise in IAM, each once.
    pub fn deviations(&self) -> impl Iterator<Item = &Deviation> {
        let reports = self.head.deviations.iter();
        reports.flat_map(|report| &report.found)
    }

    /// Those of the deviations that the record does not hold yet, and that it takes; none where its
    /// state has none.
    #[must_use]
    pub fn unknown_deviations(&self, found: Vec<Deviation>) -> Vec<Deviation> {
        let full = self.head.deviations.len() >= MAX_REPORTS;
        let mut unknown: Vec<Deviation> = Vec::new();
        for deviation in found {
            let known = self.deviations().any(|one| *one == deviation);
            let is_taken = !full || deviation.is_always_taken();
            if !known && is_taken && self.has_effects() && !unknown.contains(&deviation) {
                unknown.push(deviation);
            }
        }
        unknown
    }

    /// Whether the request may have changes in IAM.
    #[must_use]
    pub const fn has_effects(&self) -> bool {
        matches!(
            self.state(),
            State::Provisioning | State::Active | State::Revoking
        )
    }

    /// The changes that were in IAM before the request was to make them. They are not its own.
    #[must_use]
    pub fn preexisting(&self) -> &[EffectChange] {
        &self.head.preexisting
    }

    /// The reports that the ticket is to have a note on: those of a request that has not ended. How
    /// it ended says the note on its end.
    pub(super) fn wanted_deviation_notes(&self) -> impl Iterator<Item = u32> {
        let count = if self.has_effects() {
            self.head.deviations.len()
        } else {
            0
        };
        (0..).take(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Actor;
    use crate::record::tests::{at, received};
    use crate::record::{Event, Message};
    use crate::ticket_note::tests::ends;

    fn active() -> RequestRecord {
        let mut ends = ends().into_iter();
        let active = ends.find(|record| record.state() == State::Active);
        active.unwrap()
    }

    fn renamed(n: usize) -> Deviation {
        Deviation::Renamed {
            name: format!("rita-{n}").parse().unwrap(),
        }
    }

    fn report(record: &RequestRecord, found: Vec<Deviation>, second: i64) -> RequestRecord {
        let event = Event::DeviationsFound { found };
        let change = record.apply(event, Actor::Provisioner, at(second));
        change.unwrap().record
    }

    #[test]
    fn each_deviation_is_reported_once_to_the_ticket() {
        let active = active();
        let found = vec![renamed(1), Deviation::Gone, renamed(1)];
        let unknown = active.unknown_deviations(found.clone());
        assert_eq!(unknown, found[..2]);
        let told = report(&active, unknown, 50);
        assert_eq!(told.state(), State::Active);
        assert_eq!(told.since(), active.since(), "its state is the same");
        assert_eq!(told.unknown_deviations(found), []);
        let note = Message::Deviation { report: 0 };
        assert!(told.due_deliveries(at(51)).contains(&note));
        assert!(!active.due_deliveries(at(51)).contains(&note));
    }

    #[test]
    fn a_record_holds_so_many_reports_and_no_more() {
        let mut record = active();
        for n in 0..MAX_REPORTS {
            let unknown = record.unknown_deviations(vec![renamed(n)]);
            assert_eq!(unknown, [renamed(n)]);
            record = report(&record, unknown, 50);
        }
        let still_there = Deviation::StillThere {
            change: EffectChange::PolicyAttached {
                policy_arn: "arn:aws:iam::aws:policy/ReadOnlyAccess".parse().unwrap(),
            },
            because: BlockedBecause::Moved,
        };
        let found = vec![renamed(99), still_there.clone()];
        assert_eq!(record.unknown_deviations(found), [still_there]);
    }

    #[test]
    fn only_what_has_effects_deviates() {
        let received = received().record;
        assert_eq!(received.unknown_deviations(vec![Deviation::Gone]), []);
        let found = vec![Deviation::Gone];
        let event = Event::DeviationsFound { found };
        assert!(received.apply(event, Actor::Provisioner, at(9)).is_err());
    }
}
