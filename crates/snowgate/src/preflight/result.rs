//! The result of one check.

use serde::Serialize;

use crate::terminal::line;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreflightResult {
    /// The check, as docs/operating.md lists them.
    pub check: &'static str,
    /// What it was about: an account, a table, a secret. Empty where there is only one.
    pub about: String,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do; empty where nothing is.
    pub remedy: String,
}

impl PreflightResult {
    /// It is as it must be.
    pub(super) fn good(check: &'static str, about: &str, found: impl Into<String>) -> Self {
        Self {
            check,
            about: about.to_owned(),
            ok: true,
            found: found.into(),
            remedy: String::new(),
        }
    }

    /// It is not, and this helps.
    pub(super) fn bad(
        check: &'static str,
        about: &str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            ok: false,
            remedy: remedy.into(),
            ..Self::good(check, about, found)
        }
    }
}

/// Prints results for people.
pub(super) fn print(results: &[PreflightResult]) {
    for result in results {
        let mark = if result.ok { "ok" } else { "--" };
        let about = match result.about.as_str() {
            "" => String::new(),
            about => format!(" {about}"),
        };
        line(&format!(
            "  {mark} {}{about}: {}",
            result.check, result.found
        ));
        if !result.remedy.is_empty() {
            line(&format!("     {}", result.remedy));
        }
    }
}

/// Prints results for programs: one object.
pub(super) fn print_json(results: &[PreflightResult]) {
    let ok = results.iter().all(|result| result.ok);
    line(&serde_json::json!({ "ok": ok, "findings": results }).to_string());
}
