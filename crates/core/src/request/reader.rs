//! Reads the JSON value of a body and collects every problem on the way.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::{
    AccessRequest, Extension, Grant, InlineDocument, InlineDocumentError, MAX_GRANTS, FieldError,
    FieldErrorCode, Resource, Source,
};
use crate::id::SysId;
use crate::principal::{Principal, PrincipalType};

#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<FieldError>,
}

/// The types of grants, by the names that they have in a body.
#[derive(Clone, Copy)]
enum Kind {
    AttachManagedPolicy,
    InlinePolicy,
    AssumeRole,
    GroupMembership,
}

impl Kind {
    fn from_text(text: &str) -> Result<Self, &'static str> {
        Ok(match text {
            "attach_managed_policy" => Self::AttachManagedPolicy,
            "inline_policy" => Self::InlinePolicy,
            "assume_role" => Self::AssumeRole,
            "group_membership" => Self::GroupMembership,
            _ => {
                return Err(
                    "a grant is `attach_managed_policy`, `inline_policy`, `assume_role` or `group_membership`",
                );
            }
        })
    }

    /// The one member that a grant of this type has beside `type`.
    const fn member(self) -> &'static str {
        match self {
            Self::AttachManagedPolicy => "policy_arn",
            Self::InlinePolicy => "document",
            Self::AssumeRole => "role_arn",
            Self::GroupMembership => "group",
        }
    }
}

type Object<'a> = &'a Map<String, Value>;

impl Reader {
    fn problem(&mut self, pointer: &str, code: FieldErrorCode, detail: impl Display) {
        self.problems.push(FieldError {
            pointer: pointer.to_owned(),
            code,
            detail: detail.to_string(),
        });
    }

    pub(super) fn request(&mut self, value: &Value) -> Option<AccessRequest> {
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
        let body = self.object(value, "", &MEMBERS)?;
        let source = self.source(body);
        let requested_by = self.requester(body);
        let target = self.target(body);
        let grants = self.grants(body);
        let duration = self.text(body, "", "duration");
        let justification = self.text(body, "", "justification");
        let resource = self.resource(body);
        let dry_run = self.flag(body, "dry_run");
        Some(AccessRequest {
            source: source?,
            requested_by: requested_by?,
            target: target?,
            grants: grants?,
            duration: duration?,
            justification: justification?,
            dry_run: dry_run?,
            resource: resource?,
            extends: None,
        })
    }

    /// What a request for longer says itself; the rest is that of the request before.
    pub(super) fn extension(
        &mut self,
        value: &Value,
        of: &AccessRequest,
        extends: Extension,
    ) -> Option<AccessRequest> {
        const MEMBERS: [&str; 4] = ["source", "requested_by", "duration", "justification"];
        let body = self.object(value, "", &MEMBERS)?;
        let source = self.source(body);
        let requested_by = self.requester(body);
        let duration = self.text(body, "", "duration");
        let justification = self.text(body, "", "justification");
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

    /// The request, where nothing is wrong with it.
    pub(super) fn finish(
        self,
        request: Option<AccessRequest>,
    ) -> Result<AccessRequest, Vec<FieldError>> {
        match request {
            Some(request) if self.problems.is_empty() => Ok(request),
            _ => Err(self.problems),
        }
    }

    fn requester(&mut self, body: Object<'_>) -> Option<SysId> {
        self.member(body, "", "requested_by")
            .and_then(|value| self.object(value, "/requested_by", &["sys_id"]))
            .and_then(|object| self.text(object, "/requested_by", "sys_id"))
    }

    /// The configuration item, where one is named. None where it is named wrongly.
    #[expect(
        clippy::option_option,
        reason = "what is not there and what cannot be read are two things"
    )]
    fn resource(&mut self, body: Object<'_>) -> Option<Option<Resource>> {
        let Some(value) = body.get("resource") else {
            return Some(None);
        };
        let object = self.object(value, "/resource", &["sys_id"])?;
        let sys_id = self.text(object, "/resource", "sys_id")?;
        Some(Some(Resource { sys_id }))
    }

    /// A member of the body that may be there, and is `false` where it is not.
    fn flag(&mut self, body: Object<'_>, name: &str) -> Option<bool> {
        match body.get(name) {
            None => Some(false),
            Some(Value::Bool(flag)) => Some(*flag),
            Some(_) => {
                self.problem(&format!("/{name}"), FieldErrorCode::Type, "must be a boolean");
                None
            }
        }
    }

    fn source(&mut self, body: Object<'_>) -> Option<Source> {
        let value = self.member(body, "", "source")?;
        let object = self.object(value, "/source", &["table", "sys_id", "number"])?;
        let table = self.text_by(object, "/source", "table", |text| {
            text.to_owned().try_into()
        });
        let sys_id = self.text(object, "/source", "sys_id");
        let number = self.text_by(object, "/source", "number", |text| {
            text.to_owned().try_into()
        });
        Some(Source {
            table: table?,
            sys_id: sys_id?,
            number: number?,
        })
    }

    fn target(&mut self, body: Object<'_>) -> Option<Principal> {
        let value = self.member(body, "", "target")?;
        let object = self.object(value, "/target", &["account_id", "principal"])?;
        let account_id = self.text(object, "/target", "account_id");
        let principal = self
            .member(object, "/target", "principal")
            .and_then(|value| self.object(value, "/target/principal", &["type", "name"]))?;
        let kind = self.text_by(principal, "/target/principal", "type", |text| match text {
            "user" => Ok(PrincipalType::User),
            "role" => Ok(PrincipalType::Role),
            _ => Err("a principal is a `user` or a `role`"),
        });
        let name = self.text(principal, "/target/principal", "name");
        Some(Principal {
            account_id: account_id?,
            kind: kind?,
            name: name?,
        })
    }

    fn grants(&mut self, body: Object<'_>) -> Option<Vec<Grant>> {
        let Value::Array(items) = self.member(body, "", "grants")? else {
            self.problem("/grants", FieldErrorCode::Type, "must be an array");
            return None;
        };
        if items.is_empty() || items.len() > MAX_GRANTS {
            let detail = format!("a request has 1 to {MAX_GRANTS} grants");
            self.problem("/grants", FieldErrorCode::Value, detail);
            return None;
        }
        let mut grants = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("/grants/{index}");
            if let Some(grant) = self.grant(item, &pointer) {
                let second = matches!(grant, Grant::InlinePolicy { .. })
                    && grants
                        .iter()
                        .any(|other| matches!(other, Grant::InlinePolicy { .. }));
                if second {
                    let detail = "a request can have one inline policy, with any number of statements";
                    self.problem(&pointer, FieldErrorCode::Duplicate, detail);
                } else if grants.contains(&grant) {
                    self.problem(
                        &pointer,
                        FieldErrorCode::Duplicate,
                        "duplicate of an earlier grant",
                    );
                }
                grants.push(grant);
            }
        }
        // The order in which grants are listed means nothing.
        grants.sort();
        (grants.len() == items.len()).then_some(grants)
    }

    fn grant(&mut self, value: &Value, pointer: &str) -> Option<Grant> {
        let Value::Object(object) = value else {
            self.problem(pointer, FieldErrorCode::Type, "must be an object");
            return None;
        };
        let kind = self.text_by(object, pointer, "type", Kind::from_text)?;
        self.known_only(object, pointer, &["type", kind.member()]);
        Some(match kind {
            Kind::AttachManagedPolicy => Grant::AttachManagedPolicy {
                policy_arn: self.text(object, pointer, kind.member())?,
            },
            Kind::InlinePolicy => Grant::InlinePolicy {
                document: self.document(object, pointer)?,
            },
            Kind::AssumeRole => Grant::AssumeRole {
                role_arn: self.text(object, pointer, kind.member())?,
            },
            Kind::GroupMembership => Grant::GroupMembership {
                group: self.text(object, pointer, kind.member())?,
            },
        })
    }

    fn document(&mut self, object: Object<'_>, pointer: &str) -> Option<InlineDocument> {
        let value = self.member(object, pointer, "document")?;
        let document = InlineDocument::try_from(value.clone());
        let pointer = format!("{pointer}/document");
        document
            .map_err(|error| {
                let code = match error {
                    InlineDocumentError::NotAnObject => FieldErrorCode::Type,
                    _ => FieldErrorCode::Value,
                };
                self.problem(&pointer, code, error);
            })
            .ok()
    }

    fn object<'a>(
        &mut self,
        value: &'a Value,
        pointer: &str,
        members: &[&str],
    ) -> Option<Object<'a>> {
        let Value::Object(object) = value else {
            self.problem(pointer, FieldErrorCode::Type, "must be an object");
            return None;
        };
        self.known_only(object, pointer, members);
        Some(object)
    }

    fn known_only(&mut self, object: Object<'_>, pointer: &str, members: &[&str]) {
        for name in object
            .keys()
            .filter(|name| !members.contains(&name.as_str()))
        {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let detail = format!("unknown member; the known ones are `{}`", members.join("`, `"));
            self.problem(
                &format!("{pointer}/{escaped}"),
                FieldErrorCode::Unknown,
                detail,
            );
        }
    }

    fn member<'a>(&mut self, object: Object<'a>, pointer: &str, name: &str) -> Option<&'a Value> {
        let value = object.get(name);
        if value.is_none() {
            self.problem(
                &format!("{pointer}/{name}"),
                FieldErrorCode::Missing,
                "is required",
            );
        }
        value
    }

    fn text<T: FromStr<Err: Display>>(
        &mut self,
        object: Object<'_>,
        pointer: &str,
        name: &str,
    ) -> Option<T> {
        self.text_by(object, pointer, name, str::parse)
    }

    fn text_by<T, E: Display>(
        &mut self,
        object: Object<'_>,
        pointer: &str,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.member(object, pointer, name)?;
        let pointer = format!("{pointer}/{name}");
        let Value::String(text) = value else {
            self.problem(&pointer, FieldErrorCode::Type, "must be a string");
            return None;
        };
        parse(text)
            .map_err(|error| self.problem(&pointer, FieldErrorCode::Value, error))
            .ok()
    }
}
