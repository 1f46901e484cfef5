//! Calls that fail, messages that come twice, runs that break off.

use snowgate_core::email::MailField;
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;
use snowgate_core::ticket::Person;
use testkit::world::{COLLEAGUE, MANAGER, MEMBER, OWNER, World, address, at, id, person};
use testkit::{Aftermath, Moment};

use super::{ALL, Port, addresses, dispatcher, handle, token_in};

/// A world where two colleagues are asked.
fn two() -> World {
    let world = World::default();
    world.supported_by(&[MEMBER, COLLEAGUE]);
    world
}

#[test]
fn a_message_that_comes_again_sends_nothing_again() {
    let world = two();
    let record = world.received(at(0));
    for second in [1, 1, 30, 200, 4000] {
        handle(&dispatcher(&world, &[]), record.id(), second).unwrap();
    }
    assert_eq!(
        addresses(&world.mailer.sent()),
        [address(MEMBER), address(COLLEAGUE)]
    );
    assert_eq!(world.ledger.tokens().len(), 2);
}

#[test]
fn without_servicenow_nobody_gets_a_letter() {
    let mut nth = 1;
    loop {
        let world = World::default();
        let record = world.received(at(0));
        world.fault.at(nth, Moment::Before, Aftermath::Dead);
        let dispatcher = dispatcher(&world, &[Port::ServiceNow]);
        if handle(&dispatcher, record.id(), 1).is_ok() {
            break;
        }
        assert_eq!(world.mailer.sent(), [], "call {nth}");
        let open = [State::Received, State::Pending];
        assert!(
            open.contains(&world.load(record.id()).state()),
            "call {nth}"
        );
        world.fault.mend();
        handle(&dispatcher, record.id(), 200).unwrap();
        assert_eq!(addresses(&world.mailer.sent()), [address(OWNER)]);
        nth += 1;
    }
    assert!(nth > 4, "every call of ServiceNow was tried: {nth}");
}

#[test]
fn a_letter_that_fails_keeps_no_other_back() {
    let world = two();
    let record = world.received(at(0));
    world.fault.at(1, Moment::Before, Aftermath::Alive);
    let dispatcher = dispatcher(&world, &[Port::Mailer]);
    assert!(handle(&dispatcher, record.id(), 1).is_err());
    assert_eq!(addresses(&world.mailer.sent()), [address(COLLEAGUE)]);
    handle(&dispatcher, record.id(), 60).unwrap();
    assert_eq!(world.mailer.sent().len(), 1, "still claimed");
    assert!(world.load(record.id()).due_at().is_some());
    handle(&dispatcher, record.id(), 200).unwrap();
    assert_eq!(
        addresses(&world.mailer.sent()),
        [address(COLLEAGUE), address(MEMBER)]
    );
}

/// How many e-mails were taken by the mail service and not marked as sent.
fn unmarked(world: &World, record: &RequestRecord) -> usize {
    let record = world.load(record.id());
    let letters = record.deliveries().iter();
    let marked = letters.filter(|letter| letter.sent_at().is_some()).count();
    world.mailer.sent().len() - marked
}

/// Wherever a run breaks off, everybody gets an e-mail in the end, and a second one only where
/// the first was taken and that could not be written down.
#[test]
fn a_run_that_breaks_off_is_taken_up() {
    for moment in [Moment::Before, Moment::After] {
        let (mut nth, mut doubled) = (1, 0);
        loop {
            let world = two();
            let record = world.received(at(0));
            world.fault.at(nth, moment, Aftermath::Dead);
            let crashed = handle(&dispatcher(&world, &ALL), record.id(), 1).is_err();
            if !crashed {
                break;
            }
            let again = unmarked(&world, &record);
            doubled += again;
            world.fault.mend();
            let sound = dispatcher(&world, &ALL);
            handle(&sound, record.id(), 200).unwrap();
            handle(&sound, record.id(), 400).unwrap();
            let letters = world.mailer.sent();
            assert_eq!(letters.len(), 2 + again, "{moment:?} call {nth}");
            for who in [MEMBER, COLLEAGUE] {
                assert!(addresses(&letters).contains(&address(who).as_str()));
            }
            let rows = world.ledger.tokens();
            for letter in &letters {
                let digest = token_in(letter).digest();
                assert!(
                    rows.iter().any(|row| row.digest == digest),
                    "every link opens"
                );
            }
            assert_eq!(world.load(record.id()).state(), State::Pending);
            nth += 1;
        }
        assert!(nth > 15, "every call was tried: {nth}");
        assert!(doubled > 0, "the one case of two e-mails was among them");
    }
}

#[tokio::test]
async fn two_runs_at_once_send_one_letter_each() {
    let world = two();
    world.fault.interleave();
    let record = world.received(at(0));
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let (dispatcher, id) = (dispatcher(&world, &ALL), record.id().clone());
            tokio::spawn(async move { dispatcher.handle(&id, at(1)).await.is_ok() })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
    let letters = world.mailer.sent();
    let mut people = addresses(&letters);
    people.sort_unstable();
    people.dedup();
    assert_eq!((letters.len(), people.len()), (people.len(), people.len()));
    world.fault.mend();
    handle(&dispatcher(&world, &ALL), record.id(), 200).unwrap();
    assert_eq!(world.mailer.sent().len(), 2);
}

/// Between asking and writing, an owner became somebody who must not get an e-mail: the next one
/// does.
#[test]
fn whoever_became_unfit_meanwhile_gets_no_letter() {
    let fit = person(OWNER);
    let unfit = [
        Person {
            email: MailField::read("x@evil.example"),
            ..fit.clone()
        },
        Person {
            email: MailField::Empty,
            ..fit.clone()
        },
        Person {
            active: false,
            ..fit.clone()
        },
        Person {
            locked_out: true,
            ..fit.clone()
        },
    ];
    for unfit in unfit {
        let world = World::default();
        let record = world.received(at(0));
        world.fault.at(1, Moment::Before, Aftermath::Dead);
        assert!(handle(&dispatcher(&world, &[Port::Mailer]), record.id(), 1).is_err());
        assert_eq!(world.load(record.id()).state(), State::Pending);
        world.fault.mend();
        world.servicenow.put_person(unfit);
        handle(&dispatcher(&world, &[]), record.id(), 200).unwrap();
        assert_eq!(addresses(&world.mailer.sent()), [address(MANAGER)]);
        let after = world.load(record.id());
        assert!(!after.asks(&id(OWNER)) && after.asks(&id(MANAGER)));
    }
}

#[test]
fn a_request_that_ended_gets_no_letters() {
    let world = World::default();
    let record = world.received(at(0));
    world.fault.at(1, Moment::Before, Aftermath::Dead);
    assert!(handle(&dispatcher(&world, &[Port::Mailer]), record.id(), 1).is_err());
    world.fault.mend();
    let pending = world.load(record.id());
    let actor = snowgate_core::lifecycle::Actor::Client {
        client: pending.client().clone(),
    };
    let withdrawn = snowgate_core::record::Event::Withdrawn { reason: None };
    let ended = world.apply(&pending, withdrawn, actor, at(2));
    handle(&dispatcher(&world, &[]), record.id(), 200).unwrap();
    assert_eq!(world.mailer.sent(), []);
    assert_eq!(world.load(record.id()), ended);
}

#[test]
fn a_request_that_does_not_exist_is_an_error() {
    let world = World::default();
    let id = testkit::samples::request_id();
    assert!(handle(&dispatcher(&world, &[]), &id, 0).is_err());
}
