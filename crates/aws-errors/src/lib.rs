//! One reading of the errors of the AWS SDK: which of them are transient, and what of them may
//! be logged.
//!
//! The SDK's own errors hold the raw answer, and services repeat in their messages what was sent
//! (SES names the address it refuses). So nothing of them is passed on but the error code, the
//! HTTP status and the AWS request id, which support asks for.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ports::{CallError, Failure};

/// Codes of transient errors, beyond what the HTTP status says. Sources: AWS SDK reference
/// guide, "Retry behavior"; the "Common errors" and operation pages of DynamoDB, IAM, KMS, SES,
/// SQS and STS.
const TRANSIENT_CODES: &[&str] = &[
    // throttling
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    // in conflict with another call
    "ConcurrentModification",
    "ConcurrentModificationException",
    "EntityTemporarilyUnmodifiable",
    "ReplicatedWriteConflictException",
    "TransactionConflictException",
    // the service's own failures
    "DependencyTimeoutException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "KMSInternalException",
    "KeyUnavailableException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceFailure",
    "ServiceUnavailable",
    // credentials that have aged out: the next call takes fresh ones
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
];

/// How a call failed, without anything that was sent or answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdkFailure {
    what: &'static str,
    status: Option<u16>,
    request_id: Option<String>,
    cause: Option<String>,
}

impl fmt::Display for SdkFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        if let Some(status) = self.status {
            write!(f, ", HTTP status {status}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", AWS request id `{id}`")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl Error for SdkFailure {}

/// The error of a call, for an operation such as `sqs:SendMessage`.
pub fn call_error<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata,
{
    call_error_with(operation, error, &[])
}

/// As [`call_error`], with more error codes that are transient for this operation.
pub fn call_error_with<E>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
    more: &[&str],
) -> CallError
where
    E: ProvideErrorMetadata,
{
    let (code, failure) = match error {
        SdkError::ConstructionFailure(_) => ("NotSent".to_owned(), Failure::Permanent),
        SdkError::TimeoutError(_) => ("TimedOut".to_owned(), Failure::Transient),
        SdkError::DispatchFailure(_) => ("Unreachable".to_owned(), Failure::Transient),
        SdkError::ServiceError(service) => {
            let code = service.err().code();
            let status = service.raw().status().as_u16();
            let failure = classify(code, status, more);
            (
                code.map_or_else(|| format!("HTTP {status}"), str::to_owned),
                failure,
            )
        }
        // An answer that breaks off or is not the protocol's.
        _ => ("UnreadableAnswer".to_owned(), Failure::Transient),
    };
    CallError {
        operation,
        code,
        failure,
        source: Some(Box::new(sdk_failure(error))),
    }
}

fn classify(code: Option<&str>, status: u16, more: &[&str]) -> Failure {
    let by_code = code.is_some_and(|code| TRANSIENT_CODES.contains(&code) || more.contains(&code));
    if by_code || status == 429 || status >= 500 {
        Failure::Transient
    } else {
        Failure::Permanent
    }
}

fn sdk_failure<E>(error: &SdkError<E, HttpResponse>) -> SdkFailure {
    let (what, raw, cause) = match error {
        SdkError::ConstructionFailure(_) => ("the request could not be built", None, None),
        SdkError::TimeoutError(_) => ("no answer in time", None, None),
        SdkError::DispatchFailure(failure) => (
            "the request did not get through",
            None,
            failure.as_connector_error().map(|error| chain(error)),
        ),
        SdkError::ResponseError(answer) => ("the answer is unreadable", Some(answer.raw()), None),
        SdkError::ServiceError(service) => ("the service refused", Some(service.raw()), None),
        _ => ("the call failed", None, None),
    };
    let request_id = |raw: &HttpResponse| {
        let headers = raw.headers();
        let id = headers
            .get("x-amzn-requestid")
            .or_else(|| headers.get("x-amz-request-id"));
        id.map(str::to_owned)
    };
    SdkFailure {
        what,
        status: raw.map(|raw| raw.status().as_u16()),
        request_id: raw.and_then(request_id),
        cause,
    }
}

/// What a connection failed with, in one line: names of hosts and system errors, nothing sent.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn refused(status: u16, code: Option<&str>) -> SdkError<ErrorMetadata, HttpResponse> {
        let mut raw = HttpResponse::new(
            StatusCode::try_from(status).unwrap(),
            SdkBody::from("canary-body"),
        );
        raw.headers_mut().insert("x-amzn-requestid", "id-1");
        let mut meta = ErrorMetadata::builder().message("refused ada@meridian.example");
        if let Some(code) = code {
            meta = meta.code(code);
        }
        SdkError::service_error(meta.build(), raw)
    }

    fn logged(error: &CallError) -> String {
        format!("{error} / {} / {error:?}", error.source().unwrap())
    }

    #[test]
    fn codes_and_status_say_what_is_transient() {
        for (status, code, failure) in [
            (400, Some("ThrottlingException"), Failure::Transient),
            (409, Some("ConcurrentModification"), Failure::Transient),
            (
                409,
                Some("EntityTemporarilyUnmodifiable"),
                Failure::Transient,
            ),
            (400, Some("ExpiredTokenException"), Failure::Transient),
            (503, Some("Whatever"), Failure::Transient),
            (500, None, Failure::Transient),
            (429, None, Failure::Transient),
            (400, Some("ValidationException"), Failure::Permanent),
            (403, Some("AccessDenied"), Failure::Permanent),
            (409, Some("LimitExceeded"), Failure::Permanent),
            (404, None, Failure::Permanent),
        ] {
            let error = call_error("x:Y", &refused(status, code));
            assert_eq!(error.failure, failure, "{status} {code:?}");
        }
        let more = call_error_with("x:Y", &refused(400, Some("Mine")), &["Mine"]);
        assert_eq!(more.failure, Failure::Transient);
    }

    #[test]
    fn nothing_sent_or_answered_is_logged() {
        let error = call_error("ses:SendEmail", &refused(400, Some("MessageRejected")));
        assert_eq!(
            error.to_string(),
            "ses:SendEmail failed with `MessageRejected`"
        );
        let logged = logged(&error);
        assert!(logged.contains("AWS request id `id-1`"), "{logged}");
        assert!(
            !logged.contains("ada@") && !logged.contains("canary"),
            "{logged}"
        );
    }

    #[test]
    fn transport_errors_are_transient() {
        type Failed = SdkError<ErrorMetadata, HttpResponse>;
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Failed::dispatch_failure(ConnectorError::io(refused.into()));
        let error = call_error("x:Y", &error);
        assert_eq!(
            (error.code.as_str(), error.failure),
            ("Unreachable", Failure::Transient)
        );
        assert!(logged(&error).contains("connection refused"));
        let error = call_error("x:Y", &Failed::timeout_error("slow"));
        assert_eq!(
            (error.code.as_str(), error.failure),
            ("TimedOut", Failure::Transient)
        );
        let error = call_error("x:Y", &Failed::construction_failure("canary"));
        assert_eq!(
            (error.code.as_str(), error.failure),
            ("NotSent", Failure::Permanent)
        );
        assert!(!logged(&error).contains("canary"));
    }
}
