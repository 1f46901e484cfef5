//! The Python with boto3 that asks AWS.

use std::path::PathBuf;

use crate::python::{VirtualEnvironment, VirtualEnvironmentError};
use crate::terminal::note;

/// Boto3 and what it needs, pinned and with hashes, for pip.
pub const BOTO: &str = include_str!("../../python/requirements.txt");

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum BotoError {
    /// There is no place to make a virtual environment in.
    #[error(
        "neither XDG_CACHE_HOME nor HOME names a folder for a virtual environment; name a Python that \
         has boto3 with --python"
    )]
    NoFolder,
    /// The virtual environment could not be made.
    #[error("no virtual environment; `--python` names another Python that has boto3")]
    Environment(#[from] VirtualEnvironmentError),
}

/// The interpreter of the user's own virtual environment, which is made at the first call.
///
/// # Errors
/// Where it cannot be made.
pub async fn ensure() -> Result<PathBuf, BotoError> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let folder = folder(variable("XDG_CACHE_HOME"), variable("HOME"));
    let environment = VirtualEnvironment::new(folder.ok_or(BotoError::NoFolder)?);
    if !environment.is_made_from(BOTO) {
        note("installing boto3 into the cache folder, once");
        environment.make(BOTO).await?;
    }
    Ok(environment.program("python"))
}

/// Relative paths do not count (XDG Base Directory Specification).
fn folder(cache: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let cache = cache.filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute());
    cache
        .or_else(|| home.map(|home| home.join(".cache")))
        .map(|cache| cache.join("snowgate/python"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_folder_is_that_of_the_user() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(
            folder(path("/cache"), path("/home/a")),
            path("/cache/snowgate/python")
        );
        assert_eq!(
            folder(path("cache"), path("/home/a")),
            path("/home/a/.cache/snowgate/python")
        );
        assert_eq!(folder(None, path("home")), None);
    }

    #[test]
    fn every_package_is_pinned_with_hashes() {
        let starts = BOTO.lines().filter(|line| !line.starts_with(' '));
        assert!(starts.clone().any(|line| line.starts_with("boto3==")));
        assert!(
            starts
                .clone()
                .all(|line| line.contains("==") && line.ends_with('\\'))
        );
        assert!(
            BOTO.lines()
                .all(|line| !line.starts_with(' ') || line.contains("--hash=sha256:"))
        );
    }
}
