//! The codes with which requests are refused or fail, each with its reason in words.

use serde::{Deserialize, Serialize};

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

pub(crate) use codes;

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
        /// The person whom the access is for is unknown, inactive or locked.
        BeneficiaryInactive => "The person this access is for has no active account in ServiceNow.",
        /// Approvers cannot be told apart from somebody involved.
        UnreadableIdentity => "Approvers can't be told apart from somebody involved: a ServiceNow record is missing, or its e-mail address can't be read.",
        /// The account has no role for Snowgate, or it does not trust us.
        AccountNotPrepared => "The AWS account isn't set up for Snowgate.",
        /// The principal does not exist. Records of before have it: whoever asks is told no more than
        /// [`Self::NotEnrolled`].
        NoSuchPrincipal => "The user or role isn't enrolled.",
        /// The principal does not exist, or is not enrolled: path, boundary or owner are missing.
        NotEnrolled => "The user or role isn't enrolled.",
        /// A user of this name exists, or its name is kept for somebody else.
        NameTaken => "A user of this name exists, or the name is kept for its former owner.",
        /// The person whom a new user is to belong to is neither the requester nor the one whom the ticket
        /// was opened for, or would be asked.
        OwnerNotAllowed => "A new user can belong to the requester or to the person the ticket was opened for, and not to somebody who decides on it.",
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
        /// The user that the access is for is one that Snowgate made and has ended.
        UserEnded => "Snowgate has ended this user, or is about to delete it.",
        /// The user that the access is for ends before it would.
        OutlivesUser => "The user ends before this access would. Extend the user first, or request less time.",
        /// A policy cannot be read.
        UnreadablePolicy => "A policy can't be parsed, so nothing can be proved about it.",
        /// A policy allows denied actions.
        DeniedAction => "A policy allows denied actions.",
        /// A policy allows more than the reference policy.
        ExceedsReference => "A policy allows more than the account's reference policy.",
        /// The access leads to more power.
        Escalates => "The access allows privilege escalation.",
        /// The access opens resources or hands out credentials.
        Exposes => "The access could expose resources or credentials.",
        /// Nobody counts as the manager of the person whom the access is for.
        NoManager => "The guardrails require a manager of the person this access is for, and there is none to turn to.",
    }
);

impl RefusalCode {
    /// Whether the ticket had been found to carry the request when this came up. Only such a ticket
    /// is updated: whoever calls us could name any record.
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
        /// Somebody else has a user of this name since the owners were asked.
        NameTaken => "A user of this name was created by somebody else after approval. Please request another name.",
        /// The user that the access is for is one that Snowgate made and has ended.
        UserEnded => "Snowgate has ended this user, or is about to delete it.",
        /// The user that the access is for ends before it would, or an extension would end it sooner.
        OutlivesUser => "The user ends before this access would, or would end sooner than it does now. Please request it again.",
        /// IAM refused the change.
        IamRefused => "IAM rejected the change.",
        /// It was not done in time.
        TimedOut => "The change couldn't be completed in time.",
        /// The audit trail does not bear the request out.
        BrokenTrail => "The request's audit trail was changed, so nothing was granted.",
    }
);
