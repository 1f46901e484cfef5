//! Is everything that one policy allows allowed by another?
//!
//! Exact for policies without conditions, sound with them: [`Verdict::Pass`] is a proof.
//! A failure comes with a request that [`Ruleset::allows`] confirms, or says that it is
//! undecided. How it works and why it is sound is written in `docs/policy-engine/prove.md`.

mod alternative;
mod public;
mod search;
mod values;
mod view;
mod witness;

pub use public::check_no_public_access;

use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::condition::Clause;
use crate::document::Effect;
use crate::evaluate::{Reading, Request, ResourceMatcher, ResourcePattern, Rule, Ruleset};
use crate::glob::{Budget, Exhausted, Glob, Problem};
use search::{Search, Universes};
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
    let mut confirm = |request: &Request| !reference.allows(request);
    in_all_readings(&[reference, candidate], |reading| {
        let mut prover = Prover::new(candidate, reading, budget, &mut confirm)
            .reckon_with(&[reference, candidate]);
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
    let rules: Vec<Rule> = access.iter().map(Access::rule).collect();
    let mut budget = Budget::default();
    let mut confirm = |_: &Request| true;
    in_all_readings(&[policy], |reading| {
        let mut prover =
            Prover::new(policy, reading, &mut budget, &mut confirm).reckon_with(&[policy]);
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

/// Proves something about each statement by which a candidate allows.
struct Prover<'p> {
    candidate: &'p Ruleset,
    reading: Reading,
    allows: Vec<View<'p>>,
    budget: &'p mut Budget,
    confirm: &'p mut dyn FnMut(&Request) -> bool,
    universes: Universes,
    /// The cover that held the last actions looked at; at first the one before all.
    held: usize,
    quantified: Vec<&'p str>,
    doubtful: Option<usize>,
}

impl<'p> Prover<'p> {
    fn new(
        candidate: &'p Ruleset,
        reading: Reading,
        budget: &'p mut Budget,
        confirm: &'p mut dyn FnMut(&Request) -> bool,
    ) -> Self {
        Self {
            candidate,
            reading,
            allows: allows(candidate, reading),
            budget,
            confirm,
            universes: Universes::default(),
            held: usize::MAX,
            quantified: Vec::new(),
            doubtful: None,
        }
    }

    /// Reckons with several values for the keys on which these policies have quantified conditions.
    fn reckon_with(mut self, rulesets: &[&'p Ruleset]) -> Self {
        let rules = rulesets.iter().flat_map(|ruleset| ruleset.rules());
        let clauses = rules.flat_map(|rule| &rule.clauses);
        let quantified = clauses.filter(|clause| values::quantifier(clause).is_some());
        for key in quantified.map(Clause::key_lower) {
            if !self.quantified.contains(&key) {
                self.quantified.push(key);
            }
        }
        self
    }

    /// What the candidate denies, and these.
    fn denies_and(&self, more: Vec<View<'p>>) -> Lot<'p> {
        let mut views = denies(self.candidate, self.reading);
        views.extend(more);
        Lot::new(views)
    }

    /// All that is allowed is within the covers.
    fn everything_within(&mut self, covers: &Lot<'_>) -> Result<(), Stop> {
        let allows = std::mem::take(&mut self.allows);
        let everything = Glob::everything();
        for view in &allows {
            let singles: Vec<[&Glob; 1]> = if view.rule.not_actions {
                vec![[&everything]]
            } else {
                view.actions.iter().map(|glob| [*glob]).collect()
            };
            let negative: &[&Glob] = if view.rule.not_actions {
                &view.actions
            } else {
                &[]
            };
            let problems = problems(&singles, negative);
            self.search(&[view], covers, &problems, view.statement)?;
        }
        self.allows = allows;
        Ok(())
    }

    /// Nothing that is allowed and not denied again is in one of these.
    fn nothing_of(&mut self, forbidden: &Lot<'_>) -> Result<(), Stop> {
        if forbidden.views.is_empty() {
            return Ok(());
        }
        let covers = self.denies_and(Vec::new());
        let everything = Glob::everything();
        let allows = std::mem::take(&mut self.allows);
        for view in &allows {
            for (id, pairs) in meetings(view, forbidden, &everything) {
                let Some(other) = forbidden.views.get(id) else {
                    continue;
                };
                let mut negative: Vec<&Glob> = Vec::new();
                for side in [view, other] {
                    if side.rule.not_actions {
                        negative.extend(&side.actions);
                    }
                }
                let problems = problems(&pairs, &negative);
                self.search(&[view, other], &covers, &problems, view.statement)?;
            }
        }
        self.allows = allows;
        Ok(())
    }

    fn search(
        &mut self,
        region: &[&View<'_>],
        covers: &Lot<'_>,
        problems: &[Problem<'_>],
        statement: usize,
    ) -> Result<(), Stop> {
        let mut witness = None;
        let candidate = self.candidate;
        let confirm = &mut *self.confirm;
        let mut search = Search {
            region,
            covers,
            budget: self.budget,
            confirm: &mut |request: Request| {
                let confirmed = confirm(&request) && candidate.allows(&request);
                if confirmed {
                    witness = Some(request);
                }
                confirmed
            },
            doubtful: false,
            universes: &self.universes,
            held: &mut self.held,
            quantified: &self.quantified,
        };
        let found = search
            .run(problems)
            .map_err(|Exhausted| Stop::Exhausted(name(candidate, statement)))?;
        if search.doubtful && !found {
            self.doubtful.get_or_insert(statement);
        }
        match witness {
            Some(witness) => {
                let witness = witness::in_real_names(witness, problems, &mut |request| {
                    (self.confirm)(request) && candidate.allows(request)
                });
                let index = candidate.allowing(&witness).unwrap_or(statement);
                Err(Stop::Failed(Verdict::Fail {
                    statement: name(self.candidate, index),
                    witness: Box::new(witness),
                }))
            }
            None => Ok(()),
        }
    }

    fn finish(&self) -> Result<Verdict, Stop> {
        Ok(match self.doubtful {
            None => Verdict::Pass,
            Some(index) => Verdict::Undecided {
                statement: Some(name(self.candidate, index)),
            },
        })
    }
}

fn name(ruleset: &Ruleset, index: usize) -> StatementRef {
    let rule = ruleset.rules().get(index);
    StatementRef {
        index,
        sid: rule.and_then(|rule| rule.sid.as_deref()).map(str::to_owned),
    }
}

/// The patterns of actions at which a statement meets others, by the number of the other.
fn meetings<'g>(
    view: &View<'g>,
    forbidden: &Lot<'g>,
    everything: &'g Glob,
) -> BTreeMap<usize, Vec<[&'g Glob; 2]>> {
    let own = if view.rule.not_actions {
        vec![everything]
    } else {
        view.actions.clone()
    };
    let mut met: BTreeMap<usize, Vec<[&Glob; 2]>> = BTreeMap::new();
    let compatible: Vec<bool> = forbidden
        .views
        .iter()
        .map(|other| view.meets(other))
        .collect();
    let compatible = |id: usize| compatible.get(id) == Some(&true);
    for glob in own {
        for id in forbidden.negated().filter(|id| compatible(*id)) {
            met.entry(id).or_default().push([glob, glob]);
        }
        for (id, other) in forbidden.overlapping(glob) {
            let other_view = forbidden.views.get(id).filter(|_| compatible(id));
            let positive = other_view.is_some_and(|view| !view.rule.not_actions);
            if positive && !glob.plainly_disjoint(other) {
                met.entry(id).or_default().push([glob, other]);
            }
        }
    }
    met
}

fn problems<'g, P: AsRef<[&'g Glob]>>(
    positives: &'g [P],
    negative: &'g [&'g Glob],
) -> Vec<Problem<'g>> {
    let problems = positives.iter().map(|positive| Problem {
        positive: positive.as_ref(),
        negative,
        universe: None,
    });
    problems.collect()
}

#[cfg(test)]
mod tests;
