//! `cargo xtask paths`: renews the ways to more power from the pinned commit of pathfinding.cloud.
//!
//! The commit is named in `local/pathfinding.txt`; git puts it under `.tools/`. To take a newer one
//! in, name it there and run the command again: what the table knows and the commit does not know
//! any more stays in the table, and so do the kinds that were given to ways by hand.

mod table;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use local_stack::checkout::Checkout;
use local_stack::terminal::{self, TimedStep};

use table::{PathFile, PathFileError, Release};

const TABLE: &str = "crates/iam-policy/data/escalation.tsv";
const PIN: &str = "local/pathfinding.txt";

/// Where the commit has its ways, a file each.
const FOLDER: &str = "data/paths";

/// Why the table was not renewed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PathsError {
    /// A file could not be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The pin is not as expected.
    #[error("`{PIN}` does not hold an address and the 40 hexadecimal digits of a commit")]
    NoPin,
    /// git is missing or could not get the commit.
    #[error("git could not {0}")]
    Git(&'static str),
    /// A file does not describe a way.
    #[error("`{path}` describes no way")]
    Way {
        /// The file.
        path: PathBuf,
        /// What is missing in it.
        source: PathFileError,
    },
    /// The commit has none.
    #[error("the commit has no ways in `{FOLDER}`")]
    Nothing,
}

/// Gets the pinned commit, unless it is there, and renews the checked-in table from it.
pub(crate) async fn renew(checkout: &Checkout) -> Result<(), PathsError> {
    let (folder, release) = download(checkout).await?;
    let mut files = Vec::new();
    read_ways(&folder.join(FOLDER), &mut files)?;
    if files.is_empty() {
        return Err(PathsError::Nothing);
    }
    let path = checkout.path(TABLE);
    let before = read(&path)?;
    let after = table::renewed(&before, &files, &release);
    let change = if after == before {
        "as it was"
    } else {
        "renewed"
    };
    std::fs::write(&path, after).map_err(|source| PathsError::File { path, source })?;
    terminal::line(&format!(
        "{TABLE}: {change}; pathfinding.cloud {} of {}: {} ways",
        release.commit,
        release.date,
        files.len()
    ));
    Ok(())
}

/// The folder that holds the pinned commit, and what is to be said of it.
async fn download(checkout: &Checkout) -> Result<(PathBuf, Release), PathsError> {
    let text = read(&checkout.path(PIN))?;
    let (address, commit) = pinned(&text).ok_or(PathsError::NoPin)?;
    let folder = checkout.tools(&format!("pathfinding-{commit}"));
    if !folder.join(FOLDER).exists() {
        let step = TimedStep::begin(&format!("pathfinding.cloud {commit}"));
        std::fs::create_dir_all(&folder).map_err(|source| PathsError::File {
            path: folder.clone(),
            source,
        })?;
        git(&folder, "begin", &["init", "--quiet"]).await?;
        let fetch = ["fetch", "--quiet", "--depth", "1", address, commit];
        git(&folder, "fetch the commit", &fetch).await?;
        let checkout = ["checkout", "--quiet", "FETCH_HEAD"];
        git(&folder, "check the commit out", &checkout).await?;
        step.done();
    }
    let show = ["show", "--no-patch", "--format=%cs", commit];
    let date = git(&folder, "tell the date of the commit", &show).await?;
    let release = Release {
        commit: commit.get(..12).unwrap_or(commit).to_owned(),
        date: date.trim().to_owned(),
    };
    Ok((folder, release))
}

async fn git(folder: &Path, what: &'static str, arguments: &[&str]) -> Result<String, PathsError> {
    let output = tokio::process::Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|_| PathsError::Git(what))?;
    if !output.status.success() {
        return Err(PathsError::Git(what));
    }
    String::from_utf8(output.stdout).map_err(|_| PathsError::Git(what))
}

/// Reads all files of a folder and those below it, in order.
fn read_ways(folder: &Path, into: &mut Vec<PathFile>) -> Result<(), PathsError> {
    let failed = |source| PathsError::File {
        path: folder.to_owned(),
        source,
    };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_ways(&path, into)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let way = PathFile::parse(&read(&path)?);
            into.push(way.map_err(|source| PathsError::Way { path, source })?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, PathsError> {
    std::fs::read_to_string(path).map_err(|source| PathsError::File {
        path: path.to_owned(),
        source,
    })
}

/// The address and the commit in `address commit`; the commit names a folder.
fn pinned(text: &str) -> Option<(&str, &str)> {
    let (address, commit) = text.trim().split_once(' ')?;
    let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let whole = commit.len() == 40 && commit.bytes().all(plain);
    (whole && address.starts_with("https://")).then_some((address, commit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_commit_is_the_one_of_the_table() {
        let (_, commit) = pinned(include_str!("../../local/pathfinding.txt")).unwrap();
        let table = include_str!("../../crates/iam-policy/data/escalation.tsv");
        let release = table
            .lines()
            .find_map(|line| line.strip_prefix("# release\t"));
        let of_table = release.and_then(|line| line.split('\t').next());
        assert_eq!(commit.get(..12), of_table);
        assert_eq!(pinned("https://example.com ../x"), None);
        assert_eq!(pinned(&format!("--upload-pack=x {commit}")), None);
    }
}
