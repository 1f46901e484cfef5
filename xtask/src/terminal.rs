//! What the developer sees.

use std::io::Write as _;
use std::time::Instant;

/// Writes one line to standard output. A closed pipe is no reason to stop.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Writes an error with all its sources.
pub(crate) fn failure(error: &dyn std::error::Error) {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\n  because: {cause}"));
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A step that says how long it took.
pub(crate) struct Step {
    name: String,
    begun: Instant,
}

impl Step {
    /// Announces a step.
    pub(crate) fn begin(name: &str) -> Self {
        line(&format!("  …  {name}"));
        Self {
            name: name.to_owned(),
            begun: Instant::now(),
        }
    }

    /// Says that it is done.
    pub(crate) fn done(self) {
        line(&format!(
            "  ok {} ({:.1} s)",
            self.name,
            self.begun.elapsed().as_secs_f64()
        ));
    }
}
