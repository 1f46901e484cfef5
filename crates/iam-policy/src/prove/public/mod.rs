//! Whether a policy lets strangers in.
//!
//! After *The meaning of "public"* (Amazon S3 User Guide) and Access Analyzer's check for public
//! access: access is limited only by fixed values of keys that AWS sets and that tell whose the
//! request is or where it comes from. So a stranger is anybody with any values but those: for
//! every such key the fixed values that the policy names are taken away, and the proof is asked
//! whether anything of what is left is allowed.

mod keys;
mod providers;

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::Clause;
use crate::document::{Effect, PrincipalKind};
use crate::evaluate::{PrincipalMatcher, Reading, Rule, Ruleset};
use crate::glob::{Budget, Glob};
use crate::prove::prover::{Prover, Question};
use crate::prove::statement::{StatementProduct, StatementSet};
use crate::prove::{CheckResult, in_all_readings};
use keys::Limit;

pub(crate) use providers::is_shared as is_shared_provider;

/// Strangers of all kinds: a user of an account nobody named, somebody who is not signed in, and
/// services, providers and users nobody named.
const EVERYBODY: [&str; 5] = [
    "AWS:arn:aws:iam::999999999999:user/somebody",
    "*",
    "Service:unnamed.amazonaws.com",
    "Federated:unnamed.example",
    "CanonicalUser:unnamed",
];

/// More providers, or keys, than any policy within the quotas names.
const MOST_NAMED: usize = 400;

/// Whether the policy of a resource, or the trust policy of a role, lets no stranger in:
/// nobody of an unknown account, nobody who is not signed in, and nobody by way of an identity
/// provider that is open to all.
///
/// A condition is a limit when strangers cannot fulfil it: fixed values of keys that tell who asks
/// or from where, no addresses wider than `/8` (`/32` in version 6), and of providers open to all the
/// claims that name an organisation or an application. Policies without principals let nobody in
/// by themselves and pass.
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
        let question = Question::new(policy, reading, &|_| true).with_several_values(&[policy]);
        let products = strangers.iter().enumerate();
        let products = products
            .map(|(nth, rule)| StatementProduct::new(nth, rule, Reading::DOCUMENTED))
            .collect();
        Prover::new(&question, budget).nothing_of(&StatementSet::new(products))
    })
}

/// The requests of strangers, as statements; `None` when the policy names too many providers or keys.
fn strangers(policy: &Ruleset) -> Option<Vec<Rule>> {
    let mut by_key: BTreeMap<&str, (Limit, Vec<&Clause>)> = BTreeMap::new();
    for clause in policy.rules().iter().flat_map(|rule| &rule.clauses) {
        let key = clause.key_lower();
        if let Some(limit) = keys::limit(key).or_else(|| providers::limit(key)) {
            let known = by_key.entry(key).or_insert((limit, Vec::new()));
            known.1.push(clause);
        }
    }
    let providers = shared_providers(policy);
    if by_key.len() > MOST_NAMED || providers.len() > MOST_NAMED {
        return None;
    }
    let clauses: Vec<Clause> = by_key
        .iter()
        .filter_map(|(key, (limit, clauses))| limit.strangers(key, clauses))
        .collect();
    let providers = providers
        .into_iter()
        .map(|name| format!("{}:{name}", PrincipalKind::Federated.as_str()));
    let words = EVERYBODY.map(str::to_owned).into_iter().chain(providers);
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

/// The identity providers in the policy that anybody can sign in with.
fn shared_providers(policy: &Ruleset) -> BTreeSet<&str> {
    let matchers = policy.rules().iter().flat_map(|rule| &rule.principals);
    let names = matchers
        .flat_map(|matcher| &matcher.patterns)
        .filter_map(|glob| glob.as_literal()?.strip_prefix("Federated:"));
    names.filter(|name| providers::is_shared(name)).collect()
}

#[cfg(test)]
mod tests;
