//! Access that should be over and that nothing due leads to.

use ports::ledger::{Commit, Requests as _, bucket_of};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use sweeper::Reconciled;
use testkit::world::{World, at, ready};
use testkit::{Aftermath, Fault, Moment, QueueName, samples};
use workflow::change::put_off_until;

use super::{sweep, sweeper, woken};

const END: i64 = 9000;
const DAY: i64 = 24 * 3600;

/// Access that was given, with its effect.
fn active(world: &World) -> RequestRecord {
    active_until(world, END)
}

/// Access that ends then, with an effect that the index has at [`END`].
fn active_until(world: &World, until: i64) -> RequestRecord {
    let started = Event::ProvisioningStarted {
        preexisting: Vec::new(),
    };
    let started = world.apply(&world.approved(at(0)), started, Actor::Provisioner, at(2));
    let event = Event::Activated { until: at(until) };
    let mut effect = samples::effect(started.id(), &world.target, false);
    effect.principal_key = world.key();
    let commit = Commit {
        put_effects: vec![effect],
        effects_end: Some(at(END)),
        ..Commit::from(started.apply(event, Actor::Provisioner, at(2)).unwrap())
    };
    ready(world.ledger.commit(&commit)).unwrap();
    let mut record = commit.change.record;
    for message in record.due_deliveries(at(3)) {
        record = world.deliver(&record, &message, Actor::Reporter, at(3));
    }
    record
}

fn reconcile(world: &World, second: i64) -> Reconciled {
    ready(sweeper(world, &Fault::none()).reconcile(at(second))).unwrap()
}

/// For which principals the provisioner was woken.
fn ended(world: &World) -> Vec<Aggregate> {
    let sent = world.queues.take(QueueName::Work);
    sent.into_iter().map(|sent| sent.wake.aggregate).collect()
}

/// What hides the end of a request.
type Hide = fn(&World, &RequestRecord);

#[test]
fn an_end_that_is_hidden_from_the_index_is_found() {
    let hide: [(&str, Hide); 4] = [
        ("removed", |world, record| {
            world.ledger.overwrite(record.clone().rescheduled(None, 0));
        }),
        ("far away", |world, record| {
            let never = "9999-01-01T00:00:00Z".parse().unwrap();
            world
                .ledger
                .overwrite(record.clone().rescheduled(Some(never), 0));
        }),
        ("unreadable", |world, record| {
            world.ledger.garble(record.id())
        }),
        ("said to have ended", |world, record| {
            world.ledger.overwrite(samples::tampered(record, |body| {
                let access = body["phase"]["access"].take();
                body["phase"] = serde_json::json!({
                    "type": "ended",
                    "ending": {"type": "revoked", "access": access, "retained": []},
                });
                body["head"]["due_at"].take();
            }));
        }),
    ];
    for (name, hide) in hide {
        let world = World::default();
        let record = active(&world);
        hide(&world, &record);
        let _ = sweep(&world, END + 60);
        assert_eq!(woken(&world), [], "{name}: hidden");
        assert_eq!(
            reconcile(&world, END + 60),
            Reconciled::default(),
            "{name}: patience"
        );
        let found = reconcile(&world, END + 900);
        assert_eq!((found.missed, found.failed), (1, 0), "{name}");
        assert_eq!(ended(&world), [Aggregate::Principal(world.key())], "{name}");
        let behind = reconcile(&world, END + 1800);
        assert_eq!(behind, Reconciled::default(), "{name}: others come first");
        let again = reconcile(&world, END + 900 + 1800 + 600);
        assert_eq!(again.missed, 1, "{name}: until it is gone");
    }
}

#[test]
fn access_that_is_there_is_left_alone() {
    let world = World::default();
    let record = active(&world);
    assert_eq!(reconcile(&world, END - 1), Reconciled::default());
    // Its record knows another end: that counts, and the index learns it.
    let world = World::default();
    let longer = active_until(&world, END + 9000);
    let found = reconcile(&world, END + 900);
    assert_eq!((found.missed, found.settled), (0, 1));
    assert_eq!(reconcile(&world, END + 1800), Reconciled::default());
    assert_eq!(reconcile(&world, END + 9000 + 900).missed, 1);
    assert_eq!(
        (record.state(), longer.state()),
        (State::Active, State::Active)
    );
    // Another end that its trail does not bear out counts for nothing.
    let world = World::default();
    let forged = samples::tampered(&active(&world), |body| {
        body["phase"]["access"]["until"] = serde_json::json!("9999-01-01T00:00:00Z");
    });
    world.ledger.overwrite(forged);
    assert_eq!(reconcile(&world, END + 900).missed, 1);
}

/// A run broke off after it changed IAM, and what was due was taken out of the index.
#[test]
fn what_was_begun_and_is_due_nowhere_is_found() {
    let world = World::default();
    let started = Event::ProvisioningStarted {
        preexisting: Vec::new(),
    };
    let approved = world.approved(at(0));
    let mut effect = samples::effect(approved.id(), &world.target, false);
    effect.principal_key = world.key();
    let commit = Commit {
        put_effects: vec![effect],
        effects_end: Some(at(END)),
        ..Commit::from(approved.apply(started, Actor::Provisioner, at(2)).unwrap())
    };
    ready(world.ledger.commit(&commit)).unwrap();
    let record = commit.change.record;
    world.ledger.overwrite(record.rescheduled(None, 0));
    assert_eq!(reconcile(&world, END + 900).missed, 1);
}

/// A run began a moment ago, whose access would have been over long ago.
#[test]
fn what_was_just_begun_is_about_to_go_on_by_itself() {
    let world = World::default();
    let started = Event::ProvisioningStarted {
        preexisting: Vec::new(),
    };
    let approved = world.approved(at(0));
    let mut effect = samples::effect(approved.id(), &world.target, false);
    effect.principal_key = world.key();
    let change = approved.apply(started, Actor::Provisioner, at(END + 800));
    let commit = Commit {
        put_effects: vec![effect],
        effects_end: Some(at(END)),
        ..Commit::from(change.unwrap())
    };
    ready(world.ledger.commit(&commit)).unwrap();
    let found = reconcile(&world, END + 900);
    assert_eq!((found.missed, found.settled), (0, 1));
    assert_eq!(reconcile(&world, END + 900 + 1800 + 600).missed, 1);
}

/// Nobody can be woken for it: it is counted, and looked at again behind the others.
#[test]
fn an_effect_that_does_not_say_whose_it_is_is_reported_until_it_is_gone() {
    let world = World::default();
    let _ = active(&world);
    world.ledger.garble_ends();
    let found = reconcile(&world, END + 900);
    let missed = Reconciled {
        missed: 1,
        ..Reconciled::default()
    };
    assert_eq!(found, missed);
    assert_eq!(ended(&world), []);
    assert_eq!(reconcile(&world, END + 1800), Reconciled::default());
    assert_eq!(reconcile(&world, END + 900 + 1800 + 600), missed);
}

/// More ends than one run looks at, in one bucket: the rest is for the next one, and reported.
#[test]
fn a_flood_of_ends_is_worked_off_and_reported() {
    let world = World::default();
    let started = Event::ProvisioningStarted {
        preexisting: Vec::new(),
    };
    let approved = world.approved(at(0));
    let mut effects = Vec::new();
    while effects.len() < 401 {
        let request = samples::request_id();
        if bucket_of(&request) == 0 {
            let mut effect = samples::effect(&request, &world.target, false);
            effect.principal_key = world.key();
            effects.push(effect);
        }
    }
    let commit = Commit {
        put_effects: effects,
        effects_end: Some(at(END)),
        ..Commit::from(approved.apply(started, Actor::Provisioner, at(2)).unwrap())
    };
    ready(world.ledger.commit(&commit)).unwrap();
    let first = reconcile(&world, END + 900);
    assert_eq!((first.missed, first.cut), (400, 1));
    let second = reconcile(&world, END + 960);
    assert_eq!((second.missed, second.cut), (1, 0));
}

#[test]
fn one_that_cannot_be_looked_at_keeps_no_other_back() {
    for nth in 1..20 {
        let world = World::default();
        let all: Vec<_> = (0..3).map(|_| active(&world)).collect();
        world.fault.mend();
        world.fault.at(nth, Moment::Before, Aftermath::Alive);
        let first = ready(sweeper(&world, &Fault::none()).reconcile(at(END + 900)));
        let sent = ended(&world).len();
        match first {
            Ok(found) => assert!(sent + found.failed as usize >= all.len(), "{nth}"),
            Err(_) => assert!(sent < all.len() + 1, "{nth}: a bucket could not be read"),
        }
        world.fault.mend();
        assert_eq!(reconcile(&world, END + 5000).missed, 3, "{nth}");
    }
}

fn by_us(world: &World, record: &RequestRecord, event: Event, second: i64) -> RequestRecord {
    world.apply(record, event, Actor::Provisioner, at(second))
}

/// Access whose removal has not worked for a day, and of which the ticket was told.
fn parked(world: &World) -> RequestRecord {
    let mut record = by_us(world, &active(world), Event::RevocationStarted, END);
    for (after, found) in samples::parking() {
        record = by_us(world, &record, found, END + after);
    }
    for message in record.due_deliveries(at(END + DAY)) {
        record = world.deliver(&record, &message, Actor::Reporter, at(END + DAY));
    }
    record
}

/// A parked removal is tried once a day, and nothing else leads to it meanwhile.
#[test]
fn a_parked_removal_is_tried_once_a_day() {
    let world = World::default();
    let record = parked(&world);
    assert_eq!(record.due_at(), Some(at(END + 2 * DAY)));
    let found = reconcile(&world, END + DAY + 900);
    assert_eq!((found.missed, found.settled), (0, 1));
    for days in 2..5 {
        assert_eq!(sweep(&world, END + days * DAY - 1).woken, 0);
        assert_eq!(sweep(&world, END + days * DAY).woken, 1);
        assert_eq!(ended(&world).len(), 1, "the provisioner tries");
        let record = world.load(record.id());
        let again = record.next_try_of_blocked(at(END + days * DAY));
        ready(put_off_until(&world.ledger, &record, again)).unwrap();
        let found = reconcile(&world, END + days * DAY + 900);
        assert_eq!(found.missed, 0);
    }
}

/// Whoever takes it out of the index, or puts it far off, does not keep it from being tried.
#[test]
fn a_parked_removal_that_is_hidden_is_found() {
    for due in [None, Some("9999-01-01T00:00:00Z".parse().unwrap())] {
        let world = World::default();
        let record = parked(&world);
        world.ledger.overwrite(record.rescheduled(due, 0));
        let found = reconcile(&world, END + DAY + 900);
        assert_eq!((found.missed, found.failed), (1, 0));
        assert_eq!(ended(&world), [Aggregate::Principal(world.key())]);
    }
}

/// What was abandoned is looked for no more, unless its record says that without its trail.
#[test]
fn what_was_abandoned_is_no_missed_end() {
    let world = World::default();
    let reason = "The account is closed".parse().unwrap();
    let _ = by_us(
        &world,
        &parked(&world),
        Event::Abandoned { reason },
        END + DAY + 60,
    );
    let found = reconcile(&world, END + DAY + 900);
    assert_eq!((found.missed, found.settled), (0, 1));
    assert_eq!(reconcile(&world, END + 20 * DAY), Reconciled::default());

    let world = World::default();
    let record = active(&world);
    world.ledger.overwrite(samples::tampered(&record, |body| {
        let access = body["phase"]["access"].take();
        let ending =
            serde_json::json!({"type": "abandoned", "access": access, "reason": "Made up"});
        body["phase"] = serde_json::json!({"type": "ended", "ending": ending});
    }));
    assert_eq!(reconcile(&world, END + 900).missed, 1);
}
