//! What can be asked for.

mod named;
mod user_tags;

pub use named::Named;
pub use user_tags::{UserTags, UserTagsError};

use std::fmt;

use iam_policy::document::{Document, Effect, PolicyType, Statement};
use iam_policy::lint::check_grammar;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::arn::{PolicyArn, RoleArn, is_name};
use crate::canonical;
use crate::id::{AccountId, SysId};
use crate::inline_policy::accounts_of;
use crate::request::policy_text::{control_character, empty_condition};

/// One thing that is asked for. A request's digest is made of its grants in order, that of the variants
/// first: new variants come last.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Grant {
    /// Attach a managed policy to the target.
    AttachManagedPolicy {
        /// The policy.
        policy_arn: PolicyArn,
    },
    /// Give the target an inline policy. At most one in a request.
    InlinePolicy {
        /// The policy, without its end.
        document: InlineDocument,
    },
    /// Let the target assume a role that trusts it already.
    AssumeRole {
        /// The role.
        role_arn: RoleArn,
    },
    /// Make the target, a user, a member of a group in its account.
    GroupMembership {
        /// The group.
        group: GroupName,
    },
    /// Create the target, a user that does not exist yet.
    CreateUser {
        /// Its tags, beside Snowgate's own.
        #[serde(default, skip_serializing_if = "UserTags::is_empty")]
        tags: UserTags,
        /// The person whom it is to belong to; the requester where this is left out.
        #[serde(default, with = "by_sys_id", skip_serializing_if = "Option::is_none")]
        owner: Option<SysId>,
    },
}

/// A person, as bodies name one: `{"sys_id": …}`.
mod by_sys_id {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::id::SysId;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named<T> {
        sys_id: T,
    }

    pub(super) fn serialize<S: Serializer>(
        person: &Option<SysId>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let named = person.as_ref().map(|sys_id| Named { sys_id });
        named.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SysId>, D::Error> {
        let named = Option::<Named<SysId>>::deserialize(from)?;
        Ok(named.map(|named| named.sys_id))
    }
}

/// The name of a group: 1 to 128 of `A-Z a-z 0-9 + = , . @ _ -` (IAM User Guide, "IAM and AWS
/// STS quotas").
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

/// A text that is no name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a group name is 1 to 128 of `A-Z a-z 0-9 + = , . @ _ -`")]
pub struct GroupNameError;

impl GroupName {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for GroupName {
    type Err = GroupNameError;
    fn from_str(text: &str) -> Result<Self, GroupNameError> {
        if is_name(text, 128) {
            Ok(Self(text.to_owned()))
        } else {
            Err(GroupNameError)
        }
    }
}

impl TryFrom<String> for GroupName {
    type Error = GroupNameError;
    fn try_from(text: String) -> Result<Self, GroupNameError> {
        text.parse()
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An identity policy that only permits: valid for IAM, without `Deny`, in canonical JSON
/// (RFC 8785), so that equal policies are equal texts.
///
/// What was accepted once is read again as it is, whatever is accepted today.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "Value")]
pub struct InlineDocument(String);

/// Why a value is no inline policy that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InlineDocumentError {
    /// Not an object.
    #[error("a policy document is a JSON object")]
    NotAnObject,
    /// IAM would not take it.
    #[error("IAM would reject this policy: {0}")]
    Grammar(String),
    /// A string in it holds a control character.
    #[error("the control character U+{character:04X} is not allowed in a policy")]
    ControlCharacter {
        /// JSON pointer to the string from the document; to the object, where it is a key.
        pointer: String,
        /// The character.
        character: u32,
    },
    /// It forbids something.
    #[error("a requested policy can only allow: statement {0} has the effect `Deny`")]
    Denies(usize),
    /// A condition has no values or no keys: what AWS makes of it is not for certain.
    #[error("the condition at `{0}` has nothing in it")]
    EmptyCondition(String),
    /// It permits nothing.
    #[error("the policy has no statement")]
    Empty,
}

impl InlineDocument {
    /// The policy in canonical JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The accounts that it names, each once, in order; `home` wherever it names none.
    pub(super) fn accounts(&self, home: &AccountId) -> Vec<AccountId> {
        let mut accounts: Vec<AccountId> = match self.read() {
            Ok(document) => document
                .statements()
                .iter()
                .flat_map(|statement| accounts_of(statement, home))
                .collect(),
            Err(_) => vec![home.clone()],
        };
        accounts.sort();
        accounts.dedup();
        accounts
    }

    /// The policy, read.
    ///
    /// # Errors
    /// Never, for a policy that was taken in; the type is honest about reading.
    pub fn read(&self) -> Result<Document<'_>, iam_policy::document::DocumentError> {
        Document::parse(&self.0, PolicyType::Identity)
    }
}

impl TryFrom<Value> for InlineDocument {
    type Error = InlineDocumentError;

    fn try_from(value: Value) -> Result<Self, InlineDocumentError> {
        let text = written(&value)?;
        if let Some((pointer, character)) = control_character(&value) {
            return Err(InlineDocumentError::ControlCharacter { pointer, character });
        }
        check_grammar(&text, PolicyType::Identity).map_err(|error| grammar(&error))?;
        let document =
            Document::parse(&text, PolicyType::Identity).map_err(|error| grammar(&error))?;
        if let Some(pointer) = empty_condition(&value) {
            return Err(InlineDocumentError::EmptyCondition(pointer));
        }
        let mut effects = document.statements().iter().map(Statement::effect);
        if document.statements().is_empty() {
            return Err(InlineDocumentError::Empty);
        }
        match effects.position(|effect| effect == Effect::Deny) {
            Some(index) => Err(InlineDocumentError::Denies(index)),
            None => Ok(Self(text)),
        }
    }
}

impl<'de> Deserialize<'de> for InlineDocument {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = written(&Value::deserialize(from)?).map_err(D::Error::custom)?;
        Document::parse(&text, PolicyType::Identity).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

/// A policy in canonical JSON.
fn written(value: &Value) -> Result<String, InlineDocumentError> {
    if !value.is_object() {
        return Err(InlineDocumentError::NotAnObject);
    }
    let bytes = canonical::to_bytes(value).map_err(|error| grammar(&error))?;
    String::from_utf8(bytes).map_err(|error| grammar(&error))
}

fn grammar(error: &dyn fmt::Display) -> InlineDocumentError {
    InlineDocumentError::Grammar(error.to_string())
}

impl From<InlineDocument> for Value {
    fn from(document: InlineDocument) -> Self {
        // What was taken in is JSON.
        serde_json::from_str(&document.0).unwrap_or(Self::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Principal;
    use serde_json::json;

    /// A policy that was taken in before conditions without values were refused.
    #[test]
    fn what_was_accepted_once_is_read_whatever_is_refused_since() {
        let mut policy = document(json!("*"));
        policy["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": []}});
        let refused = InlineDocument::try_from(policy.clone());
        assert!(matches!(
            refused,
            Err(InlineDocumentError::EmptyCondition(_))
        ));
        let read: InlineDocument = serde_json::from_value(policy.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), policy);
        for none in [json!("*"), json!({"Statement": 1})] {
            assert!(serde_json::from_value::<InlineDocument>(none).is_err());
        }
    }

    fn document(resources: Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}
        ]})
    }

    fn target() -> Principal {
        Principal {
            account_id: "210987654321".parse().unwrap(),
            kind: crate::principal::PrincipalType::User,
            name: "rita.chen".parse().unwrap(),
        }
    }

    #[test]
    fn every_account_that_is_named_is_reached() {
        let table = [
            (json!("*"), vec!["210987654321"]),
            (json!("arn:aws:s3:::reports/*"), vec!["210987654321"]),
            (
                json!([
                    "arn:aws:sqs:eu-west-1:430987654321:q",
                    "arn:aws:sqs:eu-west-1:320987654321:q",
                    "arn:aws:sqs:eu-west-1:320987654321:r"
                ]),
                vec!["320987654321", "430987654321"],
            ),
            (
                json!(["arn:aws:sqs:*:320987654321:*", "arn:aws:s3:::reports"]),
                vec!["210987654321", "320987654321"],
            ),
            // What leaves the account open takes no owner away; it is limited to these accounts.
            (json!("arn:aws:sqs:*:*:q"), vec!["210987654321"]),
            (
                json!("arn:aws:sqs:*${aws:username}:320987654321:q"),
                vec!["210987654321"],
            ),
        ];
        for (resources, accounts) in table {
            let document = InlineDocument::try_from(document(resources)).unwrap();
            let reached = Grant::InlinePolicy { document }.accounts(&target());
            let reached: Vec<_> = reached.iter().map(AccountId::as_str).collect();
            assert_eq!(reached, accounts);
        }
        let complement = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:sqs:eu-west-1:320987654321:q"}});
        let document = InlineDocument::try_from(complement).unwrap();
        let reached = Grant::InlinePolicy { document }.accounts(&target());
        assert_eq!(reached, [target().account_id]);
        let role_arn = "arn:aws:iam::320987654321:role/reader".parse().unwrap();
        let reached = Grant::AssumeRole { role_arn }.accounts(&target());
        assert_eq!(reached.first().map(AccountId::as_str), Some("320987654321"));
    }

    #[test]
    fn no_string_of_a_policy_holds_a_control_character() {
        let with = |resource: &str| document(json!(["*", resource]));
        let table = [
            (with("arn:aws:s3:::a\nb"), "/Statement/0/Resource/1", 0xa),
            (with("arn:aws:s3:::a\u{0}"), "/Statement/0/Resource/1", 0),
            (
                with("arn:aws:s3:::a\u{85}"),
                "/Statement/0/Resource/1",
                0x85,
            ),
            (
                with("arn:aws:s3:::a\u{7f}"),
                "/Statement/0/Resource/1",
                0x7f,
            ),
            (json!({"a/b~c": [{"d": "\t"}]}), "/a~1b~0c/0/d", 9),
            (json!({"a": {"b\r": 1}}), "/a", 0xd),
        ];
        for (value, pointer, character) in table {
            let error = InlineDocumentError::ControlCharacter {
                pointer: pointer.to_owned(),
                character,
            };
            assert_eq!(InlineDocument::try_from(value), Err(error));
        }
    }

    #[test]
    fn a_policy_is_kept_in_one_form_and_only_permits() {
        let a = InlineDocument::try_from(document(json!("*"))).unwrap();
        let text = r#"{"Statement":[{"Resource":"*","Effect":"Allow","Action":"s3:GetObject"}],"Version":"2012-10-17"}"#;
        let b: InlineDocument = serde_json::from_str(text).unwrap();
        assert_eq!(a, b);
        assert_eq!(
            serde_json::from_value::<InlineDocument>(serde_json::to_value(&a).unwrap()).unwrap(),
            a
        );
        let mut deny = document(json!("*"));
        deny["Statement"][0]["Effect"] = "Deny".into();
        assert_eq!(
            InlineDocument::try_from(deny),
            Err(InlineDocumentError::Denies(0))
        );
        assert_eq!(
            InlineDocument::try_from(json!("{}")),
            Err(InlineDocumentError::NotAnObject)
        );
        let mut old = document(json!("*"));
        old["Version"] = "2008-10-17".into();
        let mut odd = document(json!("*"));
        odd["Statement"][0]["Actions"] = "s3:*".into();
        for bad in [old, odd, json!({}), json!({"Version": "2012-10-17"})] {
            assert!(
                matches!(
                    InlineDocument::try_from(bad.clone()),
                    Err(InlineDocumentError::Grammar(_))
                ),
                "{bad}"
            );
        }
    }
}
