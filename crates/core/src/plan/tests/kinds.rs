//! What each kind of grant comes to.

use super::*;
use crate::record::tests::{
    TWO, approver, asked_of_all_kinds, binding_of_all_kinds, request_of_all_kinds,
};

/// The approved request with a grant of each kind.
fn of_all_kinds() -> RequestRecord {
    let mut record = received().record;
    *record.request_mut() = request_of_all_kinds();
    let round = asked_of_all_kinds();
    let asked = record.apply(Event::ApprovalRequested { round }, Actor::Dispatcher, at(1));
    let mut record = asked.unwrap().record;
    for (slot, who) in [(ONE, 2), (TWO, 3)] {
        let yes = identities::proved(decide(&record, slot, who, Verdict::Approve));
        let decided = record.apply(yes, approver(who), at(2));
        record = decided.unwrap().record;
    }
    record
}

/// The one inline policy comes after all that is named.
#[test]
fn what_every_kind_of_grant_comes_to_in_its_order() {
    let record = of_all_kinds();
    let planned = effects(&record, &principal(), &[], at(5)).unwrap();
    let planned: Vec<_> = planned.into_iter().map(|effect| effect.change).collect();
    let lost = changes_of_bound(record.id(), &binding_of_all_kinds());
    let all = [
        ("planned", planned),
        ("asked", changes_asked(&record)),
        ("of what is bound", lost),
    ];
    let shown = all.iter().flat_map(|(title, changes)| {
        let lines = changes.iter().map(|change| {
            let (words, key) = (change.in_words(), change.key());
            format!(
                "  {words}, {key}\n  {}",
                serde_json::to_string(change).unwrap()
            )
        });
        std::iter::once((*title).to_owned()).chain(lines)
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"));
}
