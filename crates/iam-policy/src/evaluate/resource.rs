use std::borrow::Cow;

use crate::catalogue;
use crate::condition::{Context, Pattern, variable};
use crate::document::{Effect, PolicyType, Resources};
use crate::evaluate::missing_keys::note;
use crate::glob::Syntax;

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

impl ResourceMatcher {
    pub(super) fn compile(
        resources: &Resources<'_>,
        variables: bool,
        policy_type: PolicyType,
    ) -> Self {
        let short = has_short_arns(policy_type);
        let texts = resources.list().texts();
        Self {
            negated: resources.is_negated(),
            patterns: texts
                .map(|text| ResourcePattern::compile(text, variables, short))
                .collect(),
        }
    }

    /// Whether a statement of this effect is about the resource. A variable without value matches
    /// nothing: with `NotResource` a `Deny` then is about everything that the other patterns
    /// leave. An `Allow` is about nothing then: the documents leave that open, and the narrower
    /// reading is the safe one.
    pub(super) fn matches(
        &self,
        effect: Effect,
        resource: &str,
        context: &Context,
        missing: &mut Vec<String>,
    ) -> bool {
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
                        if variable(context, name).is_none() && name.default().is_none() {
                            note(name.name(), missing);
                        }
                    }
                    if self.negated && effect == Effect::Allow {
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
        let pattern = if short {
            Pattern::read(&in_full(text, variables), syntax)
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

/// Whether an ARN that is cut short stands for everything behind it in policies of this type.
pub(crate) const fn has_short_arns(policy_type: PolicyType) -> bool {
    matches!(
        policy_type,
        PolicyType::Identity | PolicyType::Session | PolicyType::Boundary
    )
}

/// A resource of a policy with short ARNs, as it is meant: `arn:aws:s3` is `arn:aws:s3*`.
pub(crate) fn in_full(text: &str, variables: bool) -> Cow<'_, str> {
    if text.starts_with("arn:") && arn_parts(text, variables).len() < 6 {
        Cow::Owned(format!("{text}*"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The parts of an ARN, cut at the first five colons that are in no variable.
pub(super) fn arn_parts(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::with_capacity(6);
    let (mut from, mut inside, mut before) = (0, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if variables && before == b'$' => inside = true,
            b'}' => inside = false,
            b':' if !inside && parts.len() < 5 => {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
        before = byte;
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

/// Whether the segments of a pattern stand where those of an ARN stand.
pub(super) fn is_aligned(parts: &[&str]) -> bool {
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
        matcher.matches(Effect::Allow, resource, &context, &mut Vec::new())
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
