//! Words that pages, e-mails and ticket notes have in common: times, and what was requested.

mod access;
pub(crate) mod deviation;
mod finding;
mod outcome;
mod time;

pub(crate) use access::how_to_use;
pub use access::{access_requested, extension, principal};
pub(crate) use finding::{finding, findings};
pub(crate) use outcome::{Quote, outcome};
pub use time::{date_time, date_time_from, duration_of};

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests;
