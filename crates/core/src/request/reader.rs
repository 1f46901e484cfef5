//! Reads what a body asks for, from its JSON value.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    AccessRequest, Extension, Grant, InlineDocument, InlineDocumentError, MAX_GRANTS, Resource,
    Source, UserTags,
};
use crate::body::{BodyReader, FieldErrorCode, JsonMembers, pointer_token};
use crate::id::SysId;
use crate::kind::{GrantKind, KindRow};
use crate::principal::{Principal, PrincipalType};

/// The body of `POST /v1/requests`.
pub(super) fn request(reader: &mut BodyReader, value: &Value) -> Option<AccessRequest> {
    const MEMBERS: [&str; 8] = [
        "source",
        "requested_by",
        "target",
        "grants",
        "duration",
        "justification",
        "resource",
        "dry_run",
    ];
    let body = reader.object(value, "", &MEMBERS)?;
    let source = source(reader, body);
    let requested_by = requester(reader, body);
    let target = target(reader, body);
    let grants = grants(reader, body);
    let duration = reader.text(body, "", "duration");
    let justification = reader.text(body, "", "justification");
    let resource = resource(reader, body);
    let dry_run = reader.flag(body, "", "dry_run");
    Some(AccessRequest {
        source: source?,
        requested_by: requested_by?,
        target: target?,
        grants: grants?,
        duration: duration?,
        justification: justification?,
        dry_run,
        resource,
        extends: None,
    })
}

/// The body of `POST /v1/requests/{id}/extend`; the rest is that of the request before.
pub(super) fn extension(
    reader: &mut BodyReader,
    value: &Value,
    of: &AccessRequest,
    extends: Extension,
) -> Option<AccessRequest> {
    const MEMBERS: [&str; 4] = ["source", "requested_by", "duration", "justification"];
    let body = reader.object(value, "", &MEMBERS)?;
    let source = source(reader, body);
    let requested_by = requester(reader, body);
    let duration = reader.text(body, "", "duration");
    let justification = reader.text(body, "", "justification");
    // It was accepted before; what is asked for anew is judged as of today.
    for document in of.grants.iter().filter_map(|grant| grant.named().written()) {
        let today = InlineDocument::try_from(Value::from(document.clone()));
        let today = today.map_err(|error| {
            let detail = format!("the policy of the request before: {error}");
            reader.error("", FieldErrorCode::Value, detail);
        });
        today.ok()?;
    }
    Some(AccessRequest {
        source: source?,
        requested_by: requested_by?,
        duration: duration?,
        justification: justification?,
        extends: Some(extends),
        dry_run: false,
        ..of.clone()
    })
}

fn requester(reader: &mut BodyReader, body: JsonMembers<'_>) -> Option<SysId> {
    let value = reader.member(body, "", "requested_by")?;
    let object = reader.object(value, "/requested_by", &["sys_id"])?;
    reader.text(object, "/requested_by", "sys_id")
}

/// The configuration item, where one is named.
fn resource(reader: &mut BodyReader, body: JsonMembers<'_>) -> Option<Resource> {
    let object = reader.object(body.get("resource")?, "/resource", &["sys_id"])?;
    let sys_id = reader.text(object, "/resource", "sys_id")?;
    Some(Resource { sys_id })
}

fn source(reader: &mut BodyReader, body: JsonMembers<'_>) -> Option<Source> {
    let value = reader.member(body, "", "source")?;
    let object = reader.object(value, "/source", &["table", "sys_id", "number"])?;
    let table = reader.text_by(object, "/source", "table", |text| {
        text.to_owned().try_into()
    });
    let sys_id = reader.text(object, "/source", "sys_id");
    let number = reader.text_by(object, "/source", "number", |text| {
        text.to_owned().try_into()
    });
    Some(Source {
        table: table?,
        sys_id: sys_id?,
        number: number?,
    })
}

fn target(reader: &mut BodyReader, body: JsonMembers<'_>) -> Option<Principal> {
    let value = reader.member(body, "", "target")?;
    let object = reader.object(value, "/target", &["account_id", "principal"])?;
    let account_id = reader.text(object, "/target", "account_id");
    let principal = reader.member(object, "/target", "principal")?;
    let principal = reader.object(principal, "/target/principal", &["type", "name"])?;
    let kind = reader.text_by(principal, "/target/principal", "type", |text| match text {
        "user" => Ok(PrincipalType::User),
        "role" => Ok(PrincipalType::Role),
        _ => Err("a principal is a `user` or a `role`"),
    });
    let name = reader.text(principal, "/target/principal", "name");
    Some(Principal {
        account_id: account_id?,
        kind: kind?,
        name: name?,
    })
}

fn grants(reader: &mut BodyReader, body: JsonMembers<'_>) -> Option<Vec<Grant>> {
    let Value::Array(items) = reader.member(body, "", "grants")? else {
        reader.error("/grants", FieldErrorCode::Type, "must be an array");
        return None;
    };
    if items.is_empty() || items.len() > MAX_GRANTS {
        let detail = format!("a request has 1 to {MAX_GRANTS} grants");
        reader.error("/grants", FieldErrorCode::Value, detail);
        return None;
    }
    let mut grants = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let pointer = format!("/grants/{index}");
        if let Some(grant) = grant(reader, item, &pointer) {
            let mut earlier = grants.iter();
            let again = |only| {
                earlier
                    .any(|one: &Grant| one.kind() == grant.kind())
                    .then_some(only)
            };
            if let Some(detail) = grant.kind().row().only_once.and_then(again) {
                reader.error(&pointer, FieldErrorCode::Duplicate, detail);
            } else if grants.contains(&grant) {
                reader.error(
                    &pointer,
                    FieldErrorCode::Duplicate,
                    "duplicate of an earlier grant",
                );
            }
            grants.push(grant);
        }
    }
    (grants.len() == items.len()).then_some(grants)
}

fn grant(reader: &mut BodyReader, value: &Value, pointer: &str) -> Option<Grant> {
    let Value::Object(object) = value else {
        reader.error(pointer, FieldErrorCode::Type, "must be an object");
        return None;
    };
    let kind: GrantKind = reader.text(object, pointer, "type")?;
    let KindRow {
        member, optional, ..
    } = kind.row();
    let mut known = vec!["type"];
    known.extend((member != "type").then_some(member));
    known.extend(optional);
    reader.known_only(object, pointer, &known);
    Some(match kind {
        GrantKind::AttachManagedPolicy => Grant::AttachManagedPolicy {
            policy_arn: reader.text(object, pointer, member)?,
        },
        GrantKind::InlinePolicy => Grant::InlinePolicy {
            document: document(reader, object, pointer)?,
        },
        GrantKind::AssumeRole => Grant::AssumeRole {
            role_arn: reader.text(object, pointer, member)?,
        },
        GrantKind::GroupMembership => Grant::GroupMembership {
            group: reader.text(object, pointer, member)?,
        },
        GrantKind::CreateUser => {
            let tags = tags(reader, object, pointer);
            let owner = owner(reader, object, pointer);
            Grant::CreateUser {
                tags: tags?,
                owner: owner?,
            }
        }
    })
}

/// The tags of a user that is to be created; an object of texts.
fn tags(reader: &mut BodyReader, object: JsonMembers<'_>, pointer: &str) -> Option<UserTags> {
    let pointer = format!("{pointer}/tags");
    let members = match object.get("tags") {
        None => return Some(UserTags::default()),
        Some(Value::Object(members)) => members,
        Some(_) => {
            reader.error(&pointer, FieldErrorCode::Type, "must be an object");
            return None;
        }
    };
    let at = |key: &str| format!("{pointer}/{}", pointer_token(key));
    let mut tags = BTreeMap::new();
    for (key, value) in members {
        match value {
            Value::String(value) => {
                tags.insert(key.clone(), value.clone());
            }
            _ => reader.error(&at(key), FieldErrorCode::Type, "must be a string"),
        }
    }
    if tags.len() < members.len() {
        return None;
    }
    let tags = UserTags::try_from(tags).map_err(|error| {
        let place = error.key().map_or_else(|| pointer.clone(), at);
        reader.error(&place, FieldErrorCode::Value, &error);
    });
    tags.ok()
}

/// Whom a user that is to be created is to belong to, where the grant says so; the outer option is none
/// where it says something else.
fn owner(reader: &mut BodyReader, object: JsonMembers<'_>, pointer: &str) -> Option<Option<SysId>> {
    let Some(value) = object.get("owner") else {
        return Some(None);
    };
    let pointer = format!("{pointer}/owner");
    let owner = reader.object(value, &pointer, &["sys_id"])?;
    Some(Some(reader.text(owner, &pointer, "sys_id")?))
}

fn document(
    reader: &mut BodyReader,
    object: JsonMembers<'_>,
    pointer: &str,
) -> Option<InlineDocument> {
    let value = reader.member(object, pointer, "document")?;
    let document = InlineDocument::try_from(value.clone());
    let pointer = format!("{pointer}/document");
    document
        .map_err(|error| {
            let (below, code) = match &error {
                InlineDocumentError::NotAnObject => ("", FieldErrorCode::Type),
                InlineDocumentError::ControlCharacter { pointer, .. } => {
                    (pointer.as_str(), FieldErrorCode::ControlCharacter)
                }
                InlineDocumentError::EmptyCondition(pointer) => {
                    (pointer.as_str(), FieldErrorCode::Value)
                }
                _ => ("", FieldErrorCode::Value),
            };
            reader.error(&format!("{pointer}{below}"), code, error);
        })
        .ok()
}
