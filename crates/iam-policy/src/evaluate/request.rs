use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct};

use crate::condition::{Context, ContextValue};
use crate::document::PrincipalKind;
use crate::evaluate::RequestPrincipal;
use crate::foreign;

/// The longest text in a request that policies are asked about, in bytes: twice what the
/// headers of a request to AWS may hold, and four times the longest ARN.
pub const MOST_TEXT: usize = crate::glob::LONGEST;

/// One request to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    action: String,
    resource: String,
    resource_account: Option<String>,
    principal: RequestPrincipal,
    has_boundary: bool,
    federated_by: Option<RequestPrincipal>,
    context: Context,
}

impl Request {
    /// A request: `action` with prefix, `resource` an ARN or `*`.
    #[must_use]
    pub fn new(
        action: &str,
        resource: &str,
        principal: RequestPrincipal,
        context: Context,
    ) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_account: None,
            principal,
            has_boundary: false,
            federated_by: None,
            context,
        }
    }

    /// Whether a text of it is longer than [`MOST_TEXT`]: no service of AWS takes such a request,
    /// and no policy is asked about it.
    #[must_use]
    pub fn is_oversized(&self) -> bool {
        let long = |text: &str| text.len() > MOST_TEXT;
        long(&self.action)
            || long(&self.resource)
            || long(self.principal.name())
            || self.context.texts().any(long)
    }

    /// The same request to a resource of this account, for ARNs that name none.
    #[must_use]
    pub fn to_account(mut self, account: &str) -> Self {
        self.resource_account = Some(account.to_owned());
        self
    }

    /// The same request by a principal with a permissions boundary, which allows it: a `Deny` with
    /// `NotPrincipal` is about such principals too.
    #[must_use]
    pub const fn with_boundary(mut self) -> Self {
        self.has_boundary = true;
        self
    }

    /// The same request in a session that this user made for somebody else
    /// (`sts:GetFederationToken`): what names the user is about the session too.
    #[must_use]
    pub fn federated_by(mut self, user: RequestPrincipal) -> Self {
        self.federated_by = Some(user);
        self
    }

    /// The user who made the session, as far as is known.
    pub(super) const fn federating_user(&self) -> Option<&RequestPrincipal> {
        self.federated_by.as_ref()
    }

    /// Whether the principal has a permissions boundary.
    #[must_use]
    pub const fn has_boundary(&self) -> bool {
        self.has_boundary
    }

    /// The same request for another action, resource and principal.
    pub(crate) fn naming(&self, action: &str, resource: &str, principal: RequestPrincipal) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_account: None,
            principal,
            ..self.clone()
        }
    }

    /// The action with prefix, as given.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The ARN of the resource, or `*`.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The account the resource belongs to: as given, else as the ARN or `aws:ResourceAccount`
    /// says.
    #[must_use]
    pub fn resource_account(&self) -> Option<&str> {
        let plain = |account: &&str| !account.is_empty() && !account.contains('*');
        let stated = self.resource_account.as_deref().filter(plain);
        let of_arn = || self.resource.split(':').nth(4).filter(plain);
        let of_context = || match self.context.get("aws:ResourceAccount") {
            Some(ContextValue::One(account)) => Some(account.as_str()).filter(plain),
            _ => None,
        };
        stated.or_else(of_arn).or_else(of_context)
    }

    /// The principal that makes the request.
    #[must_use]
    pub const fn principal(&self) -> &RequestPrincipal {
        &self.principal
    }

    /// What else is known.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }
}

impl<'de> Deserialize<'de> for Request {
    /// Reads `{action, resource, resource_account, principal, has_boundary,
    /// federated_by, context}`; all but `action`
    /// may be left out. `principal` is a text or an object with one kind, such as
    /// `{"Service": "ec2.amazonaws.com"}`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wire {
            action: String,
            resource: Option<String>,
            resource_account: Option<String>,
            principal: Option<WirePrincipal>,
            #[serde(default)]
            has_boundary: bool,
            federated_by: Option<String>,
            context: Option<Context>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum WirePrincipal {
            Text(String),
            Kind(std::collections::BTreeMap<String, String>),
        }
        let wire = Wire::deserialize(deserializer)?;
        let principal = match wire.principal {
            None => RequestPrincipal::anonymous(),
            Some(WirePrincipal::Text(text)) => text.parse().map_err(D::Error::custom)?,
            Some(WirePrincipal::Kind(kinds)) => {
                let mut kinds = kinds.into_iter();
                let (Some((kind, name)), None) = (kinds.next(), kinds.next()) else {
                    return Err(D::Error::custom("a principal has exactly one kind"));
                };
                match kind.as_str() {
                    "AWS" => name.parse().map_err(D::Error::custom)?,
                    "Service" => RequestPrincipal::of(PrincipalKind::Service, &name),
                    "Federated" => RequestPrincipal::of(PrincipalKind::Federated, &name),
                    "CanonicalUser" => RequestPrincipal::of(PrincipalKind::CanonicalUser, &name),
                    _ => {
                        return Err(D::Error::custom(format_args!(
                            "unknown kind {}",
                            foreign::code(&kind)
                        )));
                    }
                }
            }
        };
        let user = wire.federated_by.map(|name| name.parse());
        Ok(Self {
            action: wire.action,
            resource: wire.resource.unwrap_or_else(|| "*".to_owned()),
            resource_account: wire.resource_account,
            principal,
            has_boundary: wire.has_boundary,
            federated_by: user.transpose().map_err(D::Error::custom)?,
            context: wire.context.unwrap_or_default(),
        })
    }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = 5 + usize::from(self.has_boundary) + usize::from(self.federated_by.is_some());
        let mut wire = serializer.serialize_struct("Request", fields)?;
        wire.serialize_field("action", &self.action)?;
        wire.serialize_field("resource", &self.resource)?;
        wire.serialize_field("resource_account", &self.resource_account())?;
        wire.serialize_field("principal", self.principal.name())?;
        if self.has_boundary {
            wire.serialize_field("has_boundary", &true)?;
        }
        if let Some(user) = &self.federated_by {
            wire.serialize_field("federated_by", user.name())?;
        }
        wire.serialize_field("context", &self.context)?;
        wire.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_command_is_given() {
        let text = r#"{"action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"123456789012",
            "principal":{"Service":"ec2.amazonaws.com"},"context":{"aws:SecureTransport":true}}"#;
        let request: Request = serde_json::from_str(text).unwrap();
        assert_eq!(request.resource_account(), Some("123456789012"));
        assert_eq!(request.principal().kind(), Some(PrincipalKind::Service));
        let again: Request =
            serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
        assert_eq!(again, request);
        let short: Request = serde_json::from_str(
            r#"{"action":"a:b","resource":"arn:aws:sqs:eu-west-1:210987654321:q"}"#,
        )
        .unwrap();
        assert_eq!(short.resource_account(), Some("210987654321"));
        assert!(
            serde_json::from_str::<Request>(
                r#"{"action":"a:b","principal":{"AWS":"x","Service":"y"}}"#
            )
            .is_err()
        );
    }
}
