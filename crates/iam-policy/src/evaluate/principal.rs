use std::str::FromStr;

use crate::document::PrincipalKind;
use crate::foreign;

/// Who makes a request.
///
/// Written as in policies: an ARN of a user, role, session or account, an account number, a
/// service such as `ec2.amazonaws.com`, an identity provider, a canonical user id, or `*`
/// for somebody who is not signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPrincipal {
    kind: Option<PrincipalKind>,
    /// The kind, a colon and the name; `*` for nobody in particular.
    word: Box<str>,
    /// Where in the word the resource of the ARN begins.
    resource: usize,
}

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} names no principal", foreign::code(.0))]
pub struct InvalidPrincipal(String);

/// Identity providers that are written without ARN.
const WEB_PROVIDERS: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

impl FromStr for RequestPrincipal {
    type Err = InvalidPrincipal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "*" || text.eq_ignore_ascii_case("anonymous") {
            return Ok(Self::anonymous());
        }
        if is_account(text) {
            return Ok(Self::of(
                PrincipalKind::Aws,
                &format!("arn:aws:iam::{text}:root"),
            ));
        }
        let kind = if text.starts_with("arn:") {
            let provider = text.contains(":saml-provider/") || text.contains(":oidc-provider/");
            if provider {
                PrincipalKind::Federated
            } else {
                PrincipalKind::Aws
            }
        } else if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            PrincipalKind::CanonicalUser
        } else if WEB_PROVIDERS.contains(&text) {
            PrincipalKind::Federated
        } else if text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn") {
            PrincipalKind::Service
        } else if text.contains('.') {
            PrincipalKind::Federated
        } else if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            PrincipalKind::Aws
        } else {
            return Err(InvalidPrincipal(text.to_owned()));
        };
        Ok(Self::of(kind, text))
    }
}

impl RequestPrincipal {
    /// Somebody who is not signed in.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            kind: None,
            word: "*".into(),
            resource: 1,
        }
    }

    /// A principal of a known kind.
    #[must_use]
    pub fn of(kind: PrincipalKind, name: &str) -> Self {
        let word = word(kind, name).into_boxed_str();
        Self {
            kind: Some(kind),
            resource: resource_start(&word),
            word,
        }
    }

    /// Reads the text that patterns of principals are matched against.
    pub(crate) fn from_word(word: &str) -> Self {
        let kinds = [
            PrincipalKind::Aws,
            PrincipalKind::Service,
            PrincipalKind::Federated,
            PrincipalKind::CanonicalUser,
        ];
        let kind = kinds.into_iter().find(|kind| {
            let rest = word.strip_prefix(kind.as_str());
            rest.is_some_and(|rest| rest.starts_with(':'))
        });
        Self {
            kind,
            word: word.into(),
            resource: resource_start(word),
        }
    }

    /// The kind; `None` for somebody who is not signed in.
    #[must_use]
    pub const fn kind(&self) -> Option<PrincipalKind> {
        self.kind
    }

    /// The ARN, account, service, provider or id; `*` for somebody who is not signed in.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.kind {
            Some(_) => self.word.split_once(':').map_or("", |(_, name)| name),
            None => &self.word,
        }
    }

    /// The kind, a colon and the name, as patterns of principals match it.
    pub(super) fn word(&self) -> &str {
        &self.word
    }

    /// The account the principal belongs to, for users, roles, sessions and accounts.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        if self.kind != Some(PrincipalKind::Aws) {
            return None;
        }
        self.name()
            .split(':')
            .nth(4)
            .filter(|account| !account.is_empty())
    }

    /// What follows the account in the ARN, for example `user/alice`.
    fn resource(&self) -> &str {
        self.word.get(self.resource..).unwrap_or_default()
    }

    /// Whether it is the account itself, signed in with its root user.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.kind == Some(PrincipalKind::Aws) && self.resource() == "root"
    }

    /// Whether it is a user.
    pub(super) fn is_user(&self) -> bool {
        self.kind == Some(PrincipalKind::Aws) && self.resource().starts_with("user/")
    }

    /// Whether it is a session that a user made for somebody else (`sts:GetFederationToken`).
    pub(super) fn is_federated_user(&self) -> bool {
        self.kind == Some(PrincipalKind::Aws) && self.resource().starts_with("federated-user/")
    }

    /// Whether it can have a permissions boundary: a user, a role, or a session of one.
    #[must_use]
    pub fn may_have_boundary(&self) -> bool {
        let kinds = ["user/", "role/", "assumed-role/", "federated-user/"];
        self.kind == Some(PrincipalKind::Aws)
            && kinds.iter().any(|kind| self.resource().starts_with(kind))
    }

    /// Whether it is a role that a service owns: organisation policies do not reach it.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        let resource = self.resource();
        resource.starts_with("role/aws-service-role/")
            || resource.starts_with("assumed-role/AWSServiceRoleFor")
    }
}

pub(super) fn word(kind: PrincipalKind, name: &str) -> String {
    format!("{}:{name}", kind.as_str())
}

/// Where what follows the account begins in a word such as `AWS:arn:aws:iam::1:user/alice`; its end
/// when there is nothing.
fn resource_start(word: &str) -> usize {
    let colon = word.match_indices(':').nth(5);
    colon.map_or(word.len(), |(at, _)| at + 1)
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_know_what_they_are() {
        let root: RequestPrincipal = "123456789012".parse().unwrap();
        assert!(root.is_root() && root.account() == Some("123456789012"));
        let linked: RequestPrincipal =
            "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/Y"
                .parse()
                .unwrap();
        assert!(linked.is_service_linked() && !root.is_service_linked());
        assert!("no body".parse::<RequestPrincipal>().is_err());
    }
}
