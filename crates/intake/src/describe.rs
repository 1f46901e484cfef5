//! `GET /v1/openapi.json`: what the API is, in OpenAPI 3.1.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use shell::answer::respond;

/// The document, the same as in the repository.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// The document, which changes with a deployment only.
pub(crate) fn answer() -> ApiGatewayProxyResponse {
    let headers = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
    ];
    respond(200, headers, DOCUMENT.to_owned())
}
