//! The bodies of `withdraw` and `revoke`: nothing, `{}`, a reason, and on whose behalf; and of `abandon`: a
//! reason.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use shell::answer::Problem;
use snowgate_core::body::{self, BodyReader, FieldError, JsonMembers};
use snowgate_core::id::SysId;
use snowgate_core::prose::Reason;

use crate::body::JsonBody;

/// What a revocation says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RevocationBody {
    /// The reason that was typed.
    pub(super) reason: Option<Reason>,
    /// On whose behalf, as a `sys_user`.
    pub(super) on_behalf_of: Option<SysId>,
}

/// The reason of a withdrawal, where there is one.
///
/// # Errors
/// 400, 413 or 415, as for every body.
pub(super) fn withdrawal(event: &ApiGatewayProxyRequest) -> Result<Option<Reason>, Problem> {
    match JsonBody::optional(event)? {
        None => Ok(None),
        Some(body) => body.read(parse_withdrawal),
    }
}

/// What a revocation says, where it says anything.
///
/// # Errors
/// 400, 413 or 415, as for every body.
pub(super) fn revocation(event: &ApiGatewayProxyRequest) -> Result<RevocationBody, Problem> {
    match JsonBody::optional(event)? {
        None => Ok(RevocationBody::default()),
        Some(body) => body.read(parse_revocation),
    }
}

/// The reason why a removal is abandoned.
///
/// # Errors
/// 400, 413 or 415, as for every body; 400 without a reason.
pub(super) fn abandonment(event: &ApiGatewayProxyRequest) -> Result<Reason, Problem> {
    JsonBody::required(event)?.read(parse_abandonment)
}

fn parse_abandonment(bytes: &[u8]) -> Result<Reason, Vec<FieldError>> {
    body::read(bytes, |reader, value| {
        let members = reader.object(value, "", &["reason"])?;
        reader.text(members, "", "reason")
    })
}

fn parse_withdrawal(bytes: &[u8]) -> Result<Option<Reason>, Vec<FieldError>> {
    body::read(bytes, |reader, value| {
        let members = reader.object(value, "", &["reason"])?;
        Some(reader.optional_text(members, "", "reason"))
    })
}

fn parse_revocation(bytes: &[u8]) -> Result<RevocationBody, Vec<FieldError>> {
    body::read(bytes, |reader, value| {
        let members = reader.object(value, "", &["reason", "by"])?;
        Some(RevocationBody {
            reason: reader.optional_text(members, "", "reason"),
            on_behalf_of: person(reader, members),
        })
    })
}

/// `by`: `{"sys_id": "…"}`.
fn person(reader: &mut BodyReader, members: JsonMembers<'_>) -> Option<SysId> {
    let object = reader.object(members.get("by")?, "/by", &["sys_id"])?;
    reader.text(object, "/by", "sys_id")
}
