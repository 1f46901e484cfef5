//! Shape: what the reader found wrong, missing elements, Sids, version.

use super::{Checker, Code};
use crate::catalogue;
use crate::document::{DraftStatement, Element, Path, PolicyType, ProblemKind, Segment};
use crate::foreign;

impl Checker<'_, '_> {
    pub(super) fn structure(&mut self) {
        let draft = self.draft;
        for problem in draft.problems.iter().take(super::MOST_FINDINGS) {
            let in_condition = problem
                .path
                .segments()
                .iter()
                .any(|s| *s == Segment::Key("Condition".into()));
            let code = match problem.kind {
                ProblemKind::UnknownElement => Code::InvalidPolicyElement,
                ProblemKind::DuplicateKeyInOtherCase if in_condition => {
                    Code::DuplicateKeysWithDifferentCase
                }
                ProblemKind::DuplicateKey | ProblemKind::DuplicateKeyInOtherCase => {
                    Code::OwnDuplicateKey
                }
                ProblemKind::InvalidVersion => Code::InvalidVersion,
                ProblemKind::InvalidEffect => Code::InvalidEffect,
                ProblemKind::UnknownPrincipalKey => Code::InvalidPrincipalKey,
                ProblemKind::InvalidPrincipal => Code::InvalidPrincipalFormat,
                _ => Code::DataTypeMismatch,
            };
            let name = problem
                .path
                .segments()
                .last()
                .map_or(String::new(), |last| match last {
                    Segment::Key(key) => format!("{}: ", foreign::code(key)),
                    Segment::Index(_) => String::new(),
                });
            let written = problem.span.of(draft.text).trim_matches('"');
            let hint = match code {
                Code::InvalidEffect => catalogue::closest(written, ["Allow", "Deny"]),
                _ => None,
            };
            let hint = hint.map_or(String::new(), |near| {
                format!("; did you mean {}?", foreign::code(near))
            });
            self.add(
                code,
                problem.path.clone(),
                problem.span,
                format!("{name}{}{hint}", problem.kind),
            );
        }
        if draft.version.is_none()
            && !draft
                .problems
                .iter()
                .any(|p| p.path == Path::root().key("Version"))
        {
            let message =
                "name the version, `2012-10-17`: without it AWS reads the policy as of 2008";
            self.add(
                Code::MissingVersion,
                Path::root(),
                draft.span,
                message.to_owned(),
            );
        }
        let statement_given = draft.statements.as_ref().is_some_and(|all| !all.is_empty());
        if !statement_given
            && !draft.problems.iter().any(|p| {
                p.path
                    .segments()
                    .first()
                    .is_some_and(|s| *s == Segment::Key("Statement".into()))
            })
        {
            self.add(
                Code::MissingStatement,
                Path::root(),
                draft.span,
                "add a statement".to_owned(),
            );
        }
        for statement in draft.statements.iter().flatten() {
            self.statement_structure(statement);
        }
        self.sids();
    }

    fn statement_structure(&mut self, statement: &DraftStatement<'_>) {
        for (kind, span, element) in statement.structure(self.policy_type) {
            let code = match kind {
                ProblemKind::MissingEffect => Code::MissingEffect,
                ProblemKind::MissingAction => Code::MissingAction,
                ProblemKind::MissingResource => Code::MissingResource,
                ProblemKind::MissingPrincipal => Code::MissingPrincipal,
                ProblemKind::PrincipalNotAllowed
                    if self.policy_type == PolicyType::ServiceControl =>
                {
                    Code::ScpSyntaxErrorPrincipal
                }
                ProblemKind::PrincipalNotAllowed => Code::UnsupportedPrincipal,
                _ => Code::UnsupportedElementCombination,
            };
            let path = match element {
                Some(element) => statement.path().key(element.name()),
                None => statement.path(),
            };
            self.add(code, path, span, kind.to_string());
        }
        if self.policy_type == PolicyType::ResourceControl {
            self.resource_control(statement);
        }
    }

    /// Resource control policies deny only, name everyone, and list actions.
    fn resource_control(&mut self, statement: &DraftStatement<'_>) {
        let allows = statement
            .effect
            .as_ref()
            .filter(|effect| effect.text() == "Allow");
        if let Some(effect) = allows {
            let message = "resource control policies can only deny".to_owned();
            self.add(
                Code::RcpSyntaxErrorAllow,
                statement.path().key("Effect"),
                effect.span(),
                message,
            );
        }
        let named = matches!(
            &statement.principal,
            Some(crate::document::PrincipalSet::Named(_))
        );
        for (element, code, message, wrong) in [
            (
                Element::NotAction,
                Code::RcpSyntaxErrorNotAction,
                "use `Action`",
                true,
            ),
            (
                Element::NotPrincipal,
                Code::RcpSyntaxErrorNotPrincipal,
                "use `Principal`",
                true,
            ),
            (
                Element::Principal,
                Code::RcpSyntaxErrorPrincipal,
                "the principal must be `*`",
                named,
            ),
        ] {
            if let (true, Some(span)) = (wrong, statement.place(element)) {
                self.add(
                    code,
                    statement.path().key(element.name()),
                    span,
                    message.to_owned(),
                );
            }
        }
    }

    fn sids(&mut self) {
        let identity_like = !matches!(self.policy_type, PolicyType::Resource | PolicyType::Trust);
        let draft = self.draft;
        let mut named: Vec<(&str, usize, &DraftStatement<'_>)> = Vec::new();
        for statement in draft.statements.iter().flatten() {
            let Some(sid) = &statement.sid else { continue };
            let path = || statement.path().key("Sid");
            let text = sid.text();
            if text.is_empty() {
                let message = "give the statement a name or leave the element out".to_owned();
                self.add(Code::EmptySidValue, path(), sid.span(), message);
                continue;
            }
            if identity_like && !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                let message = "a Sid holds only letters A to Z and a to z, and digits".to_owned();
                self.add(Code::UnsupportedSid, path(), sid.span(), message);
            }
            named.push((text, named.len(), statement));
        }
        named.sort_unstable_by_key(|(text, nth, _)| (*text, *nth));
        for (first, second) in named.iter().zip(named.iter().skip(1)) {
            let Some(sid) = second.2.sid.as_ref().filter(|_| first.0 == second.0) else {
                continue;
            };
            let code = if identity_like {
                Code::UniqueSidsRequired
            } else {
                Code::UniqueSidsRecommended
            };
            let message = format!("the Sid {} is used more than once", foreign::code(second.0));
            self.add(code, second.2.path().key("Sid"), sid.span(), message);
        }
    }
}
