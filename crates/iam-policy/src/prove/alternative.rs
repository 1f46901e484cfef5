//! The ways in which one request can be in several statements at once.

use crate::glob::{Budget, Exhausted, Glob, Template};
use crate::prove::statement::{ResourceProduct, StatementProduct, VariablePattern};

/// What a word must and must not match.
#[derive(Default, Clone)]
pub(super) struct Alternative<'v> {
    pub(super) positive: Vec<&'v Glob>,
    pub(super) negative: Vec<&'v Glob>,
    /// Patterns with variables that are known to match, by their symbolic form.
    matched: Vec<&'v Glob>,
    /// Patterns with variables that are known not to match.
    unmatched: Vec<&'v Template>,
}

pub(super) enum ResourceCover {
    All,
    Nothing,
    Fixed,
}

impl StatementProduct<'_> {
    /// Whether all resources of the alternative, the one with this number, are held, as a
    /// quick check shows. Looks first at the pattern in the same place: policies that are compared
    /// are often versions of one.
    pub(super) fn plainly_holds(
        &self,
        nth: usize,
        alternative: &Alternative<'_>,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let Some(resources) = &self.resources else {
            return Ok(true);
        };
        if resources.negated {
            return Ok(false);
        }
        let wide = |glob: &&Glob| {
            alternative
                .positive
                .iter()
                .any(|p| glob.plainly_includes(p))
        };
        if resources.fixed.get(nth).is_some_and(wide) {
            return Ok(true);
        }
        let patterns = resources.fixed.len() + resources.variable.len();
        budget.compare(patterns)?;
        Ok(matches!(resources.hold(alternative), ResourceCover::All)
            || resources.fixed.iter().any(wide))
    }
}

impl ResourceProduct<'_> {
    /// What is known of the statement's resources before looking at the patterns without variables.
    pub(super) fn hold(&self, alternative: &Alternative<'_>) -> ResourceCover {
        if self.negated {
            // It holds only when every variable has a value and none of the patterns matches.
            let known =
                |variable: &VariablePattern<'_>| alternative.unmatched.contains(&variable.template);
            return if self.variable.iter().all(known) {
                ResourceCover::Fixed
            } else {
                ResourceCover::Nothing
            };
        }
        // What is known to match has a value for each variable without default, so that a default of
        // the same variable here changes nothing.
        let implied = self.variable.iter().any(|variable| {
            let forms = [Some(&variable.symbolic), variable.without_defaults.as_ref()];
            forms.into_iter().flatten().any(|form| {
                let mut known = alternative.matched.iter();
                known.any(|known| form.plainly_includes(known))
            })
        });
        let symbolic = self.fixed.iter().any(|glob| {
            alternative
                .matched
                .iter()
                .any(|known| glob.plainly_includes(known))
        });
        if implied || symbolic {
            ResourceCover::All
        } else {
            ResourceCover::Fixed
        }
    }
}

/// All ways in which a resource can be in all statements of the region.
pub(super) fn resource_alternatives<'v>(
    region: &[&'v StatementProduct<'_>],
    everything: &'v Glob,
    budget: &mut Budget,
) -> Result<Vec<Alternative<'v>>, Exhausted> {
    let start = Alternative {
        positive: vec![everything],
        ..Alternative::default()
    };
    let mut alternatives = vec![start];
    for product in region {
        let Some(resources) = &product.resources else {
            continue;
        };
        let patterns = resources.fixed.len() + resources.variable.len();
        budget.compare(alternatives.len().saturating_mul(patterns))?;
        if resources.negated {
            for alternative in &mut alternatives {
                alternative.negative.extend(&resources.fixed);
                alternative
                    .unmatched
                    .extend(resources.variable.iter().map(|v| v.template));
            }
            continue;
        }
        let mut next = Vec::new();
        for alternative in &alternatives {
            for glob in &resources.fixed {
                next.extend(alternative.with(glob));
            }
            for variable in &resources.variable {
                next.extend(alternative.with(&variable.widest).map(|mut with| {
                    with.matched.push(&variable.symbolic);
                    with
                }));
            }
        }
        alternatives = next;
    }
    Ok(alternatives)
}

pub(super) fn principal_alternatives<'v>(
    region: &[&'v StatementProduct<'_>],
    everything: &'v Glob,
    budget: &mut Budget,
) -> Result<Vec<Alternative<'v>>, Exhausted> {
    let start = Alternative {
        positive: vec![everything],
        ..Alternative::default()
    };
    let mut alternatives = vec![start];
    for product in region {
        let patterns = product.principals.as_ref().map_or(0, |(_, all)| all.len());
        budget.compare(alternatives.len().saturating_mul(patterns))?;
        match &product.principals {
            None => {}
            Some((true, patterns)) => {
                for alternative in &mut alternatives {
                    alternative.negative.extend(patterns);
                }
            }
            Some((false, patterns)) => {
                let all = alternatives.iter().flat_map(|alternative| {
                    patterns.iter().filter_map(|glob| alternative.with(glob))
                });
                alternatives = all.collect();
            }
        }
    }
    Ok(alternatives)
}

impl<'v> Alternative<'v> {
    /// The words that also match this; `None` when there are plainly none.
    fn with(&self, glob: &'v Glob) -> Option<Self> {
        if self
            .positive
            .iter()
            .any(|known| known.plainly_disjoint(glob))
        {
            return None;
        }
        let mut with = self.clone();
        with.positive.push(glob);
        Some(with)
    }
}
