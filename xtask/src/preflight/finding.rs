//! What a check found.

use serde::Serialize;

use crate::terminal::line;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The check, as docs/operating.md lists them.
    pub(crate) check: &'static str,
    /// What it was about: an account, a table, a secret. Empty where there is only one.
    pub(crate) about: String,
    /// Whether it is as it must be.
    pub(crate) ok: bool,
    /// What was found.
    pub(crate) found: String,
    /// What to do; empty where nothing is.
    pub(crate) remedy: String,
}

impl Finding {
    /// It is as it must be.
    pub(crate) fn good(check: &'static str, about: &str, found: impl Into<String>) -> Self {
        Self {
            check,
            about: about.to_owned(),
            ok: true,
            found: found.into(),
            remedy: String::new(),
        }
    }

    /// It is not, and this helps.
    pub(crate) fn bad(
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

/// Prints findings for people.
pub(crate) fn print(findings: &[Finding]) {
    for finding in findings {
        let mark = if finding.ok { "ok" } else { "--" };
        let about = match finding.about.as_str() {
            "" => String::new(),
            about => format!(" {about}"),
        };
        line(&format!(
            "  {mark} {}{about}: {}",
            finding.check, finding.found
        ));
        if !finding.remedy.is_empty() {
            line(&format!("     {}", finding.remedy));
        }
    }
}

/// Prints findings for programs: one object.
pub(crate) fn print_json(findings: &[Finding]) {
    let ok = findings.iter().all(|finding| finding.ok);
    line(&serde_json::json!({ "ok": ok, "findings": findings }).to_string());
}
