//! What a record tells about itself. Nothing here changes it; [`RequestRecord::apply`] does.

use jiff::Timestamp;

use super::{ApprovalRound, DecisionRecord, EndReason, NoticeState, RequestRecord};
use super::{RetainedChange, Revocation};
use crate::audit::AuditHead;
use crate::binding::Binding;
use crate::finding::Finding;
use crate::id::{ClientId, Digest, RequestId, SysId};
use crate::lifecycle::State;
use crate::preview::Preview;
use crate::request::AccessRequest;
use crate::slots::Slot;

impl RequestRecord {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &RequestId {
        &self.id
    }

    /// The client that sent it; no other client sees it.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// Counts the changes; a change is made to one version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What is asked for.
    #[must_use]
    pub const fn request(&self) -> &AccessRequest {
        &self.request
    }

    /// The digest of what is asked for.
    #[must_use]
    pub const fn request_digest(&self) -> &Digest {
        &self.request_digest
    }

    /// When it was accepted.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it came to its state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// When somebody must look at it again; none once nothing is left to do.
    #[must_use]
    pub const fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    /// How often the step that is due was sent again.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What the owners were asked; none before that, or where nobody was.
    #[must_use]
    pub const fn round(&self) -> Option<&ApprovalRound> {
        self.asked.as_ref()
    }

    /// The approvals that are needed; empty until they are known.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        self.round().map_or(&[], |round| &round.slots)
    }

    /// What IAM held when the owners were asked.
    #[must_use]
    pub fn binding(&self) -> Option<&Binding> {
        self.round().map(|round| &round.binding)
    }

    /// What was found, for approvers to know.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.round().map_or(&[], |round| &round.findings)
    }

    /// Until when a decision is awaited.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.round().map(|round| round.expires_at)
    }

    /// People whom a message did not reach. They are asked no more.
    #[must_use]
    pub fn unreachable(&self) -> &[SysId] {
        self.round().map_or(&[], |round| &round.unreachable)
    }

    /// The decisions, in the order in which they were made.
    #[must_use]
    pub fn decisions(&self) -> &[DecisionRecord] {
        &self.decisions
    }

    /// When the access ends, or ended; none where it never was active.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Why it ended as it did, where that needs saying.
    #[must_use]
    pub const fn end_reason(&self) -> Option<&EndReason> {
        self.end_reason.as_ref()
    }

    /// The states that the ticket has a note on, in the order in which they were written.
    #[must_use]
    pub fn reported(&self) -> Vec<State> {
        self.reported.clone()
    }

    /// Whether the ticket has a note on this state.
    #[must_use]
    pub fn is_reported(&self, state: State) -> bool {
        self.reported.contains(&state)
    }

    /// How the access was ended before its time, where it was.
    #[must_use]
    pub const fn revocation(&self) -> Option<&Revocation> {
        self.revocation.as_ref()
    }

    /// What stayed in IAM when the access ended, and why.
    #[must_use]
    pub fn retained(&self) -> &[RetainedChange] {
        &self.retained
    }

    /// What a dry run found.
    #[must_use]
    pub const fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref()
    }

    /// Mails that are no review letters, as far as somebody claimed them.
    #[must_use]
    pub fn notices(&self) -> &[NoticeState] {
        &self.notices
    }

    /// The end of the audit trail.
    #[must_use]
    pub const fn audit(&self) -> &AuditHead {
        &self.audit
    }

    /// The same record, to be looked at again at another time. When it is due is no part of its
    /// history: it is neither counted as a version nor audited.
    #[must_use]
    pub fn rescheduled(mut self, due_at: Option<Timestamp>, attempts: u32) -> Self {
        self.due_at = due_at;
        self.attempts = attempts;
        self
    }
}
