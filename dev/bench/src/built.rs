//! The functions as they ship.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::place::{Place, PlaceError};

/// Why there are no functions to measure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// A program could not be run.
    #[error("`{program}` could not be run")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Something did not compile; cargo has said what.
    #[error("the build failed")]
    Failed,
    /// A file cannot be used.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is no folder for what is made.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

/// A function's binary.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    /// The binary.
    pub(crate) bootstrap: PathBuf,
    /// The size of the archive that is uploaded, in megabytes of 1,000,000 bytes.
    pub(crate) zipped: f64,
}

/// The functions that the template names, by binary.
pub(crate) type Functions = BTreeMap<String, Built>;

/// Builds the functions of the template, all or those that are named, in one go, as releases; what is built together shares its
/// features, as it does when `sam build` runs in the root of the workspace.
pub(crate) fn functions(place: &Place, only: &[String]) -> Result<Functions, BuildError> {
    let mut names = in_template(place)?;
    names.retain(|name| only.is_empty() || only.contains(name));
    let mut command = Command::new(Place::cargo());
    command
        .args([
            "build",
            "--release",
            "--message-format=json-render-diagnostics",
        ])
        .args(names.iter().flat_map(|name| ["--bin", name]))
        .current_dir(place.root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|source| BuildError::Run {
        program: Place::cargo(),
        source,
    })?;
    if !output.status.success() {
        return Err(BuildError::Failed);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let binaries: BTreeMap<String, PathBuf> = said.lines().filter_map(executable).collect();
    let mut functions = Functions::new();
    for name in names {
        let binary = binaries.get(&name).ok_or(BuildError::Failed)?;
        functions.insert(name.clone(), place_one(place, &name, binary)?);
    }
    Ok(functions)
}

fn in_template(place: &Place) -> Result<Vec<String>, BuildError> {
    let path = place.path("template.yaml");
    let text =
        std::fs::read_to_string(&path).map_err(|source| BuildError::File { path, source })?;
    let name = |line: &str| {
        let rest = line.trim().strip_prefix("BuildProperties: {Binary: ")?;
        rest.strip_suffix('}').map(str::to_owned)
    };
    Ok(text.lines().filter_map(name).collect())
}

/// The binary that one of cargo's messages names.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.pointer("/target/name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}

/// Puts a function where it is called `bootstrap`, and packs it as SAM does.
fn place_one(place: &Place, name: &str, binary: &PathBuf) -> Result<Built, BuildError> {
    let folder = place.scratch(name)?;
    let bootstrap = folder.join("bootstrap");
    std::fs::copy(binary, &bootstrap).map_err(|source| BuildError::File {
        path: bootstrap.clone(),
        source,
    })?;
    let python = place.python();
    let packed = Command::new(&python)
        .args(["-m", "zipfile", "-c", "function.zip", "bootstrap"])
        .current_dir(&folder)
        .status();
    match packed {
        Ok(status) if status.success() => {}
        Ok(_) => return Err(BuildError::Failed),
        Err(source) => {
            return Err(BuildError::Run {
                program: python,
                source,
            });
        }
    }
    let archive = folder.join("function.zip");
    let size = std::fs::metadata(&archive).map_err(|source| BuildError::File {
        path: archive,
        source,
    })?;
    Ok(Built {
        bootstrap,
        zipped: size.len() as f64 / 1_000_000.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_names_its_binaries() {
        let message =
            r#"{"reason":"compiler-artifact","target":{"name":"intake"},"executable":"/t/intake"}"#;
        assert_eq!(
            executable(message),
            Some(("intake".into(), "/t/intake".into()))
        );
        assert_eq!(
            executable(r#"{"reason":"build-finished","success":true}"#),
            None
        );
    }

    #[test]
    fn every_function_of_the_template_is_built() {
        let place = Place::find().unwrap();
        let names = in_template(&place).unwrap();
        assert!(
            names.len() >= 7 && names.contains(&"authorizer".to_owned()),
            "{names:?}"
        );
    }
}
