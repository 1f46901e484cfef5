//! What is printed, and what of it fails.

use std::io::Write as _;
use std::process::ExitCode;

/// Collects the limits that were crossed while the figures are printed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    crossed: Vec<String>,
    missed: Vec<String>,
    checked: usize,
}

impl Report {
    /// Prints a heading.
    pub(crate) fn heading(&mut self, text: &str) {
        line(&format!("\n{text}"));
    }

    /// Prints a line that nothing depends on.
    pub(crate) fn note(&mut self, text: &str) {
        line(&format!("  {text}"));
    }

    /// Prints a figure that must not be above its limit.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, limit: f64, unit: &str) {
        self.check(name, value, limit, unit, "≤", value <= limit);
    }

    /// Prints a figure that should not be above its aim and must not be above its limit.
    pub(crate) fn aims(&mut self, name: &str, value: f64, [aim, limit]: [f64; 2], unit: &str) {
        if value > aim && value <= limit {
            let text = format!(
                "{name}: {} {unit}, the aim is {}",
                figure(value),
                figure(aim)
            );
            self.missed.push(text);
        }
        self.at_most(name, value, if value > aim { limit } else { aim }, unit);
    }

    /// Prints a figure that should not be below its aim and must not be below its limit.
    pub(crate) fn aims_above(
        &mut self,
        name: &str,
        value: f64,
        [aim, limit]: [f64; 2],
        unit: &str,
    ) {
        if value < aim && value >= limit {
            let text = format!(
                "{name}: {} {unit}, the aim is {}",
                figure(value),
                figure(aim)
            );
            self.missed.push(text);
        }
        self.at_least(name, value, if value < aim { limit } else { aim }, unit);
    }

    /// Prints a figure that must not be below its limit.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, limit: f64, unit: &str) {
        self.check(name, value, limit, unit, "≥", value >= limit);
    }

    /// Prints a fact that must hold.
    pub(crate) fn holds(&mut self, name: &str, fact: bool) {
        self.checked += 1;
        line(&format!(
            "  {:<6} {name}",
            if fact { "ok" } else { "FAILS" }
        ));
        if !fact {
            self.crossed.push(name.to_owned());
        }
    }

    fn check(&mut self, name: &str, value: f64, limit: f64, unit: &str, sign: &str, good: bool) {
        self.checked += 1;
        let mark = if good { "ok" } else { "FAILS" };
        let text = format!(
            "{name:<44} {:>12} {unit:<13} {sign} {}",
            figure(value),
            figure(limit)
        );
        line(&format!("  {mark:<6} {text}"));
        if !good {
            self.crossed.push(text);
        }
    }

    /// Says how it went.
    pub(crate) fn verdict(&self) -> ExitCode {
        if !self.missed.is_empty() {
            line("\naims that are missed (docs/performance.md says why), within their limits:");
            self.missed
                .iter()
                .for_each(|text| line(&format!("  {text}")));
        }
        if self.crossed.is_empty() {
            line(&format!("\nall {} limits hold", self.checked));
            return ExitCode::SUCCESS;
        }
        line(&format!(
            "\n{} of {} limits are crossed:",
            self.crossed.len(),
            self.checked
        ));
        for text in &self.crossed {
            line(&format!("  {text}"));
        }
        ExitCode::FAILURE
    }
}

/// A number as people read it: whole above a hundred, with thousands apart.
pub(crate) fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "none".to_owned();
    }
    if value.abs() < 100.0 {
        let text = format!("{value:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

/// The middle one; not a number where there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints an error with all its sources.
pub(crate) fn failure(error: &dyn std::error::Error) {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\n  because: {cause}"));
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes one line. A closed pipe is no reason to stop.
fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        let shown = [1_234_567.0, 999.6, 99.5, 2.0, 0.126, -1_000.0].map(figure);
        assert_eq!(shown, ["1,234,567", "1,000", "99.5", "2", "0.13", "-1,000"]);
    }

    #[test]
    fn one_limit_that_is_crossed_fails_all() {
        let mut report = Report::default();
        report.at_most("a", 1.0, 1.0, "");
        report.aims("a", 2.0, [1.0, 3.0], "");
        report.aims_above("b", 2.0, [3.0, 1.0], "");
        report.at_least("b", 1.0, 1.0, "");
        assert_eq!(report.verdict(), ExitCode::SUCCESS);
        report.at_most("c", f64::NAN, 1.0, "");
        assert_eq!(report.verdict(), ExitCode::FAILURE);
    }

    #[test]
    fn the_middle_one_counts() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
        assert!(median(Vec::new()).is_nan());
    }
}
