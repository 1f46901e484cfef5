//! What IAM has otherwise.

use super::{apply, attached, records};
use crate::lifecycle::State;
use crate::record::{BlockedBecause, Deviation, Event, RequestRecord};

/// A deviation of each kind.
pub(super) fn deviations() -> Vec<Deviation> {
    vec![
        Deviation::Missing { change: attached() },
        Deviation::Renamed {
            name: "rita.gupta".parse().unwrap(),
        },
        Deviation::Gone,
        Deviation::StillThere {
            change: attached(),
            because: BlockedBecause::Moved,
        },
    ]
}

/// A record that found something in IAM before it began, and something otherwise since.
pub(in crate::stored::tests) fn deviating() -> RequestRecord {
    let mut records = records().into_iter();
    let approved = records
        .find(|record| record.state() == State::Approved)
        .unwrap();
    let started = Event::ProvisioningStarted {
        preexisting: vec![attached()],
    };
    let found = Event::DeviationsFound {
        found: deviations(),
    };
    apply(&apply(&approved, started, 12), found, 13)
}
