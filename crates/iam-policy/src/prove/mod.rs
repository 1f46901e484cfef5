//! Is everything that one policy allows allowed by another?
//!
//! Exact for policies without conditions, sound with them: [`Verdict::Pass`] is a proof.
//! A failure comes with a request that [`Ruleset::allows`] confirms, or says that it is
//! undecided. How it works and why it is sound is written in `docs/policy-engine/prove.md`.

mod alternative;
mod glance;
mod prover;
mod public;
mod search;
mod values;
mod view;
mod witness;

pub use public::{check_no_public_access, check_no_public_access_within};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::document::Effect;
use crate::evaluate::{Reading, Request, ResourceMatcher, ResourcePattern, Rule, Ruleset};
use crate::glob::{Budget, Glob};
use prover::Prover;
use view::{Lot, View};

/// The answer to a question whether access is limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
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

impl Verdict {
    /// Whether access is proved to be limited.
    #[must_use]
    pub const fn is_pass(&self) -> bool {
        matches!(self, Self::Pass)
    }
}

impl Serialize for Verdict {
    /// Writes `{result: "pass" | "fail", undecided, witness, statement}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = serializer.serialize_struct("Verdict", 4)?;
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
pub fn check_no_new_access(reference: &Ruleset, candidate: &Ruleset) -> Verdict {
    check_no_new_access_within(reference, candidate, &mut Budget::default())
}

/// [`check_no_new_access`] with a budget of its own.
#[must_use]
pub fn check_no_new_access_within(
    reference: &Ruleset,
    candidate: &Ruleset,
    budget: &mut Budget,
) -> Verdict {
    compare(reference, candidate, budget, true)
}

/// Whether the candidate is proved to allow nothing that the reference does not allow; cheaper
/// than to also say what it is.
pub(crate) fn is_within(reference: &Ruleset, candidate: &Ruleset, budget: &mut Budget) -> bool {
    compare(reference, candidate, budget, false).is_pass()
}

fn compare(reference: &Ruleset, candidate: &Ruleset, budget: &mut Budget, named: bool) -> Verdict {
    let mut confirm = |request: &Request| !reference.allows(request);
    in_all_readings(&[reference, candidate], |reading| {
        let prover = Prover::new(candidate, reading, budget, &mut confirm);
        let mut prover = prover.reckon_with(&[reference, candidate]).naming(named);
        let covers = prover.denies_and(allows(reference, reading));
        let forbidden = Lot::new(denies(reference, reading));
        prover.everything_within(&covers)?;
        prover.nothing_of(&forbidden)?;
        prover.finish()
    })
}

/// Whether the policy allows none of the listed access.
#[must_use]
pub fn check_access_not_granted(policy: &Ruleset, access: &[Access]) -> Verdict {
    check_access_not_granted_within(policy, access, &mut Budget::default())
}

/// [`check_access_not_granted`] with a budget of its own.
#[must_use]
pub fn check_access_not_granted_within(
    policy: &Ruleset,
    access: &[Access],
    budget: &mut Budget,
) -> Verdict {
    let rules: Vec<Rule> = access.iter().map(Access::rule).collect();
    let mut confirm = |_: &Request| true;
    in_all_readings(&[policy], |reading| {
        let mut prover = Prover::new(policy, reading, budget, &mut confirm).reckon_with(&[policy]);
        let views = rules.iter().enumerate();
        let forbidden = Lot::new(
            views
                .map(|(nth, rule)| View::new(nth, rule, reading))
                .collect(),
        );
        prover.nothing_of(&forbidden)?;
        prover.finish()
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
            not_actions: self.actions.is_empty(),
            actions: actions.collect(),
            resources: (!self.resources.is_empty()).then_some(matcher),
            clauses: Vec::new(),
        }
    }
}

/// Why a proof stopped.
enum Stop {
    Failed(Verdict),
    Exhausted(StatementRef),
}

/// Proves in every reading that makes a difference. What fails in the documented one fails.
fn in_all_readings(
    rulesets: &[&Ruleset],
    mut prove: impl FnMut(Reading) -> Result<Verdict, Stop>,
) -> Verdict {
    let mut settle = |reading| match prove(reading) {
        Ok(verdict) | Err(Stop::Failed(verdict)) => verdict,
        Err(Stop::Exhausted(statement)) => Verdict::Undecided {
            statement: Some(statement),
        },
    };
    let verdict = settle(Reading::Documented);
    let rules = rulesets.iter().flat_map(|ruleset| ruleset.rules());
    let mut patterns = rules
        .flat_map(|rule| &rule.resources)
        .flat_map(|r| &r.patterns);
    if verdict.is_pass() && patterns.any(|pattern| pattern.wild_type) {
        return settle(Reading::Plain);
    }
    verdict
}

fn views(ruleset: &Ruleset, effect: Effect, reading: Reading) -> Vec<View<'_>> {
    let rules = ruleset.rules().iter().enumerate();
    let wanted = rules.filter(|(_, rule)| rule.effect == effect);
    wanted
        .map(|(nth, rule)| View::new(nth, rule, reading))
        .collect()
}

fn allows(ruleset: &Ruleset, reading: Reading) -> Vec<View<'_>> {
    views(ruleset, Effect::Allow, reading)
}

fn denies(ruleset: &Ruleset, reading: Reading) -> Vec<View<'_>> {
    views(ruleset, Effect::Deny, reading)
}

#[cfg(test)]
mod tests;
