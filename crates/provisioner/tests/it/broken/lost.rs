//! Requests whose record is lost: what their trail says is all there is.

use snowgate_core::principal::PrincipalType;

use super::*;

/// A policy that somebody put by hand, and an effect about it of a request whose record is lost.
#[test]
fn what_a_lost_request_did_not_give_is_not_taken() {
    let world = World::default();
    let record = active(&world);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.inline.push(InlineFacts {
        name: "operators-deny".to_owned(),
        document: "{}".to_owned(),
    });
    world.directory.put_principal(&world.target, facts);
    let row = rows(&world).remove(0);
    world.ledger.put_effect(RecordedEffect {
        change: EffectChange::InlinePolicyPut {
            name: "operators-deny".to_owned(),
            document: String::new(),
            ends_at: at(0),
        },
        latest_end: None,
        ..row
    });
    world.ledger.garble(record.id());
    end_all(&world, 24 * 3600 + END + 60);
    let left = world.directory.facts(&world.target).unwrap();
    assert_eq!(left.inline.len(), 1, "it is not ours");
    assert!(!attached(&world), "this is");
}

/// Writes the rows of a trail anew, so that each follows from the one before it.
fn rewrite(world: &World, record: &RequestRecord, rewrite: impl FnOnce(&mut Vec<AuditRow>)) {
    world.ledger.rewrite_trail(record.id(), |stored| {
        let mut rows: Vec<AuditRow> = stored.iter().map(|row| row.read().unwrap()).collect();
        rewrite(&mut rows);
        let mut previous = None;
        let anew = (0..).zip(rows).map(|(n, row)| {
            let row = AuditRow {
                previous: previous.take(),
                n,
                ..row
            };
            let row = row.stored().unwrap();
            previous.clone_from(&row.hash);
            row
        });
        *stored = anew.collect();
    });
}

/// The record is lost, and what is left of the request proves nothing.
#[test]
fn what_proves_nothing_of_a_lost_request_takes_nothing() {
    let forge: [(&str, Forge); 6] = [
        ("no signature that verifies", |world, record| {
            rewrite(world, record, |rows| {
                for row in rows {
                    if let Event::Decided { decision } = &mut row.event {
                        decision.signed.mac = MacTag::new(vec![9; 32]);
                    }
                }
            });
        }),
        ("the decision of another request", |world, record| {
            let other = world.approved(at(0));
            let theirs = other.decisions().first().unwrap();
            rewrite(world, record, |rows| {
                for row in rows {
                    if let Event::Decided { decision } = &mut row.event {
                        decision.clone_from(theirs);
                    }
                }
            });
        }),
        ("no decision", |world, record| {
            rewrite(world, record, |rows| {
                rows.retain(|row| !matches!(row.event, Event::Decided { .. }));
            });
        }),
        ("never begun", |world, record| {
            rewrite(world, record, |rows| {
                let is_begun = |event: &Event| matches!(event, Event::ProvisioningStarted { .. });
                rows.retain(|row| !is_begun(&row.event));
            });
        }),
        (
            "rows that do not follow from each other",
            |world, record| {
                world.ledger.rewrite_trail(record.id(), |rows| {
                    rows.first_mut().unwrap().bytes.push(' ');
                });
            },
        ),
        ("an effect that says otherwise", |world, _| {
            let mut row = rows(world).remove(0);
            row.preexisting = true;
            world.ledger.put_effect(row);
        }),
    ];
    for (name, forge) in forge {
        let world = World::default();
        let record = active(&world);
        forge(&world, &record);
        world.ledger.garble(record.id());
        end_all(&world, 40 * 24 * 3600);
        assert!(attached(&world), "{name}");
        assert_eq!(rows(&world).len(), 1, "{name}: a person decides");
    }
}

/// An effect leads from a principal to a request whose approvers were asked about another one.
#[test]
fn a_lost_request_takes_nothing_from_a_principal_that_nobody_was_asked_about() {
    let world = World::default();
    let record = active(&world);
    let (other, key) = other_with_the_policy(&world);
    let row = rows(&world).remove(0);
    world.ledger.put_effect(RecordedEffect {
        principal_key: key.clone(),
        principal: other.clone(),
        ..row
    });
    world.ledger.garble(record.id());
    end_all_on(&world, key, 24 * 3600 + END + 60);
    assert!(crate::attached(&world, &other));
}

/// The effect that is left names something else than what was there before.
#[test]
fn what_was_there_before_a_lost_request_stays_whatever_is_recorded() {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let record = active(&world);
    let row = rows(&world).remove(0);
    world.ledger.delete_effect(&row);
    world.ledger.put_effect(RecordedEffect {
        change: EffectChange::InlinePolicyPut {
            name: "operators-deny".to_owned(),
            document: String::new(),
            ends_at: at(0),
        },
        preexisting: false,
        ..row
    });
    world.ledger.garble(record.id());
    end_all(&world, 24 * 3600 + END + 60);
    assert!(attached(&world));
}

#[test]
fn what_a_live_request_gives_too_stays_when_a_lost_one_ends() {
    let world = World::default();
    let record = active(&world);
    let row = rows(&world).remove(0);
    let other = provision(&world, &world.approved(at(100)), 100);
    world.ledger.put_effect(RecordedEffect {
        latest_end: Some(at(150)),
        ..row
    });
    world.ledger.garble(record.id());
    end_all(&world, 200);
    assert!(attached(&world));
    let left = rows(&world);
    assert!(left.iter().all(|row| row.request == *other.id()));
}

/// Its principal is looked at although nothing is due.
#[test]
fn what_proves_nothing_ends_when_its_principal_is_looked_at() {
    let world = World::default();
    let record = active(&world);
    world.ledger.overwrite(samples::tampered(&record, |body| {
        body["phase"]["access"]["until"] = "9999-01-01T00:00:00Z".into();
        body["phase"]["access"]["round"]["decisions"] = serde_json::json!([]);
    }));
    end_all(&world, 3600);
    assert!(!attached(&world));
}

/// An effect that leads to another kind of principal, or into another account, where nobody of this id
/// is: that is no sign that the principal is gone.
#[test]
fn where_an_effect_leads_astray_nothing_counts_as_gone() {
    let as_user: fn(&mut RecordedEffect) = |row| row.principal.kind = PrincipalType::User;
    let elsewhere: fn(&mut RecordedEffect) = |row| {
        row.principal.account_id = "320987654321".parse().unwrap();
    };
    for (kind, unique_id, lead_astray) in [
        (PrincipalType::Role, "AROAAPP", as_user),
        (PrincipalType::User, "AIDAAPP", elsewhere),
    ] {
        let mut world = World::default();
        world.target.kind = kind;
        let mut facts = principal_facts();
        facts.unique_id = unique_id.to_owned();
        facts.arn = format!("arn:aws:iam::{}:{kind}/enrolled/app", samples::ACCOUNT);
        world.directory.put_principal(&world.target, facts);
        let record = active(&world);
        let key = record.principal_key();
        let mut row = world.ledger.effects_on(&key).remove(0);
        lead_astray(&mut row);
        world.ledger.put_effect(row);
        world.ledger.garble(record.id());
        end_all_on(&world, key.clone(), 24 * 3600 + END + 60);
        assert!(attached(&world), "{kind}");
        let left = world.ledger.effects_on(&key);
        assert_eq!(left.len(), 1, "{kind}: a person decides");
    }
}
