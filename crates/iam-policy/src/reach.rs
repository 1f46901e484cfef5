//! What a request for an action can be about: the resources and the condition keys that it can have,
//! as far as the catalogue says.

use crate::catalogue::{self, Action, ConditionKey, Service, wildcard};
use crate::condition::{Clause, Quantifier, Test};
use crate::evaluate::in_full;
use crate::glob::{Budget, Glob, common};

/// Steps that one question about a pattern may take; what is not answered then is taken for possible.
const STEPS: u64 = 2_000;

/// Variables at the end of a form that hold no `/`, although no other type of the service shows it.
const WITHOUT_SLASH: [(&str, &str); 6] = [
    ("kms", "${KeyId}"),
    ("kinesis", "${StreamName}"),
    ("lambda", "${FunctionName}"),
    ("sns", "${TopicName}"),
    ("sqs", "${QueueName}"),
    ("states", "${StateMachineName}"),
];

/// Services whose names hold no `:` either: what goes on after one is another kind of thing, such as a
/// subscription to a topic.
const WITHOUT_COLON: [&str; 4] = ["kinesis", "kms", "sns", "sqs"];

/// Services some of whose resources belong to AWS, in ARNs without account, as no form says.
const OWNERLESS: [&str; 2] = ["ssm", "cloudformation"];

/// More actions than are looked at for one pattern: services have more, which are of all kinds then.
const MOST_ACTIONS: usize = 40;

/// The actions of one service that a pattern stands for; `None` when there is none, or there are too many to
/// look at.
pub(crate) fn actions_of(pattern: &str) -> Option<Vec<Action>> {
    let (prefix, _) = pattern.split_once(':')?;
    if wildcard::has_wildcard(prefix) {
        return None;
    }
    let found: Vec<Action> = catalogue::actions_matching(pattern)
        .take(MOST_ACTIONS + 1)
        .collect();
    (1..=MOST_ACTIONS).contains(&found.len()).then_some(found)
}

/// Whether a request for the action can be about a resource that a pattern of a policy matches.
pub(crate) fn may_reach(action: Action, pattern: &str) -> bool {
    let everything = !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    let variable = wildcard::has_variable(pattern);
    if everything || variable && !action.has_resource_types() {
        return true;
    }
    if !action.has_resource_types() {
        return false;
    }
    let pattern = in_full(pattern, true);
    let pattern = if variable {
        wildcard::with_variables_as("*", &pattern)
    } else {
        pattern.into_owned()
    };
    let service = action.service();
    let forms = || service.resource_types().map(|kind| kind.arn());
    let mut kinds = action.resource_types();
    let reached = kinds.any(|(kind, _)| {
        let form = kind.arn();
        overlaps(&pattern, form)
            && !goes_on(service.prefix(), &pattern, form, forms())
            && !has_empty_name(&pattern, form)
    });
    reached || is_of_unknown_type(service, &pattern) && !lacks_separator(action, &pattern)
}

/// Whether a pattern names a type that the action can be used on without what stands behind it:
/// `parameterapp/db` where every parameter is `parameter/…`. A type of a longer name has a hyphen there.
fn lacks_separator(action: Action, pattern: &str) -> bool {
    let resource = |arn| str::splitn(arn, 6, ':').nth(5);
    let Some(named) = resource(pattern) else {
        return false;
    };
    action.resource_types().any(|(kind, _)| {
        let form = resource(kind.arn()).unwrap_or_default();
        let of_kind = form.find(['/', ':']).and_then(|end| form.get(..end));
        let of_kind = of_kind.filter(|of_kind| !of_kind.is_empty() && !of_kind.contains("${"));
        let rest = of_kind.and_then(|of_kind| named.strip_prefix(of_kind));
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric()))
    })
}

/// Whether a pattern names a type of resources of the service that the catalogue lacks: nobody knows then
/// what can be used on it.
pub(crate) fn is_of_unknown_type(service: &'static Service, pattern: &str) -> bool {
    let mut parts = pattern.splitn(6, ':');
    let (Some("arn"), Some(_), Some(of_service), Some(region), Some(account), Some(resource)) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return false;
    };
    let end = resource.find(['/', ':']).filter(|end| *end > 0);
    let Some(kind) = end.and_then(|end| resource.get(..end)) else {
        return false;
    };
    let fields = |form: &'static str| {
        let mut fields = form.splitn(6, ':').skip(2);
        let of_service = fields.next().filter(|of| wildcard::matches(of_service, of));
        of_service.and(Some((fields.next()?, fields.next()?, fields.next()?)))
    };
    let forms = |service: &'static Service| {
        let forms = service.resource_types().map(|kind| kind.arn());
        forms.filter_map(fields)
    };
    // A name may be anything where the form has nothing before it.
    let has = |field: &str, of_form: &str| field == "*" || field.is_empty() == of_form.is_empty();
    let known = |(in_region, in_account, form): (&str, &str, &str)| {
        let of_kind = form.split(['/', ':']).next().unwrap_or_default();
        match of_kind.contains("${") {
            true => has(region, in_region) && has(account, in_account),
            false => wildcard::matches(kind, of_kind),
        }
    };
    let other = catalogue::service(of_service).into_iter().flat_map(forms);
    forms(service).next().is_some() && !forms(service).chain(other).any(known)
}

/// Whether pattern and form have an ARN in common, with a text in the place of each variable.
fn overlaps(pattern: &str, form: &str) -> bool {
    let mut open = String::with_capacity(form.len());
    for (nth, part) in form.splitn(6, ':').enumerate() {
        if nth > 0 {
            open.push(':');
        }
        let service = pattern.split(':').nth(2).unwrap_or_default();
        let ownerless = nth == 4 && OWNERLESS.contains(&service);
        let any = if ownerless { "*" } else { "?*" };
        open.push_str(&wildcard::with_variables_as(any, part));
    }
    let (one, other) = (Glob::new(pattern), Glob::new(&open).segmented());
    let plainly = one.plainly_meets(&other);
    plainly.unwrap_or_else(|| {
        let found = common(&one, &other, &mut Budget::of(STEPS));
        found.map_or(true, |word| word.is_some())
    })
}

/// Whether the pattern has more `/`, or more `:`, than a resource of this form: it names one of a more
/// specific type, or none at all.
fn goes_on<'f>(
    service: &str,
    pattern: &str,
    form: &str,
    mut forms: impl Iterator<Item = &'f str>,
) -> bool {
    let resource = |arn: &str| arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
    let count = |text: &str, separator| text.matches(separator).count();
    let plain = pattern
        .splitn(6, ':')
        .take(5)
        .all(|part| !part.contains('*'))
        || pattern.splitn(6, ':').count() == 6;
    let more = |separator| count(&resource(pattern), separator) > count(&resource(form), separator);
    if plain && WITHOUT_COLON.contains(&service) && more(':') {
        return true;
    }
    let mut last_is_name = || {
        WITHOUT_SLASH
            .iter()
            .any(|(known, end)| *known == service && form.ends_with(end))
            || form.ends_with('}')
                && forms.any(|other| {
                    let rest = other.strip_prefix(form);
                    rest.is_some_and(|rest| rest.starts_with('/'))
                })
    };
    plain && more('/') && last_is_name()
}

/// Whether the pattern begins a name with `/` where the form says that names begin otherwise.
fn has_empty_name(pattern: &str, form: &str) -> bool {
    const NAMES: [&str; 2] = ["WithoutLeadingSlash}", "WithPath}"];
    if !NAMES.iter().any(|name| form.ends_with(name)) {
        return false;
    }
    let Some((before, _)) = form.rsplit_once("${") else {
        return false;
    };
    let kind = before.rsplit(':').next().unwrap_or_default();
    let resource = pattern.splitn(6, ':').nth(5).unwrap_or_default();
    !kind.is_empty()
        && resource
            .strip_prefix(kind)
            .is_some_and(|name| name.starts_with('/'))
}

/// Whether a secret is named without the characters that Secrets Manager puts at the end of every
/// name: no ARN is like that.
pub(crate) fn is_incomplete_secret(pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let ["arn", _, "secretsmanager", _, _, resource] = parts.as_slice() else {
        return false;
    };
    let Some(name) = resource.strip_prefix("secret:") else {
        return false;
    };
    let whole = || {
        let (_, end) = name.rsplit_once('-')?;
        Some(end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    !wildcard::has_wildcard(name) && !wildcard::has_variable(name) && whole() != Some(true)
}

/// Whether requests for the action never have the key of a condition that needs it.
pub(crate) fn never_holds(action: Action, clause: &Clause) -> bool {
    needs_key(clause) && never_has(action, clause.key())
}

/// Whether a condition surely cannot hold when its key is missing.
fn needs_key(clause: &Clause) -> bool {
    let operator = clause.operator().filter(|_| clause.is_certain());
    operator.is_some_and(|operator| {
        let null = operator.test() == Test::Null;
        let present = || {
            clause
                .texts()
                .all(|text| text.eq_ignore_ascii_case("false"))
        };
        match operator.quantifier() {
            Some(Quantifier::Any) => true,
            Some(Quantifier::All) => false,
            None if null => present(),
            None => !operator.is_negated() && !operator.if_exists(),
        }
    })
}

/// Keys that tell of the caller and not of the call, whatever the action.
const OF_CALLER: [&str; 3] = [
    "ec2:rolesdelivery",
    "ec2:sourceinstancearn",
    "kms:viaservice",
];

/// Whether the key is one of the action's own service that other actions have and this one has not.
/// Of keys of tags the catalogue does not know all, so these are left out.
fn never_has(action: Action, key: &str) -> bool {
    let Some((prefix, _)) = key.split_once(':') else {
        return false;
    };
    let of_caller = OF_CALLER
        .iter()
        .any(|known| known.eq_ignore_ascii_case(key));
    if of_caller || key.contains('/') {
        return false;
    }
    let own = prefix.eq_ignore_ascii_case(action.service().prefix());
    let known = || {
        let service = catalogue::service(prefix)?;
        service.condition_key(key)
    };
    own && known().is_some() && !has_key(action, |own| own.covers(key))
}

/// Whether requests for the action have a key like this, by themselves or by what they are about.
pub(crate) fn has_key(action: Action, like: impl Fn(&ConditionKey) -> bool) -> bool {
    let mut kinds = action.resource_types();
    action.condition_keys().any(|key| like(&key))
        || kinds.any(|(kind, _)| kind.condition_keys().any(|key| like(&key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_reach_resources_of_their_types() {
        for (action, pattern, expected) in [
            ("s3:ListBucket", "arn:aws:s3:::logs", true),
            ("s3:ListBucket", "arn:aws:s3:::logs*", true),
            ("s3:ListBucket", "arn:aws:s3:::*", true),
            ("s3:ListBucket", "arn:aws:s3:::logs/*", false),
            ("s3:ListBucket", "arn:aws:s3:::*/a", false),
            ("s3:PutObject", "arn:aws:s3:::logs/*", true),
            ("s3:PutObject", "arn:aws:s3:::logs*", true),
            ("s3:PutObject", "arn:aws:s3:::logs", false),
            ("dynamodb:PutItem", "arn:aws:dynamodb:r:1:table/t", true),
            (
                "dynamodb:PutItem",
                "arn:aws:dynamodb:r:1:table/t/index/i",
                false,
            ),
            ("dynamodb:PutItem", "arn:aws:dynamodb:r:1:table:t", false),
            ("dynamodb:PutItem", "arn:aws:dynamodb:r:1:table//t", false),
            (
                "dynamodb:Query",
                "arn:aws:dynamodb:r:1:table/t/index/i",
                true,
            ),
            ("sqs:SendMessage", "arn:aws:sqs:r:1:q", true),
            ("sqs:SendMessage", "arn:aws:sqs:r:1:a/q", false),
            ("sqs:SendMessage", "arn:aws:sqs:r:1:q:a", false),
            ("sns:Publish", "arn:aws:sns:r:1:t", true),
            ("sns:Publish", "arn:aws:sns:r:1:t:0a-1b", false),
            ("sns:Publish", "arn:aws:sns:r:1:*:0a-1b", false),
            ("sqs:SendMessage", "arn:aws:sqs:r::q", false),
            ("sqs:SendMessage", "arn:aws:sqs::1:q", false),
            ("sqs:SendMessage", "arn:aws:sqs", true),
            ("ssm:GetParameters", "arn:aws:ssm:r:1:parameter/a/b", true),
            ("ssm:GetParameters", "arn:aws:ssm:r::parameter/aws/x", true),
            ("ssm:GetParameters", "arn:aws:ssm:r:1:parameter//a/b", false),
            ("ssm:GetParameters", "arn:aws:ssm:r:1:parametera/b", false),
            (
                "ssm:GetParameters",
                "arn:aws:ssm:r:1:parameter-sets/b",
                true,
            ),
            (
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:r:1:secreta/b-Ab12cd",
                false,
            ),
            ("iam:GetRole", "arn:aws:iam::1:role/a/b", true),
            ("iam:GetRole", "arn:aws:iam::1:user/a", false),
            ("ec2:DescribeVpcs", "arn:aws:ec2:r:1:vpc/*", false),
            ("ec2:DescribeVpcs", "*", true),
            ("sqs:SendMessage", "arn:aws:sqs:r:1:${aws:username}", true),
            ("s3:ListBucket", "arn:aws:s3:::${aws:username}", true),
            ("s3:ListBucket", "arn:aws:s3:::home/${aws:username}", false),
            (
                "s3:PutObject",
                "arn:aws:s3:::home/${aws:username, 'x'}/*",
                true,
            ),
            (
                "iam:GetRole",
                "arn:aws:iam::${aws:PrincipalAccount}:role/a",
                true,
            ),
            ("ec2:DescribeVpcs", "${aws:PrincipalTag/arn}", true),
            ("s3:ListBucket", "${aws:PrincipalTag/arn}", true),
        ] {
            let known = catalogue::action(action).unwrap();
            assert_eq!(may_reach(known, pattern), expected, "{action} {pattern}");
        }
    }

    #[test]
    fn names_of_secrets_have_an_end() {
        let secret =
            |name: &str| is_incomplete_secret(&format!("arn:aws:secretsmanager:r:1:secret:{name}"));
        assert!(secret("db") && secret("my-database"));
        assert!(!secret("db-a1B2c3") && !secret("db*") && !secret("db-??????"));
    }

    #[test]
    fn conditions_need_keys_that_requests_have() {
        let never = |action: &str, operator: &str, key: &str, value: &str| {
            let clause = Clause::new(operator, key, [value], true);
            never_holds(catalogue::action(action).unwrap(), &clause)
        };
        assert!(never("s3:PutObject", "StringLike", "s3:prefix", "a/*"));
        assert!(never("s3:PutObject", "Null", "S3:Prefix", "false"));
        assert!(!never(
            "s3:PutObject",
            "StringLikeIfExists",
            "s3:prefix",
            "a/*"
        ));
        assert!(!never("s3:PutObject", "StringNotLike", "s3:prefix", "a/*"));
        assert!(!never("s3:ListBucket", "StringLike", "s3:prefix", "a/*"));
        // AWS calls a list without values one without effect.
        let empty = Clause::new("StringEquals", "s3:prefix", [], true);
        assert!(!never_holds(
            catalogue::action("s3:PutObject").unwrap(),
            &empty
        ));
        assert!(!never("s3:PutObject", "NumericEquals", "s3:prefix", "ten"));
        assert!(!never(
            "s3:PutObject",
            "StringEquals",
            "aws:PrincipalTag/a",
            "b"
        ));
    }
}
