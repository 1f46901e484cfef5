//! The statements of a candidate, one after the other.

use std::collections::BTreeMap;

use crate::condition::Clause;
use crate::evaluate::{Reading, Request, Ruleset};
use crate::glob::{Budget, Exhausted, Glob, Problem};
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
    doubtful: Option<usize>,
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
            doubtful: None,
        }
    }

    /// Reckons with several values for the keys on which these policies have quantified conditions.
    pub(super) fn reckon_with(mut self, rulesets: &[&'p Ruleset]) -> Self {
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
