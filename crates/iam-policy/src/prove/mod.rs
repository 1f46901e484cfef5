//! Is everything that one policy allows allowed by another?
//!
//! Exact for policies without conditions, sound with them: [`CheckResult::Pass`] is a proof.
//! A failure comes with a request that [`Ruleset::allows`] confirms, or says that it is
//! undecided. How it works and why it is sound is written in `docs/policy-engine/prove.md`.

mod alternative;
mod extent;
mod meeting;
mod prover;
mod public;
mod search;
mod statement;
mod values;
mod witness;

pub(crate) use extent::{Share, extent};
pub(crate) use public::is_shared_provider;
pub use public::{check_no_public_access, check_no_public_access_within};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::document::Effect;
use crate::evaluate::{Reading, Request, ResourceMatcher, ResourcePattern, Rule, Ruleset};
use crate::glob::{Budget, Glob};
use prover::{Prover, Question};
use statement::{StatementProduct, StatementSet};

/// The answer to a question whether access is limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// It is. This is a proof.
    Pass,
    /// It is not: this request shows it.
    Fail {
        /// A request that shows it.
        witness: Box<Request>,
        /// The statement of the candidate that allows it.
        statement: StatementRef,
    },
    /// Neither could be shown. To be treated as a failure.
    Undecided {
        /// A statement of the candidate that could not be shown to be limited.
        statement: Option<StatementRef>,
    },
}

/// A statement of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementRef {
    /// Its number, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
}

impl CheckResult {
    /// Whether access is proved to be limited.
    #[must_use]
    pub const fn is_pass(&self) -> bool {
        matches!(self, Self::Pass)
    }

    /// The result of two checks of which both must pass; the second is made unless the first
    /// fails.
    fn and(self, second: impl FnOnce() -> Self) -> Self {
        if matches!(self, Self::Fail { .. }) {
            return self;
        }
        match second() {
            Self::Pass => self,
            Self::Undecided { .. } if !self.is_pass() => self,
            result => result,
        }
    }
}

impl Serialize for CheckResult {
    /// Writes `{result: "pass" | "fail", undecided, witness, statement}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = serializer.serialize_struct("CheckResult", 4)?;
        wire.serialize_field("result", if self.is_pass() { "pass" } else { "fail" })?;
        wire.serialize_field("undecided", &matches!(self, Self::Undecided { .. }))?;
        let (witness, statement) = match self {
            Self::Pass => (None, None),
            Self::Fail { witness, statement } => (Some(witness), Some(statement)),
            Self::Undecided { statement } => (None, statement.as_ref()),
        };
        wire.serialize_field("witness", &witness)?;
        wire.serialize_field("statement", &statement)?;
        wire.end()
    }
}

/// Access that must not be granted: any of the actions on any of the resources. Patterns may
/// hold wildcards; an empty list stands for all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Patterns of actions.
    pub actions: Vec<String>,
    /// Patterns of resources.
    pub resources: Vec<String>,
}

/// Whether the candidate allows nothing that the reference does not allow.
#[must_use]
pub fn check_no_new_access(reference: &Ruleset, candidate: &Ruleset) -> CheckResult {
    check_no_new_access_within(reference, candidate, &mut Budget::default())
}

/// [`check_no_new_access`] with a budget of its own.
#[must_use]
pub fn check_no_new_access_within(
    reference: &Ruleset,
    candidate: &Ruleset,
    budget: &mut Budget,
) -> CheckResult {
    compare(reference, candidate, budget, true)
}

/// Whether the candidate is proved to allow nothing that the reference does not allow; cheaper
/// than to also say what it is.
pub(crate) fn is_within(reference: &Ruleset, candidate: &Ruleset, budget: &mut Budget) -> bool {
    compare(reference, candidate, budget, false).is_pass()
}

fn compare(
    reference: &Ruleset,
    candidate: &Ruleset,
    budget: &mut Budget,
    readable: bool,
) -> CheckResult {
    let confirm = |request: &Request| !reference.allows(request);
    in_all_readings(&[reference, candidate], |reading| {
        let question = Question::new(candidate, reading, &confirm)
            .with_several_values(&[reference, candidate])
            .with_readable_witness(readable);
        let covers = question.denies_and(allows(reference, reading));
        let forbidden = StatementSet::new(denies(reference, reading));
        let mut prover = Prover::new(&question, budget);
        let within = prover.everything_within(&covers);
        within.and(|| prover.nothing_of(&forbidden))
    })
}

/// Whether both policies allow the same. The statement of a failure is of the one that allows
/// the witness.
#[must_use]
pub fn check_equivalent(one: &Ruleset, other: &Ruleset) -> CheckResult {
    check_no_new_access(one, other).and(|| check_no_new_access(other, one))
}

/// Whether there is no request that both policies allow. The statement of a failure is of the
/// second.
#[must_use]
pub fn check_disjoint(one: &Ruleset, other: &Ruleset) -> CheckResult {
    check_disjoint_within(one, other, &mut Budget::default())
}

/// [`check_disjoint`] with a budget of its own.
#[must_use]
pub fn check_disjoint_within(one: &Ruleset, other: &Ruleset, budget: &mut Budget) -> CheckResult {
    let confirm = |request: &Request| one.allows(request);
    in_all_readings(&[one, other], |reading| {
        let question = Question::new(other, reading, &confirm).with_several_values(&[one, other]);
        let covers = question.denies_and(denies(one, reading));
        let common = StatementSet::new(allows(one, reading));
        Prover::new(&question, budget).none_of(&common, &covers)
    })
}

/// Whether the policy allows none of the listed access.
#[must_use]
pub fn check_access_not_granted(policy: &Ruleset, access: &[Access]) -> CheckResult {
    check_access_not_granted_within(policy, access, &mut Budget::default())
}

/// [`check_access_not_granted`] with a budget of its own.
#[must_use]
pub fn check_access_not_granted_within(
    policy: &Ruleset,
    access: &[Access],
    budget: &mut Budget,
) -> CheckResult {
    let rules: Vec<Rule> = access.iter().map(Access::rule).collect();
    in_all_readings(&[policy], |reading| {
        let question = Question::new(policy, reading, &|_| true).with_several_values(&[policy]);
        let products = rules.iter().enumerate();
        let forbidden = StatementSet::new(
            products
                .map(|(nth, rule)| StatementProduct::new(nth, rule, reading))
                .collect(),
        );
        Prover::new(&question, budget).nothing_of(&forbidden)
    })
}

impl Access {
    fn rule(&self) -> Rule {
        let actions = self.actions.iter().map(|text| Glob::lowercase(text));
        let resources = self.resources.iter();
        let matcher = ResourceMatcher {
            negated: false,
            patterns: resources
                .map(|text| ResourcePattern::compile(text, false, true))
                .collect(),
        };
        Rule {
            sid: None,
            effect: Effect::Deny,
            principals: None,
            all_with_boundary: false,
            not_actions: self.actions.is_empty(),
            actions: actions.collect(),
            resources: (!self.resources.is_empty()).then_some(matcher),
            clauses: Vec::new(),
        }
    }
}

/// Proves in every reading that makes a difference; the first that does not pass decides. What
/// fails in the documented one fails.
fn in_all_readings(
    rulesets: &[&Ruleset],
    mut prove: impl FnMut(Reading) -> CheckResult,
) -> CheckResult {
    let rules = || rulesets.iter().flat_map(|ruleset| ruleset.rules());
    let mut patterns = rules()
        .flat_map(|rule| &rule.resources)
        .flat_map(|r| &r.patterns);
    let wild_types: &[bool] = if patterns.any(|pattern| pattern.wild_type) {
        &[false, true]
    } else {
        &[false]
    };
    let boundaries: &[bool] = if rules().any(|rule| rule.all_with_boundary) {
        &[false, true]
    } else {
        &[false]
    };
    let mut result = CheckResult::Pass;
    for wild_types in wild_types.iter().copied() {
        for boundary in boundaries.iter().copied() {
            if result.is_pass() {
                result = prove(Reading {
                    wild_types,
                    boundary,
                });
            }
        }
    }
    result
}

fn products(ruleset: &Ruleset, effect: Effect, reading: Reading) -> Vec<StatementProduct<'_>> {
    let rules = ruleset.rules().iter().enumerate();
    let wanted = rules.filter(|(_, rule)| rule.effect == effect);
    wanted
        .map(|(nth, rule)| StatementProduct::new(nth, rule, reading))
        .collect()
}

fn allows(ruleset: &Ruleset, reading: Reading) -> Vec<StatementProduct<'_>> {
    products(ruleset, Effect::Allow, reading)
}

fn denies(ruleset: &Ruleset, reading: Reading) -> Vec<StatementProduct<'_>> {
    products(ruleset, Effect::Deny, reading)
}

#[cfg(test)]
mod tests;
