use std::str::FromStr;

use crate::document::{PrincipalEntry, PrincipalKind, PrincipalSet, Principals};
use crate::glob::Glob;

/// Who makes a request.
///
/// Written as in policies: an ARN of a user, role, session or account, an account number, a
/// service such as `ec2.amazonaws.com`, an identity provider, a canonical user id, or `*`
/// for somebody who is not signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    kind: Option<PrincipalKind>,
    /// The kind, a colon and the name; `*` for nobody in particular.
    word: Box<str>,
}

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no principal")]
pub struct InvalidPrincipal(String);

/// Identity providers that are written without ARN.
const WEB_PROVIDERS: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

impl FromStr for Principal {
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

impl Principal {
    /// Somebody who is not signed in.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            kind: None,
            word: "*".into(),
        }
    }

    /// A principal of a known kind.
    #[must_use]
    pub fn of(kind: PrincipalKind, name: &str) -> Self {
        Self {
            kind: Some(kind),
            word: word(kind, name).into(),
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
        self.name().splitn(6, ':').nth(5).unwrap_or_default()
    }

    /// Whether it is the account itself, signed in with its root user.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.kind == Some(PrincipalKind::Aws) && self.resource() == "root"
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

/// How a statement names a principal that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PrincipalMatch {
    /// By its account, which leaves the decision to that account.
    Account,
    /// A session by its role, or a role.
    Role,
    /// Everybody, or everybody but some.
    Everyone,
    /// A user, a session, a service by its very name.
    Exact,
}

#[derive(Debug, Clone)]
pub(crate) struct PrincipalMatcher {
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<Glob>,
    matches_as: Vec<PrincipalMatch>,
}

impl PrincipalMatcher {
    pub(super) fn new(principals: &Principals<'_>) -> Self {
        let mut matcher = Self {
            negated: principals.is_negated(),
            patterns: Vec::new(),
            matches_as: Vec::new(),
        };
        match principals.set() {
            PrincipalSet::Everyone(_) => matcher.push(Glob::everything(), PrincipalMatch::Everyone),
            PrincipalSet::Named(entries) => {
                for entry in entries {
                    matcher.add(entry);
                }
            }
        }
        matcher
    }

    /// Exactly the principals that this pattern matches.
    pub(crate) fn only(glob: Glob) -> Self {
        Self {
            negated: false,
            patterns: vec![glob],
            matches_as: vec![PrincipalMatch::Exact],
        }
    }

    fn push(&mut self, glob: Glob, kind: PrincipalMatch) {
        self.patterns.push(glob);
        self.matches_as.push(kind);
    }

    fn add(&mut self, entry: &PrincipalEntry<'_>) {
        for name in entry.values().texts() {
            match entry.kind() {
                PrincipalKind::Aws => self.add_aws(name),
                kind if name == "*" => {
                    let glob = Glob::new(&word(kind, "*"));
                    self.push(glob, PrincipalMatch::Everyone);
                }
                kind => self.push(Glob::literal(&word(kind, name)), PrincipalMatch::Exact),
            }
        }
    }

    fn add_aws(&mut self, name: &str) {
        let parts: Vec<&str> = name.splitn(6, ':').collect();
        if name == "*" {
            self.push(Glob::everything(), PrincipalMatch::Everyone);
        } else if is_account(name) {
            self.add_account(name);
        } else if let ["arn", partition, "iam", _, account, rest] = parts.as_slice() {
            if *rest == "root" && is_account(account) {
                self.add_account(account);
            } else if let Some(role) = rest.strip_prefix("role/") {
                let last = role.rsplit('/').next().unwrap_or(role);
                let session = format!("AWS:arn:{partition}:sts::{account}:assumed-role/{last}/*");
                self.push(
                    Glob::literal(&word(PrincipalKind::Aws, name)),
                    PrincipalMatch::Role,
                );
                self.push(Glob::new(&session), PrincipalMatch::Role);
            } else {
                self.push(
                    Glob::literal(&word(PrincipalKind::Aws, name)),
                    PrincipalMatch::Exact,
                );
            }
        } else {
            self.push(
                Glob::literal(&word(PrincipalKind::Aws, name)),
                PrincipalMatch::Exact,
            );
        }
    }

    /// An account stands for all who belong to it; left out by `NotPrincipal` it stands for
    /// itself only. It is in one partition: its number and the ARN of its root mean the same.
    fn add_account(&mut self, account: &str) {
        if self.negated {
            let root = format!("AWS:arn:aws*:iam::{account}:root");
            self.push(Glob::new(&root), PrincipalMatch::Account);
            return;
        }
        for service in ["iam", "sts"] {
            let members = format!("AWS:arn:aws*:{service}::{account}:*");
            self.push(Glob::new(&members), PrincipalMatch::Account);
        }
    }

    /// How the principal is named, when it is.
    pub(crate) fn match_kind(&self, principal: &Principal) -> Option<PrincipalMatch> {
        let named = self.patterns.iter().zip(&self.matches_as);
        let best = named
            .filter(|(glob, _)| glob.matches(&principal.word))
            .map(|(_, kind)| *kind)
            .max();
        if self.negated {
            return best.is_none().then_some(PrincipalMatch::Everyone);
        }
        best
    }
}

fn word(kind: PrincipalKind, name: &str) -> String {
    format!("{}:{name}", kind.as_str())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, PolicyType};

    fn match_kind(principals: &str, principal: &str) -> Option<PrincipalMatch> {
        let text = format!(r#"{{"Statement":{{"Effect":"Deny",{principals},"Action":"*"}}}}"#);
        let document = Document::parse(&text, PolicyType::Resource).unwrap();
        let matcher = PrincipalMatcher::new(document.statements()[0].principals().unwrap());
        matcher.match_kind(&principal.parse().unwrap())
    }

    #[test]
    fn accounts_and_roles_cover_their_own() {
        let account = r#""Principal":{"AWS":"111111111111"}"#;
        let user = "arn:aws-cn:iam::111111111111:user/a";
        let session = "arn:aws:sts::111111111111:assumed-role/r/s";
        assert_eq!(match_kind(account, user), Some(PrincipalMatch::Account));
        assert_eq!(match_kind(account, session), Some(PrincipalMatch::Account));
        assert_eq!(match_kind(account, "222222222222"), None);
        let role = r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/path/r"}"#;
        assert_eq!(match_kind(role, session), Some(PrincipalMatch::Role));
        assert_eq!(
            match_kind(role, "arn:aws:iam::111111111111:role/path/r"),
            Some(PrincipalMatch::Role)
        );
        let exact = format!(r#""Principal":{{"AWS":["{session}","*"]}}"#);
        assert_eq!(match_kind(&exact, session), Some(PrincipalMatch::Exact));
        assert_eq!(match_kind(&exact, "*"), Some(PrincipalMatch::Everyone));
    }

    #[test]
    fn kinds_are_kept_apart() {
        let services = r#""Principal":{"Service":"*"}"#;
        assert_eq!(
            match_kind(services, "ec2.amazonaws.com"),
            Some(PrincipalMatch::Everyone)
        );
        assert_eq!(match_kind(services, "accounts.google.com"), None);
        assert_eq!(match_kind(services, "111111111111"), None);
        assert_eq!(
            match_kind(r#""Principal":"*""#, "ec2.amazonaws.com"),
            Some(PrincipalMatch::Everyone)
        );
    }

    #[test]
    fn not_principal_spares_those_it_names() {
        let spared = r#""NotPrincipal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::111111111111:role/r"]}"#;
        assert_eq!(
            match_kind(spared, "arn:aws:sts::111111111111:assumed-role/r/s"),
            None
        );
        assert_eq!(
            match_kind(spared, "arn:aws:iam::111111111111:user/a"),
            Some(PrincipalMatch::Everyone)
        );
        assert_eq!(match_kind(spared, "*"), Some(PrincipalMatch::Everyone));
    }

    #[test]
    fn principals_know_what_they_are() {
        let root: Principal = "123456789012".parse().unwrap();
        assert!(root.is_root() && root.account() == Some("123456789012"));
        let linked: Principal = "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/Y"
            .parse()
            .unwrap();
        assert!(linked.is_service_linked() && !root.is_service_linked());
        assert!("no body".parse::<Principal>().is_err());
    }
}
