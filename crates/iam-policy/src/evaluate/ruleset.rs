use crate::catalogue;
use crate::condition::{Clause, Context};
use crate::document::{Document, Effect, PolicyType, Principals, Statement};
use crate::evaluate::missing_keys::note_missing;
use crate::evaluate::principal_matcher::{PrincipalMatch, PrincipalMatcher};
use crate::evaluate::{Request, RequestPrincipal, ResourceMatcher};
use crate::glob::Glob;

/// A document made ready for deciding requests.
#[derive(Debug, Clone)]
pub struct Ruleset {
    rules: Vec<Rule>,
    policy_type: PolicyType,
}

/// How statements are read where they can be read in more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether wildcards match the resource type of an ARN, against what is documented; see
    /// [`super::ResourcePattern`].
    pub(crate) wild_types: bool,
    /// Whether the principals in question have permissions boundaries.
    pub(crate) boundary: bool,
}

impl Reading {
    /// As documented, for principals without permissions boundaries.
    pub(crate) const DOCUMENTED: Self = Self {
        wild_types: false,
        boundary: false,
    };
}

/// A statement made ready.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) principals: Option<PrincipalMatcher>,
    /// Whether it is about everybody who has a permissions boundary, whomever it names:
    /// documented for `Deny` with `NotPrincipal`.
    pub(crate) all_with_boundary: bool,
    pub(crate) not_actions: bool,
    pub(crate) actions: Vec<Glob>,
    pub(crate) resources: Option<ResourceMatcher>,
    pub(crate) clauses: Vec<Clause>,
}

impl Ruleset {
    /// Makes a document ready.
    #[must_use]
    pub fn compile(document: &Document<'_>) -> Self {
        let variables = document.version().has_variables();
        let policy_type = document.policy_type();
        let rules = document.statements().iter();
        Self {
            rules: rules
                .map(|statement| Rule::compile(statement, variables, policy_type))
                .collect(),
            policy_type,
        }
    }

    /// The statements that deny, as if they allowed.
    pub(crate) fn denials(&self) -> Self {
        let denials = self.rules.iter().filter(|rule| rule.effect == Effect::Deny);
        let allowed = denials.map(|rule| Rule {
            effect: Effect::Allow,
            ..rule.clone()
        });
        Self {
            rules: allowed.collect(),
            policy_type: self.policy_type,
        }
    }

    /// These statements as a document.
    pub(crate) const fn of(rules: Vec<Rule>, policy_type: PolicyType) -> Self {
        Self { rules, policy_type }
    }

    /// What the document was read as.
    #[must_use]
    pub const fn policy_type(&self) -> PolicyType {
        self.policy_type
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first statement with this effect that is about the request, and how it names
    /// the principal. Keys that were asked for and are missing are added to `missing`.
    pub(super) fn find(
        &self,
        effect: Effect,
        prepared: &PreparedRequest<'_>,
        missing: &mut Vec<String>,
    ) -> Option<(usize, PrincipalMatch)> {
        let mut best: Option<(usize, PrincipalMatch)> = None;
        for (nth, rule) in self.rules.iter().enumerate() {
            if rule.effect != effect {
                continue;
            }
            if let Some(matched) = rule.applies(prepared, missing)
                && best.is_none_or(|(_, known)| matched > known)
            {
                best = Some((nth, matched));
                if effect == Effect::Deny || matched == PrincipalMatch::Exact {
                    break;
                }
            }
        }
        best
    }

    /// Whether this document alone allows the request: one statement allows it and none denies.
    #[must_use]
    pub fn allows(&self, request: &Request) -> bool {
        self.allowing(request).is_some()
    }

    /// The statement by which this document alone allows the request.
    pub(crate) fn allowing(&self, request: &Request) -> Option<usize> {
        let prepared = PreparedRequest::new(request);
        let mut missing = Vec::new();
        if request.is_oversized() || self.find(Effect::Deny, &prepared, &mut missing).is_some() {
            return None;
        }
        self.find(Effect::Allow, &prepared, &mut missing)
            .map(|(nth, _)| nth)
    }
}

/// A request with what has to be worked out once.
pub(super) struct PreparedRequest<'r> {
    action: String,
    resource: &'r str,
    principal: &'r RequestPrincipal,
    federated_by: Option<&'r RequestPrincipal>,
    context: &'r Context,
    /// The principal has a permissions boundary.
    pub(super) has_boundary: bool,
}

impl<'r> PreparedRequest<'r> {
    pub(super) fn new(request: &'r Request) -> Self {
        Self {
            action: request.action().to_ascii_lowercase(),
            resource: request.resource(),
            principal: request.principal(),
            federated_by: request.federating_user(),
            context: request.context(),
            has_boundary: request.has_boundary() && request.principal().may_have_boundary(),
        }
    }

    /// The same, with `*` for the resource when the action cannot be limited to resources.
    pub(super) fn with_star_resource(mut self) -> Self {
        let known = self
            .action
            .split_once(':')
            .and_then(|(service, name)| catalogue::service(service)?.action(name));
        if known.is_some_and(|action| !action.has_resource_types()) {
            self.resource = "*";
        }
        self
    }

    pub(super) fn action(&self) -> &str {
        &self.action
    }

    pub(super) const fn resource(&self) -> &str {
        self.resource
    }
}

impl Rule {
    fn compile(statement: &Statement<'_>, variables: bool, policy_type: PolicyType) -> Self {
        Self {
            sid: statement.sid().map(|sid| sid.text().into()),
            effect: statement.effect(),
            principals: statement
                .principals()
                .map(|principals| PrincipalMatcher::new(principals, statement.effect())),
            all_with_boundary: statement.effect() == Effect::Deny
                && statement.principals().is_some_and(Principals::is_negated),
            not_actions: statement.actions().is_negated(),
            actions: statement
                .actions()
                .list()
                .texts()
                .map(Glob::lowercase)
                .collect(),
            resources: statement
                .resources()
                .map(|resources| ResourceMatcher::compile(resources, variables, policy_type)),
            clauses: Clause::read(statement, variables),
        }
    }

    fn applies(
        &self,
        prepared: &PreparedRequest<'_>,
        missing: &mut Vec<String>,
    ) -> Option<PrincipalMatch> {
        let named = self
            .actions
            .iter()
            .any(|glob| glob.matches(&prepared.action));
        if named == self.not_actions {
            return None;
        }
        let matched = match &self.principals {
            None => PrincipalMatch::Exact,
            Some(_) if self.all_with_boundary && prepared.has_boundary => PrincipalMatch::Everyone,
            Some(matcher) => matcher.match_request(prepared.principal, prepared.federated_by)?,
        };
        if let Some(resources) = &self.resources
            && !resources.matches(self.effect, prepared.resource, prepared.context, missing)
        {
            return None;
        }
        let mut all = true;
        for clause in &self.clauses {
            note_missing(clause, prepared.context, missing);
            all &= clause.holds(prepared.context);
        }
        all.then_some(matched)
    }
}
