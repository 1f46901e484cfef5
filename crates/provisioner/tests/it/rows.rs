//! Rows of the ledger that lie: effects that are made up, deleted, unreadable, or of other requests,
//! and a record that was changed.

use serde_json::{Value, json};
use snowgate_core::approval::MacTag;
use snowgate_core::audit::StoredRow;
use snowgate_core::audit::TrailFault;
use snowgate_core::effect::{EffectChange, RecordedEffect, inline_policy_name};
use snowgate_core::lifecycle::State;
use snowgate_core::record::{BlockedBecause, Deviation, RequestRecord};
use testkit::samples;
use testkit::world::{World, at, principal_facts};

use super::{active, approved_with, attached, end, provision};

fn rows(world: &World) -> Vec<RecordedEffect> {
    world.ledger.effects_on(&world.key())
}

/// That a request did not end, and says why.
#[track_caller]
fn unproven(record: &RequestRecord) {
    assert_eq!(record.state(), State::Revoking);
    let found: Vec<&Deviation> = record.deviations().collect();
    let unproven = |one: &&Deviation| {
        matches!(
            one,
            Deviation::StillThere {
                because: BlockedBecause::Unproven,
                ..
            }
        )
    };
    assert!(!found.is_empty() && found.iter().all(unproven), "{found:?}");
}

#[test]
fn a_made_up_effect_keeps_nothing() {
    let world = World::default();
    let ended = active(&world, 0);
    let ended = provision(&world, &ended, end(&ended));
    let record = active(&world, 40_000);
    for request in [samples::request_id(), ended.id().clone()] {
        let mut phantom = rows(&world)[0].clone();
        phantom.request = request;
        world.ledger.put_effect(phantom);
    }
    let after = provision(&world, &record, end(&record));
    assert_eq!((after.state(), after.retained()), (State::Revoked, &[][..]));
    assert!(!attached(&world, &world.target));
}

/// The request of the effect is live, on this principal, and was granted something else.
#[test]
fn a_live_request_keeps_only_what_it_was_granted() {
    let world = World::default();
    let other = {
        let grants = json!([{"type": "group_membership", "group": "analysts"}]);
        provision(&world, &approved_with(&world, grants), 3600)
    };
    assert_eq!(other.state(), State::Active);
    let record = active(&world, 0);
    let mut phantom = rows(&world)
        .into_iter()
        .find(|row| row.request == *record.id())
        .unwrap();
    phantom.request = other.id().clone();
    world.ledger.put_effect(phantom);
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
}

#[test]
fn a_deleted_effect_is_removed_all_the_same() {
    let world = World::default();
    let record = active(&world, 0);
    for row in rows(&world) {
        world.ledger.delete_effect(&row);
    }
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
}

#[test]
fn a_deleted_effect_of_what_was_there_before_removes_nothing() {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let record = active(&world, 0);
    for row in rows(&world) {
        world.ledger.delete_effect(&row);
    }
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert!(attached(&world, &world.target));
    assert_eq!(after.retained().len(), 1);
}

#[test]
fn unreadable_effects_keep_nothing_back() {
    // Its own, and that of another live request.
    let world = World::default();
    let record = active(&world, 0);
    let other = active(&world, 100);
    for row in rows(&world) {
        world.ledger.spoil_effect(&row);
    }
    let mut stray = RecordedEffect {
        request: samples::request_id(),
        ..rows(&world).pop().unwrap_or_else(|| effect_of(&record))
    };
    stray.principal_key = world.key();
    world.ledger.spoil_effect(&stray);
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert!(attached(&world, &world.target), "the other one gives it");
    let after = provision(&world, &other, end(&other));
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
}

fn effect_of(record: &RequestRecord) -> RecordedEffect {
    snowgate_core::plan::effects_of_begun(record).pop().unwrap()
}

#[test]
fn a_forged_principal_does_not_end_as_revoked() {
    let world = World::default();
    let record = active(&world, 0);
    let forge = |body: &mut Value| {
        body["phase"]["access"]["round"]["binding"]["principal"]["unique_id"] = json!("AIDAOTHER");
    };
    world.ledger.overwrite(samples::tampered(&record, forge));
    let after = provision(&world, &record, end(&record));
    unproven(&after);
    assert!(attached(&world, &world.target));
    // Put right by a person, it ends.
    let mend = |body: &mut Value| {
        let id = principal_facts().unique_id;
        body["phase"]["access"]["round"]["binding"]["principal"]["unique_id"] = json!(id);
    };
    world.ledger.overwrite(samples::tampered(&after, mend));
    let mended = provision(&world, &record, end(&record) + 300);
    assert_eq!(mended.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
}

/// With a digest that fits, which needs no key, and no signature on it.
#[test]
fn a_forged_principal_with_its_digest_does_not_end_as_revoked() {
    let world = World::default();
    let record = active(&world, 0);
    let forge = |body: &mut Value| {
        body["phase"]["access"]["round"]["binding"]["principal"]["unique_id"] = json!("AIDAOTHER");
    };
    let forged = samples::tampered(&record, forge);
    let slots = &forged.round().unwrap().slots;
    let binding = &forged.round().unwrap().binding;
    let content = binding.content_digest(forged.request(), slots).unwrap();
    let digest = |body: &mut Value| {
        let round = &mut body["phase"]["access"]["round"];
        round["content"] = json!(content.as_str());
        round["decisions"][0]["signed"]["decision"]["content"] = json!(content.as_str());
    };
    let forged = samples::tampered(&forged, digest);
    assert!(forged.content().is_some());
    world.ledger.overwrite(forged);
    let after = provision(&world, &record, end(&record));
    unproven(&after);
}

/// The request in the record asks for nothing that was given.
#[test]
fn a_forged_grant_does_not_end_as_revoked() {
    let world = World::default();
    let record = active(&world, 0);
    let other = testkit::world::other_policy().to_string();
    let forge = |body: &mut Value| {
        body["head"]["request"]["grants"][0]["policy_arn"] = json!(other);
    };
    world.ledger.overwrite(samples::tampered(&record, forge));
    let after = provision(&world, &record, end(&record));
    unproven(&after);
    assert!(attached(&world, &world.target));
    assert_eq!(
        world.directory.changes().len(),
        1,
        "nothing else is touched"
    );
}

/// A record that says that all was there before, beside an effect that says otherwise.
#[test]
fn what_is_disputed_is_neither_removed_nor_passed_for_there_before() {
    let world = World::default();
    let record = active(&world, 0);
    let change = json!({"type": "policy_attached", "policy_arn": samples::policy()});
    let forge = |body: &mut Value| body["head"]["preexisting"] = json!([change]);
    world.ledger.overwrite(samples::tampered(&record, forge));
    let fault = world.load(record.id()).trail_fault();
    assert_eq!(
        fault,
        Some(TrailFault::Disagrees),
        "the trail says otherwise"
    );
    let after = provision(&world, &record, end(&record));
    unproven(&after);
    assert!(attached(&world, &world.target));
    // The other way round.
    let world = World::default();
    let record = active(&world, 0);
    let mut row = rows(&world).remove(0);
    row.preexisting = true;
    world.ledger.put_effect(row);
    let after = provision(&world, &record, end(&record));
    unproven(&after);
}

/// A whole request that somebody made up, whose decisions nobody signed: what only it gives stays
/// until a person has looked.
#[test]
fn a_made_up_request_keeps_nothing_in_silence() {
    let world = World::default();
    let record = active(&world, 0);
    let other = active(&world, 100);
    let forge = |body: &mut Value| {
        let round = &mut body["phase"]["access"]["round"];
        let mac = &mut round["decisions"][0]["signed"]["mac"];
        *mac = serde_json::to_value(MacTag::new(vec![9; 32])).unwrap();
    };
    world.ledger.overwrite(samples::tampered(&other, forge));
    let after = provision(&world, &record, end(&record));
    unproven(&after);
    world.ledger.overwrite(other);
    let after = provision(&world, &after, end(&record) + 50);
    assert_eq!((after.state(), after.retained().len()), (State::Revoked, 1));
}

/// A request with signed decisions whose trail does not bear it out, for the same policy.
#[test]
fn a_broken_trail_keeps_nothing_that_another_gave() {
    let break_it = |world: &World, record: &RequestRecord| {
        let edit = |rows: &mut Vec<StoredRow>| rows.first_mut().unwrap().bytes.push(' ');
        world.ledger.rewrite_trail(record.id(), edit);
        assert!(world.load(record.id()).trail_fault().is_some());
    };
    let world = World::default();
    let record = active(&world, 0);
    let other = active(&world, 100);
    break_it(&world, &other);
    let after = provision(&world, &record, end(&record));
    unproven(&after);
}

/// The record of a request under another id: its decisions are signed, on another request.
#[test]
fn a_copy_of_a_request_under_another_id_keeps_nothing() {
    let world = World::default();
    let record = active(&world, 0);
    let id = samples::request_id();
    let copy = samples::tampered(&record, |body| {
        body["head"]["id"] = json!(id);
        body["phase"]["access"]["until"] = json!("9999-01-01T00:00:00Z");
    });
    world.ledger.overwrite(copy);
    let mut row = rows(&world).remove(0);
    row.request = id;
    world.ledger.put_effect(row);
    let after = provision(&world, &record, end(&record));
    assert_eq!((after.state(), after.retained()), (State::Revoked, &[][..]));
    assert!(!attached(&world, &world.target));
}

/// The request and the signed decisions of another one, on a principal that does not exist any more.
#[test]
fn the_decisions_of_another_request_prove_nothing() {
    let world = World::default();
    let mut gone = principal_facts();
    gone.unique_id = "AIDAGONE".to_owned();
    world.directory.put_principal(&world.target, gone);
    let other = world.approved(at(0));
    world
        .directory
        .put_principal(&world.target, principal_facts());
    let record = active(&world, 0);
    let theirs = samples::tampered(&other, |_| ());
    let theirs = serde_json::from_str::<Value>(&snowgate_core::stored::write(&theirs).unwrap());
    let theirs = theirs.unwrap();
    let splice = |body: &mut Value| {
        for member in ["request", "request_digest"] {
            body["head"][member] = theirs["body"]["head"][member].clone();
        }
        body["phase"]["access"]["round"] = theirs["body"]["phase"]["round"].clone();
    };
    world.ledger.overwrite(samples::tampered(&record, splice));
    let after = provision(&world, &record, end(&record) + 3600);
    unproven(&after);
    assert!(attached(&world, &world.target));
}

/// Neither is proved, as after a new approval key, and both are over.
#[test]
fn of_two_that_are_over_none_keeps_the_other() {
    let world = World::default();
    let records = [active(&world, 0), active(&world, 100)];
    for record in &records {
        let forge = |body: &mut Value| {
            let round = &mut body["phase"]["access"]["round"];
            let mac = &mut round["decisions"][0]["signed"]["mac"];
            *mac = serde_json::to_value(MacTag::new(vec![9; 32])).unwrap();
        };
        world.ledger.overwrite(samples::tampered(record, forge));
    }
    let late = end(&records[1]) + 60;
    for record in &records {
        let after = provision(&world, record, late);
        assert_eq!((after.state(), after.retained()), (State::Revoked, &[][..]));
    }
    assert!(!attached(&world, &world.target));
}

/// A row that somebody put for an approved request before it was provisioned.
#[test]
fn no_row_decides_what_is_put() {
    let world = World::default();
    let statement =
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"});
    let policy = json!({"Version": "2012-10-17", "Statement": statement});
    let grants = json!([{"type": "inline_policy", "document": policy}]);
    let approved = approved_with(&world, grants);
    let document = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let change = EffectChange::InlinePolicyPut {
        name: inline_policy_name(approved.id()),
        document: document.to_string(),
        ends_at: at(99_999_999),
    };
    world.ledger.put_effect(RecordedEffect {
        request: approved.id().clone(),
        principal_key: world.key(),
        principal: world.target.clone(),
        change,
        preexisting: false,
        since: at(0),
        latest_end: None,
        signature: None,
    });
    let after = provision(&world, &approved, 10);
    assert_eq!(after.state(), State::Active, "{:?}", after.end_reason());
    let inline = world.directory.facts(&world.target).unwrap().inline;
    let texts: Vec<&str> = inline.iter().map(|one| one.document.as_str()).collect();
    assert!(
        texts.len() == 1 && texts[0].contains("s3:GetObject"),
        "{texts:?}"
    );
    assert_eq!(after.until(), Some(at(10 + 8 * 3600)));
    assert_eq!(
        provision(&world, &after, end(&after)).state(),
        State::Revoked
    );
    assert_eq!(world.directory.facts(&world.target).unwrap().inline, []);
}

/// What a request that was not begun names is not touched when it fails.
#[test]
fn a_request_that_was_not_begun_rolls_nothing_back() {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let approved = world.approved(at(0));
    let mut row = samples::effect(approved.id(), &world.target, false);
    row.principal_key = world.key();
    world.ledger.put_effect(row);
    let after = provision(&world, &approved, 24 * 3600);
    assert_eq!(after.state(), State::Failed);
    assert!(attached(&world, &world.target));
}
