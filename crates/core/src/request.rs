//! What ServiceNow asks for: the body of `POST /v1/requests`, parsed into domain types.

mod asked;
mod duration;
mod extension;
mod grant;
mod policy_text;
mod reader;

pub use duration::{AccessDuration, DurationError};
pub use extension::Extension;
pub use grant::{
    Grant, GroupName, GroupNameError, InlineDocument, InlineDocumentError, Named, UserTags,
    UserTagsError,
};

use serde::{Deserialize, Serialize};

use crate::body::{self, FieldError};
use crate::id::SysId;
use crate::principal::Principal;
use crate::prose::Justification;

/// The most grants that one request may hold.
pub const MAX_GRANTS: usize = 10;

/// A request for access, normalised. Equal requests have equal digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRequest {
    /// The ServiceNow record that asks.
    pub source: Source,
    /// The person who asks.
    pub requested_by: SysId,
    /// Who is to receive the grants.
    pub target: Principal,
    /// What is asked for, in the order in which it was listed; all or nothing.
    pub grants: Vec<Grant>,
    /// For how long: from when it was read back from IAM, or, with an inline policy or a role, from
    /// the first attempt.
    pub duration: AccessDuration,
    /// Why the access is needed, for the approvers.
    pub justification: Justification,
    /// Whether it is a dry run: the planned changes and the approvers are found, nobody is asked
    /// and nothing is granted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The configuration item that the access is for. Its owner is asked too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The access that this one extends. Never read from a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<Extension>,
}

/// A configuration item in the CMDB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its `sys_id` in `cmdb_ci`.
    pub sys_id: SysId,
}

/// The ServiceNow record behind a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its table, such as `sc_req_item`.
    pub table: TableName,
    /// Its `sys_id`.
    pub sys_id: SysId,
    /// Its number as people see it, such as `RITM0010001`.
    pub number: RecordNumber,
}

/// The name of a ServiceNow table: lowercase letters, digits and `_`, at most 80.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName(String);

/// The number of a ServiceNow record: uppercase letters, then digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordNumber(String);

/// Why a text is no table name or record number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordNameError {
    /// Not a table name.
    #[error("a table name is 1 to 80 of `a-z`, `0-9`, `_`, starting with a letter")]
    Table,
    /// Not a record number.
    #[error("a record number is 1 to 10 uppercase letters and 1 to 20 digits")]
    Number,
}

impl TryFrom<String> for TableName {
    type Error = RecordNameError;
    fn try_from(text: String) -> Result<Self, RecordNameError> {
        let good = (1..=80).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if good {
            Ok(Self(text))
        } else {
            Err(RecordNameError::Table)
        }
    }
}

impl TryFrom<String> for RecordNumber {
    type Error = RecordNameError;
    fn try_from(text: String) -> Result<Self, RecordNameError> {
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let digits = text.len() - letters;
        let good = (1..=10).contains(&letters)
            && (1..=20).contains(&digits)
            && text.bytes().skip(letters).all(|b| b.is_ascii_digit());
        if good {
            Ok(Self(text))
        } else {
            Err(RecordNameError::Number)
        }
    }
}

macro_rules! text_of {
    ($name:ident) => {
        impl $name {
            /// The text as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}
text_of!(TableName);
text_of!(RecordNumber);

impl AccessRequest {
    /// Parses the body of `POST /v1/requests`.
    ///
    /// # Errors
    /// Every error found, never an empty list.
    pub fn parse(body: &[u8]) -> Result<Self, Vec<FieldError>> {
        body::read(body, reader::request)
    }

    /// Parses the body of `POST /v1/requests/{id}/extend`: a record, a requester, a duration and
    /// a justification of its own; all else is that of the request before.
    ///
    /// # Errors
    /// Every error found, never an empty list.
    pub fn parse_extension(
        body: &[u8],
        of: &Self,
        extends: Extension,
    ) -> Result<Self, Vec<FieldError>> {
        body::read(body, |reader, value| {
            reader::extension(reader, value, of, extends)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::FieldErrorCode;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn body() -> Value {
        json!({
            "source": {"table": "sc_req_item", "sys_id": "aa".repeat(16), "number": "RITM0010001"},
            "requested_by": {"sys_id": "bb".repeat(16)},
            "target": {"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}},
            "grants": [{"type": "attach_managed_policy",
                        "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"}],
            "duration": "PT8H",
            "justification": "Quarter-end reports"
        })
    }

    fn errors(body: &Value) -> Vec<(String, FieldErrorCode)> {
        let errors = AccessRequest::parse(body.to_string().as_bytes()).unwrap_err();
        errors.into_iter().map(|e| (e.pointer, e.code)).collect()
    }

    #[test]
    fn a_good_body_is_read() {
        let request = AccessRequest::parse(body().to_string().as_bytes()).unwrap();
        assert_eq!(request.duration.seconds(), 8 * 3600);
        let again: AccessRequest =
            serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
        assert_eq!(again, request);
    }

    #[test]
    fn a_control_character_in_a_policy_is_refused_where_it_stands() {
        let mut body = body();
        body["grants"] = json!([{"type": "inline_policy", "document": {
            "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::x\n\nSecurity has approved this already"}}}]);
        let pointer = "/grants/0/document/Statement/Resource".to_owned();
        assert_eq!(errors(&body), [(pointer, FieldErrorCode::ControlCharacter)]);
    }

    #[test]
    fn equal_requests_have_equal_digests() {
        let mut other = body();
        other["duration"] = "PT480M".into();
        let digest = |body: &Value| {
            AccessRequest::parse(body.to_string().as_bytes())
                .unwrap()
                .digest()
                .unwrap()
        };
        assert_eq!(digest(&body()), digest(&other));
        other["target"]["principal"]["name"] = "rita.chen2".into();
        assert_ne!(digest(&body()), digest(&other));
        let mut named = body();
        named["resource"] = json!({"sys_id": "cc".repeat(16)});
        let one = digest(&named);
        named["resource"]["sys_id"] = "dd".repeat(16).into();
        assert_ne!(digest(&body()), one);
        assert_ne!(digest(&named), one);
    }

    #[test]
    fn grants_keep_their_places_and_the_digest_does_not_heed_them() {
        let mut body = body();
        let policy = body["grants"][0].clone();
        let group = json!({"type": "group_membership", "group": "analysts"});
        let mut parsed = |grants: Value| {
            body["grants"] = grants;
            AccessRequest::parse(body.to_string().as_bytes()).unwrap()
        };
        let one = parsed(json!([policy, group]));
        let other = parsed(json!([group, policy]));
        assert_eq!(one.grants[0], other.grants[1], "findings point to places");
        assert_ne!(one.grants, other.grants);
        assert_eq!(one.digest().unwrap(), other.digest().unwrap());
    }

    #[test]
    fn a_dry_run_is_part_of_the_digest_and_false_is_the_same_as_absent() {
        let parse = |body: &Value| AccessRequest::parse(body.to_string().as_bytes()).unwrap();
        let (plain, mut dry) = (parse(&body()), body());
        dry["dry_run"] = true.into();
        assert!(parse(&dry).dry_run && !plain.dry_run);
        assert_ne!(parse(&dry).digest().unwrap(), plain.digest().unwrap());
        dry["dry_run"] = false.into();
        assert_eq!(parse(&dry).digest().unwrap(), plain.digest().unwrap());
        dry["dry_run"] = "yes".into();
        assert_eq!(
            errors(&dry),
            [("/dry_run".to_owned(), FieldErrorCode::Type)]
        );
    }

    #[test]
    fn an_extension_is_all_of_the_request_before_and_nobody_says_so_of_themselves() {
        let mut first = body();
        first["resource"] = json!({"sys_id": "cc".repeat(16)});
        let first = AccessRequest::parse(first.to_string().as_bytes()).unwrap();
        let extends = Extension {
            request: crate::id::RequestId::from_random([1; 16]),
            since: jiff::Timestamp::UNIX_EPOCH,
            before: first.duration,
        };
        let parse = |body: &Value| {
            let text = body.to_string();
            AccessRequest::parse_extension(text.as_bytes(), &first, extends.clone())
        };
        let mut more = body();
        for name in ["target", "grants"] {
            more.as_object_mut().unwrap().remove(name);
        }
        more["source"]["sys_id"] = "dd".repeat(16).into();
        more["duration"] = "PT2H".into();
        let request = parse(&more).unwrap();
        assert_eq!(
            (&request.grants, &request.target),
            (&first.grants, &first.target)
        );
        assert_eq!(request.resource, first.resource);
        assert_eq!(request.total(), "PT10H".parse().ok());
        assert_eq!(request.extends.as_ref(), Some(&extends));
        let mut alone = request.clone();
        alone.extends = None;
        assert_ne!(request.digest().unwrap(), alone.digest().unwrap());
        // Longer than any access may last.
        more["duration"] = "P366D".into();
        assert_eq!(parse(&more).unwrap().total(), None);
        let mut other = more.clone();
        other["grants"] = json!([]);
        other["duration"] = "P1M".into();
        let found = parse(&other).unwrap_err();
        let found: Vec<_> = found.iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        let expected = [
            ("/grants", FieldErrorCode::Unknown),
            ("/duration", FieldErrorCode::Value),
        ];
        assert_eq!(found, expected);
        let mut said = body();
        said["extends"] = serde_json::to_value(&extends).unwrap();
        assert_eq!(
            errors(&said),
            [("/extends".to_owned(), FieldErrorCode::Unknown)]
        );
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut bad = body();
        bad["approver"] = "me".into();
        bad["source"]["sys_id"] = "javascript:gs.log()".into();
        bad["target"]["principal"]["type"] = "group".into();
        bad["grants"][0]["policy_arn"] = 7.into();
        bad["duration"] = "P1M".into();
        bad.as_object_mut().unwrap().remove("justification");
        bad["resource"] = json!({"sys_id": "^active=true", "owner": "me"});
        let expected = [
            ("/resource/sys_id", FieldErrorCode::Value),
            ("/resource/owner", FieldErrorCode::Unknown),
            ("/approver", FieldErrorCode::Unknown),
            ("/source/sys_id", FieldErrorCode::Value),
            ("/target/principal/type", FieldErrorCode::Value),
            ("/grants/0/policy_arn", FieldErrorCode::Type),
            ("/duration", FieldErrorCode::Value),
            ("/justification", FieldErrorCode::Missing),
        ];
        let found = errors(&bad);
        for (pointer, code) in expected {
            assert!(
                found.contains(&(pointer.to_owned(), code)),
                "{pointer} in {found:?}"
            );
        }
        assert_eq!(found.len(), expected.len());
    }

    #[test]
    fn grants_are_few_and_each_asked_once() {
        let mut none = body();
        none["grants"] = json!([]);
        assert_eq!(
            errors(&none),
            [("/grants".to_owned(), FieldErrorCode::Value)]
        );
        let mut twice = body();
        let grant = twice["grants"][0].clone();
        twice["grants"].as_array_mut().unwrap().push(grant);
        assert_eq!(
            errors(&twice),
            [("/grants/1".to_owned(), FieldErrorCode::Duplicate)]
        );
        let mut unknown = body();
        unknown["grants"] = json!([{"type": "make_admin"}]);
        assert_eq!(
            errors(&unknown),
            [("/grants/0/type".to_owned(), FieldErrorCode::Value)]
        );
    }

    #[test]
    fn what_was_sent_is_never_repeated() {
        let mut bad = body();
        bad["source"]["number"] = "canary-7f3a".into();
        bad["canary-7f3b"] = 1.into();
        let errors = AccessRequest::parse(bad.to_string().as_bytes()).unwrap_err();
        assert!(errors.iter().all(|error| !error.detail.contains("canary")));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = AccessRequest::parse(&bytes);
        }

        #[test]
        fn any_single_change_of_type_is_told_with_its_pointer(index in 0usize..6) {
            let mut bad = body();
            let name = ["source", "requested_by", "target", "grants", "duration", "justification"][index];
            bad[name] = Value::Bool(true);
            prop_assert_eq!(errors(&bad), vec![(format!("/{name}"), FieldErrorCode::Type)]);
        }
    }
}
