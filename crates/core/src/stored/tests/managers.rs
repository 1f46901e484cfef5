//! Managers of those who receive access: asked, or notified.

use super::*;
use crate::record::tests::person;
use crate::record::{Event, Message};
use crate::slots::{Approver, ApproverRole, OwnedResource, Slot};

pub(super) fn notice() -> Message {
    Message::ManagerNotice { manager: person(9) }
}

fn slots() -> Vec<Slot> {
    let beneficiary = OwnedResource::Beneficiary { sys_id: person(1) };
    let delegate = Approver {
        on_behalf_of: Some(person(9)),
        ..Approver::own(person(8), ApproverRole::LineManager)
    };
    let manager = Approver::own(person(9), ApproverRole::LineManager);
    vec![
        slot("210987654321", &[2]),
        Slot::new(beneficiary, vec![manager, delegate]),
    ]
}

#[test]
fn the_managers_part_is_stored_as_it_was() {
    let asked_for = |round| samples::row(Event::ApprovalRequested { round });
    let approves = asked_for(asked(slots()));
    check("event/approval_requested_manager.json", &approves);
    let notified = asked(vec![slot("210987654321", &[2])]).with_notified_manager(Some(person(9)));
    check(
        "event/approval_requested_notified.json",
        &asked_for(notified),
    );
}

#[test]
fn what_is_signed_beside_the_manager_is_what_it_was() {
    let slots = slots();
    let round = asked(slots.clone());
    let text = preimage::content(&request(), &round.binding, &slots).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text, golden("preimage/content_manager.txt", &text));
}

#[test]
fn every_kind_of_resource_is_called_what_it_was() {
    let resources = variants::<round::OwnedResourceV1>(UNKNOWN);
    let kinds = variants::<codes::OwnedResourceKindV1>(r#""?""#);
    assert_eq!(resources, kinds);
    let today = Vec::from_iter(kinds).join("\n");
    assert_eq!(today, golden("code/owned_resource.txt", &today));
}
