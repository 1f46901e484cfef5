//! What can go wrong in a call, and whether trying again can help.

use std::io;
use std::time::Duration;

use ports::{CallError, Failure};

/// Why a call gave nothing to rely on. Its name is the code of the [`CallError`].
///
/// **Permanent** is only what the instance refused in its own error format (`Forbidden`, `NotFound`,
/// `Rejected`) and what was never sent because it must not be. A 403 is an access rule, a
/// business rule or a data policy: the same call meets the same rule until somebody changes it,
/// and a request that ends in the open says so to the people who can. **Transient** is everything
/// that goes away by itself or by an operator's hand: an instance that is asleep or overloaded,
/// credentials that are being rotated (401), and answers that contradict what was asked. Both
/// ways fail closed: no answer, no owner, no grant.
///
/// No variant carries text of an answer, a name or an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection, or none that could be trusted.
    #[error("no connection could be made ({0})")]
    Unreachable(io::ErrorKind),
    /// The connection broke while the call was under way.
    #[error("the connection broke during the call")]
    Interrupted,
    /// The call took longer than it may.
    #[error("the call took too long")]
    TimedOut,
    /// Not sent: the instance failed several times in a row and is left alone for a while.
    #[error("the instance is left alone for a while after several failures")]
    BreakerOpen,
    /// Status 429.
    #[error("the instance has too many calls to answer")]
    TooManyRequests {
        /// What the instance asked to wait.
        after: Option<Duration>,
    },
    /// Status 503.
    #[error("the instance is not available")]
    Unavailable {
        /// What the instance asked to wait.
        after: Option<Duration>,
    },
    /// Another 5xx status, or 408.
    #[error("the instance failed")]
    ServerError,
    /// Status 401, also with a fresh token.
    #[error("the instance does not accept the credentials")]
    Unauthorized,
    /// No token was given out.
    #[error("the instance gives no token for the credentials")]
    SignInRefused,
    /// Status 403 from ServiceNow itself.
    #[error("an access rule, business rule or data policy forbids the call")]
    Forbidden,
    /// Status 404 from ServiceNow itself: gone, or hidden by an access rule.
    #[error("the record does not exist or is hidden by an access rule")]
    NotFound,
    /// Another 4xx status from ServiceNow itself.
    #[error("the instance does not accept the call")]
    Rejected,
    /// A refusal that does not come from ServiceNow's API but from something before it.
    #[error("something before the instance refused the call")]
    Intercepted,
    /// A redirect. They are not followed.
    #[error("the instance redirects, which is not followed")]
    Redirected,
    /// Status 202, or another that is no answer: the call may never run.
    #[error("the call was taken but not carried out")]
    Accepted,
    /// A page instead of JSON: the instance is hibernating or in maintenance.
    #[error("the answer is not JSON")]
    NotJson,
    /// JSON that ends too early or is not what the API writes.
    #[error("the answer is incomplete")]
    Incomplete,
    /// Status 200 with an `error`: a quota cancelled the call.
    #[error("the call was cancelled half-way")]
    Cancelled,
    /// More bytes than are read.
    #[error("the answer is too large")]
    TooLarge,
    /// A field that was asked for is not there; an access rule may hide it.
    #[error("a field is missing from the answer")]
    MissingField,
    /// A value that the field cannot have.
    #[error("a field holds what it cannot hold")]
    BadValue,
    /// A row that does not echo what was asked for.
    #[error("a row came back that was not asked for")]
    WrongRow,
    /// Written, answered with success, and not there when read back.
    #[error("what was written was not saved")]
    NotSaved,
    /// Not sent: more keys than fit one question.
    #[error("too many keys for one question")]
    TooManyKeys,
    /// Not sent: the address would be too long.
    #[error("the address would be too long")]
    TooLong,
    /// Not sent: tickets are not kept in this table.
    #[error("not a table of tickets")]
    UnknownTable,
    /// Not sent: an update whose marker is not in its note, or with fields it must not set.
    #[error("the update cannot be written safely")]
    BadUpdate,
    /// The record to be written to is not there.
    #[error("there is no such record to write to")]
    NoRecord,
}

impl Trouble {
    /// The code, as it stands in a [`CallError`].
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable(_) => "Unreachable",
            Self::Interrupted => "Interrupted",
            Self::TimedOut => "TimedOut",
            Self::BreakerOpen => "BreakerOpen",
            Self::TooManyRequests { .. } => "TooManyRequests",
            Self::Unavailable { .. } => "Unavailable",
            Self::ServerError => "ServerError",
            Self::Unauthorized => "Unauthorized",
            Self::SignInRefused => "SignInRefused",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::Rejected => "Rejected",
            Self::Intercepted => "Intercepted",
            Self::Redirected => "Redirected",
            Self::Accepted => "Accepted",
            Self::NotJson => "NotJson",
            Self::Incomplete => "Incomplete",
            Self::Cancelled => "Cancelled",
            Self::TooLarge => "TooLarge",
            Self::MissingField => "MissingField",
            Self::BadValue => "BadValue",
            Self::WrongRow => "WrongRow",
            Self::NotSaved => "NotSaved",
            Self::TooManyKeys => "TooManyKeys",
            Self::TooLong => "TooLong",
            Self::UnknownTable => "UnknownTable",
            Self::BadUpdate => "BadUpdate",
            Self::NoRecord => "NoRecord",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn failure(self) -> Failure {
        match self {
            Self::Forbidden
            | Self::NotFound
            | Self::Rejected
            | Self::TooManyKeys
            | Self::TooLong
            | Self::UnknownTable
            | Self::BadUpdate
            | Self::NoRecord => Failure::Permanent,
            _ => Failure::Transient,
        }
    }

    /// Whether it speaks against asking this instance further. A refusal in the instance's own
    /// words does not; refused credentials do, because ServiceNow locks users out.
    pub(crate) const fn burdens_breaker(self) -> bool {
        !matches!(self, Self::Forbidden | Self::NotFound | Self::Rejected)
    }

    /// Whether the call may be sent again within the same call, and after what the instance asked
    /// to wait. A write is sent again only where it was certainly not sent: even a 429 may come
    /// after the work was done, and a note must not be appended twice. Whoever tries again looks
    /// at the record first.
    pub(crate) const fn resend(self, writes: bool) -> Option<Option<Duration>> {
        match self {
            Self::Unreachable(_) => Some(None),
            _ if writes => None,
            Self::TooManyRequests { after } | Self::Unavailable { after } => Some(after),
            Self::Interrupted => Some(None),
            _ => None,
        }
    }

    /// The error of an operation.
    pub(crate) fn of(self, operation: &'static str) -> CallError {
        let error = match self.failure() {
            Failure::Transient => CallError::transient(operation, self.code()),
            Failure::Permanent => CallError::permanent(operation, self.code()),
        };
        error.because(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_name() {
        let some = [
            Trouble::Unreachable(io::ErrorKind::TimedOut),
            Trouble::TooManyRequests { after: None },
            Trouble::WrongRow,
            Trouble::NotSaved,
        ];
        for trouble in some {
            assert!(format!("{trouble:?}").starts_with(trouble.code()));
        }
    }

    #[test]
    fn a_write_is_sent_again_only_where_it_was_not_sent() {
        let wait = Some(Duration::from_secs(1));
        for (trouble, read, write) in [
            (Trouble::TooManyRequests { after: wait }, Some(wait), None),
            (
                Trouble::Unreachable(io::ErrorKind::Other),
                Some(None),
                Some(None),
            ),
            (Trouble::Unavailable { after: None }, Some(None), None),
            (Trouble::Interrupted, Some(None), None),
            (Trouble::ServerError, None, None),
            (Trouble::Incomplete, None, None),
            (Trouble::BreakerOpen, None, None),
        ] {
            assert_eq!(trouble.resend(false), read, "{trouble:?}");
            assert_eq!(trouble.resend(true), write, "{trouble:?}");
        }
    }
}
