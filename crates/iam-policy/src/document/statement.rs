use super::{Effect, List, Path, Value};
use crate::json::Span;

/// Which actions a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actions<'a> {
    /// Those that one of the patterns matches.
    Action(List<'a>),
    /// Those that none of the patterns matches.
    NotAction(List<'a>),
}

impl<'a> Actions<'a> {
    /// The patterns.
    #[must_use]
    pub const fn list(&self) -> &List<'a> {
        let (Self::Action(list) | Self::NotAction(list)) = self;
        list
    }

    /// Whether it is `NotAction`.
    #[must_use]
    pub const fn is_negated(&self) -> bool {
        matches!(self, Self::NotAction(_))
    }

    /// The name of the element.
    #[must_use]
    pub const fn element(&self) -> &'static str {
        if self.is_negated() {
            "NotAction"
        } else {
            "Action"
        }
    }
}

/// Which resources a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resources<'a> {
    /// Those that one of the patterns matches.
    Resource(List<'a>),
    /// Those that none of the patterns matches.
    NotResource(List<'a>),
}

impl<'a> Resources<'a> {
    /// The patterns.
    #[must_use]
    pub const fn list(&self) -> &List<'a> {
        let (Self::Resource(list) | Self::NotResource(list)) = self;
        list
    }

    /// Whether it is `NotResource`.
    #[must_use]
    pub const fn is_negated(&self) -> bool {
        matches!(self, Self::NotResource(_))
    }

    /// The name of the element.
    #[must_use]
    pub const fn element(&self) -> &'static str {
        if self.is_negated() {
            "NotResource"
        } else {
            "Resource"
        }
    }
}

/// The kind of a principal: the keys of a `Principal` object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// `AWS`: accounts, users, roles, sessions, or `*`.
    Aws,
    /// `Service`: service principals such as `ec2.amazonaws.com`.
    Service,
    /// `Federated`: identity providers.
    Federated,
    /// `CanonicalUser`: canonical user ids of S3.
    CanonicalUser,
}

impl PrincipalKind {
    pub(super) const ALL: [Self; 4] = [
        Self::Aws,
        Self::Service,
        Self::Federated,
        Self::CanonicalUser,
    ];

    /// The key as it is written in a document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }
}

/// One key of a `Principal` object with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalEntry<'a> {
    pub(super) kind: PrincipalKind,
    pub(super) key_span: Span,
    pub(super) values: List<'a>,
}

impl<'a> PrincipalEntry<'a> {
    /// The kind of principals.
    #[must_use]
    pub const fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// Where the key stands.
    #[must_use]
    pub const fn key_span(&self) -> Span {
        self.key_span
    }

    /// The principals.
    #[must_use]
    pub const fn values(&self) -> &List<'a> {
        &self.values
    }
}

/// The content of `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalSet<'a> {
    /// `"*"`: everyone, also who is not signed in. Where it stands.
    Everyone(Span),
    /// An object of kinds and names.
    Named(Vec<PrincipalEntry<'a>>),
}

/// Which principals a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals<'a> {
    /// Those that are named.
    Principal(PrincipalSet<'a>),
    /// All but those that are named.
    NotPrincipal(PrincipalSet<'a>),
}

impl<'a> Principals<'a> {
    /// The principals that are named, by their kinds.
    #[must_use]
    pub const fn set(&self) -> &PrincipalSet<'a> {
        let (Self::Principal(set) | Self::NotPrincipal(set)) = self;
        set
    }

    /// Whether it is `NotPrincipal`.
    #[must_use]
    pub const fn is_negated(&self) -> bool {
        matches!(self, Self::NotPrincipal(_))
    }

    /// The name of the element.
    #[must_use]
    pub const fn element(&self) -> &'static str {
        if self.is_negated() {
            "NotPrincipal"
        } else {
            "Principal"
        }
    }
}

/// One condition key with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionEntry<'a> {
    pub(super) key: Value<'a>,
    pub(super) values: List<'a>,
}

impl<'a> ConditionEntry<'a> {
    /// The condition key as written, for example `aws:SourceIp`.
    #[must_use]
    pub const fn key(&self) -> &Value<'a> {
        &self.key
    }

    /// The values.
    #[must_use]
    pub const fn values(&self) -> &List<'a> {
        &self.values
    }
}

/// One operator of a `Condition` with its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<'a> {
    pub(super) operator: Value<'a>,
    pub(super) entries: Vec<ConditionEntry<'a>>,
}

impl<'a> Condition<'a> {
    /// The operator as written, quantifier and suffix included, for example `ForAnyValue:StringLikeIfExists`.
    #[must_use]
    pub const fn operator(&self) -> &Value<'a> {
        &self.operator
    }

    /// The keys; all must hold.
    #[must_use]
    pub fn entries(&self) -> &[ConditionEntry<'a>] {
        &self.entries
    }
}

/// One statement, complete for the type of its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    pub(super) index: Option<usize>,
    pub(super) span: Span,
    pub(super) sid: Option<Value<'a>>,
    pub(super) effect: Effect,
    pub(super) principals: Option<Principals<'a>>,
    pub(super) actions: Actions<'a>,
    pub(super) resources: Option<Resources<'a>>,
    pub(super) conditions: Vec<Condition<'a>>,
}

impl<'a> Statement<'a> {
    /// The number in the array of statements, from 0; `None` when `Statement` is no array.
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        self.index
    }

    /// Where the statement stands, braces included.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The `Sid`.
    #[must_use]
    pub const fn sid(&self) -> Option<&Value<'a>> {
        self.sid.as_ref()
    }

    /// The `Effect`.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// The principals: always there in the types that have them, never in the others.
    #[must_use]
    pub const fn principals(&self) -> Option<&Principals<'a>> {
        self.principals.as_ref()
    }

    /// The actions.
    #[must_use]
    pub const fn actions(&self) -> &Actions<'a> {
        &self.actions
    }

    /// The resources. `None` only in resource and trust policies: what the policy is attached to.
    #[must_use]
    pub const fn resources(&self) -> Option<&Resources<'a>> {
        self.resources.as_ref()
    }

    /// The conditions; all must hold.
    #[must_use]
    pub fn conditions(&self) -> &[Condition<'a>] {
        &self.conditions
    }

    /// The way to this statement.
    #[must_use]
    pub fn path(&self) -> Path {
        Path::root().element("Statement").maybe_index(self.index)
    }

    /// The way to the action pattern `nth`.
    #[must_use]
    pub fn action_path(&self, nth: usize) -> Path {
        self.actions
            .list()
            .path(self.path().element(self.actions.element()), nth)
    }

    /// The way to the resource pattern `nth`; to the statement when there are no resources.
    #[must_use]
    pub fn resource_path(&self, nth: usize) -> Path {
        match &self.resources {
            Some(resources) => resources
                .list()
                .path(self.path().key(resources.element()), nth),
            None => self.path(),
        }
    }

    /// The way to the value `nth` of the principal key `entry`; to the element itself when there is none.
    #[must_use]
    pub fn principal_path(&self, entry: usize, nth: usize) -> Path {
        let Some(principals) = &self.principals else {
            return self.path();
        };
        let element = self.path().key(principals.element());
        match principals.set() {
            PrincipalSet::Named(entries) => match entries.get(entry) {
                Some(entry) => entry.values.path(element.key(entry.kind.as_str()), nth),
                None => element,
            },
            PrincipalSet::Everyone(_) => element,
        }
    }

    /// The way to the value `nth` of the key `entry` of the operator `condition`; as far as these exist.
    #[must_use]
    pub fn condition_path(&self, condition: usize, entry: usize, nth: usize) -> Path {
        let element = self.path().key("Condition");
        let Some(condition) = self.conditions.get(condition) else {
            return element;
        };
        let operator = element.key(condition.operator.text());
        match condition.entries.get(entry) {
            Some(entry) => entry.values.path(operator.key(entry.key.text()), nth),
            None => operator,
        }
    }
}
