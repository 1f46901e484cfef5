//! People who change while a request waits: delegates, e-mails that do not arrive, and items that
//! have owners of their own.

use snowgate_core::account::AccountItem;
use snowgate_core::bounce::{Bounce, BounceKind};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::request::Resource;
use snowgate_core::slots::{ApproverRole, Delegation, OwnedResource};
use testkit::SentEmail;
use testkit::samples::{self, ACCOUNT};
use testkit::world::{
    BENEFICIARY, COLLEAGUE, GUARDRAILS, LEAD, MANAGER, MEMBER, OWNER, PENDING_FOR, REMIND_BEFORE,
    SECURITY, World, account, address, at, id, ready, requester,
};

use super::{addresses, dispatcher, handle};

fn delegation(from: u8, to: u8, ends: i64) -> Delegation {
    Delegation {
        from: id(from),
        to: id(to),
        starts: Some(at(-1000)),
        ends: Some(at(ends)),
    }
}

fn asked(world: &World) -> RequestRecord {
    let record = world.received(at(0));
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    world.load(record.id())
}

pub(super) fn bounce(sent: &SentEmail) -> Bounce {
    let (tags, message) = sent.tagged.clone().unwrap();
    Bounce {
        message,
        tags,
        kind: Some(BounceKind::Bounced),
    }
}

pub(super) fn bounced(world: &World, bounce: &Bounce, second: i64) {
    ready(dispatcher(world, &[]).bounced(bounce, at(second))).unwrap();
}

#[test]
fn a_delegate_is_asked_beside_the_owner() {
    let world = World::default();
    for delegation in [
        delegation(OWNER, COLLEAGUE, 1000),
        delegation(OWNER, BENEFICIARY, 1000),
        delegation(OWNER, LEAD, 0),
        delegation(COLLEAGUE, MEMBER, 1000),
    ] {
        world.servicenow.add_delegation(delegation);
    }
    let record = asked(&world);
    assert_eq!(
        addresses(&world.mailer.sent()),
        [address(OWNER), address(COLLEAGUE)]
    );
    let slot = record.open_slots().next().unwrap();
    let delegate = slot.approver(&id(COLLEAGUE)).unwrap();
    assert_eq!(delegate.on_behalf_of, Some(id(OWNER)));
    assert_eq!(delegate.role, ApproverRole::Owner);
    assert!(
        world.mailer.sent()[1]
            .email
            .text
            .contains("a delegate, in ServiceNow")
    );
}

#[test]
fn whoever_is_involved_delegates_to_nobody() {
    let world = World::default();
    world.put_account(AccountItem {
        owned_by: Some(requester().sys_id),
        ..account()
    });
    world.servicenow.add_delegation(Delegation {
        from: requester().sys_id,
        ..delegation(OWNER, COLLEAGUE, 1000)
    });
    asked(&world);
    assert_eq!(addresses(&world.mailer.sent()), [address(MANAGER)]);
}

#[test]
fn a_lost_letter_goes_to_the_next_person() {
    let world = World::default();
    let record = asked(&world);
    let first = world.mailer.take();
    bounced(&world, &bounce(&first[0]), 5);
    assert_eq!(addresses(&world.mailer.sent()), [address(MANAGER)]);
    let after = world.load(record.id());
    assert!(!after.asks(&id(OWNER)));
    assert_eq!(after.content(), record.content());
    // Again, late, and in the name of e-mails that were never sent.
    let second = world.mailer.take();
    let mut forged = bounce(&second[0]);
    forged.message = "forged".parse().unwrap();
    let mut stranger = bounce(&second[0]);
    stranger.tags.approver = id(SECURITY);
    let mut unknown = bounce(&second[0]);
    unknown.tags.request = testkit::samples::request_id();
    let mut late = bounce(&second[0]);
    late.kind = None;
    for nothing in [bounce(&first[0]), forged, stranger, unknown, late] {
        bounced(&world, &nothing, 6);
        assert_eq!(world.load(record.id()), after);
    }
    assert_eq!(world.mailer.sent(), []);
}

#[test]
fn where_no_letter_arrives_the_request_ends() {
    let world = World::default();
    let record = asked(&world);
    let mut reached = Vec::new();
    let mut second = 5;
    loop {
        let letters = world.mailer.take();
        if letters.is_empty() {
            break;
        }
        for letter in &letters {
            reached.push(letter.to.expose().to_owned());
        }
        for letter in &letters {
            bounced(&world, &bounce(letter), second);
            second += 1;
        }
    }
    let everybody = [OWNER, MANAGER, LEAD, MEMBER, COLLEAGUE, SECURITY];
    assert_eq!(reached, everybody.map(address));
    assert_eq!(world.load(record.id()).state(), State::Undeliverable);
    assert!(
        world.load(record.id()).unreported().is_some(),
        "the ticket is updated"
    );
}

#[test]
fn standing_that_was_lost_is_settled_by_the_next_wake_up() {
    let world = World::default();
    let record = asked(&world);
    let slot = record.open_slots().next().unwrap().id.clone();
    let lost = Event::ApproverDisqualified {
        slot,
        approver: id(OWNER),
    };
    let actor = snowgate_core::lifecycle::Actor::Approval;
    let record = world.apply(&record, lost, actor, at(5));
    assert_eq!(record.due_at(), Some(at(5)), "the sweeper comes at once");
    world.put_account(AccountItem {
        owned_by: Some(id(COLLEAGUE)),
        ..account()
    });
    let _ = world.mailer.take();
    handle(&dispatcher(&world, &[]), record.id(), 6).unwrap();
    assert_eq!(addresses(&world.mailer.sent()), [address(COLLEAGUE)]);
    assert_eq!(world.load(record.id()).needs_reassignment(), None);
}

/// A request whose item belongs to this person, after its e-mails went out.
pub(super) fn with_item(world: &World, owner: Option<u8>) -> RequestRecord {
    if let Some(owner) = owner {
        world.servicenow.put_item(AccountItem {
            sys_id: id(0x70),
            name: "reports".to_owned(),
            owned_by: Some(id(owner)),
            managed_by: None,
            support_group: None,
        });
    }
    let mut request = world.request();
    request.resource = Some(Resource { sys_id: id(0x70) });
    let record = world.receive(request, at(0));
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    world.load(record.id())
}

#[test]
fn the_owner_of_an_item_is_asked_besides() {
    let world = World::default();
    let record = with_item(&world, Some(COLLEAGUE));
    assert_eq!(record.open_slots().count(), 2);
    assert_eq!(
        addresses(&world.mailer.sent()),
        [address(OWNER), address(COLLEAGUE)]
    );
}

#[test]
fn the_owner_of_both_gets_one_letter() {
    let world = World::default();
    let record = with_item(&world, Some(OWNER));
    assert_eq!(record.open_slots_of(&id(OWNER)).count(), 2);
    let letters = world.mailer.sent();
    assert_eq!(addresses(&letters), [address(OWNER)]);
    assert!(
        letters[0]
            .email
            .text
            .contains("Configuration item `reports`")
    );
}

/// The world with guardrails that put the item in charge of reports, and a policy of this text.
fn in_charge(resource: &str) -> World {
    let items = format!(
        "[[items]]\nsys_id = \"{}\"\naccounts = [\"{ACCOUNT}\"]\nresources = [\"arn:aws:s3:::reports/*\"]\n",
        id(0x70)
    );
    let world = World {
        guardrails: Guardrails::parse(&format!("{GUARDRAILS}\n{items}")).unwrap(),
        ..World::default()
    };
    let text = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    ]});
    world.put_policy(samples::policy(), "v1", &text.to_string());
    world
}

#[test]
fn the_owner_of_an_item_that_is_in_charge_decides_alone() {
    let world = in_charge("arn:aws:s3:::reports/2026/*");
    let record = with_item(&world, Some(COLLEAGUE));
    let letters = world.mailer.sent();
    assert_eq!(addresses(&letters), [address(COLLEAGUE)]);
    let slots: Vec<_> = record
        .open_slots()
        .map(|slot| slot.resource.clone())
        .collect();
    let stands_in = OwnedResource::Item {
        sys_id: id(0x70),
        instead_of: vec![ACCOUNT.parse().unwrap()],
    };
    assert_eq!(slots, [stands_in]);
    let why = "which the guardrails put in charge of the requested resources in AWS account";
    let text = letters[0].email.text.replace('\n', " ");
    assert!(
        text.contains(why) && text.contains("Configuration item `reports`"),
        "{text}"
    );
    assert!(record.content().is_some());
    // What is signed says which: an account that is left out of it does not fit any more.
    let other = samples::tampered(&record, |stored| {
        for slot in stored["phase"]["round"]["slots"].as_array_mut().unwrap() {
            slot["resource"]["instead_of"]
                .as_array_mut()
                .unwrap()
                .clear();
        }
    });
    assert_eq!(other.content(), None);
}

#[test]
fn an_item_in_charge_of_less_than_is_asked_for_only_adds() {
    for resource in ["*", "arn:aws:s3:::archive/*", "arn:aws:s3:::reports*"] {
        let world = in_charge(resource);
        let record = with_item(&world, Some(COLLEAGUE));
        assert_eq!(record.open_slots().count(), 2, "{resource}");
        assert_eq!(
            addresses(&world.mailer.sent()),
            [address(OWNER), address(COLLEAGUE)]
        );
    }
}

#[test]
fn whoever_asks_does_not_decide_as_owner_of_an_item_in_charge() {
    let world = in_charge("arn:aws:s3:::reports/*");
    let record = with_item(&world, Some(BENEFICIARY));
    assert_eq!(record.state(), State::Pending);
    assert_eq!(
        addresses(&world.mailer.sent()),
        [address(SECURITY)],
        "the security group"
    );
    // Nobody knows the item: nobody is asked, not the owner of the account either.
    let world = in_charge("arn:aws:s3:::reports/*");
    assert_eq!(with_item(&world, None).state(), State::Undeliverable);
}

#[test]
fn an_item_that_is_not_there_is_nobodys() {
    let world = World::default();
    let record = with_item(&world, None);
    assert_eq!(record.state(), State::Undeliverable);
    assert_eq!(world.mailer.sent(), []);
}

/// A reminder is tagged as the first message was: its loss is known too.
#[test]
fn a_lost_reminder_goes_to_the_next_person() {
    let world = World::default();
    let record = asked(&world);
    let _ = world.mailer.take();
    let time = PENDING_FOR.as_secs() - REMIND_BEFORE.as_secs() + 10;
    handle(&dispatcher(&world, &[]), record.id(), time).unwrap();
    let reminder = world.mailer.take();
    assert_eq!(addresses(&reminder), [address(OWNER)]);
    bounced(&world, &bounce(&reminder[0]), time + 5);
    assert_eq!(addresses(&world.mailer.sent()), [address(MANAGER)]);
    assert!(!world.load(record.id()).asks(&id(OWNER)));
}
