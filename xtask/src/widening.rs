//! What new guardrails permit that the old ones did not, for whoever reviews a change of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use snowgate_core::guardrails::{Guardrails, GuardrailsError, Widening};

use crate::checkout::Checkout;
use crate::terminal;

/// Why the guardrails were not compared, or should be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WideningError {
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Neither a file nor a revision with guardrails in it.
    #[error("`{0}` is neither a file nor a revision that has guardrails")]
    NoRevision(String),
    /// git could not be started.
    #[error("git could not be started")]
    NoGit(#[source] std::io::Error),
    /// Not guardrails.
    #[error("the guardrails of `{of}` cannot be used")]
    Guardrails {
        /// Of which file or revision.
        of: String,
        /// What is wrong with them.
        source: GuardrailsError,
    },
    /// More is permitted than before.
    #[error("{0} of what is permitted is new")]
    Widened(usize),
}

/// Prints everything that is newly permitted.
///
/// # Errors
/// Where the guardrails cannot be compared, and where something is newly permitted.
pub(crate) fn show(checkout: &Checkout, before: &str, now: &Path) -> Result<(), WideningError> {
    let old = parse(before, &text_before(checkout, before)?)?;
    let path = checkout.path(".").join(now);
    let new = parse(&now.display().to_string(), &read(&path)?)?;
    let widened = new.widened_from(&old);
    for one in &widened {
        terminal::line(&format!("+ {}", reported(one)));
    }
    if widened.is_empty() {
        terminal::line("nothing is newly permitted");
        Ok(())
    } else {
        Err(WideningError::Widened(widened.len()))
    }
}

fn parse(of: &str, text: &str) -> Result<Guardrails, WideningError> {
    Guardrails::parse(text).map_err(|source| WideningError::Guardrails {
        of: of.to_owned(),
        source,
    })
}

fn read(path: &Path) -> Result<String, WideningError> {
    std::fs::read_to_string(path).map_err(|source| WideningError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// The text of a file, or of the guardrails at a revision.
fn text_before(checkout: &Checkout, before: &str) -> Result<String, WideningError> {
    if Path::new(before).is_file() {
        return read(Path::new(before));
    }
    let shown = Command::new("git")
        .arg("-C")
        .arg(checkout.path("."))
        .args(["show", "--end-of-options"])
        .arg(format!("{before}:guardrails.toml"))
        .output()
        .map_err(WideningError::NoGit)?;
    let text = String::from_utf8(shown.stdout).ok();
    text.filter(|_| shown.status.success())
        .ok_or_else(|| WideningError::NoRevision(before.to_owned()))
}

fn reported(widening: &Widening) -> String {
    match widening {
        Widening::Reference { account, witness } => {
            let example = witness.as_ref().map_or_else(
                || "it could not be proved that nothing more is".to_owned(),
                |witness| {
                    let under: String = witness
                        .context
                        .iter()
                        .map(|(key, value)| format!(", with {key} = {value}"))
                        .collect();
                    format!(
                        "for example {} on {}{under}",
                        witness.action, witness.resource
                    )
                },
            );
            format!("account {account}: the reference policy allows more, {example}")
        }
        Widening::Grant { account, what } => {
            format!("account {account}: {what} may be granted")
        }
        Widening::Longer {
            account,
            what,
            before,
            now,
        } => format!("account {account}: {what} for {now} instead of {before}"),
        Widening::LowerRisk { account, what } => {
            format!("account {account}: {what} is decided from an e-mail, without signing in")
        }
        Widening::Exposure { account, action } => {
            format!("account {account}: what {action} exposes is accepted")
        }
        Widening::Item {
            account,
            item,
            resource,
        } => format!(
            "account {account}: the owner of item {item} decides on {resource} in place of the account's"
        ),
        Widening::People { setting, value } => format!("{setting}: {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shipped guardrails with one text in place of another, as a file of its own.
    fn changed(name: &str, from: &str, to: &str) -> PathBuf {
        let shipped = include_str!("../../guardrails.toml");
        assert!(shipped.contains(from), "{from}");
        let name = format!("snowgate-{}-{name}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, shipped.replacen(from, to, 1)).unwrap();
        path
    }

    #[test]
    fn files_are_compared_and_only_what_is_newly_permitted_fails() {
        let checkout = Checkout::find().unwrap();
        let write = "\"s3:ListBucket\", \"s3:PutObject\"]";
        let [same, less, broken] = [
            changed("same", write, write),
            changed("less", write, "\"s3:ListBucket\"]"),
            changed("broken", "longest_session = \"PT1H\"", ""),
        ];
        let compare = |before: &PathBuf, now: &PathBuf| {
            show(&checkout, before.to_str().unwrap(), now).map_err(|error| error.to_string())
        };
        let found = [
            compare(&same, &same),
            compare(&same, &less),
            compare(&less, &same),
            compare(&same, &PathBuf::from("/nowhere.toml")),
            compare(&PathBuf::from("no-such-revision"), &same),
        ];
        let misread = show(&checkout, same.to_str().unwrap(), &broken);
        for path in [same, less, broken] {
            std::fs::remove_file(path).unwrap();
        }
        assert_eq!(found[..2], [Ok(()), Ok(())]);
        let reported = found[2..].iter().map(|one| one.clone().unwrap_err());
        assert_eq!(
            reported.collect::<Vec<_>>(),
            [
                "1 of what is permitted is new",
                "cannot read `/nowhere.toml`",
                "`no-such-revision` is neither a file nor a revision that has guardrails",
            ]
        );
        assert!(matches!(misread, Err(WideningError::Guardrails { .. })));
    }
}
