//! Whether aws-lc was built without its CPU jitter entropy (docs/decisions/0020-no-jitter-entropy.md).
//!
//! `.cargo/config.toml` asks for it; what counts is what was linked. The functions are stripped, so
//! this program looks at itself: cargo builds aws-lc once for both.

use std::path::PathBuf;

/// A function that only the collector of jitter has. Written backwards, like the next one: this
/// program would find its own text otherwise.
const COLLECTOR: &str = "colla_rotcelloc_yportne_tnej";
/// A function that every aws-lc has: without it there are no names to look at.
const ALWAYS: &str = "dees_teg_rettij_eert_";

/// Why the build is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum EntropyError {
    /// The program cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is nothing to look at.
    #[error("`{0}` has no symbols of aws-lc")]
    Nameless(PathBuf),
    /// The first connection of every environment would take 40 ms of CPU longer.
    #[error("aws-lc was built with jitter entropy: AWS_LC_SYS_NO_JITTER_ENTROPY was not set")]
    Collects,
}

/// Looks at this program.
pub(super) fn check() -> Result<(), EntropyError> {
    let unreadable = |path: &PathBuf| {
        let path = path.clone();
        move |source| EntropyError::Unreadable { path, source }
    };
    let path = PathBuf::from("/proc/self/exe");
    let path = std::env::current_exe().map_err(unreadable(&path))?;
    let program = std::fs::read(&path).map_err(unreadable(&path))?;
    judge(&program, path)
}

fn judge(program: &[u8], path: PathBuf) -> Result<(), EntropyError> {
    if !super::privileges::holds(program, &forwards(ALWAYS)) {
        return Err(EntropyError::Nameless(path));
    }
    match super::privileges::holds(program, &forwards(COLLECTOR)) {
        true => Err(EntropyError::Collects),
        false => Ok(()),
    }
}

fn forwards(name: &str) -> Vec<u8> {
    name.bytes().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_collector_is_found_where_it_is() {
        let (always, collector) = (forwards(ALWAYS), forwards(COLLECTOR));
        let with = [&always[..], b" ", &collector[..]].concat();
        let judged = |program: &[u8]| judge(program, PathBuf::from("x"));
        assert!(matches!(judged(&with), Err(EntropyError::Collects)));
        assert!(matches!(judged(&collector), Err(EntropyError::Nameless(_))));
        assert!(judged(&always).is_ok());
    }
}
