//! How statements name principals.

use super::principal::{RequestPrincipal, is_account, word};
use crate::document::{Effect, PrincipalEntry, PrincipalKind, PrincipalSet, Principals};
use crate::glob::Glob;

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
    pub(super) fn new(principals: &Principals<'_>, effect: Effect) -> Self {
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
                if effect == Effect::Deny && !matcher.negated {
                    matcher.add_federated(entries);
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

    /// Sessions that are named like a user, for a `Deny`: the request does not say which user made
    /// a session, and its name is all that is known.
    fn add_federated(&mut self, entries: &[PrincipalEntry<'_>]) {
        let aws = entries
            .iter()
            .filter(|entry| entry.kind() == PrincipalKind::Aws);
        for name in aws.flat_map(|entry| entry.values().texts()) {
            let Some((account, path)) = name.split_once(":user/") else {
                continue;
            };
            let account = account.replacen(":iam:", ":sts:", 1);
            let last = path.rsplit('/').next().unwrap_or(path);
            let session = format!("{account}:federated-user/{last}");
            let session = word(PrincipalKind::Aws, &session);
            self.push(Glob::literal(&session), PrincipalMatch::Role);
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

    /// How the principal of a request is named, when it is. What names the user who made a session
    /// names the session too, within its limits (*Policy evaluation logic*).
    pub(super) fn match_request(
        &self,
        principal: &RequestPrincipal,
        user: Option<&RequestPrincipal>,
    ) -> Option<PrincipalMatch> {
        let session = self.match_kind(principal);
        let Some(user) = user.filter(|_| principal.is_federated_user()) else {
            return session;
        };
        let by_user = self.match_kind(user);
        if self.negated {
            return session.and(by_user);
        }
        session.max(by_user.map(|kind| kind.min(PrincipalMatch::Role)))
    }

    /// How the principal is named, when it is.
    pub(crate) fn match_kind(&self, principal: &RequestPrincipal) -> Option<PrincipalMatch> {
        let named = self.patterns.iter().zip(&self.matches_as);
        let best = named
            .filter(|(glob, _)| glob.matches(principal.word()))
            .map(|(_, kind)| *kind)
            .max();
        if self.negated {
            return best.is_none().then_some(PrincipalMatch::Everyone);
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, PolicyType};

    fn match_kind(principals: &str, principal: &str) -> Option<PrincipalMatch> {
        let text = format!(r#"{{"Statement":{{"Effect":"Deny",{principals},"Action":"*"}}}}"#);
        let document = Document::parse(&text, PolicyType::Resource).unwrap();
        let matcher =
            PrincipalMatcher::new(document.statements()[0].principals().unwrap(), Effect::Deny);
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
}
