//! A request with a grant of each kind.

use super::{apply, at, id};
use crate::approval::Verdict;
use crate::record::tests::{ONE, TWO, approver, asked_of_all_kinds, decide, request_of_all_kinds};
use crate::record::{Event, RequestRecord};

/// The record of a request with a grant of each kind that is active, and found its policy there.
pub(in crate::stored::tests) fn active_of_all_kinds() -> RequestRecord {
    let client = "servicenow".parse().unwrap();
    let received = RequestRecord::receive(id(), client, request_of_all_kinds(), at(0));
    let round = asked_of_all_kinds();
    let mut record = apply(
        &received.unwrap().record,
        Event::ApprovalRequested { round },
        1,
    );
    for (slot, who) in [(ONE, 2), (TWO, 3)] {
        let decided = decide(&record, slot, who, Verdict::Approve);
        let change = record.apply(decided, approver(who), at(10));
        record = change.unwrap().record;
    }
    let preexisting = vec![super::attached()];
    let begun = apply(&record, Event::ProvisioningStarted { preexisting }, 12);
    let until = at(9 * 3600);
    apply(&begun, Event::Activated { until }, 13)
}
