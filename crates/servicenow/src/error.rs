//! Errors of calls to ServiceNow, transient or permanent.

use std::io;
use std::time::Duration;

use ports::{CallError, Failure};

/// Why a call failed or its answer cannot be relied on. Its name is the code of the [`CallError`].
///
/// **Permanent** is only what the instance refused in its own error format (`Forbidden`,
/// `NotFound`, `Rejected`) and what was never sent because it must not be. A 403 is an access rule,
/// a business rule or a data policy: the same call meets the same rule until somebody changes it.
/// **Transient** is everything that goes away by itself or by an operator's hand: an instance that
/// is asleep or overloaded, credentials that are being rotated (401), and answers that contradict
/// what was asked. Both ways fail closed: no answer, no owner, no grant.
///
/// No variant carries text of an answer, a name or an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceNowError {
    /// No connection, or none that could be trusted.
    #[error("no connection could be made ({0})")]
    Unreachable(io::ErrorKind),
    /// The connection broke while the call was under way.
    #[error("the connection broke during the call")]
    Interrupted,
    /// The call took longer than it may.
    #[error("the call took too long")]
    TimedOut,
    /// Not sent: the instance failed several times in a row.
    #[error("the circuit breaker is open after several failures")]
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
    /// Not sent: more keys than fit one query.
    #[error("too many keys for one query")]
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

impl ServiceNowError {
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

    /// Whether it counts as a failure for the circuit breaker. A refusal in the instance's own error
    /// format does not; refused credentials do, because ServiceNow locks users out.
    pub(crate) const fn counts_against_breaker(self) -> bool {
        !matches!(self, Self::Forbidden | Self::NotFound | Self::Rejected)
    }

    /// Whether the call may be sent again within the same call, and how long the instance asked to
    /// wait before; zero where it did not ask. A write is sent again only where it was certainly not sent: even a 429 may come
    /// after the work was done, and a note must not be appended twice. Whoever tries again looks
    /// at the record first.
    pub(crate) const fn resend(self, writes: bool) -> Option<Duration> {
        match self {
            Self::Unreachable(_) => Some(Duration::ZERO),
            _ if writes => None,
            Self::TooManyRequests { after: Some(after) }
            | Self::Unavailable { after: Some(after) } => Some(after),
            Self::TooManyRequests { after: None }
            | Self::Unavailable { after: None }
            | Self::Interrupted => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// The error of an operation, for the caller of a port.
    pub(crate) fn in_call(self, operation: &'static str) -> CallError {
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
            ServiceNowError::Unreachable(io::ErrorKind::TimedOut),
            ServiceNowError::TooManyRequests { after: None },
            ServiceNowError::WrongRow,
            ServiceNowError::NotSaved,
        ];
        for error in some {
            assert!(format!("{error:?}").starts_with(error.code()));
        }
    }

    #[test]
    fn a_write_is_sent_again_only_where_it_was_not_sent() {
        let (wait, at_once) = (Some(Duration::from_secs(1)), Some(Duration::ZERO));
        for (error, read, write) in [
            (ServiceNowError::TooManyRequests { after: wait }, wait, None),
            (
                ServiceNowError::Unreachable(io::ErrorKind::Other),
                at_once,
                at_once,
            ),
            (ServiceNowError::Unavailable { after: None }, at_once, None),
            (ServiceNowError::Interrupted, at_once, None),
            (ServiceNowError::ServerError, None, None),
            (ServiceNowError::Incomplete, None, None),
            (ServiceNowError::BreakerOpen, None, None),
        ] {
            assert_eq!(error.resend(false), read, "{error:?}");
            assert_eq!(error.resend(true), write, "{error:?}");
        }
    }
}
