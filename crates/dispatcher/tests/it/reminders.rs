//! Reminders to those who have not decided.

use snowgate_core::account::AccountItem;
use snowgate_core::approval::Verdict;
use snowgate_core::email::MailField;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{Delivery, Message, RequestRecord};
use snowgate_core::ticket::Person;
use testkit::world::{
    COLLEAGUE, MANAGER, MEMBER, OWNER, PENDING_FOR, REMIND_BEFORE, World, account, address, at, id,
    person,
};
use testkit::{Aftermath, Moment};

use super::people::{bounce, bounced};
use super::{ALL, Port, addresses, dispatcher, handle, token_in};

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

/// A request whose e-mails have gone out.
fn asked(world: &World) -> RequestRecord {
    let record = world.received(at(0));
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    assert_eq!(world.mailer.take().len(), 2);
    world.load(record.id())
}

/// The reminders that were claimed or skipped.
fn reminders(record: &RequestRecord) -> impl Iterator<Item = &Delivery> {
    let deliveries = record.deliveries().iter();
    deliveries.filter(|delivery| matches!(delivery.message, Message::Reminder { .. }))
}

#[test]
fn each_is_reminded_once_with_a_link_of_their_own() {
    let world = two();
    let record = asked(&world);
    assert_eq!(record.due_at(), Some(at(time() - 1)), "due at that time");
    for second in [100, time() - 10] {
        handle(&dispatcher(&world, &[]), record.id(), second).unwrap();
    }
    assert_eq!(world.mailer.sent(), []);
    for second in [time(), time() + 1, time() + 500] {
        handle(&dispatcher(&world, &[]), record.id(), second).unwrap();
    }
    let sent = world.mailer.sent();
    assert_eq!(addresses(&sent), [address(MEMBER), address(COLLEAGUE)]);
    let rows = world.ledger.tokens();
    assert_eq!(rows.len(), 4, "the first links stay");
    for letter in &sent {
        assert!(letter.email.subject.starts_with("Reminder: "));
        let digest = token_in(letter).digest();
        let row = rows.iter().find(|row| row.digest == digest).unwrap();
        assert_eq!(
            row.expires_at,
            record.round().unwrap().expires_at,
            "no longer than the first"
        );
    }
    let after = world.load(record.id());
    assert_eq!(after.state(), State::Pending);
    assert_eq!(after.due_at(), Some(at(1 + PENDING_FOR.as_secs())));
}

#[test]
fn nobody_is_reminded_of_what_is_decided() {
    let world = two();
    let record = asked(&world);
    let _ = world.decide(&record, MEMBER, Verdict::Approve, &world.keys, at(50));
    handle(&dispatcher(&world, &[]), record.id(), time()).unwrap();
    assert_eq!(world.mailer.sent(), []);
}

#[test]
fn whoever_became_unfit_is_asked_no_more_and_the_other_is_reminded() {
    let fit = person(MEMBER);
    let cases = [
        Person {
            active: false,
            ..fit.clone()
        },
        Person {
            email: MailField::read("x@evil.example"),
            ..fit
        },
    ];
    for unfit in cases {
        let world = two();
        let record = asked(&world);
        world.servicenow.put_person(unfit);
        handle(&dispatcher(&world, &[]), record.id(), time()).unwrap();
        assert_eq!(addresses(&world.mailer.sent()), [address(COLLEAGUE)]);
        let after = world.load(record.id());
        assert!(reminders(&after).all(|delivery| delivery.sent_at().is_some()));
        assert_eq!(reminders(&after).count(), 1);
        assert!(!after.asks(&id(MEMBER)) && after.asks(&id(COLLEAGUE)));
        assert_eq!(after.needs_reassignment(), None, "the slot is settled anew");
    }
}

#[test]
fn whoever_lost_their_standing_is_replaced_and_not_reminded() {
    let world = World::default();
    let record = world.received(at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    assert_eq!(addresses(&world.mailer.take()), [address(OWNER)]);
    let mut sold = account();
    sold.owned_by = Some(id(COLLEAGUE));
    world.put_account(sold);
    handle(&dispatcher(&world, &[]), record.id(), time()).unwrap();
    let sent = world.mailer.sent();
    assert_eq!(addresses(&sent), [address(COLLEAGUE)]);
    assert!(!sent[0].email.subject.starts_with("Reminder: "));
    let after = world.load(record.id());
    assert_eq!(after.state(), State::Pending);
    assert!(!after.asks(&id(OWNER)) && after.asks(&id(COLLEAGUE)));
    assert_eq!(reminders(&after).count(), 0);
}

#[test]
fn whoever_lost_one_of_two_slots_is_reminded_of_the_other() {
    let world = World::default();
    let record = super::people::with_item(&world, Some(OWNER));
    assert_eq!(record.open_slots_of(&id(OWNER)).count(), 2);
    assert_eq!(addresses(&world.mailer.take()), [address(OWNER)]);
    world.servicenow.put_item(AccountItem {
        sys_id: id(0x70),
        name: "reports".to_owned(),
        owned_by: Some(id(COLLEAGUE)),
        managed_by: None,
        support_group: None,
    });
    handle(&dispatcher(&world, &[]), record.id(), time()).unwrap();
    let sent = world.mailer.sent();
    assert_eq!(addresses(&sent), [address(OWNER), address(COLLEAGUE)]);
    assert!(sent[0].email.subject.starts_with("Reminder: "));
    let after = world.load(record.id());
    let open_to = |who: u8| -> Vec<String> {
        let who = id(who);
        let slots = after.open_slots_of(&who);
        slots.map(|slot| slot.id.clone()).collect()
    };
    assert_eq!(open_to(OWNER), ["account:210987654321"]);
    assert_eq!(open_to(COLLEAGUE), [format!("item:{}", id(0x70))]);
}

/// A request whose one approver was asked; the reminder is due.
fn one_asked(world: &World) -> RequestRecord {
    let record = world.received(at(0));
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    assert_eq!(addresses(&world.mailer.take()), [address(OWNER)]);
    world.load(record.id())
}

#[test]
fn a_reminder_that_bounces_counts_as_a_review_request_does() {
    let world = World::default();
    let record = one_asked(&world);
    handle(&dispatcher(&world, &[]), record.id(), time()).unwrap();
    let reminders = world.mailer.take();
    assert_eq!(addresses(&reminders), [address(OWNER)]);
    bounced(&world, &bounce(&reminders[0]), time() + 1);
    assert_eq!(addresses(&world.mailer.sent()), [address(MANAGER)]);
    let after = world.load(record.id());
    assert!(!after.asks(&id(OWNER)) && after.asks(&id(MANAGER)));
    assert_eq!(after.unreachable(), [id(OWNER)]);
}

/// Whether it was sent is known to the mail service alone, until the next run has closed it.
#[test]
fn a_bounce_of_a_reminder_that_is_still_being_sent_comes_again() {
    let world = World::default();
    let record = one_asked(&world);
    world.fault.at(1, Moment::After, Aftermath::Dead);
    let dying = dispatcher(&world, &[Port::Mailer]);
    assert!(handle(&dying, record.id(), time()).is_err());
    world.fault.mend();
    let reminders = world.mailer.take();
    let before = world.load(record.id());
    let report = bounce(&reminders[0]);
    let taken = testkit::world::ready(dispatcher(&world, &[]).bounced(&report, at(time() + 1)));
    assert!(matches!(taken, Err(dispatcher::DispatchError::InFlight)));
    assert_eq!(world.load(record.id()), before);
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
            let _ = handle(&dispatcher(&world, &ALL), record.id(), time());
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            handle(&dispatcher(&world, &ALL), record.id(), time() + 200).unwrap();
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
