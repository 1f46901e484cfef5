/// How much work a proof may cost, in steps of automata.
///
/// Counted, not timed: the same question always gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    left: u64,
    /// Comparisons that do not make a step yet.
    compared: usize,
}

/// How many comparisons of two patterns are as much work as a step of an automaton.
const COMPARISONS: usize = 16;

/// The budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work allowed for one proof is used up")]
pub struct Exhausted;

impl Default for Budget {
    /// 200,000 steps: a few milliseconds.
    fn default() -> Self {
        Self::of(200_000)
    }
}

impl Budget {
    /// A budget of this many steps.
    #[must_use]
    pub const fn of(steps: u64) -> Self {
        Self {
            left: steps,
            compared: 0,
        }
    }

    /// How many steps are left; none when it was used up.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// Spends at most so many of these steps on one thing.
    pub(crate) fn within<T>(&mut self, steps: u64, work: impl FnOnce(&mut Self) -> T) -> T {
        let mut part = Self::of(steps.min(self.left));
        self.left -= part.left;
        let done = work(&mut part);
        self.left += part.left;
        done
    }

    /// Takes what so many comparisons of patterns, or of other short things, cost.
    pub(crate) fn compare(&mut self, comparisons: usize) -> Result<(), Exhausted> {
        let compared = self.compared.saturating_add(comparisons);
        self.compared = compared % COMPARISONS;
        self.spend(compared / COMPARISONS)
    }

    /// Takes steps from the budget.
    ///
    /// # Errors
    /// When there are not as many left.
    pub fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(steps).ok_or_else(|| {
            self.left = 0;
            Exhausted
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_and_stays_ended() {
        let mut budget = Budget::of(5);
        assert_eq!(budget.spend(3), Ok(()));
        assert_eq!(budget.spend(3), Err(Exhausted));
        assert_eq!(budget.spend(1), Err(Exhausted));
    }

    #[test]
    fn comparisons_add_up_to_steps() {
        let mut budget = Budget::of(2);
        for _ in 0..2 * COMPARISONS {
            assert_eq!(budget.compare(1), Ok(()));
        }
        assert_eq!(budget.compare(COMPARISONS), Err(Exhausted));
    }

    #[test]
    fn a_part_gives_back_what_it_leaves() {
        let mut budget = Budget::of(5);
        assert_eq!(budget.within(3, |part| part.spend(2)), Ok(()));
        assert_eq!(budget.within(3, |part| part.spend(4)), Err(Exhausted));
        assert_eq!(budget, Budget::of(0));
    }
}
