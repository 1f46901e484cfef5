//! From a draft to a document that lacks nothing.

use std::borrow::Cow;

use super::error::Problem;
use super::{
    Actions, Document, DocumentError, Draft, DraftStatement, Effect, Element, Path, PolicyType,
    Principals, ProblemKind, Resources, Statement, Version,
};
use crate::json::Span;

/// The pairs of which a statement has only one.
const EXCLUSIVE: [(Element, Element); 3] = [
    (Element::Principal, Element::NotPrincipal),
    (Element::Action, Element::NotAction),
    (Element::Resource, Element::NotResource),
];

impl<'a> Draft<'a> {
    /// The complete document, or the first problem in the order of the text; what is
    /// missing counts only when all that is there can be read.
    pub(crate) fn complete(
        mut self,
        policy_type: PolicyType,
    ) -> Result<Document<'a>, DocumentError> {
        let drafts = self.statements.take();
        if drafts.is_none() && self.problems.is_empty() {
            self.problem(ProblemKind::MissingStatement, self.span, Path::root);
        }
        let mut statements = Vec::with_capacity(drafts.as_ref().map_or(0, Vec::len));
        let readable = self.problems.is_empty();
        for draft in drafts.into_iter().flatten().filter(|_| readable) {
            statements.extend(self.complete_statement(draft, policy_type));
        }
        match self
            .problems
            .into_iter()
            .min_by_key(|problem| problem.span.start)
        {
            None => Ok(Document {
                text: Cow::Borrowed(self.text),
                policy_type,
                version: self
                    .version
                    .and_then(|version| Version::from_text(version.text())),
                id: self.id,
                statements,
            }),
            Some(Problem {
                kind, path, span, ..
            }) => Err(DocumentError::Structure {
                kind,
                path,
                span,
                position: span.position(self.text),
            }),
        }
    }

    fn complete_statement(
        &mut self,
        draft: DraftStatement<'a>,
        policy_type: PolicyType,
    ) -> Option<Statement<'a>> {
        for (kind, span, element) in draft.structure(policy_type) {
            self.problem(kind, span, || match element {
                Some(element) => draft.path().key(element.name()),
                None => draft.path(),
            });
        }
        let principals = draft
            .principal
            .map(Principals::Principal)
            .or(draft.not_principal.map(Principals::NotPrincipal));
        let actions = draft
            .action
            .map(Actions::Action)
            .or(draft.not_action.map(Actions::NotAction))?;
        let resources = draft
            .resource
            .map(Resources::Resource)
            .or(draft.not_resource.map(Resources::NotResource));
        Some(Statement {
            index: draft.index,
            span: draft.span,
            sid: draft.sid,
            effect: Effect::from_text(draft.effect?.text())?,
            principals,
            actions,
            resources,
            conditions: draft.conditions,
        })
    }
}

impl DraftStatement<'_> {
    pub(crate) fn path(&self) -> Path {
        Path::root().key("Statement").maybe_index(self.index)
    }

    /// Where the element's key stands, when it is there.
    pub(crate) fn place(&self, element: Element) -> Option<Span> {
        self.present.get(element as usize).copied().flatten()
    }

    /// What is missing, doubled or not allowed in a policy of this type.
    pub(crate) fn structure(
        &self,
        policy_type: PolicyType,
    ) -> Vec<(ProblemKind, Span, Option<Element>)> {
        let mut found = Vec::new();
        let has = |one, other| self.place(one).is_some() || self.place(other).is_some();
        for (one, other) in EXCLUSIVE {
            if let (Some(_), Some(span)) = (self.place(one), self.place(other)) {
                let kind = ProblemKind::ExclusiveElements {
                    first: one.name(),
                    second: other.name(),
                };
                found.push((kind, span, Some(other)));
            }
        }
        if self.place(Element::Effect).is_none() {
            found.push((ProblemKind::MissingEffect, self.span, None));
        }
        if !has(Element::Action, Element::NotAction) {
            found.push((ProblemKind::MissingAction, self.span, None));
        }
        if policy_type.needs_resource() && !has(Element::Resource, Element::NotResource) {
            found.push((ProblemKind::MissingResource, self.span, None));
        }
        if policy_type.has_principal() {
            if !has(Element::Principal, Element::NotPrincipal) {
                found.push((ProblemKind::MissingPrincipal, self.span, None));
            }
        } else {
            for element in [Element::Principal, Element::NotPrincipal] {
                if let Some(span) = self.place(element) {
                    found.push((ProblemKind::PrincipalNotAllowed, span, Some(element)));
                }
            }
        }
        found
    }
}
