//! What holds only for the trust policies of roles.

use super::conditions::names_key;
use super::grammar::is_foreign_to_sts;
use super::{Checker, Code};
use crate::catalogue::wildcard;
use crate::document::{DraftStatement, Element, PrincipalEntry, PrincipalKind, PrincipalSet};
use crate::foreign;

const GITHUB: &str = "token.actions.githubusercontent.com";

impl Checker<'_, '_> {
    pub(super) fn trust(&mut self, statement: &DraftStatement<'_>) {
        for (element, code, message) in [
            (
                Element::NotPrincipal,
                Code::TrustNotPrincipal,
                "trust policies do not know `NotPrincipal`",
            ),
            (
                Element::Resource,
                Code::TrustResource,
                "a trust policy is about its role: remove the resource",
            ),
            (
                Element::NotResource,
                Code::TrustResource,
                "a trust policy is about its role: remove the resource",
            ),
        ] {
            if let Some(span) = statement.place(element) {
                self.add(
                    code,
                    statement.path().key(element.name()),
                    span,
                    message.to_owned(),
                );
            }
        }
        self.foreign_actions(statement);
        if statement
            .effect
            .as_ref()
            .is_none_or(|effect| effect.text() != "Allow")
        {
            return;
        }
        self.trusted_principals(statement);
        self.session_keys(statement);
    }

    /// Actions of other services, which IAM refuses in trust policies; `*` names them too.
    fn foreign_actions(&mut self, statement: &DraftStatement<'_>) {
        for (nth, value) in statement
            .action
            .iter()
            .flat_map(|list| list.values())
            .enumerate()
        {
            let everything = value.text().bytes().all(|byte| byte == b'*');
            if (is_foreign_to_sts(value.text()) || everything && !value.text().is_empty())
                && let Some(list) = &statement.action
            {
                let message = "a trust policy may only name actions of STS".to_owned();
                let path = list.path(statement.path().key("Action"), nth);
                self.add(Code::OwnActionNotOfSts, path, value.span(), message);
            }
        }
    }

    fn trusted_principals(&mut self, statement: &DraftStatement<'_>) {
        let path = || statement.path().key("Principal");
        match &statement.principal {
            Some(PrincipalSet::Everyone(span)) => {
                let message = "name who may take the role".to_owned();
                self.add(Code::TrustWildcardPrincipal, path(), *span, message);
            }
            Some(PrincipalSet::Named(entries)) => {
                for entry in entries {
                    self.redundant_sessions(statement, entry);
                    for (nth, value) in entry.values().values().iter().enumerate() {
                        let here = || entry.values().path(path().key(entry.kind().as_str()), nth);
                        for (code, message) in trusted_faults(statement, entry.kind(), value.text())
                        {
                            self.add(code, here(), value.span(), message.to_owned());
                        }
                    }
                }
            }
            None => {}
        }
    }

    /// Sessions of a role that is also named itself.
    fn redundant_sessions(&mut self, statement: &DraftStatement<'_>, entry: &PrincipalEntry<'_>) {
        let roles: Vec<(&str, &str)> = entry.values().texts().filter_map(role).collect();
        for (nth, value) in entry.values().values().iter().enumerate() {
            let Some((account, name)) = session(value.text()) else {
                continue;
            };
            if roles.contains(&(account, name)) {
                let element = statement.path().key("Principal").key(entry.kind().as_str());
                let message = format!(
                    "the role {} is named too, and holds all its sessions",
                    foreign::code(name)
                );
                let path = entry.values().path(element, nth);
                self.add(Code::RedundantPrincipalInTrust, path, value.span(), message);
            }
        }
    }

    /// Conditions on what a session sets, without the action that sets it.
    fn session_keys(&mut self, statement: &DraftStatement<'_>) {
        for (keys, action) in [
            (&["sts:SourceIdentity"][..], "sts:SetSourceIdentity"),
            (
                &["sts:TransitiveTagKeys", "aws:TagKeys"][..],
                "sts:TagSession",
            ),
        ] {
            let key = keys.iter().find(|key| names_key(statement, key));
            if let (Some(key), Some(actions), false) =
                (key, &statement.action, allows(statement, action))
            {
                let message = format!(
                    "{} is set by {}: allow it too",
                    foreign::code(key),
                    foreign::code(action)
                );
                let path = statement.path().key("Action");
                self.add(
                    Code::MissingActionForConditionKey,
                    path,
                    actions.span(),
                    message,
                );
            }
        }
    }
}

/// The account and the name of a role; sessions do not tell the path of theirs.
fn role(arn: &str) -> Option<(&str, &str)> {
    let (account, resource) = arn.split_once(":iam::")?.1.split_once(':')?;
    let path = resource.strip_prefix("role/")?;
    Some((account, path.rsplit('/').next()?))
}

/// The account and the name of the role of a session.
fn session(arn: &str) -> Option<(&str, &str)> {
    let (account, resource) = arn.split_once(":sts::")?.1.split_once(':')?;
    let (name, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some((account, name))
}

fn allows(statement: &DraftStatement<'_>, action: &str) -> bool {
    statement
        .action
        .iter()
        .flat_map(|list| list.texts())
        .any(|text| wildcard::matches_ignoring_case(text, action))
}

fn trusted_faults(
    statement: &DraftStatement<'_>,
    kind: PrincipalKind,
    text: &str,
) -> Vec<(Code, &'static str)> {
    let mut faults = Vec::new();
    let assumes = |action| allows(statement, action);
    match kind {
        PrincipalKind::Federated => {
            let saml = text.contains(":saml-provider/");
            if !saml && !text.contains('.') {
                faults.push((
                    Code::InvalidFederatedPrincipalSyntax,
                    "name a domain or the ARN of a SAML provider",
                ));
            }
            if saml && assumes("sts:AssumeRoleWithWebIdentity")
                || !saml && assumes("sts:AssumeRoleWithSAML")
            {
                let message = "SAML providers go with `sts:AssumeRoleWithSAML`, others with `sts:AssumeRoleWithWebIdentity`";
                faults.push((Code::MismatchedActionForPrincipal, message));
            }
            if !saml {
                oidc_faults(statement, text, &mut faults);
            }
        }
        PrincipalKind::Service
            if text == "rolesanywhere.amazonaws.com"
                && !["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
                    .into_iter()
                    .all(assumes) =>
        {
            let message = "Roles Anywhere needs `sts:AssumeRole`, `sts:SetSourceIdentity` and `sts:TagSession`";
            faults.push((Code::MissingActionForRolesAnywhere, message));
        }
        _ => {}
    }
    faults
}

fn oidc_faults(statement: &DraftStatement<'_>, text: &str, faults: &mut Vec<(Code, &'static str)>) {
    let provider = text
        .split_once(":oidc-provider/")
        .map_or(text, |(_, provider)| provider);
    let mut about = statement
        .conditions
        .iter()
        .flat_map(|condition| condition.entries())
        .filter(|entry| entry.key().text().starts_with(provider));
    if provider == GITHUB {
        let sub = format!("{GITHUB}:sub");
        let Some(entry) = about.find(|entry| entry.key().text().eq_ignore_ascii_case(&sub)) else {
            let message =
                "name the repository: add a condition on `token.actions.githubusercontent.com:sub`";
            faults.push((Code::MissingGithubRepoConditionKey, message));
            return;
        };
        if entry
            .values()
            .texts()
            .any(|text| text == "*" || text.starts_with("repo:*"))
        {
            faults.push((
                Code::SpecificGithubRepo,
                "name the repository and the branch",
            ));
        }
    } else if about.next().is_none() {
        let message =
            "add a condition on a key of the provider, else all its users may take the role";
        faults.push((Code::MissingConditionKeyForOidc, message));
    }
}
