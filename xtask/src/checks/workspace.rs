//! What cargo says of the workspace.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use local_stack::checkout::Checkout;
use serde::Deserialize;

/// The document with the code map.
pub(super) const MAP: &str = "docs/architecture.md";

/// Why the layout cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayoutError {
    /// Cargo could not be run.
    #[error("`cargo metadata` could not be run")]
    Cargo(#[source] std::io::Error),
    /// Cargo said something else.
    #[error("`cargo metadata` does not describe a workspace")]
    Metadata(#[from] serde_json::Error),
    /// A source cannot be read.
    #[error("cannot read a source")]
    Source(#[source] std::io::Error),
    /// The code map cannot be read.
    #[error("cannot read `{MAP}`")]
    Map(#[source] std::io::Error),
}

/// The workspace, as `cargo metadata` describes it.
#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) workspace_root: PathBuf,
    pub(super) packages: Vec<Package>,
}

/// A crate of the workspace.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) targets: Vec<Target>,
}

/// What a crate depends on.
#[derive(Deserialize)]
pub(super) struct Dependency {
    /// `dev` or `build`; nothing for what is built in.
    pub(super) kind: Option<String>,
    /// The folder, where it is no package of a registry.
    pub(super) path: Option<PathBuf>,
}

/// What cargo makes of a crate.
#[derive(Deserialize)]
pub(super) struct Target {
    /// `test` for what is in `tests/`, among others.
    kind: Vec<String>,
    name: String,
}

impl Metadata {
    /// Asks cargo.
    pub(super) fn read(checkout: &Checkout) -> Result<Metadata, LayoutError> {
        let output = Command::new(super::cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(checkout.root())
            .stdin(Stdio::null())
            .output()
            .map_err(LayoutError::Cargo)?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The names of all that is in folders called `tests`, each of them once.
    pub(super) fn test_targets(&self) -> Vec<&str> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        let tests = targets.filter(|target| target.kind.iter().any(|kind| kind == "test"));
        let mut names: Vec<_> = tests.map(|target| target.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
