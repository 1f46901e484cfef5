//! What the body of an ending says: nothing, `{}`, a reason, and on whose wish.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::{Map, Value};
use shell::answer::Problem;
use shell::request::{body, is_media_type};
use snowgate_core::id::SysId;
use snowgate_core::prose::{ProseError, Reason};
use snowgate_core::request::{FieldError, FieldErrorCode};
use snowgate_core::strict_json;

/// The reason and the person, where the body has them and they are members here.
pub(super) fn read(
    event: &ApiGatewayProxyRequest,
    known: &[&str],
) -> Result<(Option<Reason>, Option<SysId>), Problem> {
    let bytes =
        body(event).map_err(|error| Problem::new(400, "Bad request").detail(error.to_string()))?;
    if bytes.is_empty() {
        return Ok((None, None));
    }
    if !is_media_type(event, "application/json") {
        return Err(
            Problem::new(415, "Unsupported media type").detail("Send the body as `application/json`.")
        );
    }
    let value = strict_json::parse(&bytes).map_err(|error| {
        let detail = format!("not acceptable JSON: {error}");
        bad("", FieldErrorCode::Malformed, detail)
    })?;
    let members = object("", &value, known)?;
    Ok((reason(members.get("reason"))?, wish(members.get("by"))?))
}

fn reason(value: Option<&Value>) -> Result<Option<Reason>, Problem> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => match text.parse() {
            Ok(reason) => Ok(Some(reason)),
            Err(error) => {
                let error: ProseError = error;
                Err(bad("/reason", FieldErrorCode::Value, error.to_string()))
            }
        },
        Some(_) => Err(bad("/reason", FieldErrorCode::Type, "must be a string")),
    }
}

/// On whose wish: `{"sys_id": "…"}`.
fn wish(value: Option<&Value>) -> Result<Option<SysId>, Problem> {
    let Some(value) = value else {
        return Ok(None);
    };
    match object("/by", value, &["sys_id"])?.get("sys_id") {
        None => Err(bad("/by/sys_id", FieldErrorCode::Missing, "is required")),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| {
            let detail = "must be 32 lowercase hexadecimal digits";
            bad("/by/sys_id", FieldErrorCode::Value, detail)
        }),
        Some(_) => Err(bad("/by/sys_id", FieldErrorCode::Type, "must be a string")),
    }
}

/// An object with no other members than these.
fn object<'a>(
    pointer: &str,
    value: &'a Value,
    known: &[&str],
) -> Result<&'a Map<String, Value>, Problem> {
    let Value::Object(members) = value else {
        return Err(bad(pointer, FieldErrorCode::Type, "must be an object"));
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(members),
        Some(name) => {
            let name = name.replace('~', "~0").replace('/', "~1");
            let place = format!("{pointer}/{name}");
            Err(bad(&place, FieldErrorCode::Unknown, "unknown member"))
        }
    }
}

/// The person whose wish it is said to be has nothing to do with the access.
pub(super) fn not_theirs() -> Problem {
    let detail = "is neither the requester nor the person the access is for";
    Problem::new(422, "Not theirs to end")
        .detail("Nothing was changed. See `errors`.")
        .with("errors", [wrong("/by/sys_id", FieldErrorCode::Value, detail)])
}

fn bad(pointer: &str, code: FieldErrorCode, detail: impl Into<String>) -> Problem {
    Problem::new(400, "Bad request")
        .detail("See `errors` for each invalid field.")
        .with("errors", [wrong(pointer, code, detail)])
}

fn wrong(pointer: &str, code: FieldErrorCode, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        code,
        detail: detail.into(),
    }
}
