//! The statements of a candidate, one after the other.

use std::collections::{BTreeMap, HashSet};

use crate::condition::Clause;
use crate::evaluate::{Reading, Request, Ruleset};
use crate::glob::{Budget, Exhausted, Glob, Problem};
use crate::prove::glance::Known;
use crate::prove::search::{Search, Universes};
use crate::prove::view::{Lot, View};
use crate::prove::{StatementRef, Stop, Verdict, allows, denies, values, witness};

/// Proves something about each statement by which a candidate allows.
pub(super) struct Prover<'p> {
    candidate: &'p Ruleset,
    reading: Reading,
    pub(super) allows: Vec<View<'p>>,
    budget: &'p mut Budget,
    confirm: &'p mut dyn FnMut(&Request) -> bool,
    universes: Universes,
    /// The cover that held the last actions looked at; at first the one before all.
    held: usize,
    quantified: Vec<&'p str>,
    known: Known,
    /// How many patterns the candidate has, and what it is compared with.
    weight: usize,
    doubtful: Option<usize>,
    /// Whether a witness is to be given names that people know.
    named: bool,
}

impl<'p> Prover<'p> {
    pub(super) fn new(
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
            known: Known::default(),
            weight: weight(candidate),
            doubtful: None,
            named: true,
        }
    }

    /// The same, with or without names that people know in its witness.
    pub(super) const fn naming(mut self, named: bool) -> Self {
        self.named = named;
        self
    }

    /// Reckons with several values for the keys on which these policies have quantified conditions.
    pub(super) fn reckon_with(mut self, rulesets: &[&'p Ruleset]) -> Self {
        let rules = rulesets.iter().flat_map(|ruleset| ruleset.rules());
        let clauses = rules.clone().flat_map(|rule| &rule.clauses);
        let quantified = clauses.filter(|clause| values::quantifier(clause).is_some());
        let mut seen = HashSet::new();
        let keys = quantified.map(Clause::key_lower);
        self.quantified.extend(keys.filter(|key| seen.insert(*key)));
        self.weight = rulesets.iter().map(|ruleset| weight(ruleset)).sum();
        self
    }

    /// What the candidate denies, and these.
    pub(super) fn denies_and(&self, more: Vec<View<'p>>) -> Lot<'p> {
        let mut views = denies(self.candidate, self.reading);
        views.extend(more);
        Lot::new(views)
    }

    /// All that is allowed is within the covers.
    pub(super) fn everything_within(&mut self, covers: &Lot<'_>) -> Result<(), Stop> {
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
    pub(super) fn nothing_of(&mut self, forbidden: &Lot<'_>) -> Result<(), Stop> {
        if forbidden.views.is_empty() {
            return Ok(());
        }
        let covers = self.denies_and(Vec::new());
        let everything = Glob::everything();
        let allows = std::mem::take(&mut self.allows);
        for view in &allows {
            let met = meetings(view, forbidden, &everything, self.budget);
            let met =
                met.map_err(|Exhausted| Stop::Exhausted(name(self.candidate, view.statement)))?;
            for (id, pairs) in met {
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
            known: &mut self.known,
            weight: self.weight,
        };
        let found = search
            .run(problems)
            .map_err(|Exhausted| Stop::Exhausted(name(candidate, statement)))?;
        if search.doubtful && !found {
            self.doubtful.get_or_insert(statement);
        }
        match witness {
            Some(mut witness) => {
                if self.named {
                    witness = witness::in_real_names(witness, problems, &mut |request| {
                        (self.confirm)(request) && candidate.allows(request)
                    });
                }
                let index = candidate.allowing(&witness).unwrap_or(statement);
                Err(Stop::Failed(Verdict::Fail {
                    statement: name(self.candidate, index),
                    witness: Box::new(witness),
                }))
            }
            None => Ok(()),
        }
    }

    pub(super) fn finish(&self) -> Result<Verdict, Stop> {
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
    budget: &mut Budget,
) -> Result<BTreeMap<usize, Vec<[&'g Glob; 2]>>, Exhausted> {
    let own = if view.rule.not_actions {
        vec![everything]
    } else {
        view.actions.clone()
    };
    let mut met: BTreeMap<usize, Vec<[&Glob; 2]>> = BTreeMap::new();
    // Whether they meet apart from the actions, found out where the actions do.
    let mut compatible: Vec<Option<bool>> = vec![None; forbidden.views.len()];
    budget.compare(compatible.len() / 8)?;
    let mut meets = |id: usize, other: &View<'_>, budget: &mut Budget| match compatible.get_mut(id)
    {
        Some(Some(known)) => Ok(*known),
        Some(unknown) => view.meets(other, budget).map(|met| *unknown.insert(met)),
        None => Ok(false),
    };
    for glob in own {
        for id in forbidden.negated() {
            budget.compare(1)?;
            if let Some(other) = forbidden.views.get(id)
                && meets(id, other, budget)?
            {
                met.entry(id).or_default().push([glob, glob]);
            }
        }
        for (id, other) in forbidden.overlapping(glob) {
            budget.compare(1)?;
            if let Some(view) = forbidden.views.get(id).filter(|v| !v.rule.not_actions)
                && meets(id, view, budget)?
                && !glob.plainly_disjoint(other)
            {
                met.entry(id).or_default().push([glob, other]);
            }
        }
    }
    Ok(met)
}

/// How many patterns a ruleset has.
fn weight(ruleset: &Ruleset) -> usize {
    let resources = |rule: &crate::evaluate::Rule| {
        let resources = rule.resources.as_ref();
        resources.map_or(0, |matcher| matcher.patterns.len())
    };
    let rules = ruleset.rules().iter();
    rules
        .map(|rule| 1 + rule.actions.len() + resources(rule) + rule.clauses.len())
        .sum()
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
