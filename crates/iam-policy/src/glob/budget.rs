/// How much work a proof may cost, in steps of automata.
///
/// Counted, not timed: the same question always gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    left: u64,
}

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
        Self { left: steps }
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
}
