//! What a cancelled transaction means.

use aws_errors::call_error;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Cause;
use ports::{CallError, Failure};

pub(crate) const TRANSACT: &str = "dynamodb:TransactWriteItems";

/// Why a transaction was not written.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Conditions of the items at these places do not hold; in order, at least one.
    Conditions(Vec<usize>),
    /// Another transaction was writing one of the items.
    Conflict,
    /// Anything else.
    Call(CallError),
}

impl Refused {
    pub(crate) fn from_sdk(error: &SdkError<Cause, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(Cause::TransactionCanceledException(cancelled)) => {
                let codes = cancelled
                    .cancellation_reasons()
                    .iter()
                    .map(|reason| reason.code().unwrap_or("None"));
                Self::from_codes(codes, call_error(TRANSACT, error))
            }
            _ => Self::Call(call_error(TRANSACT, error)),
        }
    }

    /// Reads the codes, one for each item of the transaction (DynamoDB API reference,
    /// TransactWriteItems, "Cancellation reason codes"). A condition that does not hold says more
    /// than a conflict, and a permanent one says more than a transient one.
    fn from_codes<'a>(codes: impl Iterator<Item = &'a str>, whole: CallError) -> Self {
        let codes: Vec<_> = codes.collect();
        let failed: Vec<_> = (0..)
            .zip(&codes)
            .filter(|(_, code)| **code == "ConditionalCheckFailed")
            .map(|(place, _)| place)
            .collect();
        if !failed.is_empty() {
            return Self::Conditions(failed);
        }
        // What stays comes first, then throttling, then conflicts.
        let rank = |code: &str| match code {
            "TransactionConflict" => 2,
            "ThrottlingError" | "ProvisionedThroughputExceeded" | "RequestLimitExceeded" => 1,
            _ => 0,
        };
        let telling = codes.into_iter().filter(|code| *code != "None");
        match telling.min_by_key(|code| rank(code)) {
            None => Self::Call(whole),
            Some("TransactionConflict") => Self::Conflict,
            Some(code) => Self::Call(CallError {
                code: code.to_owned(),
                failure: if rank(code) == 1 {
                    Failure::Transient
                } else {
                    Failure::Permanent
                },
                ..whole
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(codes: &[&str]) -> Refused {
        let whole = CallError::permanent(TRANSACT, "TransactionCanceledException");
        Refused::from_codes(codes.iter().copied(), whole)
    }

    #[test]
    fn conditions_say_which() {
        let Refused::Conditions(places) =
            refused(&["None", "ConditionalCheckFailed", "TransactionConflict"])
        else {
            panic!("conditions come first");
        };
        assert_eq!(places, [1]);
    }

    #[test]
    fn conflicts_and_throttling_are_transient_and_the_rest_is_not() {
        assert!(matches!(
            refused(&["None", "TransactionConflict", "None"]),
            Refused::Conflict
        ));
        for (codes, code, failure) in [
            (
                &["ThrottlingError", "None"][..],
                "ThrottlingError",
                Failure::Transient,
            ),
            (
                &["TransactionConflict", "ValidationError"],
                "ValidationError",
                Failure::Permanent,
            ),
            (
                &["ItemCollectionSizeLimitExceeded"],
                "ItemCollectionSizeLimitExceeded",
                Failure::Permanent,
            ),
            (
                &["None"],
                "TransactionCanceledException",
                Failure::Permanent,
            ),
            (&[], "TransactionCanceledException", Failure::Permanent),
        ] {
            let Refused::Call(error) = refused(codes) else {
                panic!("{codes:?} is an error");
            };
            assert_eq!((error.code.as_str(), error.failure), (code, failure));
        }
    }
}
