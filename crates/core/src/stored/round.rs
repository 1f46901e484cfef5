//! An approval round, what was bound in it and what came of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::schema::{stored_enum, stored_struct};
use crate::approval::{Decision, MacTag, SignedDecision, Verdict};
use crate::arn::{GroupArn, PolicyArn, RoleArn};
use crate::binding::{Binding, BoundGroup, BoundInline, BoundPolicy, BoundPrincipal, BoundRole};
use crate::bounce::MessageId;
use crate::effect::EffectChange;
use crate::finding::{Evidence, Finding, FindingCode, Witness};
use crate::id::{AccountId, Digest, RequestId, SysId};
use crate::lifecycle::{Actor, State};
use crate::person::{InvolvedMarks, Mark, PeopleMarks};
use crate::prose::Reason;
use crate::record::{
    ApprovalRound, DecisionRecord, Delivery, DeliveryOutcome, GrantedAccess, Message, Reminders,
    RetainedBecause, RetainedChange, Revocation, RevokedBy, SkipCode,
};
use crate::slots::{Approver, ApproverRole, OwnedResource, OwnedResourceKind, Slot};

stored_struct!(pub ApprovalRoundV1 for ApprovalRound {
    slots: Vec<Slot>,
    binding: Binding,
    content: Digest,
    findings: Vec<Finding>,
    expires_at: Timestamp,
    reminders: Reminders,
    unreachable: Vec<SysId>,
    decisions: Vec<DecisionRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notified_manager: Option<SysId>,
});

stored_struct!(pub SlotV1 for Slot {
    id: String,
    resource: OwnedResource,
    approvers: Vec<Approver>,
    attempts: u8,
    needs_reassignment: bool,
});

stored_enum!(OwnedResourceV1 for OwnedResource, "type" {
    "account" = Account { account_id: AccountId },
    "item" = Item {
        sys_id: SysId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        instead_of: Vec<AccountId>,
    },
    "beneficiary" = Beneficiary { sys_id: SysId },
});

stored_struct!(pub ApproverV1 for Approver {
    sys_id: SysId,
    role: ApproverRole,
    on_behalf_of: Option<SysId>,
});

stored_struct!(pub RemindersV1 for Reminders {
    remind_at as "decide_at": Option<Timestamp>,
    before_end: Option<SignedDuration>,
});

stored_struct!(pub DecisionRecordV1 for DecisionRecord {
    signed: SignedDecision,
    reason: Reason,
});

stored_struct!(pub SignedDecisionV1 for SignedDecision {
    decision: Decision,
    mac: MacTag,
});

stored_struct!(pub DecisionV1 for Decision {
    request: RequestId,
    content: Digest,
    slot: String,
    verdict: Verdict,
    approver: SysId,
    at: i64,
    reason: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identities: Option<PeopleMarks>,
});

stored_struct!(pub PeopleMarksV1 for PeopleMarks {
    deciders: Vec<Mark>,
    involved: Vec<InvolvedMarks>,
});

stored_struct!(pub InvolvedMarksV1 for InvolvedMarks {
    sys_id: SysId,
    marks: Vec<Mark>,
    has_mailbox: bool,
});

stored_struct!(pub BindingV1 for Binding {
    principal: Box<BoundPrincipal>,
    policies: Vec<BoundPolicy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<BoundRole>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<BoundGroup>,
    guardrails: Digest,
});

stored_struct!(pub BoundPrincipalV1 for BoundPrincipal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<String>,
    path: String,
    boundary: Option<String>,
    owner: Option<SysId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boundary_document: Option<Digest>,
});

stored_struct!(pub BoundPolicyV1 for BoundPolicy {
    arn: PolicyArn,
    version: String,
    document: Digest,
});

stored_struct!(pub BoundInlineV1 for BoundInline {
    name: String,
    document: Digest,
});

stored_struct!(pub BoundRoleV1 for BoundRole {
    arn: RoleArn,
    unique_id: String,
    boundary: Option<String>,
    trust: Digest,
    longest_session: u32,
    policies: Vec<BoundPolicy>,
    inline: Vec<BoundInline>,
});

stored_struct!(pub BoundGroupV1 for BoundGroup {
    arn: GroupArn,
    unique_id: String,
    policies: Vec<BoundPolicy>,
    inline: Vec<BoundInline>,
});

stored_struct!(pub FindingV1 for Finding {
    pointer: String,
    code: FindingCode,
    detail: String,
    evidence: Option<Evidence>,
});

stored_struct!(pub EvidenceV1 for Evidence {
    policy: String,
    place: String,
    witness: Option<Witness>,
});

stored_struct!(pub WitnessV1 for Witness {
    action: String,
    resource: String,
    context: Vec<(String, String)>,
});

stored_struct!(pub AccessV1 for GrantedAccess {
    round: ApprovalRound,
    until: Timestamp,
    revocation: Option<Revocation>,
});

stored_struct!(pub RevocationV1 for Revocation {
    by: RevokedBy,
    reason: Option<Reason>,
    at: Timestamp,
    instead_of: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<MacTag>,
});

stored_enum!(RevokedByV1 for RevokedBy, "type" {
    "client" = Client,
    "requester" = Requester,
    "beneficiary" = Beneficiary,
    "security" = Security,
    "user_ended" = UserEnded,
    "approver" = Approver {
        role: ApproverRole,
        resource: OwnedResourceKind,
        delegate: bool,
    },
});

stored_struct!(pub RetainedChangeV1 for RetainedChange {
    change: EffectChange,
    because: RetainedBecause,
});

stored_struct!(pub DeliveryV1 for Delivery {
    message: Message,
    claimed_at: Option<Timestamp>,
    outcome: Option<DeliveryOutcome>,
});

stored_enum!(MessageV1 for Message, "type" {
    "review_request" = ReviewRequest { approver: SysId },
    "reminder" = Reminder { approver: SysId },
    "handled" = Handled { approver: SysId },
    "outcome" = Outcome { state: State },
    "ends_soon" = EndsSoon,
    "manager_notice" = ManagerNotice { manager: SysId },
    "ticket_note" = TicketNote { state: State },
    "deviation" = Deviation { report: u32 },
});

stored_enum!(DeliveryOutcomeV1 for DeliveryOutcome, "type" {
    "sent" = Sent { at: Timestamp, message_id: Option<MessageId> },
    "skipped" = Skipped { at: Timestamp, code: SkipCode },
});

stored_enum!(ActorV1 for Actor, "type" {
    "client" = Client { client: crate::id::ClientId },
    "approver" = Approver { sys_id: SysId },
    "approval" = Approval,
    "dispatcher" = Dispatcher,
    "provisioner" = Provisioner,
    "reporter" = Reporter,
    "sweeper" = Sweeper,
});
