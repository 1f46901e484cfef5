//! What happens to a request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ApprovalRound, DecisionRecord, Notice, RetainedChange, RevokedBy, SkipCode};
use crate::bounce::{BounceKind, MessageId};
use crate::finding::Finding;
use crate::id::{Digest, SysId};
use crate::lifecycle::State;
use crate::preview::Preview;
use crate::prose::Reason;
use crate::slots::Approver;

/// Something that happened to a request. Each is one row of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// It was accepted.
    Received {
        /// The digest of what was asked for.
        request: Digest,
    },
    /// The owners are known and the content is bound.
    ApprovalRound {
        /// All of it.
        asked: ApprovalRound,
    },
    /// Somebody set about sending a letter.
    LetterClaimed {
        /// To whom.
        approver: SysId,
    },
    /// The mail service took a letter.
    LetterSent {
        /// To whom.
        approver: SysId,
        /// The id that the mail service gave it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
    },
    /// A letter did not arrive. Whoever it was for is asked no more.
    LetterBounced {
        /// For whom it was.
        approver: SysId,
        /// Why it did not arrive.
        kind: BounceKind,
    },
    /// Somebody who was asked may not decide any more.
    ApproverDisqualified {
        /// Which slot.
        slot: String,
        /// Who.
        approver: SysId,
    },
    /// The people for an open slot were looked for anew.
    SlotReassigned {
        /// Which slot.
        slot: String,
        /// Those who may decide it from now on.
        approvers: Vec<Approver>,
    },
    /// A slot was decided.
    DecisionRecord {
        /// The decision.
        decided: DecisionRecord,
    },
    /// The provisioner set about changing IAM.
    ProvisioningStarted,
    /// The change was read back from IAM.
    Activated {
        /// When the access ends.
        until: Timestamp,
    },
    /// The end has come.
    RevocationStarted,
    /// Somebody who may ends the access now.
    RevocationRequested {
        /// In which role.
        by: RevokedBy,
        /// Why, where they said.
        reason: Option<Reason>,
    },
    /// The removal was read back from IAM.
    Revoked {
        /// What stays all the same, and why.
        #[serde(default)]
        retained: Vec<RetainedChange>,
    },
    /// It does not hold, or may not be granted.
    Refused {
        /// Why.
        code: RefusalCode,
        /// What was found.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
    },
    /// Nobody could be asked for a slot.
    Undeliverable {
        /// Which.
        slot: String,
    },
    /// Time ran out.
    Expired,
    /// The client took it back.
    Withdrawn {
        /// Why, where it said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// It could not be provisioned, and was rolled back.
    Failed {
        /// Why.
        code: FailureCode,
    },
    /// The ticket was told.
    Reported {
        /// Of which state.
        state: State,
    },
    /// A dry run was looked into.
    Previewed {
        /// What was found.
        preview: Preview,
    },
    /// Somebody set about sending a mail that is no review letter.
    NoticeClaimed {
        /// Which.
        notice: Notice,
    },
    /// The mail service took such a mail.
    NoticeSent {
        /// Which.
        notice: Notice,
    },
    /// Such a mail is not sent, for good.
    NoticeSkipped {
        /// Which.
        notice: Notice,
        /// Why.
        why: SkipCode,
    },
}

/// Why a request ended as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EndReason {
    /// It does not hold, or may not be granted.
    Refused {
        /// Why.
        code: RefusalCode,
        /// What was found.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
    },
    /// Nobody could be asked.
    Undeliverable {
        /// For which slot.
        slot: String,
    },
    /// It could not be provisioned.
    Failed {
        /// Why.
        code: FailureCode,
    },
    /// The client took it back, and said why.
    Withdrawn {
        /// Why.
        reason: Reason,
    },
}

/// Declares an enum of codes, each with its reason in words.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $words:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// The reason in a sentence for people.
            #[must_use]
            pub const fn in_words(self) -> &'static str {
                match self {
                    $(Self::$variant => $words,)*
                }
            }
        }
    };
}

pub(super) use codes;

codes!(
    /// Why a request was refused after it was accepted.
    RefusalCode {
        /// The table is not one that may ask.
        TableNotAllowed => "Records of this table can't request access.",
        /// There is no such record.
        NoSuchTicket => "ServiceNow has no such record.",
        /// The record does not carry the request.
        TicketMismatch => "The ServiceNow record isn't the one this request was made from.",
        /// The requester is unknown, inactive or locked.
        RequesterInactive => "The requester has no active account in ServiceNow.",
        /// The account has no role for Snowgate, or it does not trust us.
        AccountNotPrepared => "The AWS account isn't set up for Snowgate.",
        /// The principal does not exist.
        NoSuchPrincipal => "The AWS account has no such user or role.",
        /// The principal is not enrolled: path, boundary or owner are missing.
        NotEnrolled => "The user or role isn't enrolled.",
        /// The policy does not exist.
        NoSuchPolicy => "The AWS account has no such policy.",
        /// The principal's quota is used up.
        QuotaReached => "An IAM quota of the user or role would be exceeded.",
        /// The role does not exist.
        NoSuchRole => "The AWS account has no such role.",
        /// The group does not exist.
        NoSuchGroup => "The AWS account has no such group.",
        /// The role does not trust the principal.
        RoleDoesNotTrust => "The role's trust policy doesn't let the user or role assume it.",
        /// The role trusts the principal without the grant.
        TrustsAlready => "The role can be assumed without this grant, so ending the grant would change nothing.",
        /// Sessions of the role last too long.
        SessionTooLong => "Sessions of the role could outlast the access for too long.",
        /// The access that was to be extended is not there, or was another.
        NotExtendable => "The access to extend is no longer active, or has changed.",
        /// The guardrails do not allow it.
        OutsideGuardrails => "The guardrails don't permit this.",
        /// More people would have to be asked than the guardrails allow.
        TooManyApprovers => "The request needs more approvers than the guardrails allow.",
        /// The grants bring too many policies.
        TooManyPolicies => "The grants include more policies than an approver can review.",
        /// A policy cannot be read.
        UnreadablePolicy => "A policy can't be parsed, so nothing can be proved about it.",
        /// A policy holds actions that are never granted.
        DeniedAction => "A policy allows denied actions.",
        /// A policy allows more than the reference policy.
        ExceedsReference => "A policy allows more than the account's reference policy.",
        /// The access leads to more power.
        Escalates => "The access allows privilege escalation.",
        /// The access opens resources or hands out credentials.
        Exposes => "The access could expose resources or credentials.",
    }
);

impl RefusalCode {
    /// Whether the ticket had been found to carry the request when this came up. Only such a
    /// ticket is told: whoever calls us could name any record.
    #[must_use]
    pub const fn ticket_was_verified(self) -> bool {
        !matches!(
            self,
            Self::TableNotAllowed
                | Self::NoSuchTicket
                | Self::TicketMismatch
                | Self::RequesterInactive
        )
    }
}

codes!(
    /// Why an approved request could not be provisioned.
    FailureCode {
        /// A decision is missing or its signature does not verify.
        UnprovenDecision => "An approval's signature couldn't be verified.",
        /// What is there is not what was approved.
        ContentChanged => "The policy or account changed after approval. Please request it again.",
        /// The guardrails of today do not allow it.
        OutsideGuardrails => "The guardrails no longer permit this.",
        /// IAM refused the change.
        IamRefused => "IAM rejected the change.",
        /// It was not done in time.
        TimedOut => "The change couldn't be completed in time.",
    }
);
