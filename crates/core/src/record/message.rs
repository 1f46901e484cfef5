//! The kinds of messages, and why one is not sent.

use serde::{Deserialize, Serialize};

use super::Worker;
use crate::codes::codes;
use crate::id::SysId;
use crate::lifecycle::State;

/// Something that is sent to a person or written to the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// To an approver: the request with a review link.
    ReviewRequest {
        /// The approver's `sys_id`.
        approver: SysId,
    },
    /// To an approver who has not decided, with a fresh link, before the time is over.
    Reminder {
        /// The approver's `sys_id`.
        approver: SysId,
    },
    /// To an approver who was asked and has nothing left to do.
    Handled {
        /// The approver's `sys_id`.
        approver: SysId,
    },
    /// To the requester: the state that the request has come to.
    Outcome {
        /// The state that is reported.
        state: State,
    },
    /// To the requester: the access ends soon.
    EndsSoon,
    /// To the beneficiary's manager: the access was requested.
    ManagerNotice {
        /// The manager's `sys_id`.
        manager: SysId,
    },
    /// To the ticket: the state that the request has come to.
    TicketNote {
        /// The state that is reported.
        state: State,
    },
    /// To the ticket: IAM was found otherwise than the record says.
    Deviation {
        /// Which report, from zero ([`deviation_reports`](super::RequestRecord::deviation_reports)).
        report: u32,
    },
}

impl Message {
    /// The function that sends it: only the dispatcher can open review links, only the reporter
    /// can write to tickets.
    #[must_use]
    pub const fn sender(&self) -> Worker {
        match self {
            Self::ReviewRequest { .. } | Self::Reminder { .. } => Worker::Dispatcher,
            Self::Handled { .. }
            | Self::Outcome { .. }
            | Self::EndsSoon
            | Self::ManagerNotice { .. }
            | Self::TicketNote { .. }
            | Self::Deviation { .. } => Worker::Reporter,
        }
    }

    /// The approver whom it asks for a decision, if it does.
    #[must_use]
    pub const fn asks(&self) -> Option<&SysId> {
        match self {
            Self::ReviewRequest { approver } | Self::Reminder { approver } => Some(approver),
            Self::Handled { .. }
            | Self::Outcome { .. }
            | Self::EndsSoon
            | Self::ManagerNotice { .. }
            | Self::TicketNote { .. }
            | Self::Deviation { .. } => None,
        }
    }
}

codes!(
    /// Why a message is not sent.
    SkipCode {
        /// ServiceNow has no such person.
        NoSuchPerson => "ServiceNow has no such person.",
        /// The account is inactive.
        Inactive => "The person's ServiceNow account is inactive.",
        /// The account is locked.
        Locked => "The person's ServiceNow account is locked out.",
        /// There is no usable address.
        NoMail => "The person has no usable e-mail address.",
        /// The address is in a domain that is not allowed.
        ForeignMail => "The domain of the person's e-mail address is not allowed.",
        /// The person may not be asked any more.
        NotAnApprover => "The person is no longer an approver.",
        /// The mail service refused it.
        MailRefused => "The e-mail service rejected the e-mail.",
        /// It could not be sent for so long that nobody needs it any more.
        TooLate => "The e-mail could not be sent in time.",
    }
);
