//! A document as far as it can be read: the one reader behind parsing and linting.

use std::borrow::Cow;

use super::error::Problem;
use super::{
    Condition, ConditionEntry, Effect, List, Path, PrincipalEntry, PrincipalKind, PrincipalSet,
    ProblemKind, Value, ValueKind, Version,
};
use crate::json::{Item, Json, Kind, Span};

/// A document with every element optional, and what was wrong on the way.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Span,
    pub(crate) version: Option<Value<'a>>,
    pub(crate) id: Option<Value<'a>>,
    /// `None` when the element is missing or of a wrong kind.
    pub(crate) statements: Option<Vec<DraftStatement<'a>>>,
    pub(crate) problems: Vec<Problem>,
}

/// A statement with every element optional.
#[derive(Debug, Default)]
pub(crate) struct DraftStatement<'a> {
    pub(crate) index: Option<usize>,
    pub(crate) span: Span,
    pub(crate) sid: Option<Value<'a>>,
    pub(crate) effect: Option<Value<'a>>,
    pub(crate) principal: Option<PrincipalSet<'a>>,
    pub(crate) not_principal: Option<PrincipalSet<'a>>,
    pub(crate) action: Option<List<'a>>,
    pub(crate) not_action: Option<List<'a>>,
    pub(crate) resource: Option<List<'a>>,
    pub(crate) not_resource: Option<List<'a>>,
    pub(crate) conditions: Vec<Condition<'a>>,
    /// Where the first of each element stands, readable or not, in the order of [`Element`].
    pub(super) present: [Option<Span>; ELEMENTS],
}

/// How many [`Element`]s there are.
const ELEMENTS: usize = 9;

/// The elements of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Sid,
    Effect,
    Principal,
    NotPrincipal,
    Action,
    NotAction,
    Resource,
    NotResource,
    Condition,
}

impl Element {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sid => "Sid",
            Self::Effect => "Effect",
            Self::Principal => "Principal",
            Self::NotPrincipal => "NotPrincipal",
            Self::Action => "Action",
            Self::NotAction => "NotAction",
            Self::Resource => "Resource",
            Self::NotResource => "NotResource",
            Self::Condition => "Condition",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "Sid" => Self::Sid,
            "Effect" => Self::Effect,
            "Principal" => Self::Principal,
            "NotPrincipal" => Self::NotPrincipal,
            "Action" => Self::Action,
            "NotAction" => Self::NotAction,
            "Resource" => Self::Resource,
            "NotResource" => Self::NotResource,
            "Condition" => Self::Condition,
            _ => return None,
        })
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn read(json: &Json<'a>) -> Self {
        let root = json.root();
        let mut draft = Self {
            text: json.text(),
            span: root.span(),
            version: None,
            id: None,
            statements: None,
            problems: Vec::new(),
        };
        if root.kind() != Kind::Object {
            draft.wrong_kind(root, "object", Path::root);
            return draft;
        }
        draft.check_duplicates(root, Path::root);
        for (key, item) in root.members() {
            let name = key.string().unwrap_or_default();
            let path = || Path::root().key(&name);
            match &*name {
                "Version" => {
                    draft.version = draft.text_value(item, path);
                    if draft
                        .version
                        .as_ref()
                        .is_some_and(|version| Version::from_text(version.text()).is_none())
                    {
                        draft.problem(ProblemKind::InvalidVersion, item.span(), path);
                    }
                }
                "Id" => draft.id = draft.text_value(item, path),
                "Statement" => draft.statements = draft.statements(item),
                _ => draft.problem(ProblemKind::UnknownElement, key.span(), path),
            }
        }
        draft
    }

    pub(crate) fn problem(&mut self, kind: ProblemKind, span: Span, path: impl FnOnce() -> Path) {
        self.problems.push(Problem {
            kind,
            path: path(),
            span,
            found: None,
        });
    }

    fn wrong_kind(
        &mut self,
        item: Item<'_, 'a>,
        expected: &'static str,
        path: impl FnOnce() -> Path,
    ) {
        let kind = ProblemKind::WrongKind { expected };
        self.problems.push(Problem {
            kind,
            path: path(),
            span: item.span(),
            found: Some(item.kind()),
        });
    }

    fn text_value(&mut self, item: Item<'_, 'a>, path: impl FnOnce() -> Path) -> Option<Value<'a>> {
        match item.string() {
            Some(text) => Some(Value {
                text,
                span: item.span(),
                kind: ValueKind::Text,
            }),
            None => {
                self.wrong_kind(item, "string", path);
                None
            }
        }
    }

    fn statements(&mut self, item: Item<'_, 'a>) -> Option<Vec<DraftStatement<'a>>> {
        match item.kind() {
            Kind::Object => Some(vec![self.statement(item, None)]),
            Kind::Array => {
                let mut statements = Vec::with_capacity(item.elements().count());
                for (nth, item) in item.elements().enumerate() {
                    if item.kind() == Kind::Object {
                        statements.push(self.statement(item, Some(nth)));
                    } else {
                        self.wrong_kind(item, "object", || {
                            Path::root().key("Statement").index(nth)
                        });
                    }
                }
                Some(statements)
            }
            _ => {
                self.wrong_kind(item, "object or array", || Path::root().key("Statement"));
                None
            }
        }
    }

    fn statement(&mut self, object: Item<'_, 'a>, index: Option<usize>) -> DraftStatement<'a> {
        let here = || Path::root().key("Statement").maybe_index(index);
        self.check_duplicates(object, here);
        let mut statement = DraftStatement {
            index,
            span: object.span(),
            ..DraftStatement::default()
        };
        for (key, item) in object.members() {
            let name = key.string().unwrap_or_default();
            let path = || here().key(&name);
            let Some(element) = Element::from_name(&name) else {
                self.problem(ProblemKind::UnknownElement, key.span(), path);
                continue;
            };
            if let Some(place) = statement.present.get_mut(element as usize) {
                place.get_or_insert(key.span());
            }
            match element {
                Element::Sid => statement.sid = self.text_value(item, path),
                Element::Effect => {
                    statement.effect = self.text_value(item, path);
                    if statement
                        .effect
                        .as_ref()
                        .is_some_and(|effect| Effect::from_text(effect.text()).is_none())
                    {
                        self.problem(ProblemKind::InvalidEffect, item.span(), path);
                    }
                }
                Element::Principal => statement.principal = self.principals(item, path),
                Element::NotPrincipal => statement.not_principal = self.principals(item, path),
                Element::Action => statement.action = self.list(item, false, path),
                Element::NotAction => statement.not_action = self.list(item, false, path),
                Element::Resource => statement.resource = self.list(item, false, path),
                Element::NotResource => statement.not_resource = self.list(item, false, path),
                Element::Condition => statement.conditions = self.conditions(item, path),
            }
        }
        statement
    }

    /// A scalar or an array of scalars; `any_scalar` lets numbers and booleans in.
    fn list(
        &mut self,
        item: Item<'_, 'a>,
        any_scalar: bool,
        path: impl Fn() -> Path,
    ) -> Option<List<'a>> {
        let expected = if any_scalar {
            "string, number or boolean"
        } else {
            "string"
        };
        if item.kind() != Kind::Array {
            let Some(value) = scalar(item, any_scalar) else {
                self.wrong_kind(item, expected, path);
                return None;
            };
            return Some(List {
                values: vec![value],
                span: item.span(),
                array: false,
            });
        }
        let elements = item.elements();
        let mut values = Vec::with_capacity(elements.at_most());
        for (nth, item) in elements.enumerate() {
            match scalar(item, any_scalar) {
                Some(value) => values.push(value),
                None => self.wrong_kind(item, expected, || path().index(nth)),
            }
        }
        Some(List {
            values,
            span: item.span(),
            array: true,
        })
    }

    fn principals(
        &mut self,
        item: Item<'_, 'a>,
        path: impl Fn() -> Path,
    ) -> Option<PrincipalSet<'a>> {
        if let Some(text) = item.string() {
            if text == "*" {
                return Some(PrincipalSet::Everyone(item.span()));
            }
            self.problem(ProblemKind::InvalidPrincipal, item.span(), path);
            return None;
        }
        if item.kind() != Kind::Object {
            self.wrong_kind(item, "object", path);
            return None;
        }
        self.check_duplicates(item, &path);
        let mut entries = Vec::with_capacity(1);
        for (key, item) in item.members() {
            let name = key.string().unwrap_or_default();
            let here = || path().key(&name);
            let kind = PrincipalKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == name);
            let Some(kind) = kind else {
                self.problem(ProblemKind::UnknownPrincipalKey, key.span(), here);
                continue;
            };
            if let Some(values) = self.list(item, false, here) {
                entries.push(PrincipalEntry {
                    kind,
                    key_span: key.span(),
                    values,
                });
            }
        }
        Some(PrincipalSet::Named(entries))
    }

    fn conditions(&mut self, item: Item<'_, 'a>, path: impl Fn() -> Path) -> Vec<Condition<'a>> {
        let mut conditions = Vec::new();
        if item.kind() != Kind::Object {
            self.wrong_kind(item, "object", path);
            return conditions;
        }
        self.check_duplicates(item, &path);
        for (key, item) in item.members() {
            let operator = key_value(key);
            let here = || path().key(operator.text());
            if item.kind() != Kind::Object {
                self.wrong_kind(item, "object", here);
                continue;
            }
            self.check_duplicates(item, here);
            let mut entries = Vec::with_capacity(2);
            for (key, item) in item.members() {
                let key = key_value(key);
                if let Some(values) = self.list(item, true, || here().key(key.text())) {
                    entries.push(ConditionEntry { key, values });
                }
            }
            conditions.push(Condition { operator, entries });
        }
        conditions
    }
}

fn key_value<'a>(key: Item<'_, 'a>) -> Value<'a> {
    Value {
        text: key.string().unwrap_or_default(),
        span: key.span(),
        kind: ValueKind::Text,
    }
}

fn scalar<'a>(item: Item<'_, 'a>, any: bool) -> Option<Value<'a>> {
    let span = item.span();
    match item.kind() {
        Kind::String => Some(Value {
            text: item.string()?,
            span,
            kind: ValueKind::Text,
        }),
        Kind::Number if any => Some(Value {
            text: Cow::Borrowed(item.raw()),
            span,
            kind: ValueKind::Number,
        }),
        Kind::Bool if any => Some(Value {
            text: Cow::Borrowed(item.raw()),
            span,
            kind: ValueKind::Bool,
        }),
        _ => None,
    }
}
