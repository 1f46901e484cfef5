//! The manager of whoever receives the access: asked, notified, or none.

use snowgate_core::email::MailField;
use snowgate_core::finding::{Finding, FindingCode};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{EndReason, Event, Message, RefusalCode, RequestRecord};
use snowgate_core::slots::{Approver, ApproverRole, Delegation, MAX_REASSIGNMENTS, OwnedResource};
use snowgate_core::ticket::{Person, Ticket};
use testkit::world::{
    BENEFICIARY, COLLEAGUE, GUARDRAILS, MEMBER, OWNER, World, address, at, id, person,
    principal_facts, requester,
};

use super::people::{bounce, bounced};
use super::{addresses, dispatcher, handle};

/// Who manages the beneficiary in these worlds.
const BOSS: u8 = 0x17;

const APPROVE: &str = "manager = \"approve\"";
const APPROVE_OR_PROCEED: &str = "manager = \"approve\"\nwithout_manager = \"proceed\"";
const NOTIFY: &str = "manager = \"notify\"";
const NOTIFY_OR_REFUSE: &str = "manager = \"notify\"\nwithout_manager = \"refuse\"";

fn world(settings: &str) -> World {
    let text = GUARDRAILS.replacen("risk = \"low\"", &format!("risk = \"low\"\n{settings}"), 1);
    let world = World {
        guardrails: Guardrails::parse(&text).unwrap(),
        ..World::default()
    };
    world.servicenow.put_person(person(BOSS));
    world
        .servicenow
        .set_manager(&id(BENEFICIARY), Some(id(BOSS)));
    world
}

fn handled(world: &World, record: &RequestRecord) -> RequestRecord {
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    world.load(record.id())
}

fn asked(world: &World) -> RequestRecord {
    handled(world, &world.received(at(0)))
}

/// What was found about managers.
fn told(findings: &[Finding]) -> Vec<&Finding> {
    let about = [FindingCode::NoManager, FindingCode::WithoutManager];
    let found = findings.iter();
    found.filter(|one| about.contains(&one.code)).collect()
}

fn beneficiary() -> OwnedResource {
    let sys_id = id(BENEFICIARY);
    OwnedResource::Beneficiary { sys_id }
}

fn boss() -> Approver {
    Approver::own(id(BOSS), ApproverRole::LineManager)
}

#[test]
fn a_manager_who_approves_has_a_slot_beside_the_account() {
    for settings in [APPROVE, APPROVE_OR_PROCEED] {
        let world = world(settings);
        let record = asked(&world);
        assert_eq!(record.state(), State::Pending);
        let [account, managers] = record.slots() else {
            panic!("{:?}", record.slots());
        };
        assert_eq!(account.id, "account:210987654321");
        assert_eq!(managers.resource, beneficiary());
        assert_eq!(managers.approvers, [boss()]);
        let sent = world.mailer.sent();
        assert_eq!(addresses(&sent), [address(OWNER), address(BOSS)]);
        let text = sent[1].email.text.replace("\n", " ");
        let why = "You are asked because you are the manager of the person this access is for.";
        assert!(text.contains(why), "{text}");
        assert!(told(record.findings()).is_empty());
        let round = record.round().unwrap();
        let bound = round.binding.content_digest(record.request(), &round.slots);
        assert_eq!(bound.unwrap(), round.content);
        let without = &round.slots[..1];
        let other = round.binding.content_digest(record.request(), without);
        assert_ne!(other.unwrap(), round.content, "the slot is what is signed");
    }
}

#[test]
fn without_the_setting_nothing_is_read_of_managers() {
    let world = world("");
    world.servicenow.set_manager(&id(BENEFICIARY), None);
    let record = asked(&world);
    assert_eq!((record.state(), record.slots().len()), (State::Pending, 1));
    assert!(told(record.findings()).is_empty());
    assert_eq!(addresses(&world.mailer.sent()), [address(OWNER)]);
}

#[test]
fn a_manager_who_is_notified_is_wanted_once_and_decides_nothing() {
    for settings in [NOTIFY, NOTIFY_OR_REFUSE] {
        let world = world(settings);
        let record = asked(&world);
        assert_eq!(record.slots().len(), 1);
        assert_eq!(addresses(&world.mailer.sent()), [address(OWNER)]);
        let notice = Message::ManagerNotice { manager: id(BOSS) };
        assert_eq!(record.due_deliveries(at(2)), [notice]);
        assert_eq!(world.queues.sent().len(), 1, "the reporter is woken");
        assert!(!record.asks(&id(BOSS)));
    }
}

/// Why nobody counts as the manager.
type Unfit = fn(&World);

fn changed(world: &World, change: impl FnOnce(&mut Person)) {
    let mut boss = person(BOSS);
    change(&mut boss);
    world.servicenow.put_person(boss);
}

const UNFIT: [(&str, Unfit); 11] = [
    ("none is named, or hidden", |world| {
        world.servicenow.set_manager(&id(BENEFICIARY), None);
    }),
    ("missing", |world| world.servicenow.remove_person(&id(BOSS))),
    ("self", |world| {
        let own = id(BENEFICIARY);
        world.servicenow.set_manager(&own, Some(own.clone()));
    }),
    ("the requester", |world| {
        let requester = requester().sys_id;
        world
            .servicenow
            .set_manager(&id(BENEFICIARY), Some(requester));
    }),
    ("another record of the requester", |world| {
        changed(world, |boss| boss.email = requester().email);
    }),
    ("another record of the beneficiary", |world| {
        changed(world, |boss| boss.account = person(BENEFICIARY).account);
    }),
    ("inactive", |world| {
        changed(world, |boss| boss.active = false)
    }),
    ("locked", |world| {
        changed(world, |boss| boss.locked_out = true)
    }),
    ("without an address", |world| {
        changed(world, |boss| boss.email = MailField::Empty);
    }),
    ("outside the domains", |world| {
        changed(world, |boss| boss.email = MailField::read("x@evil.example"));
    }),
    ("nobody can be told apart", |world| {
        world.servicenow.put_person(Person {
            email: MailField::Empty,
            ..person(BENEFICIARY)
        });
    }),
];

#[test]
fn without_a_manager_it_is_refused_before_anybody_is_asked() {
    for settings in [APPROVE, NOTIFY_OR_REFUSE] {
        for (what, unfit) in UNFIT {
            let world = world(settings);
            unfit(&world);
            let record = asked(&world);
            let Some(EndReason::Refused { code, findings }) = record.end_reason() else {
                panic!("{what}: {:?}", record.state());
            };
            assert_eq!(code, RefusalCode::NoManager, "{what}");
            assert!(
                findings
                    .iter()
                    .any(|one| one.code == FindingCode::NoManager)
            );
            assert_eq!(world.mailer.sent(), [], "{what}");
        }
    }
}

#[test]
fn or_it_proceeds_and_approvers_are_told() {
    for settings in [APPROVE_OR_PROCEED, NOTIFY] {
        for (what, unfit) in UNFIT {
            let world = world(settings);
            unfit(&world);
            let record = asked(&world);
            assert_eq!(
                (record.state(), record.slots().len()),
                (State::Pending, 1),
                "{what}"
            );
            let codes: Vec<_> = told(record.findings()).iter().map(|one| one.code).collect();
            assert_eq!(codes, [FindingCode::WithoutManager], "{what}");
            let sent = world.mailer.sent();
            assert_eq!(sent.len(), 1, "{what}");
            let text = &sent[0].email.text;
            assert!(
                text.contains("The manager of the person this access is for"),
                "{text}"
            );
            let notices = record.due_deliveries(at(2));
            assert_eq!(notices, [], "{what}");
        }
    }
}

/// Whoever the ticket names must not decide; so a ticket can take a manager out, and what happens
/// then is the guardrails' to say.
#[test]
fn a_manager_whom_the_ticket_names_counts_as_none() {
    for (settings, state) in [
        (APPROVE, State::Refused),
        (APPROVE_OR_PROCEED, State::Pending),
    ] {
        let world = world(settings);
        let record = world.received(at(0));
        world.put_ticket(Ticket {
            sys_id: record.request().source.sys_id.clone(),
            number: record.request().source.number.clone(),
            active: true,
            opened_by: Some(requester().sys_id),
            opened_for: Some(id(BOSS)),
            also_named: Vec::new(),
        });
        assert_eq!(handled(&world, &record).state(), state);
    }
}

#[test]
fn a_requester_who_is_the_beneficiary_has_their_own_manager_asked() {
    let world = world(APPROVE);
    let own: SysId = requester().sys_id;
    let mut facts = principal_facts();
    facts.owner_tag = Some(own.as_str().to_owned());
    world.directory.put_principal(&world.target, facts);
    assert_eq!(
        asked(&world).state(),
        State::Refused,
        "whose manager is none"
    );
    world.servicenow.set_manager(&own, Some(id(MEMBER)));
    let record = asked(&world);
    assert_eq!(record.slots()[1].id, format!("beneficiary:{own}"));
    let sent = world.mailer.sent();
    assert_eq!(addresses(&sent), [address(OWNER), address(MEMBER)]);
}

#[test]
fn a_managers_delegate_is_asked_beside_them() {
    let world = world(APPROVE);
    world.servicenow.add_delegation(Delegation {
        from: id(BOSS),
        to: id(COLLEAGUE),
        starts: Some(at(-1000)),
        ends: Some(at(1000)),
    });
    let record = asked(&world);
    let delegate = Approver {
        on_behalf_of: Some(id(BOSS)),
        ..Approver::own(id(COLLEAGUE), ApproverRole::LineManager)
    };
    assert_eq!(record.slots()[1].approvers, [boss(), delegate]);
}

/// The next manager is asked, and where there is none it ends: the security group has no part in it.
#[test]
fn a_manager_who_left_is_replaced_by_the_next_and_by_nobody_else() {
    let world = world(APPROVE);
    let record = asked(&world);
    let content = record.content().cloned();
    let sent = world.mailer.take();
    world
        .servicenow
        .set_manager(&id(BENEFICIARY), Some(id(MEMBER)));
    bounced(&world, &bounce(&sent[1]), 5);
    assert_eq!(addresses(&world.mailer.take()), [address(MEMBER)]);
    let after = world.load(record.id());
    assert_eq!(
        after.content().cloned(),
        content,
        "the content holds no people"
    );
    assert_eq!(after.slots()[1].attempts, 1);
    world.servicenow.set_manager(&id(BENEFICIARY), None);
    let lost = Event::ApproverDisqualified {
        slot: after.slots()[1].id.clone(),
        approver: id(MEMBER),
    };
    let lost = world.apply(&after, lost, Actor::Approval, at(6));
    handle(&dispatcher(&world, &[]), lost.id(), 7).unwrap();
    let ended = world.load(record.id());
    assert_eq!(ended.state(), State::Undeliverable);
    let Some(EndReason::Undeliverable { slot }) = ended.end_reason() else {
        panic!("{:?}", ended.end_reason());
    };
    assert_eq!(slot, after.slots()[1].id);
    assert!(after.slots()[1].attempts < MAX_REASSIGNMENTS);
}

#[test]
fn a_dry_run_shows_the_managers_slot_or_says_that_there_is_none() {
    let dry = |world: &World| {
        let mut request = world.request();
        request.dry_run = true;
        handled(world, &world.receive(request, at(0)))
    };
    let world = world(APPROVE);
    let record = dry(&world);
    let slot = &record.preview().unwrap().slots[1];
    assert_eq!(slot.resource, beneficiary());
    assert_eq!((slot.known, &slot.would_ask[..]), (true, &[boss()][..]));
    assert_eq!(world.mailer.sent(), []);

    let world = self::world(APPROVE_OR_PROCEED);
    changed(&world, |boss| boss.active = false);
    let record = dry(&world);
    let preview = record.preview().unwrap();
    assert_eq!(preview.slots.len(), 1);
    let found = told(&preview.findings);
    assert_eq!(found[0].code, FindingCode::WithoutManager);
    let words = "the manager's account is inactive";
    assert!(found[0].detail.ends_with(words));
}

/// What an extension grants is what it extends, and so is the manager's part.
#[test]
fn an_extension_asks_the_manager_too() {
    let world = world(APPROVE);
    let (_, request) = super::extending::active(&world);
    let record = world.receive(request, at(10));
    handle(&dispatcher(&world, &[]), record.id(), 11).unwrap();
    let record = world.load(record.id());
    assert_eq!(record.state(), State::Pending);
    assert_eq!(record.slots()[1].approvers, [boss()]);
}
