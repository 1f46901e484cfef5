//! Requests that end before anybody is asked.

use snowgate_core::account::PrincipalFacts;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{EndReason, RefusalCode, RequestRecord};
use snowgate_core::ticket::{Person, Ticket};
use testkit::samples::{self, ACCOUNT};
use testkit::world::{World, document, person, principal_facts, requester};
use testkit::{AccountFault, FakeDirectory};

use super::{ALL, dispatcher, handle};

type Change = fn(&World, &RequestRecord);

fn ticket(world: &World, record: &RequestRecord, change: impl Fn(&mut Ticket)) {
    let mut ticket = Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active: true,
        opened_by: Some(requester().sys_id),
        opened_for: None,
        also_named: Vec::new(),
    };
    change(&mut ticket);
    world.put_ticket(ticket);
}

fn principal(world: &World, change: impl Fn(&mut PrincipalFacts)) {
    let mut facts = principal_facts();
    change(&mut facts);
    world.directory.put_principal(&world.target, facts);
}

const REFUSALS: [(&str, RefusalCode, Change); 17] = [
    ("closed", RefusalCode::TicketMismatch, |world, record| {
        ticket(world, record, |ticket| ticket.active = false);
    }),
    (
        "other number",
        RefusalCode::TicketMismatch,
        |world, record| {
            let other = "RITM0010002".to_owned();
            ticket(world, record, |ticket| {
                ticket.number = other.clone().try_into().unwrap();
            });
        },
    ),
    ("of others", RefusalCode::TicketMismatch, |world, record| {
        ticket(world, record, |ticket| {
            ticket.opened_by = Some(samples::sys_id());
            ticket.opened_for = Some(samples::sys_id());
        });
    }),
    ("of nobody", RefusalCode::TicketMismatch, |world, record| {
        ticket(world, record, |ticket| ticket.opened_by = None);
    }),
    (
        "requester inactive",
        RefusalCode::RequesterInactive,
        |world, _| {
            world.servicenow.put_person(Person {
                active: false,
                ..requester()
            });
        },
    ),
    (
        "requester locked",
        RefusalCode::RequesterInactive,
        |world, _| {
            world.servicenow.put_person(Person {
                locked_out: true,
                ..requester()
            });
        },
    ),
    (
        "account not prepared",
        RefusalCode::AccountNotPrepared,
        |world, _| {
            let account = ACCOUNT.parse().unwrap();
            world
                .directory
                .set_fault(&account, Some(AccountFault::NotPrepared));
        },
    ),
    ("no such user", RefusalCode::NotEnrolled, |world, _| {
        world.directory.remove_principal(&world.target);
    }),
    ("other path", RefusalCode::NotEnrolled, |world, _| {
        principal(world, |facts| facts.path = "/".to_owned());
    }),
    ("no boundary", RefusalCode::NotEnrolled, |world, _| {
        principal(world, |facts| facts.boundary = None);
    }),
    ("other boundary", RefusalCode::NotEnrolled, |world, _| {
        principal(world, |facts| {
            facts.boundary = Some("arn:aws:iam::210987654321:policy/Wide".to_owned());
        });
    }),
    ("no owner", RefusalCode::NotEnrolled, |world, _| {
        principal(world, |facts| facts.owner_tag = None);
    }),
    (
        "owner is no sys_id",
        RefusalCode::NotEnrolled,
        |world, _| {
            principal(world, |facts| facts.owner_tag = Some("ada".to_owned()));
        },
    ),
    ("no such policy", RefusalCode::NoSuchPolicy, |world, _| {
        let account = ACCOUNT.parse().unwrap();
        world.directory.remove_policy(&account, &samples::policy());
    }),
    ("quota", RefusalCode::QuotaReached, |world, _| {
        let held = |n| format!("arn:aws:iam::{ACCOUNT}:policy/held-{n}");
        for n in 0..10 {
            let text = document("s3:ListBucket");
            world.put_policy(held(n).parse().unwrap(), "v1", &text);
        }
        principal(world, |facts| facts.attached = (0..10).map(held).collect());
    }),
    ("denied action", RefusalCode::DeniedAction, |world, _| {
        world.put_policy(samples::policy(), "v2", &document("iam:CreateUser"));
    }),
    (
        "unreadable policy",
        RefusalCode::UnreadablePolicy,
        |world, _| {
            world.put_policy(samples::policy(), "v2", "not a policy");
        },
    ),
];

/// Why a request was refused, if it was.
fn refusal(record: &RequestRecord) -> Option<RefusalCode> {
    match record.end_reason() {
        Some(EndReason::Refused { code, .. }) => Some(code),
        _ => None,
    }
}

#[test]
fn what_does_not_hold_is_refused_and_nobody_is_asked() {
    for (name, code, change) in REFUSALS {
        let world = World::default();
        let record = world.received(testkit::world::at(0));
        change(&world, &record);
        handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
        let after = world.load(record.id());
        assert_eq!(after.state(), State::Refused, "{name}");
        assert_eq!(refusal(&after), Some(code), "{name}");
        assert_eq!(world.mailer.sent(), [], "{name}");
        // A ticket that was not found to carry the request is left alone.
        let reported = code.ticket_was_verified();
        assert_eq!(after.due_at().is_some(), reported, "{name}");
        assert_eq!(
            after.unreported(),
            reported.then_some(State::Refused),
            "{name}"
        );
        let woken = world.queues.sent().len();
        assert_eq!(woken, usize::from(reported), "{name}");
        assert_eq!(world.ledger.tokens(), [], "{name}");

        handle(&dispatcher(&world, &[]), record.id(), 2).unwrap();
        assert_eq!(world.load(record.id()), after, "{name}: woken again");
    }
}

/// Whether there is a user of some name is told nobody: one that is not enrolled is as if it were
/// not there, whatever else of the request does not hold.
#[test]
fn a_user_that_is_not_enrolled_looks_like_none() {
    let refused = |change: Change, policy: bool| {
        let world = World::default();
        let record = world.received(testkit::world::at(0));
        let named = |facts: &mut PrincipalFacts| {
            facts.attached = vec![format!("arn:aws:iam::{ACCOUNT}:policy/listed-and-gone")];
        };
        principal(&world, named);
        change(&world, &record);
        if !policy {
            let account = ACCOUNT.parse().unwrap();
            world.directory.remove_policy(&account, &samples::policy());
        }
        handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
        let after = world.load(record.id());
        let reason = format!("{:?}", after.end_reason());
        // Users of two worlds have two names.
        let name = world.target.name.as_str().to_owned();
        (after.state(), reason.replace(&name, "NAME"))
    };
    let none: Change = |world, _| world.directory.remove_principal(&world.target);
    let odd: [Change; 4] = [
        |world, _| principal(world, |facts| facts.path = "/".to_owned()),
        |world, _| principal(world, |facts| facts.boundary = None),
        |world, _| principal(world, |facts| facts.owner_tag = None),
        |world, _| {
            principal(world, |facts| {
                facts.path = "/".to_owned();
                facts.attached = (0..10)
                    .map(|n| format!("arn:aws:iam::{ACCOUNT}:policy/held-{n}"))
                    .collect();
            });
        },
    ];
    let missing = refused(none, true);
    assert_eq!(missing.0, State::Refused);
    assert!(missing.1.contains("NAME"), "{missing:?}");
    for change in odd {
        assert_eq!(refused(change, true), missing);
        assert_eq!(refused(change, false), missing, "without the policy");
    }
    assert_eq!(refused(none, false), missing);
}

#[test]
fn a_ticket_that_does_not_exist_is_refused() {
    let world = World::default();
    let request = samples::request(&samples::sys_id(), &world.target);
    let record = world.receive(request, testkit::world::at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let code = RefusalCode::NoSuchTicket;
    assert_eq!(refusal(&world.load(record.id())), Some(code));
}

#[test]
fn a_requester_that_does_not_exist_is_refused() {
    let world = World::default();
    let mut request = world.request();
    request.requested_by = samples::sys_id();
    let record = world.receive(request, testkit::world::at(0));
    ticket(&world, &record, |ticket| {
        ticket.opened_by = Some(record.request().requested_by.clone());
    });
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let code = RefusalCode::RequesterInactive;
    assert_eq!(refusal(&world.load(record.id())), Some(code));
}

#[test]
fn guardrails_that_grew_narrower_refuse() {
    let world = World::default();
    let mut request = world.request();
    request.source.table = "incident".to_owned().try_into().unwrap();
    let record = world.receive(request, testkit::world::at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let code = RefusalCode::TableNotAllowed;
    assert_eq!(refusal(&world.load(record.id())), Some(code));
}

#[test]
fn transient_errors_refuse_nothing() {
    let world = World::default();
    let record = world.received(testkit::world::at(0));
    let account = ACCOUNT.parse().unwrap();
    for fault in [AccountFault::Throttled, AccountFault::Denied] {
        let directory: &FakeDirectory = &world.directory;
        directory.set_fault(&account, Some(fault));
        assert!(handle(&dispatcher(&world, &ALL), record.id(), 1).is_err());
        assert_eq!(world.load(record.id()), record);
    }
    world.directory.set_fault(&account, None);
    handle(&dispatcher(&world, &ALL), record.id(), 2).unwrap();
    assert_eq!(world.load(record.id()).state(), State::Pending);
    assert_eq!(
        person(testkit::world::OWNER).email.address(),
        Some(&world.mailer.sent()[0].to)
    );
}
