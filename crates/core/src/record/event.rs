//! What happens to a request.

use jiff::Timestamp;

use super::{
    ApprovalRound, DecisionRecord, Deviation, Message, RetainedChange, RevokedBy, SkipCode,
};
use crate::approval::MacTag;
use crate::bounce::{BounceKind, MessageId};
use crate::codes::{FailureCode, RefusalCode};
use crate::effect::EffectChange;
use crate::finding::Finding;
use crate::id::{Digest, SysId};
use crate::preview::Preview;
use crate::prose::Reason;
use crate::slots::Approver;

/// Something that happened to a request. Each is one row of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was accepted.
    Received {
        /// The digest of what was asked for.
        request: Digest,
    },
    /// The approvers are known and the content is bound.
    ApprovalRequested {
        /// What is asked of whom.
        round: ApprovalRound,
    },
    /// A message is about to be sent.
    DeliveryClaimed {
        /// The message.
        message: Message,
    },
    /// The mail service or ServiceNow took a message.
    DeliverySent {
        /// The message.
        message: Message,
        /// The id that the mail service gave it, where its loss is to be known.
        message_id: Option<MessageId>,
    },
    /// A message is not sent, for good.
    DeliverySkipped {
        /// The message.
        message: Message,
        /// Why it is not sent.
        code: SkipCode,
    },
    /// A review request or reminder did not arrive. Whoever it was for is asked no more.
    DeliveryBounced {
        /// For whom it was.
        approver: SysId,
        /// Why it did not arrive.
        kind: BounceKind,
    },
    /// Somebody who was asked may not decide any more.
    ApproverDisqualified {
        /// The slot's id.
        slot: String,
        /// The person who may no longer decide.
        approver: SysId,
    },
    /// An open slot was given new approvers.
    SlotReassigned {
        /// The slot's id.
        slot: String,
        /// Those who may decide it from now on.
        approvers: Vec<Approver>,
    },
    /// A slot was decided.
    Decided {
        /// The signed decision and its reason.
        decision: DecisionRecord,
    },
    /// The provisioner begins to change IAM.
    ProvisioningStarted {
        /// What it is to change and found in IAM already. It is not its own.
        preexisting: Vec<EffectChange>,
    },
    /// The user that the request creates was seen in IAM, and is ours.
    UserCreated {
        /// Its unique id (`AIDA…`).
        unique_id: String,
    },
    /// IAM was found otherwise than the record says.
    DeviationsFound {
        /// What was found that no earlier look had found.
        found: Vec<Deviation>,
    },
    /// The change was read back from IAM.
    Activated {
        /// When the access ends.
        until: Timestamp,
    },
    /// The end of the access has come.
    RevocationStarted,
    /// Somebody who may ends the access now.
    RevocationRequested {
        /// The role of whoever revoked it.
        by: RevokedBy,
        /// Why, where they said.
        reason: Option<Reason>,
        /// What proves who wanted it; none where nothing does.
        signature: Option<MacTag>,
    },
    /// The removal was read back from IAM.
    Revoked {
        /// What stays all the same, and why.
        retained: Vec<RetainedChange>,
    },
    /// The security team gave up a removal that does not work.
    Abandoned {
        /// What the security client gave as the reason.
        reason: Reason,
    },
    /// It does not hold, or may not be granted.
    Refused {
        /// The reason, as the API and the ticket give it.
        code: RefusalCode,
        /// What was found.
        findings: Vec<Finding>,
    },
    /// Nobody could be asked for a slot.
    Undeliverable {
        /// The slot's id.
        slot: String,
    },
    /// Time ran out.
    Expired,
    /// The client withdrew it.
    Withdrawn {
        /// Why, where it said.
        reason: Option<Reason>,
    },
    /// It could not be provisioned, and was rolled back.
    Failed {
        /// The reason, as the API and the ticket give it.
        code: FailureCode,
    },
    /// A dry run was checked.
    Previewed {
        /// What was found.
        preview: Preview,
    },
}
