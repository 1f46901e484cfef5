//! Reminders to those who have not decided.

use snowgate_core::approval::Verdict;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{Closing, RequestRecord, SkipCode};
use snowgate_core::ticket::Person;
use testkit::world::{
    COLLEAGUE, MEMBER, PENDING_FOR, REMIND_BEFORE, World, account, address, at, person,
};
use testkit::{Aftermath, Moment};

use super::{ALL, addresses, dispatcher, handle, token_in};

/// When it is time.
fn time() -> i64 {
    PENDING_FOR.as_secs() - REMIND_BEFORE.as_secs() + 2
}

/// A world where two people may decide.
fn two() -> World {
    let world = World::default();
    let mut account = account();
    (account.owned_by, account.managed_by) = (None, None);
    world.put_account(account);
    world.servicenow.put_person(Person {
        active: false,
        ..person(testkit::world::LEAD)
    });
    world
}

/// A request whose letters have gone out.
fn asked(world: &World) -> RequestRecord {
    let record = world.received(at(0));
    handle(&dispatcher(world, &[]), &record.id, 1).unwrap();
    assert_eq!(world.mailer.take().len(), 2);
    world.load(&record.id)
}

#[test]
fn each_is_reminded_once_with_a_link_of_their_own() {
    let world = two();
    let record = asked(&world);
    assert_eq!(record.due_at, Some(at(time() - 1)), "due at that time");
    for second in [100, time() - 10] {
        handle(&dispatcher(&world, &[]), &record.id, second).unwrap();
    }
    assert_eq!(world.mailer.sent(), []);
    for second in [time(), time() + 1, time() + 500] {
        handle(&dispatcher(&world, &[]), &record.id, second).unwrap();
    }
    let sent = world.mailer.sent();
    assert_eq!(addresses(&sent), [address(MEMBER), address(COLLEAGUE)]);
    let rows = world.ledger.tokens();
    assert_eq!(rows.len(), 4, "the first links stay");
    for letter in &sent {
        assert!(letter.letter.subject.starts_with("Reminder: "));
        let digest = token_in(letter).digest();
        let row = rows.iter().find(|row| row.digest == digest).unwrap();
        assert_eq!(
            row.expires_at,
            record.asked.as_ref().unwrap().expires_at,
            "no longer than the first"
        );
    }
    let after = world.load(&record.id);
    assert_eq!(after.state, State::Pending);
    assert_eq!(after.due_at, Some(at(1 + PENDING_FOR.as_secs())));
}

#[test]
fn nobody_is_reminded_of_what_is_decided() {
    let world = two();
    let record = asked(&world);
    let _ = world.decide(&record, MEMBER, Verdict::Approve, &world.keys, at(50));
    handle(&dispatcher(&world, &[]), &record.id, time()).unwrap();
    assert_eq!(world.mailer.sent(), []);
}

#[test]
fn whoever_became_unfit_is_passed_over_and_the_other_is_reminded() {
    let fit = person(MEMBER);
    let cases = [
        (
            Person {
                active: false,
                ..fit.clone()
            },
            SkipCode::Inactive,
        ),
        (
            Person {
                email: "x@evil.example".parse().ok(),
                ..fit.clone()
            },
            SkipCode::ForeignMail,
        ),
        (
            Person {
                email: "rita@meridian.example".parse().ok(),
                ..fit
            },
            SkipCode::NoStanding,
        ),
    ];
    for (unfit, why) in cases {
        let world = two();
        let record = asked(&world);
        world.servicenow.put_person(unfit);
        handle(&dispatcher(&world, &[]), &record.id, time()).unwrap();
        assert_eq!(addresses(&world.mailer.sent()), [address(COLLEAGUE)]);
        let closed: Vec<_> = world
            .load(&record.id)
            .notices
            .iter()
            .map(|state| state.closed.unwrap())
            .collect();
        assert_eq!(closed, [Closing::Skipped { why }, Closing::Sent]);
    }
}

/// Wherever a run breaks off, everybody is reminded; twice only in the one case that cannot be
/// told apart.
#[test]
fn a_run_that_breaks_off_is_taken_up() {
    let mut doubled = 0;
    for moment in [Moment::Before, Moment::After] {
        let mut nth = 1;
        loop {
            let world = two();
            let record = asked(&world);
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = handle(&dispatcher(&world, &ALL), &record.id, time());
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            handle(&dispatcher(&world, &ALL), &record.id, time() + 200).unwrap();
            let sent = world.mailer.sent();
            let mut people = addresses(&sent);
            people.sort_unstable();
            let all = people.len();
            people.dedup();
            assert_eq!(people.len(), 2, "{moment:?} call {nth}");
            assert!(all <= 3, "{moment:?} call {nth}");
            doubled += usize::from(all == 3);
            if !reached {
                break;
            }
            nth += 1;
        }
        assert!(nth > 8, "every call was tried: {nth}");
    }
    assert_eq!(doubled, 4);
}
