//! The statements of a candidate, one after the other.

use std::collections::{BTreeMap, HashSet};

use crate::condition::Clause;
use crate::evaluate::{Reading, Request, Rule, Ruleset};
use crate::glob::{Budget, Exhausted, Glob, Language};
use crate::prove::meeting::Meetings;
use crate::prove::search::{Cache, Coverage, Search, Universes};
use crate::prove::statement::{StatementProduct, StatementSet};
use crate::prove::{CheckResult, StatementRef, allows, denies, values, witness};

/// What is to be proved of a candidate.
pub(super) struct Question<'p> {
    candidate: &'p Ruleset,
    reading: Reading,
    /// Whether a request that the candidate allows shows that the answer is no.
    confirm: &'p dyn Fn(&Request) -> bool,
    pub(super) allows: Vec<StatementProduct<'p>>,
    /// Keys, in lower case, that some policy takes for keys with several values.
    several: Vec<&'p str>,
    /// How many patterns the candidate has, and what it is compared with.
    patterns: usize,
    /// Whether a witness is to be given names that people know.
    readable: bool,
}

impl<'p> Question<'p> {
    pub(super) fn new(
        candidate: &'p Ruleset,
        reading: Reading,
        confirm: &'p dyn Fn(&Request) -> bool,
    ) -> Self {
        Self {
            candidate,
            reading,
            confirm,
            allows: allows(candidate, reading),
            several: Vec::new(),
            patterns: pattern_count(candidate),
            readable: true,
        }
    }

    /// The same, with or without names that people know in its witness.
    pub(super) const fn with_readable_witness(mut self, readable: bool) -> Self {
        self.readable = readable;
        self
    }

    /// The same, with several values for the keys on which these policies have quantified
    /// conditions.
    pub(super) fn with_several_values(mut self, rulesets: &[&'p Ruleset]) -> Self {
        let rules = rulesets.iter().flat_map(|ruleset| ruleset.rules());
        let clauses = rules.clone().flat_map(|rule| &rule.clauses);
        let quantified = clauses.filter(|clause| values::quantifier(clause).is_some());
        let mut seen = HashSet::new();
        let keys = quantified.map(Clause::key_lower);
        self.several.extend(keys.filter(|key| seen.insert(*key)));
        self.patterns = rulesets.iter().map(|ruleset| pattern_count(ruleset)).sum();
        self
    }

    /// What the candidate denies, and these.
    pub(super) fn denies_and(&self, more: Vec<StatementProduct<'p>>) -> StatementSet<'p> {
        let mut products = denies(self.candidate, self.reading);
        products.extend(more);
        StatementSet::new(products)
    }

    /// Whether the request is one that AWS knows, is allowed by the candidate and shows that the
    /// answer is no.
    fn is_shown_by(&self, request: &Request) -> bool {
        witness::is_possible(request) && (self.confirm)(request) && self.candidate.allows(request)
    }

    fn name(&self, index: usize) -> StatementRef {
        let rule = self.candidate.rules().get(index);
        StatementRef {
            index,
            sid: rule.and_then(|rule| rule.sid.as_deref()).map(str::to_owned),
        }
    }

    /// The failure that a request shows.
    fn failure(
        &self,
        witness: Request,
        languages: &[Language<'_>],
        statement: usize,
    ) -> CheckResult {
        let witness = if self.readable {
            let mut confirm = |request: &Request| self.is_shown_by(request);
            witness::in_real_names(witness, languages, &mut confirm)
        } else {
            witness
        };
        let index = self.candidate.allowing(&witness).unwrap_or(statement);
        CheckResult::Fail {
            statement: self.name(index),
            witness: Box::new(witness),
        }
    }
}

/// Proves something about each statement by which a candidate allows.
pub(super) struct Prover<'q, 'p> {
    question: &'q Question<'p>,
    budget: &'q mut Budget,
    universes: Universes,
    cache: Cache,
}

impl<'q, 'p> Prover<'q, 'p> {
    pub(super) fn new(question: &'q Question<'p>, budget: &'q mut Budget) -> Self {
        Self {
            question,
            budget,
            universes: Universes::default(),
            cache: Cache::default(),
        }
    }

    /// Whether all that is allowed is within the covers.
    pub(super) fn everything_within(&mut self, covers: &StatementSet<'_>) -> CheckResult {
        let everything = Glob::everything();
        let mut result = CheckResult::Pass;
        for product in &self.question.allows {
            let singles: Vec<[&Glob; 1]> = if product.rule.not_actions {
                vec![[&everything]]
            } else {
                product.actions.iter().map(|glob| [*glob]).collect()
            };
            let negative: &[&Glob] = if product.rule.not_actions {
                &product.actions
            } else {
                &[]
            };
            let languages = languages(&singles, negative);
            result = result.and(|| self.search(&[product], covers, &languages, product.statement));
            if self.is_settled(&result) {
                break;
            }
        }
        result
    }

    /// Whether nothing that is allowed and not denied again is in one of these.
    pub(super) fn nothing_of(&mut self, forbidden: &StatementSet<'_>) -> CheckResult {
        if forbidden.products.is_empty() {
            return CheckResult::Pass;
        }
        let covers = self.question.denies_and(Vec::new());
        self.none_of(forbidden, &covers)
    }

    /// Whether nothing that is allowed and in one of these is left by the covers.
    pub(super) fn none_of(
        &mut self,
        forbidden: &StatementSet<'_>,
        covers: &StatementSet<'_>,
    ) -> CheckResult {
        let everything = Glob::everything();
        let mut result = CheckResult::Pass;
        let mut known = Meetings::with(forbidden);
        for product in &self.question.allows {
            let met = meetings(product, forbidden, &everything, &mut known, self.budget);
            let Ok(met) = met else {
                let statement = Some(self.question.name(product.statement));
                return result.and(|| CheckResult::Undecided { statement });
            };
            for (id, pairs) in met {
                let Some(other) = forbidden.products.get(id) else {
                    continue;
                };
                let mut negative: Vec<&Glob> = Vec::new();
                for side in [product, other] {
                    if side.rule.not_actions {
                        negative.extend(&side.actions);
                    }
                }
                let languages = languages(&pairs, &negative);
                let region = [product, other];
                result = result.and(|| self.search(&region, covers, &languages, product.statement));
                if self.is_settled(&result) {
                    return result;
                }
            }
        }
        result
    }

    /// Whether looking further can change nothing.
    const fn is_settled(&self, result: &CheckResult) -> bool {
        match result {
            CheckResult::Fail { .. } => true,
            CheckResult::Undecided { .. } => self.budget.left() == 0,
            CheckResult::Pass => false,
        }
    }

    fn search(
        &mut self,
        region: &[&StatementProduct<'_>],
        covers: &StatementSet<'_>,
        languages: &[Language<'_>],
        statement: usize,
    ) -> CheckResult {
        let question = self.question;
        let mut search = Search {
            region,
            covers,
            budget: self.budget,
            confirm: &|request| question.is_shown_by(request),
            universes: &self.universes,
            several: &question.several,
            cache: &mut self.cache,
            boundary: question.reading.boundary,
            patterns: question.patterns,
        };
        match search.run(languages) {
            Coverage::Covered => CheckResult::Pass,
            Coverage::NotCovered(witness) => question.failure(*witness, languages, statement),
            Coverage::Undecided => CheckResult::Undecided {
                statement: Some(question.name(statement)),
            },
        }
    }
}

/// The patterns of actions at which a statement meets others, by the number of the other.
fn meetings<'g>(
    product: &StatementProduct<'g>,
    forbidden: &StatementSet<'g>,
    everything: &'g Glob,
    known: &mut Meetings<'_, '_>,
    budget: &mut Budget,
) -> Result<BTreeMap<usize, Vec<[&'g Glob; 2]>>, Exhausted> {
    let own = if product.rule.not_actions {
        vec![everything]
    } else {
        product.actions.clone()
    };
    let mut met: BTreeMap<usize, Vec<[&Glob; 2]>> = BTreeMap::new();
    // Whether they meet apart from the actions, found out where the actions do.
    let mut compatible: Vec<Option<bool>> = vec![None; forbidden.products.len()];
    budget.compare(compatible.len() / 8)?;
    let mut meets = |id: usize, budget: &mut Budget| match compatible.get_mut(id) {
        Some(Some(met)) => Ok(*met),
        Some(unknown) => {
            let met = known.meets(product, id, budget)?;
            Ok(*unknown.insert(met))
        }
        None => Ok(false),
    };
    for glob in own {
        for id in forbidden.negated() {
            budget.compare(1)?;
            if meets(id, budget)? {
                met.entry(id).or_default().push([glob, glob]);
            }
        }
        for (id, other) in forbidden.overlapping(glob) {
            budget.compare(1)?;
            let of_actions = forbidden.products.get(id);
            if of_actions.is_some_and(|other| !other.rule.not_actions)
                && meets(id, budget)?
                && !glob.plainly_disjoint(other)
            {
                met.entry(id).or_default().push([glob, other]);
            }
        }
    }
    Ok(met)
}

/// How many patterns a ruleset has.
fn pattern_count(ruleset: &Ruleset) -> usize {
    let resources = |rule: &Rule| {
        let resources = rule.resources.as_ref();
        resources.map_or(0, |matcher| matcher.patterns.len())
    };
    let rules = ruleset.rules().iter();
    rules
        .map(|rule| 1 + rule.actions.len() + resources(rule) + rule.clauses.len())
        .sum()
}

fn languages<'g, P: AsRef<[&'g Glob]>>(
    positives: &'g [P],
    negative: &'g [&'g Glob],
) -> Vec<Language<'g>> {
    let languages = positives.iter().map(|positive| Language {
        positive: positive.as_ref(),
        negative,
        universe: None,
    });
    languages.collect()
}
