//! Requests with a grant of each kind.

use super::{apply, at, id};
use crate::approval::Verdict;
use crate::record::tests::{
    ONE, TWO, approver, asked_for_a_new_user, asked_of_all_kinds, decide, request_for_a_new_user,
    request_of_all_kinds,
};
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

/// The record of a request for a new user, which was seen in IAM.
pub(in crate::stored::tests) fn creating() -> RequestRecord {
    let client = "servicenow".parse().unwrap();
    let received = RequestRecord::receive(id(), client, request_for_a_new_user(), at(0));
    let round = asked_for_a_new_user();
    let asked = Event::ApprovalRequested { round };
    let record = apply(&received.unwrap().record, asked, 1);
    let decided = decide(&record, ONE, 2, Verdict::Approve);
    let record = record.apply(decided, approver(2), at(10)).unwrap().record;
    let preexisting = Vec::new();
    let begun = apply(&record, Event::ProvisioningStarted { preexisting }, 12);
    apply(&begun, user_created(), 13)
}

/// That the user of [`creating`] was seen in IAM.
pub(in crate::stored::tests) fn user_created() -> Event {
    Event::UserCreated {
        unique_id: "AIDAEXAMPLEUSER000001".to_owned(),
    }
}
