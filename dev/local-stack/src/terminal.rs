//! What the developer sees.

use std::time::Instant;

pub use snowgate::terminal::{failure, line};

/// A step that says how long it took.
#[derive(Debug)]
pub struct TimedStep {
    name: String,
    begun: Instant,
}

impl TimedStep {
    /// Announces a step.
    #[must_use]
    pub fn begin(name: &str) -> Self {
        line(&format!("  …  {name}"));
        Self {
            name: name.to_owned(),
            begun: Instant::now(),
        }
    }

    /// Says that it is done.
    pub fn done(self) {
        line(&format!(
            "  ok {} ({:.1} s)",
            self.name,
            self.begun.elapsed().as_secs_f64()
        ));
    }
}
