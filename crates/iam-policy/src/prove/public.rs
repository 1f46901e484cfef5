use std::collections::{BTreeSet, HashSet};

use crate::condition::{Clause, Context, KeyValue, Test};
use crate::document::{Effect, PrincipalKind};
use crate::evaluate::{PrincipalMatcher, Reading, Rule, Ruleset};
use crate::glob::{Budget, Glob};
use crate::prove::prover::{Prover, Question};
use crate::prove::statement::{StatementProduct, StatementSet};
use crate::prove::{CheckResult, in_all_readings};

/// What strangers have for keys that they cannot choose, as a condition: AWS sets these, and
/// they tell who asks or from where. Any other key is taken to be under their control.
const STRANGERS: [(&str, &str, &str); 16] = [
    (
        "aws:principalaccount",
        "StringEqualsIfExists",
        "999999999999",
    ),
    (
        "aws:principalarn",
        "ArnLikeIfExists",
        "arn:aws:iam::999999999999:*",
    ),
    ("aws:principalorgid", "StringEqualsIfExists", "o-stranger99"),
    (
        "aws:principalorgpaths",
        "ForAllValues:StringEquals",
        "o-stranger99/r-st99/ou-st99-stranger/",
    ),
    ("aws:principalisawsservice", "BoolIfExists", "false"),
    ("aws:principalservicename", "Null", "true"),
    ("aws:sourceaccount", "StringEqualsIfExists", "999999999999"),
    (
        "aws:sourcearn",
        "ArnLikeIfExists",
        "arn:*:*:*:999999999999:*",
    ),
    ("aws:sourceorgid", "StringEqualsIfExists", "o-stranger99"),
    (
        "aws:sourceorgpaths",
        "ForAllValues:StringEquals",
        "o-stranger99/r-st99/ou-st99-stranger/",
    ),
    (
        "aws:sourcevpc",
        "StringEqualsIfExists",
        "vpc-99999999999999999",
    ),
    (
        "aws:sourcevpce",
        "StringEqualsIfExists",
        "vpce-99999999999999999",
    ),
    ("aws:userid", "StringEqualsIfExists", "AIDASTRANGER99999999"),
    ("aws:username", "StringEqualsIfExists", "somebody"),
    ("kms:calleraccount", "StringEqualsIfExists", "999999999999"),
    (
        "s3:dataaccesspointaccount",
        "StringEqualsIfExists",
        "999999999999",
    ),
];

/// Who else is a stranger: somebody not signed in, and services and providers nobody named.
const EVERYBODY: [&str; 3] = [
    "*",
    "Service:unnamed.amazonaws.com",
    "Federated:unnamed.example",
];

/// Identity providers that anybody can sign in with; who must be told by a condition.
const SHARED_PROVIDERS: [&str; 8] = [
    "accounts.google.com",
    "app.terraform.io",
    "cognito-identity.amazonaws.com",
    "gitlab.com",
    "graph.facebook.com",
    "oidc.circleci.com",
    "token.actions.githubusercontent.com",
    "www.amazon.com",
];

/// Whether the policy of a resource, or the trust policy of a role, lets no stranger in:
/// nobody of an unknown account, nobody who is not signed in, and nobody by way of an identity
/// provider that is open to all.
///
/// Conditions on keys that tell who asks or from where count as a limit when a stranger does
/// not fulfil them; a range of addresses counts when it is not most of the internet.
/// Policies without principals let nobody in by themselves and pass.
#[must_use]
pub fn check_no_public_access(policy: &Ruleset) -> CheckResult {
    check_no_public_access_within(policy, &mut Budget::default())
}

/// [`check_no_public_access`] with a budget of its own.
#[must_use]
pub fn check_no_public_access_within(policy: &Ruleset, budget: &mut Budget) -> CheckResult {
    if !policy.policy_type().has_principal() {
        return CheckResult::Pass;
    }
    let Some(strangers) = strangers(policy) else {
        return CheckResult::Undecided { statement: None };
    };
    in_all_readings(&[policy], |reading| {
        let mut question = Question::new(policy, reading, &|_| true).with_several_values(&[policy]);
        question
            .allows
            .retain(|product| !product.rule.clauses.iter().any(is_narrow_address));
        let products = strangers.iter().enumerate();
        let products = products
            .map(|(nth, rule)| StatementProduct::new(nth, rule, Reading::DOCUMENTED))
            .collect();
        Prover::new(&question, budget).nothing_of(&StatementSet::new(products))
    })
}

/// More providers, or keys that strangers have values for, than any policy within the quotas names.
const MOST_NAMED: usize = 400;

/// The requests of strangers, as statements; `None` when the policy names too many providers or keys.
fn strangers(policy: &Ruleset) -> Option<Vec<Rule>> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut keys: HashSet<&str> = HashSet::new();
    let mut providers: BTreeSet<Box<str>> = BTreeSet::new();
    for rule in policy.rules() {
        for clause in &rule.clauses {
            if keys.contains(clause.key_lower()) {
                continue;
            }
            let known = STRANGERS
                .iter()
                .find(|(key, _, _)| *key == clause.key_lower());
            if let Some((key, operator, value)) = known {
                clauses.push(Clause::new(operator, key, [*value], false));
            } else if is_claim(clause.key_lower()) {
                let operator = "StringEqualsIfExists";
                clauses.push(Clause::new(operator, clause.key(), ["stranger"], false));
            } else {
                continue;
            }
            keys.insert(clause.key_lower());
        }
        for glob in rule.principals.iter().flat_map(|matcher| &matcher.patterns) {
            let name = glob
                .as_literal()
                .and_then(|word| word.strip_prefix("Federated:"));
            providers.extend(name.filter(|name| is_shared(name)).map(Into::into));
        }
    }
    if clauses.len() > MOST_NAMED || providers.len() > MOST_NAMED {
        return None;
    }
    let kinds = [(
        PrincipalKind::Aws,
        "arn:aws:iam::999999999999:user/somebody".into(),
    )];
    let providers = providers
        .into_iter()
        .map(|name| (PrincipalKind::Federated, name));
    let words = kinds
        .into_iter()
        .chain(providers)
        .map(|(kind, name): (_, Box<str>)| format!("{}:{name}", kind.as_str()))
        .chain(EVERYBODY.map(str::to_owned));
    let rules = words.map(|word| Rule {
        sid: None,
        effect: Effect::Deny,
        principals: Some(PrincipalMatcher::only(Glob::literal(&word))),
        all_with_boundary: false,
        not_actions: true,
        actions: Vec::new(),
        resources: None,
        clauses: clauses.clone(),
    });
    Some(rules.collect())
}

/// Keys by which identity providers tell who somebody is.
fn is_claim(key: &str) -> bool {
    SHARED_PROVIDERS.iter().any(|provider| {
        key.strip_prefix(provider)
            .is_some_and(|k| k.starts_with(':'))
    })
}

fn is_shared(name: &str) -> bool {
    let host = name
        .split_once(":oidc-provider/")
        .map_or(name, |(_, host)| host);
    SHARED_PROVIDERS.contains(&host)
}

/// Whether the condition leaves no two addresses far apart.
fn is_narrow_address(clause: &Clause) -> bool {
    let ip = clause
        .operator()
        .is_some_and(|operator| operator.test() == Test::Ip);
    let holds = |address| clause.holds_for(KeyValue::One(address), &Context::new());
    let wide =
        (holds("1.1.1.1") && holds("200.200.200.200")) || (holds("2001::1") && holds("2600::1"));
    ip && clause.key_lower() == "aws:sourceip" && !wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, PolicyType};

    fn is_closed(rest: &str) -> bool {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*",{rest}}}]}}"#
        );
        let document = Document::parse(&text, PolicyType::Resource).unwrap();
        check_no_public_access(&Ruleset::compile(&document)).is_pass()
    }

    #[test]
    fn strangers_come_in_only_where_nothing_keeps_them_out() {
        for closed in [
            r#""Principal":{"AWS":"111111111111"}"#,
            r#""Principal":{"Service":"logs.amazonaws.com"}"#,
            r#""Principal":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
            r#""Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#,
            r#""Principal":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}}"#,
            r#""Principal":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#,
            r#""Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},
               "Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:us/*"}}"#,
        ] {
            assert!(is_closed(closed), "{closed}");
        }
        for open in [
            r#""Principal":"*""#,
            r#""Principal":{"AWS":"*"}"#,
            r#""Principal":{"Service":"*"}"#,
            r#""Principal":{"Federated":"*"}"#,
            r#""NotPrincipal":{"AWS":"111111111111"}"#,
            r#""Principal":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
            r#""Principal":"*","Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}"#,
            r#""Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#,
            r#""Principal":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#,
            r#""Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"}"#,
        ] {
            assert!(!is_closed(open), "{open}");
        }
    }
}
