//! How much one classification may cost.

use std::cell::{Cell, RefCell};

use crate::glob::Budget;

/// What is left of the work that one classification may cost.
///
/// Counted, not timed: the same question always gets the same answer. A principal with
/// all the policies that the quotas allow it costs less. When nothing is left, what is still
/// open counts as granted: too much is reported rather than too little.
#[derive(Debug)]
pub(super) struct WorkLimit {
    comparisons: Cell<usize>,
    automata: RefCell<Budget>,
}

impl Default for WorkLimit {
    fn default() -> Self {
        Self::of(10_000_000)
    }
}

/// Steps that one question about patterns may take.
const QUESTION: u64 = 50_000;
/// Steps that all of them may take.
const QUESTIONS: u64 = 5_000_000;

impl WorkLimit {
    /// So many comparisons of names, and what goes with them.
    pub(super) fn of(comparisons: usize) -> Self {
        Self {
            comparisons: Cell::new(comparisons),
            automata: RefCell::new(Budget::of(QUESTIONS)),
        }
    }

    /// Takes from what is left; answers whether there was enough, and leaves nothing when not.
    pub(super) fn spend(&self, comparisons: usize) -> bool {
        let left = self.comparisons.get().checked_sub(comparisons);
        self.comparisons.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        self.comparisons.get() == 0
    }

    /// Asks one question about patterns.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut Budget) -> T) -> T {
        match self.automata.try_borrow_mut() {
            Ok(mut budget) => budget.within(QUESTION, question),
            Err(_) => question(&mut Budget::of(0)),
        }
    }
}
