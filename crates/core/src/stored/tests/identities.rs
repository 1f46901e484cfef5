//! Users that Snowgate made.

use super::*;
use crate::identity::tests::{after, events, ways};
use crate::identity::{IdentityEvent, IdentityRow, IdentityState};
use crate::lifecycle::Actor;
use crate::record::tests::at;

fn row(event: IdentityEvent) -> IdentityRow {
    IdentityRow {
        of: crate::id::IdentityId::of(&samples::id()),
        n: 3,
        at: at(60),
        actor: Actor::Provisioner,
        event,
        state: IdentityState::Live,
        previous: Some(Digest::of(b"the row before")),
        trail_fault: None,
    }
}

#[test]
fn every_event_of_a_user_is_stored_as_it_was() {
    let events = events();
    assert_eq!(names(&events), variants::<IdentityEventV1>(UNKNOWN));
    for (name, event) in events {
        check(&format!("identity/event/{name}.json"), &row(event));
    }
    let kinds = [
        (
            "identity_disabled_by",
            variants::<identity::DisabledByV1>(UNKNOWN),
        ),
        (
            "identity_deleted_because",
            variants::<identity::DeletedBecauseV1>(UNKNOWN),
        ),
    ];
    for (name, codes) in kinds {
        let today = Vec::from_iter(codes).join("\n");
        assert_eq!(today, golden(&format!("code/{name}.txt"), &today));
    }
}

#[test]
fn a_user_in_every_state_is_stored_as_it_was() {
    let records = ways().into_iter().map(|way| after(&way).0);
    let mut states = BTreeSet::new();
    for record in records {
        let name = record.state().name();
        states.insert(name.to_owned());
        check(
            &format!("identity/record/{}.json", name.to_lowercase()),
            &record,
        );
    }
    assert_eq!(states, variants::<IdentityStateV1>(r#""?""#));
}
