use crate::catalogue;
use crate::condition::{Clause, Context, ContextValue, Pattern, Test, variable};
use crate::document::{Document, Effect, PolicyType, Resources, Statement};
use crate::evaluate::principal::{Naming, PrincipalMatcher};
use crate::evaluate::{Principal, Request};
use crate::glob::{Glob, Syntax};

/// A document made ready for deciding requests.
#[derive(Debug, Clone)]
pub struct Ruleset {
    rules: Vec<Rule>,
    policy_type: PolicyType,
}

/// Two ways of reading what AWS's documents leave open; see [`ResourcePattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As documented: no wildcard matches the resource type of an ARN.
    Documented,
    /// Wildcards match anything.
    Plain,
}

/// A statement made ready.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) principals: Option<PrincipalMatcher>,
    pub(crate) not_actions: bool,
    pub(crate) actions: Vec<Glob>,
    pub(crate) resources: Option<ResourceMatcher>,
    pub(crate) clauses: Vec<Clause>,
}

#[derive(Debug, Clone)]
pub(crate) struct ResourceMatcher {
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<ResourcePattern>,
}

/// A pattern of resources.
///
/// `*` matches any characters, `/` included. Whether it matches `:` depends on where it stands.
/// AWS says that wildcards belong into the segments of an ARN, and that a `*` at the end of one
/// "can expand to match beyond the colon boundaries" (*IAM JSON policy elements: Resource*). So
/// in a pattern whose segments are those of an ARN, with a region and an account that
/// can be such, wildcards stay in the first five segments; in any other they match
/// colons, so that `arn:aws:logs:*:log-group:x` works. AWS's own proofs agree. The part of an ARN that names the
/// type of the resource takes no wildcard, says *IAM identifiers*: `…:*/12345` does not match
/// `…:instance/12345`. AWS's own policies rely on `…:security-group*/*` and on services whose
/// ARNs have no type there; so only a wildcard before something literal counts, and only
/// in services all of whose resources have a type.
#[derive(Debug, Clone)]
pub(crate) struct ResourcePattern {
    pub(crate) pattern: Pattern,
    /// Matches nothing as documented.
    pub(crate) wild_type: bool,
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
        asked: &Asked<'_>,
        missing: &mut Vec<String>,
    ) -> Option<(usize, Naming)> {
        let mut best: Option<(usize, Naming)> = None;
        for (nth, rule) in self.rules.iter().enumerate() {
            if rule.effect != effect {
                continue;
            }
            if let Some(naming) = rule.applies(asked, missing)
                && best.is_none_or(|(_, known)| naming > known)
            {
                best = Some((nth, naming));
                if effect == Effect::Deny || naming == Naming::Exact {
                    break;
                }
            }
        }
        best
    }

    /// Whether this document alone allows the request: one statement allows it and none denies.
    #[must_use]
    pub fn allows(&self, request: &Request) -> bool {
        let asked = Asked::new(request);
        let mut missing = Vec::new();
        self.find(Effect::Deny, &asked, &mut missing).is_none()
            && self.find(Effect::Allow, &asked, &mut missing).is_some()
    }

    /// The statement by which this document alone allows the request.
    pub(crate) fn allowing(&self, request: &Request) -> Option<usize> {
        let asked = Asked::new(request);
        let mut missing = Vec::new();
        if self.find(Effect::Deny, &asked, &mut missing).is_some() {
            return None;
        }
        self.find(Effect::Allow, &asked, &mut missing)
            .map(|(nth, _)| nth)
    }
}

/// A request with what has to be worked out once.
pub(super) struct Asked<'r> {
    action: String,
    resource: &'r str,
    principal: &'r Principal,
    context: &'r Context,
    /// The principal has a permissions boundary.
    pub(super) bounded: bool,
}

impl<'r> Asked<'r> {
    pub(super) fn new(request: &'r Request) -> Self {
        Self {
            action: request.action().to_ascii_lowercase(),
            resource: request.resource(),
            principal: request.principal(),
            context: request.context(),
            bounded: false,
        }
    }

    /// The same, with `*` for the resource when the action cannot be limited to resources.
    pub(super) fn as_catalogued(mut self) -> Self {
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
            principals: statement.principals().map(PrincipalMatcher::new),
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

    fn applies(&self, asked: &Asked<'_>, missing: &mut Vec<String>) -> Option<Naming> {
        let named = self.actions.iter().any(|glob| glob.matches(&asked.action));
        if named == self.not_actions {
            return None;
        }
        let naming = match &self.principals {
            None => Naming::Exact,
            // Documented: it denies whoever has a boundary, whatever it names.
            Some(matcher) if matcher.negated && asked.bounded && self.effect == Effect::Deny => {
                Naming::Everyone
            }
            Some(matcher) => matcher.naming(asked.principal)?,
        };
        if let Some(resources) = &self.resources
            && !resources.matches(asked.resource, asked.context, missing)
        {
            return None;
        }
        let mut all = true;
        for clause in &self.clauses {
            note_missing(clause, asked.context, missing);
            all &= clause.holds(asked.context);
        }
        all.then_some(naming)
    }
}

/// Adds the keys that the condition asks for and the request has not.
fn note_missing(clause: &Clause, context: &Context, missing: &mut Vec<String>) {
    let null = clause
        .operator()
        .is_some_and(|operator| operator.test() == Test::Null);
    if !null && context.get_lower(clause.key_lower()).is_none() {
        note(clause.key(), missing);
    }
    if clause.has_variables() {
        for name in clause.variables() {
            if variable(context, name).is_none() && name.default().is_none() {
                note(name.name(), missing);
            }
        }
    }
}

fn note(key: &str, missing: &mut Vec<String>) {
    if !missing.iter().any(|known| known.eq_ignore_ascii_case(key)) {
        missing.push(key.to_owned());
    }
}

impl ResourceMatcher {
    fn compile(resources: &Resources<'_>, variables: bool, policy_type: PolicyType) -> Self {
        let short = matches!(
            policy_type,
            PolicyType::Identity | PolicyType::Session | PolicyType::Boundary
        );
        let texts = resources.list().texts();
        Self {
            negated: resources.is_negated(),
            patterns: texts
                .map(|text| ResourcePattern::compile(text, variables, short))
                .collect(),
        }
    }

    fn matches(&self, resource: &str, context: &Context, missing: &mut Vec<String>) -> bool {
        for pattern in &self.patterns {
            let matched = if pattern.wild_type {
                Some(false)
            } else {
                pattern.pattern.matches(resource, context)
            };
            match matched {
                Some(true) => return !self.negated,
                Some(false) => {}
                None => {
                    let names = pattern
                        .pattern
                        .template()
                        .into_iter()
                        .flat_map(|t| t.variables());
                    for name in names {
                        if !matches!(context.get_lower(name.name()), Some(ContextValue::One(_))) {
                            note(name.name(), missing);
                        }
                    }
                    if self.negated {
                        return false;
                    }
                }
            }
        }
        self.negated
    }
}

impl ResourcePattern {
    pub(crate) fn compile(text: &str, variables: bool, short: bool) -> Self {
        let syntax = Syntax {
            wildcards: true,
            variables,
            fold: false,
        };
        let parts = arn_parts(text, variables);
        let aligned = is_aligned(&parts);
        let pattern = if short && text.starts_with("arn:") && parts.len() < 6 {
            Pattern::read(&format!("{text}*"), syntax)
        } else {
            Pattern::read(text, syntax)
        };
        let pattern = match pattern {
            Pattern::Fixed(glob) if aligned => Pattern::Fixed(glob.segmented()),
            Pattern::Variable(template) if aligned => Pattern::Variable(template.segmented()),
            pattern => pattern,
        };
        Self {
            pattern,
            wild_type: has_wild_type(&parts),
        }
    }
}

/// The parts of an ARN, cut at the first five colons that are in no variable.
fn arn_parts(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::with_capacity(6);
    let (mut from, mut depth) = (0, 0_u32);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if variables => depth += 1,
            b'}' if variables => depth = depth.saturating_sub(1),
            b':' if depth == 0 && parts.len() < 5 => {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

/// Whether the segments of a pattern stand where those of an ARN stand.
fn is_aligned(parts: &[&str]) -> bool {
    let ["arn", partition, service, region, account, _] = parts else {
        return false;
    };
    let plain = |part: &str| !part.contains("${");
    let region = region
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*?".contains(&b));
    let account = *account == "aws"
        || account
            .bytes()
            .all(|b| b.is_ascii_digit() || b"*?".contains(&b));
    plain(partition) && plain(service) && region && account
}

fn has_wild_type(parts: &[&str]) -> bool {
    let ["arn", _, service, _, _, resource] = parts else {
        return false;
    };
    let Some(end) = resource.find(['/', ':']) else {
        return false;
    };
    let (kind, rest) = resource.split_at(end);
    let literal = rest.bytes().any(|byte| !b"*?/:".contains(&byte));
    kind.contains(['*', '?']) && !kind.contains("${") && literal && all_have_types(service)
}

/// Whether the ARNs of all resources of a service begin with the name of a type.
fn all_have_types(service: &str) -> bool {
    let Some(service) = catalogue::service(service) else {
        return false;
    };
    let mut types = service.resource_types().peekable();
    types.peek().is_some()
        && types.all(|kind| {
            let mut parts = arn_parts(kind.arn(), true).into_iter();
            parts
                .nth(5)
                .is_some_and(|resource| !resource.starts_with("${"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        let pattern = ResourcePattern::compile(pattern, true, true);
        let matcher = ResourceMatcher {
            negated: false,
            patterns: vec![pattern],
        };
        let context = Context::new().with("aws:username", "bob");
        matcher.matches(resource, &context, &mut Vec::new())
    }

    #[test]
    fn patterns_of_arns() {
        let instance = "arn:aws:ec2:eu-west-1:123456789012:instance/12345";
        for pattern in [
            "*",
            "arn:aws:ec2:*",
            "arn:aws:ec2",
            "arn:aws:ec2:*:*:*",
            "arn:*:ec2:*:*:instance/*",
            "arn:aws:ec2:*:*:*/*",
        ] {
            assert!(matches(pattern, instance), "{pattern}");
        }
        for pattern in [
            "arn:aws:ec2:*:*:*/12345",
            "arn:aws:ec2:*:*:inst*/12345",
            "arn:aws:sqs",
        ] {
            assert!(!matches(pattern, instance), "{pattern}");
        }
        assert!(matches("arn:aws:s3:::*/logs", "arn:aws:s3:::bucket/logs"));
        assert!(matches(
            "arn:aws:s3:::home/${aws:username}/*",
            "arn:aws:s3:::home/bob/x"
        ));
        assert!(!matches(
            "arn:aws:s3:::home/${aws:userid}/*",
            "arn:aws:s3:::home/bob/x"
        ));
        assert!(!matches("arn:aws:s3:::*", "*") && matches("*", "*"));
    }
}
