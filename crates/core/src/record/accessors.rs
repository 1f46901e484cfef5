//! What a record says about itself. Nothing here changes it; [`RequestRecord::apply`] does.

use jiff::Timestamp;

use super::{ApprovalRound, DecisionRecord, Delivery, EndReason, Ending, Message, Phase};
use super::{RequestRecord, RetainedChange, Revocation};
use crate::audit::AuditHead;
use crate::binding::Binding;
use crate::finding::Finding;
use crate::id::{ClientId, Digest, RequestId, SysId};
use crate::lifecycle::State;
use crate::preview::Preview;
use crate::principal::PrincipalKey;
use crate::request::AccessRequest;
use crate::slots::Slot;

impl RequestRecord {
    /// The id of the request: the ticket's `correlation_id`.
    #[must_use]
    pub const fn id(&self) -> &RequestId {
        &self.head.id
    }

    /// The client that sent it; no other client sees it.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.head.client
    }

    /// Counts the changes; a change is made to one version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.head.version
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.phase.state()
    }

    /// What is asked for.
    #[must_use]
    pub const fn request(&self) -> &AccessRequest {
        &self.head.request
    }

    /// The digest of what is asked for.
    #[must_use]
    pub const fn request_digest(&self) -> &Digest {
        &self.head.request_digest
    }

    /// When it was accepted.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.head.created_at
    }

    /// When it came to its state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.head.since
    }

    /// When somebody must look at it again; none once nothing is left to do.
    #[must_use]
    pub const fn due_at(&self) -> Option<Timestamp> {
        self.head.due_at
    }

    /// How often the step that is due was sent again.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.head.attempts
    }

    /// What the owners were asked; none before that, or where nobody was.
    #[must_use]
    pub const fn round(&self) -> Option<&ApprovalRound> {
        self.phase.round()
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

    /// The key of the target principal: of the one that was bound when the approvers were asked;
    /// before that, and before a user that is to be created was seen, of the name that the request gives.
    #[must_use]
    pub fn principal_key(&self) -> PrincipalKey {
        let target = &self.request().target;
        let by_id = self.unique_id();
        by_id.map_or_else(
            || target.key_by_name(),
            |unique_id| target.key_by_id(unique_id),
        )
    }

    /// The key in whose turn the request is worked on: one principal is changed by one run at a time. While a
    /// user is created that is its name, whether it was seen already or not. Of a broken trail the record is
    /// believed here, so that a user has one turn whatever became of a row.
    #[must_use]
    pub fn turn_key(&self) -> PrincipalKey {
        let target = &self.request().target;
        match self.request().creates_user() {
            false => self.principal_key(),
            true if self.phase.access().is_none() => target.key_by_name(),
            true => match &self.head.created_user {
                Some(unique_id) => target.key_by_id(unique_id),
                None => target.key_by_name(),
            },
        }
    }

    /// The unique id of the principal that was bound, or of the user that was created; none before the
    /// approvers were asked, and before the user was seen in IAM.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        // What was bound is signed, and no row of the trail speaks against it.
        let bound = self.binding().and_then(Binding::unique_id);
        bound.or_else(|| self.created_user())
    }

    /// The unique id of the user that it created; none before that, and where it creates none.
    #[must_use]
    pub fn created_user(&self) -> Option<&str> {
        // Of a broken trail only rows that follow say so: whoever writes the table could name anybody's.
        let created = match self.trail_fault() {
            None => &self.head.created_user,
            Some(_) => &self.evidence().created_user,
        };
        let created = created.as_deref();
        created.filter(|_| self.request().creates_user())
    }

    /// Whether the principal of this unique id is the one that was bound, or created.
    #[must_use]
    pub fn is_bound_to(&self, unique_id: &str) -> bool {
        self.unique_id() == Some(unique_id)
    }

    /// The person whom the principal belonged to when the approvers were asked.
    #[must_use]
    pub fn owner(&self) -> Option<&SysId> {
        self.binding()?.owner()
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
        self.round().map_or(&[], |round| &round.decisions)
    }

    /// When the access ends, or ended; none where it never was active.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.phase.access().map(|access| access.until)
    }

    /// Why it ended as it did, where that needs saying.
    #[must_use]
    pub fn end_reason(&self) -> Option<EndReason<'_>> {
        match &self.phase {
            Phase::Ended(ending) => ending.reason(),
            _ => None,
        }
    }

    /// The states that the ticket has a note on, in the order in which they were written.
    #[must_use]
    pub fn reported(&self) -> Vec<State> {
        let sent = |delivery: &&Delivery| delivery.sent_at().is_some();
        let deliveries = self.deliveries.iter().filter(sent);
        let states = deliveries.filter_map(|delivery| match &delivery.message {
            Message::TicketNote { state } => Some(*state),
            _ => None,
        });
        states.collect()
    }

    /// Whether the ticket has a note on this state.
    #[must_use]
    pub fn is_reported(&self, state: State) -> bool {
        let note = self.delivery(&Message::TicketNote { state });
        note.is_some_and(|note| note.sent_at().is_some())
    }

    /// Whether the ticket was found to carry this request. One that was not is never written to:
    /// whoever calls us could name any record.
    pub(super) const fn ticket_holds(&self) -> bool {
        match &self.phase {
            Phase::Ended(Ending::Refused { code, .. }) => code.ticket_was_verified(),
            Phase::Ended(Ending::Undeliverable { .. } | Ending::Previewed { .. }) => true,
            phase => phase.round().is_some(),
        }
    }

    /// How the access was ended before its time, where it was.
    #[must_use]
    pub fn revocation(&self) -> Option<&Revocation> {
        self.phase.access()?.revocation.as_ref()
    }

    /// What stayed in IAM when the access ended, and why.
    #[must_use]
    pub fn retained(&self) -> &[RetainedChange] {
        match &self.phase {
            Phase::Ended(Ending::Revoked { retained, .. }) => retained,
            _ => &[],
        }
    }

    /// What a dry run found.
    #[must_use]
    pub const fn preview(&self) -> Option<&Preview> {
        match &self.phase {
            Phase::Ended(Ending::Previewed { preview }) => Some(preview),
            _ => None,
        }
    }

    /// How far each message is that was claimed or closed, in the order of their first claims.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// Where it stands, with what it has there.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The end of the audit trail.
    #[must_use]
    pub const fn audit(&self) -> &AuditHead {
        &self.head.audit
    }

    /// The same record, to be looked at again at another time. When it is due is no part of its
    /// history: it is neither counted as a version nor audited.
    #[must_use]
    pub fn rescheduled(mut self, due_at: Option<Timestamp>, attempts: u32) -> Self {
        self.head.due_at = due_at;
        self.head.attempts = attempts;
        self
    }
}
