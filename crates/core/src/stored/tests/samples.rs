//! One value of each kind, with every member set.

mod deviations;
mod effects;
mod kinds;

use jiff::SignedDuration;

use crate::approval::{MacTag, TokenRow, Verdict};
use crate::bounce::BounceKind;
use crate::effect::EffectChange;
use crate::finding::{Evidence, Finding, FindingCode, Witness};
use crate::id::{Digest, RequestId};
use crate::lifecycle::{Actor, State};
use crate::person::{InvolvedMarks, Mark, PeopleMarks};
use crate::preview::{PassedOver, PassedOverBecause, PlannedChange, Preview, PreviewSlot};
use crate::record::AuditRow;
use crate::record::tests::{
    ONE, TWO, approver, asked, at, claim, decide, delivered, person, received, request,
    review_request, slot,
};
use crate::record::{
    ApprovalRound, DecisionRecord, Event, FailureCode, Message, RefusalCode, Reminders,
    RequestRecord, RetainedBecause, RetainedChange, RevokedBy, SkipCode,
};
use crate::slots::{Approver, ApproverRole, OwnedResource, OwnedResourceKind, Slot};
use crate::ticket_note::tests::ends;

use deviations::deviations;

pub(super) use deviations::deviating;
pub(super) use effects::effects;
pub(super) use kinds::{active_of_all_kinds, creating, user_created};

pub(super) fn id() -> RequestId {
    RequestId::from_random([1; 16])
}

/// The row of a trail that holds an event.
pub(super) fn row(event: Event) -> AuditRow {
    AuditRow {
        of: id(),
        n: 7,
        at: at(5),
        actor: Actor::Client {
            client: "servicenow".parse().unwrap(),
        },
        event,
        state: State::Pending,
        previous: Some(Digest::of(b"the row before")),
        trail_fault: None,
    }
}

pub(super) fn token() -> TokenRow {
    TokenRow {
        digest: Digest::of(b"token"),
        request: id(),
        approver: person(2),
        expires_at: at(72 * 3600),
    }
}

pub(super) fn finding() -> Finding {
    Finding {
        evidence: Some(Evidence {
            policy: "reports-read".to_owned(),
            place: "Statement[0].Action[1]".to_owned(),
            witness: Some(Witness {
                action: "s3:GetObject".to_owned(),
                resource: "*".to_owned(),
                context: vec![("aws:SourceVpc".to_owned(), "vpc-1".to_owned())],
            }),
        }),
        ..Finding::new("/grants/0", FindingCode::ReadsData, "It reads data.")
    }
}

/// A round about an account and an item, with a delegate, findings and reminders.
fn round() -> ApprovalRound {
    let delegate = Approver {
        on_behalf_of: Some(person(4)),
        ..Approver::own(person(3), ApproverRole::Manager)
    };
    let item = OwnedResource::Item {
        sys_id: "cc".repeat(16).parse().unwrap(),
        instead_of: vec!["320987654321".parse().unwrap()],
    };
    let slots = vec![
        slot("210987654321", &[2, 5]),
        Slot::new(item, vec![delegate]),
    ];
    asked(slots)
        .with_findings(vec![finding()])
        .with_reminders(Reminders::new(
            at(1),
            at(72 * 3600),
            SignedDuration::from_hours(24),
            SignedDuration::from_hours(2),
        ))
}

pub(super) fn decision() -> DecisionRecord {
    let record = apply(
        &received().record,
        Event::ApprovalRequested {
            round: asked(vec![slot("210987654321", &[2])]),
        },
        1,
    );
    match decide(&record, ONE, 2, Verdict::Approve) {
        Event::Decided { decision } => decision,
        other => panic!("{other:?}"),
    }
}

/// The same, with who decided and who was involved.
pub(super) fn decision_with_identities() -> DecisionRecord {
    let mark = |n: u8| Mark::try_from(format!("{n:032x}")).unwrap();
    let mut decided = decision();
    decided.signed.decision.identities = Some(PeopleMarks {
        deciders: vec![mark(2), mark(3)],
        involved: vec![InvolvedMarks {
            sys_id: person(1),
            marks: vec![mark(1)],
            has_mailbox: true,
        }],
    });
    decided
}

fn attached() -> EffectChange {
    EffectChange::PolicyAttached {
        policy_arn: "arn:aws:iam::210987654321:policy/reports-read"
            .parse()
            .unwrap(),
    }
}

fn retained() -> Vec<RetainedChange> {
    vec![RetainedChange {
        change: attached(),
        because: RetainedBecause::ThereBefore,
    }]
}

fn preview() -> Preview {
    let slot = slot("210987654321", &[2]);
    Preview {
        changes: vec![PlannedChange {
            change: attached(),
            already_there: true,
        }],
        slots: vec![PreviewSlot {
            id: slot.id,
            resource: slot.resource,
            known: true,
            would_ask: slot.approvers,
            passed_over: vec![PassedOver {
                sys_id: person(3),
                role: ApproverRole::Owner,
                because: PassedOverBecause::Inactive,
            }],
        }],
        findings: vec![finding()],
    }
}

/// A message of each kind.
pub(super) fn messages() -> Vec<(&'static str, Message)> {
    let (approver, state) = (person(2), State::Active);
    vec![
        ("review_request", review_request(2)),
        (
            "reminder",
            Message::Reminder {
                approver: approver.clone(),
            },
        ),
        ("handled", Message::Handled { approver }),
        ("outcome", Message::Outcome { state }),
        ("ends_soon", Message::EndsSoon),
        ("manager_notice", super::managers::notice()),
        ("ticket_note", Message::TicketNote { state }),
        ("deviation", Message::Deviation { report: 0 }),
    ]
}

/// An event of each kind.
pub(super) fn events() -> Vec<(&'static str, Event)> {
    let message = review_request(2);
    let slot = ONE.to_owned();
    let mut events = vec![
        (
            "received",
            Event::Received {
                request: Digest::of(b"request"),
            },
        ),
        (
            "approval_requested",
            Event::ApprovalRequested { round: round() },
        ),
        ("delivery_claimed", claim(message.clone())),
        (
            "delivery_sent",
            Event::DeliverySent {
                message: message.clone(),
                message_id: Some("0102-abc".parse().unwrap()),
            },
        ),
        (
            "delivery_skipped",
            Event::DeliverySkipped {
                message,
                code: SkipCode::NoMail,
            },
        ),
        (
            "delivery_bounced",
            Event::DeliveryBounced {
                approver: person(2),
                kind: BounceKind::Bounced,
            },
        ),
        (
            "approver_disqualified",
            Event::ApproverDisqualified {
                slot: slot.clone(),
                approver: person(2),
            },
        ),
        (
            "slot_reassigned",
            Event::SlotReassigned {
                slot: slot.clone(),
                approvers: vec![Approver::own(person(6), ApproverRole::SecurityGroup)],
            },
        ),
        (
            "decided",
            Event::Decided {
                decision: decision(),
            },
        ),
    ];
    events.extend(later_events(slot));
    events
}

fn later_events(slot: String) -> Vec<(&'static str, Event)> {
    vec![
        (
            "provisioning_started",
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
        ),
        ("user_created", user_created()),
        (
            "activated",
            Event::Activated {
                until: at(9 * 3600),
            },
        ),
        (
            "deviations_found",
            Event::DeviationsFound {
                found: deviations(),
            },
        ),
        ("revocation_started", Event::RevocationStarted),
        (
            "revocation_requested",
            Event::RevocationRequested {
                by: revoked_by(),
                reason: Some("Not needed any more".parse().unwrap()),
                signature: None,
            },
        ),
        (
            "revoked",
            Event::Revoked {
                retained: retained(),
            },
        ),
        (
            "abandoned",
            Event::Abandoned {
                reason: "The account is closed".parse().unwrap(),
            },
        ),
        (
            "refused",
            Event::Refused {
                code: RefusalCode::OutsideGuardrails,
                findings: vec![finding()],
            },
        ),
        ("undeliverable", Event::Undeliverable { slot }),
        ("expired", Event::Expired),
        (
            "withdrawn",
            Event::Withdrawn {
                reason: Some("Ordered twice".parse().unwrap()),
            },
        ),
        (
            "failed",
            Event::Failed {
                code: FailureCode::IamRefused,
            },
        ),
        ("previewed", Event::Previewed { preview: preview() }),
    ]
}

const fn revoked_by() -> RevokedBy {
    RevokedBy::Approver {
        role: ApproverRole::Owner,
        resource: OwnedResourceKind::Item,
        delegate: true,
    }
}

fn apply(record: &RequestRecord, event: Event, second: i64) -> RequestRecord {
    let change = record.apply(event, Actor::Dispatcher, at(second));
    change.unwrap().record
}

/// A record in each state.
pub(super) fn records() -> Vec<RequestRecord> {
    let received = received().record;
    let mut round = round();
    round.slots[1] = slot("320987654321", &[3, 5]);
    let content = round.binding.content_digest(&request(), &round.slots);
    round.content = content.unwrap();
    let asked = apply(&received, Event::ApprovalRequested { round }, 1);
    let sent = delivered(&asked, review_request(2), 5);
    let bounced = Event::DeliveryBounced {
        approver: person(5),
        kind: BounceKind::Complained,
    };
    let lost = apply(&sent, bounced, 6);
    let one = decide(&lost, ONE, 2, Verdict::Approve);
    let pending = lost.apply(one, approver(2), at(10)).unwrap().record;
    let two = decide(&pending, TWO, 3, Verdict::Approve);
    let approved = pending.apply(two, approver(3), at(11)).unwrap().record;
    let provisioning = apply(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
        12,
    );
    let active = apply(
        &provisioning,
        Event::Activated {
            until: at(9 * 3600),
        },
        13,
    );
    let state = State::Active;
    let told = delivered(&active, Message::TicketNote { state }, 14);
    let skipped = Event::DeliverySkipped {
        message: Message::Outcome { state },
        code: SkipCode::NoMail,
    };
    // As it was due before active access was compared with IAM.
    let active = apply(&told, skipped, 15).rescheduled(Some(at(7 * 3600)), 0);
    let ending = Event::RevocationRequested {
        by: revoked_by(),
        reason: Some("Not needed any more".parse().unwrap()),
        signature: Some(MacTag::new(vec![1; 32])),
    };
    let ending = apply(&active, ending, 16);
    let revoking = apply(&ending, Event::RevocationStarted, 17);
    let revoked = Event::Revoked {
        retained: retained(),
    };
    let revoked = apply(&revoking, revoked, 18);
    let mut records = vec![
        received,
        pending,
        approved,
        provisioning,
        active,
        revoking,
        revoked,
    ];
    for record in ends() {
        if !records.iter().any(|known| known.state() == record.state()) {
            records.push(record);
        }
    }
    records
}
