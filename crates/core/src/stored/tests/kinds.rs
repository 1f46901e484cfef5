//! Every kind of grant is stored and hashed as it was.

use proptest::prelude::*;

use super::*;
use crate::id::RequestId;
use crate::person::tests::record;
use crate::person::{Involved, MarkKey, PeopleMarks};
use crate::record::Event;
use crate::record::tests::{
    asked_for_a_new_user, asked_of_all_kinds, request_for_a_new_user, request_of_all_kinds,
};
use crate::request::{AccessRequest, Grant};
use crate::ticket::Person;

#[test]
fn a_record_with_every_kind_of_grant_is_stored_as_it_was() {
    let record = samples::active_of_all_kinds();
    let creating = samples::creating();
    let grants = record.request().grants.iter();
    let grants = grants.chain(&creating.request().grants);
    let kinds: BTreeSet<String> = grants
        .map(|grant| serde_json::to_value(grant).unwrap()["type"].to_string())
        .map(|name| name.trim_matches('"').to_owned())
        .collect();
    assert_eq!(kinds, variants::<Grant>(UNKNOWN));
    check("record/active_all_kinds.json", &record);
    check("record/provisioning_new_user.json", &creating);
    for (name, round) in [
        ("all_kinds", asked_of_all_kinds()),
        ("new_user", asked_for_a_new_user()),
    ] {
        let asked = samples::row(Event::ApprovalRequested { round });
        check(&format!("event/approval_requested_{name}.json"), &asked);
    }
}

#[test]
fn every_kind_of_grant_is_hashed_as_it_was() {
    for (name, request, round) in [
        ("all_kinds", request_of_all_kinds(), asked_of_all_kinds()),
        ("new_user", request_for_a_new_user(), asked_for_a_new_user()),
    ] {
        let content = preimage::content(&request, &round.binding, &round.slots);
        for (what, preimage) in [
            ("request", preimage::request(&request)),
            ("content", content),
        ] {
            let text = String::from_utf8(preimage.unwrap()).unwrap();
            let name = format!("preimage/{what}_{name}.txt");
            assert_eq!(text, golden(&name, &text));
        }
    }
}

/// Marks tell people apart only where those of all decisions on a request are made alike.
#[test]
fn marks_are_made_as_they_were() {
    let message = MarkKey::message(&RequestId::from_random([1; 16])).unwrap();
    let key = MarkKey::new(&message);
    let message = String::from_utf8(message).unwrap();
    assert_eq!(message, golden("preimage/mark_key.txt", &message));
    let domains = ["meridian.example".to_owned()];
    let involved = |person: &Person| Involved::new(person, &domains).unwrap();
    let known = involved(&record(
        1,
        "rita@meridian.example",
        ["rita.chen", "1001", "Rita Chen"],
    ));
    let nowhere = involved(&record(4, "", ["", "", "Ode, Sam"]));
    let decider = record(2, "diego@meridian.example", ["", "1002", "Diego Santos"]);
    let mut decided = samples::decision();
    let marks = PeopleMarks::new(&key, &[decider], &[nowhere, known]);
    decided.signed.decision.identities = Some(marks);
    let event = Event::Decided { decision: decided };
    check("decision/with_marks.json", &samples::row(event));
}

proptest! {
    /// Equal requests have equal digests, in whatever order their grants are listed.
    #[test]
    fn the_order_of_grants_is_no_part_of_a_digest(
        grants in Just(request_of_all_kinds().grants).prop_shuffle(),
    ) {
        let request = request_of_all_kinds();
        let shuffled = AccessRequest { grants, ..request.clone() };
        prop_assert_eq!(shuffled.digest().unwrap(), request.digest().unwrap());
    }
}
