//! What new guardrails permit that the old ones did not, for whoever reviews a change of them.

use std::path::Path;
use std::process::{Command, Stdio};

use snowgate_core::guardrails::Widening;
use snowgate_core::markup::code;
use snowgate_core::request::AccessDuration;

use crate::guardrails_file::{self, GuardrailsFileError, SHIPPED_NAME};
use crate::terminal;

/// Why two guardrails were not compared.
#[derive(Debug, thiserror::Error)]
pub enum DifferenceError {
    /// One of them cannot be used.
    #[error(transparent)]
    File(#[from] GuardrailsFileError),
    /// Neither a file nor a revision with guardrails in it.
    #[error("{} is neither a file nor a revision that has guardrails", code(.0))]
    NoRevision(String),
    /// git could not be started.
    #[error("git could not be started")]
    NoGit(#[source] std::io::Error),
}

/// Everything that the guardrails in the file `now` newly permit. `before` is a file, or a revision
/// of the git repository that `now` is in.
///
/// # Errors
/// Where one of the two cannot be read or is no set of guardrails.
pub fn compare(before: &str, now: &Path) -> Result<Vec<Widening>, DifferenceError> {
    let new = guardrails_file::load(now)?;
    let old = guardrails_file::parse(before, &text_before(before, now)?)?;
    Ok(new.widened_from(&old))
}

/// Prints one line for each.
pub fn print(widened: &[Widening]) {
    for one in widened {
        terminal::line(&format!("+ {}", described(one)));
    }
    if widened.is_empty() {
        terminal::line("nothing is newly permitted");
    } else {
        terminal::note(&format!("newly permitted: {}", widened.len()));
    }
}

/// The text of a file, or of the guardrails at a revision.
fn text_before(before: &str, now: &Path) -> Result<String, DifferenceError> {
    if Path::new(before).is_file() {
        return Ok(guardrails_file::read(Path::new(before))?);
    }
    // The same file then, or, where it is new, the one of Snowgate's own repository.
    let name = now.file_name().unwrap_or_default().to_string_lossy();
    for path in [format!("./{name}"), SHIPPED_NAME.to_owned()] {
        if let Some(text) = at_revision(before, &path, now)? {
            return Ok(text);
        }
    }
    Err(DifferenceError::NoRevision(before.to_owned()))
}

/// A file at a revision of the repository that `now` is in; none where there is no such file.
fn at_revision(revision: &str, path: &str, now: &Path) -> Result<Option<String>, DifferenceError> {
    let folder = match now.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let shown = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["show", "--end-of-options"])
        .arg(format!("{revision}:{path}"))
        .stdin(Stdio::null())
        .output()
        .map_err(DifferenceError::NoGit)?;
    let text = String::from_utf8(shown.stdout).ok();
    Ok(text.filter(|_| shown.status.success()))
}

fn described(widening: &Widening) -> String {
    match widening {
        Widening::Reference { account, witness } => {
            let example = witness.as_ref().map_or_else(
                || "it could not be proved that nothing more is".to_owned(),
                |witness| {
                    let under: String = witness
                        .context
                        .iter()
                        .map(|(key, value)| format!(", with {} = {}", code(key), code(value)))
                        .collect();
                    format!(
                        "for example {} on {}{under}",
                        code(&witness.action),
                        code(&witness.resource)
                    )
                },
            );
            format!("account {account}: the reference policy allows more, {example}")
        }
        Widening::Grant { account, what } => {
            format!("account {account}: {} may be granted", code(what))
        }
        Widening::Longer {
            account,
            what,
            before,
            now,
        } => format!(
            "account {account}: {} for {now} instead of {before}",
            code(what)
        ),
        Widening::LowerRisk { account, what } => {
            format!(
                "account {account}: {} is decided from an e-mail, without signing in",
                code(what)
            )
        }
        Widening::Manager {
            account,
            what,
            before,
            now,
        } => format!(
            "account {account}: for {} the beneficiary's manager is `{}` instead of `{}`",
            code(what),
            now.setting(),
            before.setting()
        ),
        Widening::Exposure { account, action } => {
            format!(
                "account {account}: what {} exposes is accepted",
                code(action)
            )
        }
        Widening::Item {
            account,
            item,
            resource,
        } => format!(
            "account {account}: the owner of item {item} decides on {} in place of the account's",
            code(resource)
        ),
        Widening::Volume { limit, before, now } => {
            let words = |(grants, window): (u32, AccessDuration)| format!("{grants} in {window}");
            let now = now.map_or("no limit".to_owned(), words);
            format!("volume.{limit}: {now} instead of {}", words(*before))
        }
        Widening::People { setting, value } => format!("{setting}: {}", code(value)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const SHIPPED: &str = include_str!("../../../guardrails.toml");
    const WRITE: &str = "\"s3:ListBucket\", \"s3:PutObject\"]";

    /// The shipped guardrails with one text in place of another.
    fn changed(from: &str, to: &str) -> String {
        assert!(SHIPPED.contains(from), "{from}");
        SHIPPED.replacen(from, to, 1)
    }

    /// A folder that is gone when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("snowgate-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, text).unwrap();
            path
        }

        fn git(&self, arguments: &[&str]) {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
            let done = Command::new("git")
                .arg("-C")
                .arg(&self.0)
                .args(identity)
                .args(arguments)
                .output()
                .unwrap();
            assert!(done.status.success(), "{arguments:?}: {done:?}");
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn count(before: &Path, now: &Path) -> Result<usize, String> {
        let widened = compare(before.to_str().unwrap(), now);
        widened
            .map(|all| all.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_compared_and_only_what_is_newly_permitted_counts() {
        let folder = Folder::new("files");
        let same = folder.write("same.toml", SHIPPED);
        let less = folder.write("less.toml", &changed(WRITE, "\"s3:ListBucket\"]"));
        let broken = folder.write("broken.toml", &changed("longest_session = \"PT1H\"", ""));
        assert_eq!(count(&same, &same), Ok(0));
        assert_eq!(count(&same, &less), Ok(0));
        assert_eq!(count(&less, &same), Ok(1));
        let nowhere = Path::new("/nowhere.toml");
        let unreadable = count(&same, nowhere).unwrap_err();
        assert_eq!(unreadable, "cannot read `/nowhere.toml`");
        let misread = compare(same.to_str().unwrap(), &broken);
        let invalid = GuardrailsFileError::Invalid {
            of: broken.display().to_string(),
            source: snowgate_core::guardrails::Guardrails::parse("x").unwrap_err(),
        };
        assert_eq!(misread.unwrap_err().to_string(), invalid.to_string());
    }

    #[test]
    fn a_revision_is_read_from_the_repository_of_the_file() {
        let folder = Folder::new("revision");
        let ours = folder.write("ours.toml", &changed(WRITE, "\"s3:ListBucket\"]"));
        folder.write(SHIPPED_NAME, SHIPPED);
        folder.git(&["init", "--quiet"]);
        folder.git(&["add", "."]);
        folder.git(&["commit", "--quiet", "--message", "first"]);
        let head = Path::new("HEAD");
        assert_eq!(count(head, &ours), Ok(0));
        folder.write("ours.toml", SHIPPED);
        assert_eq!(count(head, &ours), Ok(1), "compared with itself before");
        let new = folder.write("new.toml", SHIPPED);
        assert_eq!(count(head, &new), Ok(0), "compared with guardrails.toml");
        assert_eq!(
            count(Path::new("no-such-revision"), &ours),
            Err(
                "`no-such-revision` is neither a file nor a revision that has guardrails"
                    .to_owned()
            )
        );
    }
}
