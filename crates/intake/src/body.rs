//! The one way in which bodies are read: media type, then size and JSON without duplicate keys,
//! then members. Whatever is wrong comes back as one problem that names every place.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use shell::answer::Problem;
use shell::request::{body, is_media_type};
use snowgate_core::body::{FieldError, FieldErrorCode};
use snowgate_core::id::Digest;

/// The bytes of a body that says it is JSON.
#[derive(Debug)]
pub(crate) struct JsonBody(Vec<u8>);

impl JsonBody {
    /// The body of a call that needs one.
    ///
    /// # Errors
    /// 415 for another media type, 400 where the event is not what API Gateway sends.
    pub(crate) fn required(event: &ApiGatewayProxyRequest) -> Result<Self, Problem> {
        if !is_media_type(event, "application/json") {
            return Err(Problem::new(415, "Unsupported media type")
                .detail("Send the body as `application/json`."));
        }
        bytes(event).map(Self)
    }

    /// The body of a call that may come without.
    ///
    /// # Errors
    /// As for [`JsonBody::required`], where there is one.
    pub(crate) fn optional(event: &ApiGatewayProxyRequest) -> Result<Option<Self>, Problem> {
        match bytes(event)?.is_empty() {
            true => Ok(None),
            false => Self::required(event).map(Some),
        }
    }

    /// The digest of the bytes as they were sent.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Reads the members.
    ///
    /// # Errors
    /// 413 or 400, with everything that is wrong.
    pub(crate) fn read<T>(
        &self,
        parse: impl FnOnce(&[u8]) -> Result<T, Vec<FieldError>>,
    ) -> Result<T, Problem> {
        parse(&self.0).map_err(|errors| {
            let too_large = |error: &FieldError| error.code == FieldErrorCode::TooLarge;
            let (status, title) = match errors.iter().any(too_large) {
                true => (413, "Content too large"),
                false => (400, "Bad request"),
            };
            Problem::new(status, title)
                .detail("See `errors` for each invalid field.")
                .errors(errors)
        })
    }
}

fn bytes(event: &ApiGatewayProxyRequest) -> Result<Vec<u8>, Problem> {
    body(event).map_err(|error| Problem::new(400, "Bad request").detail(error.to_string()))
}
