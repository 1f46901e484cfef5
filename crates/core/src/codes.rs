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
        TableNotAllowed => "Records of this table may not ask for access.",
        /// There is no such record.
        NoSuchTicket => "ServiceNow has no such record.",
        /// The record does not carry the request.
        TicketMismatch => "The record in ServiceNow does not carry this request.",
        /// The requester is unknown, inactive or locked.
        RequesterInactive => "The requester has no active account in ServiceNow.",
        /// The account has no role for Snowgate, or it does not trust us.
        AccountNotPrepared => "The account is not prepared for Snowgate.",
        /// The principal does not exist.
        NoSuchPrincipal => "The account has no such user or role.",
        /// The principal is not enrolled: path, boundary or owner are missing.
        NotEnrolled => "The user or role is not enrolled for Snowgate in its account.",
        /// The policy does not exist.
        NoSuchPolicy => "The account has no such policy.",
        /// The principal's quota is used up.
        QuotaReached => "The user or role holds as many policies as IAM allows.",
        /// The role does not exist.
        NoSuchRole => "The account has no such role.",
        /// The group does not exist.
        NoSuchGroup => "The account has no such group.",
        /// The role does not trust the principal.
        RoleDoesNotTrust => "The role does not trust the user or role that would assume it.",
        /// The role trusts the principal without the grant.
        TrustsAlready => "The role can be assumed without this access, so its end could take nothing away.",
        /// Sessions of the role last too long.
        SessionTooLong => "Sessions of the role would last too long after the end of the access.",
        /// The access that was to be extended is not there, or was another.
        NotExtendable => "The access that was to be extended is not there any more.",
        /// The guardrails do not allow it.
        OutsideGuardrails => "The guardrails do not allow this.",
        /// More people would have to be asked than the guardrails allow.
        TooManyApprovers => "More people would have to be asked than the guardrails allow.",
        /// The grants bring too many policies.
        TooManyPolicies => "The grants bring more policies than anybody could read before deciding.",
        /// A policy cannot be read.
        UnreadablePolicy => "A policy cannot be read, so nothing can be proved about it.",
        /// A policy holds actions that are never granted.
        DeniedAction => "A policy allows actions that are never granted.",
        /// A policy allows more than the reference policy.
        ExceedsReference => "A policy allows more than the guardrails' reference policy for the account.",
        /// The access leads to more power.
        Escalates => "With this access more power could be taken than is granted.",
        /// The access opens resources or hands out credentials.
        Exposes => "With this access resources could be opened to others, or credentials handed out.",
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
        UnprovenDecision => "A decision could not be verified.",
        /// What is there is not what was approved.
        ContentChanged => "What was approved is no longer what is there. Please ask again.",
        /// The guardrails of today do not allow it.
        OutsideGuardrails => "The guardrails no longer allow this.",
        /// IAM refused the change.
        IamRefused => "IAM refused the change.",
        /// It was not done in time.
        TimedOut => "The change could not be made in time.",
    }
);
