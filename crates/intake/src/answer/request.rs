//! Where a request stands, as its client sees it: with codes and reasons, without people.

use jiff::Timestamp;
use serde::Serialize;
use snowgate_core::approval::Verdict;
use snowgate_core::finding::Finding;
use snowgate_core::id::{Digest, RequestId};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::prose::Reason;
use snowgate_core::record::AuditRow;
use snowgate_core::record::{
    DecisionRecord, EndReason, Event, FailureCode, Message, RefusalCode, RequestRecord,
    RetainedChange, Revocation, RevokedBy,
};
use snowgate_core::request::{AccessDuration, AccessRequest, Extension, Grant, Resource, Source};
use snowgate_core::slots::{OwnedResource, Slot};

use super::TargetAnswer;
use super::preview::PreviewAnswer;

/// `Request`.
#[derive(Debug, Serialize)]
pub(crate) struct RequestAnswer<'a> {
    request_id: &'a RequestId,
    state: State,
    digest: &'a Digest,
    content_digest: Option<&'a Digest>,
    source: &'a Source,
    target: TargetAnswer<'a>,
    grants: &'a [Grant],
    resource: Option<&'a Resource>,
    extends: Option<ExtensionAnswer<'a>>,
    duration: &'a AccessDuration,
    created_at: Timestamp,
    decide_by: Option<Timestamp>,
    until: Option<Timestamp>,
    dry_run: bool,
    preview: Option<PreviewAnswer<'a>>,
    revocation: Option<RevocationAnswer<'a>>,
    retained: &'a [RetainedChange],
    slots: Vec<SlotAnswer<'a>>,
    findings: Option<&'a [Finding]>,
    decisions: Vec<DecisionAnswer<'a>>,
    end_reason: Option<EndReasonAnswer<'a>>,
    reported: Vec<State>,
    timeline: Vec<TimelineStep>,
}

/// The request that this one extends.
#[derive(Debug, Serialize)]
struct ExtensionAnswer<'a> {
    request_id: &'a RequestId,
    since: Timestamp,
    total: Option<AccessDuration>,
}

/// A required approval.
#[derive(Debug, Serialize)]
struct SlotAnswer<'a> {
    slot: &'a str,
    resource: &'a OwnedResource,
    asked: usize,
}

/// A decision, without who made it.
#[derive(Debug, Serialize)]
struct DecisionAnswer<'a> {
    slot: &'a str,
    decision: Verdict,
    reason: &'a Reason,
    at: Option<Timestamp>,
}

/// `Revocation`: how access was ended before its time.
#[derive(Debug, Serialize)]
struct RevocationAnswer<'a> {
    by: RevokedBy,
    description: String,
    reason: Option<&'a Reason>,
    at: Timestamp,
    instead_of: Timestamp,
}

/// `EndReason`.
#[derive(Debug, Serialize)]
struct EndReasonAnswer<'a> {
    code: EndCode,
    detail: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<&'a [Finding]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum EndCode {
    Refused(RefusalCode),
    Failed(FailureCode),
    Other(&'static str),
}

/// `Step`: a row of the trail, without who did it.
#[derive(Debug, Serialize)]
struct TimelineStep {
    at: Timestamp,
    event: &'static str,
    state: State,
    by: &'static str,
}

impl<'a> RequestAnswer<'a> {
    pub(crate) fn new(record: &'a RequestRecord, trail: &[AuditRow]) -> Self {
        let request = record.request();
        let asked = record.round();
        let extension = request.extends.as_ref();
        let preview = record.preview();
        Self {
            request_id: record.id(),
            state: record.state(),
            digest: record.request_digest(),
            content_digest: asked.map(|asked| &asked.content),
            source: &request.source,
            target: (&request.target).into(),
            grants: &request.grants,
            resource: request.resource.as_ref(),
            extends: extension.map(|before| ExtensionAnswer::new(before, request)),
            duration: &request.duration,
            created_at: record.created_at(),
            decide_by: asked.map(|asked| asked.expires_at),
            until: record.until(),
            dry_run: request.dry_run,
            preview: preview.map(|found| PreviewAnswer::new(found, &request.target)),
            revocation: record.revocation().map(Into::into),
            retained: record.retained(),
            slots: asked.map_or_else(Vec::new, |asked| {
                asked.slots.iter().map(Into::into).collect()
            }),
            findings: asked.map(|asked| asked.findings.as_slice()),
            decisions: record.decisions().iter().map(Into::into).collect(),
            end_reason: record.end_reason().map(Into::into),
            reported: record.reported(),
            timeline: trail.iter().map(Into::into).collect(),
        }
    }
}

impl<'a> ExtensionAnswer<'a> {
    fn new(extension: &'a Extension, request: &AccessRequest) -> Self {
        Self {
            request_id: &extension.request,
            since: extension.since,
            total: request.total(),
        }
    }
}

impl<'a> From<&'a Slot> for SlotAnswer<'a> {
    fn from(slot: &'a Slot) -> Self {
        Self {
            slot: &slot.id,
            resource: &slot.resource,
            asked: slot.approvers.len(),
        }
    }
}

impl<'a> From<&'a DecisionRecord> for DecisionAnswer<'a> {
    fn from(decided: &'a DecisionRecord) -> Self {
        let decision = &decided.signed.decision;
        Self {
            slot: &decision.slot,
            decision: decision.verdict,
            reason: &decided.reason,
            at: Timestamp::from_second(decision.at).ok(),
        }
    }
}

impl<'a> From<&'a Revocation> for RevocationAnswer<'a> {
    fn from(revocation: &'a Revocation) -> Self {
        Self {
            by: revocation.by,
            description: revocation.by.in_words(),
            reason: revocation.reason.as_ref(),
            at: revocation.at,
            instead_of: revocation.instead_of,
        }
    }
}

impl<'a> From<EndReason<'a>> for EndReasonAnswer<'a> {
    fn from(reason: EndReason<'a>) -> Self {
        let plain = |code, detail| Self {
            code,
            detail,
            findings: None,
            slot: None,
            reason: None,
        };
        match reason {
            EndReason::Refused { code, findings } => Self {
                findings: Some(findings),
                ..plain(EndCode::Refused(code), code.in_words())
            },
            EndReason::Failed { code } => plain(EndCode::Failed(code), code.in_words()),
            EndReason::Withdrawn { reason } => Self {
                reason: Some(reason),
                ..plain(EndCode::Other("withdrawn"), "It was cancelled.")
            },
            EndReason::Abandoned { reason } => Self {
                reason: Some(reason),
                ..plain(
                    EndCode::Other("abandoned"),
                    "The access could not be removed. It may remain in effect.",
                )
            },
            EndReason::Undeliverable { slot } => Self {
                slot: Some(slot),
                ..plain(
                    EndCode::Other("nobody_to_ask"),
                    "No approver could be found.",
                )
            },
        }
    }
}

impl From<&AuditRow> for TimelineStep {
    fn from(row: &AuditRow) -> Self {
        Self {
            at: row.at,
            event: event_name(&row.event),
            state: row.state,
            by: actor_name(row),
        }
    }
}

const fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Received { .. } => "received",
        Event::ApprovalRequested { .. } => "approval_requested",
        Event::DeliveryClaimed { message } => message_event_names(message).0,
        Event::DeliverySent { message, .. } => message_event_names(message).1,
        Event::DeliverySkipped { .. } => "notification_skipped",
        Event::DeliveryBounced { .. } => "review_request_bounced",
        Event::ApproverDisqualified { .. } => "approver_disqualified",
        Event::SlotReassigned { .. } => "slot_reassigned",
        Event::Decided { .. } => "decided",
        Event::ProvisioningStarted { .. } => "provisioning_started",
        Event::UserCreated { .. } => "user_created",
        Event::Activated { .. } => "access_verified",
        Event::DeviationsFound { .. } => "deviation_found",
        Event::RevocationStarted => "revocation_started",
        Event::RevocationRequested { .. } => "revocation_requested",
        Event::Revoked { .. } => "removal_verified",
        Event::Abandoned { .. } => "removal_abandoned",
        Event::Previewed { .. } => "previewed",
        Event::Refused { .. } => "refused",
        Event::Undeliverable { .. } => "undeliverable",
        Event::Expired => "expired",
        Event::Withdrawn { .. } => "withdrawn",
        Event::Failed { .. } => "failed",
    }
}

/// What it is called when a message is claimed, and when it was sent.
const fn message_event_names(message: &Message) -> (&'static str, &'static str) {
    match message {
        Message::ReviewRequest { .. } => ("review_request_claimed", "review_request_sent"),
        Message::TicketNote { .. } | Message::Deviation { .. } => {
            ("ticket_note_claimed", "ticket_note_written")
        }
        Message::Reminder { .. }
        | Message::Handled { .. }
        | Message::Outcome { .. }
        | Message::EndsSoon
        | Message::ManagerNotice { .. } => ("notification_claimed", "notification_sent"),
    }
}

/// The kind of actor; a security client, which is not the request's own, as such.
const fn actor_name(row: &AuditRow) -> &'static str {
    match (&row.actor, &row.event) {
        (
            Actor::Client { .. },
            Event::RevocationRequested {
                by: RevokedBy::Security,
                ..
            }
            | Event::Abandoned { .. },
        ) => "security",
        (Actor::Client { .. }, _) => "client",
        (Actor::Approver { .. }, _) => "approver",
        (Actor::Approval, _) => "approval",
        (Actor::Dispatcher, _) => "dispatcher",
        (Actor::Provisioner, _) => "provisioner",
        (Actor::Reporter, _) => "reporter",
        (Actor::Sweeper, _) => "sweeper",
    }
}
