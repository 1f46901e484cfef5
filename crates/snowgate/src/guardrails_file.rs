//! The guardrails file: where it is, and what it says.

use std::path::{Path, PathBuf};

use snowgate_core::guardrails::{Guardrails, GuardrailsError};

/// The name that the file has in Snowgate's repository.
pub const SHIPPED_NAME: &str = "guardrails.toml";
/// Names another file; the build of the functions reads the same variable.
const VARIABLE: &str = "SNOWGATE_GUARDRAILS";

/// Why there are no guardrails to work with.
#[derive(Debug, thiserror::Error)]
pub enum GuardrailsFileError {
    /// None is named, and neither the current folder nor one above it has one.
    #[error(
        "no guardrails: name the file with --guardrails or {VARIABLE}, or go to the folder of \
         {SHIPPED_NAME}"
    )]
    NotFound,
    /// The file could not be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file, or a revision of it, holds no guardrails that could be used.
    #[error("the guardrails of `{of}` cannot be used")]
    Invalid {
        /// The file or git revision they were read from.
        of: String,
        /// What is wrong with them.
        source: GuardrailsError,
    },
}

/// The file that is named, else the one that `SNOWGATE_GUARDRAILS` names, else `guardrails.toml` in
/// the current folder or the nearest one above.
///
/// # Errors
/// Where none is named and none found.
pub fn find(named: Option<&Path>) -> Result<PathBuf, GuardrailsFileError> {
    let variable = || std::env::var_os(VARIABLE).map(PathBuf::from);
    if let Some(path) = named.map(Path::to_owned).or_else(variable) {
        return Ok(path);
    }
    let here = std::env::current_dir().map_err(|_| GuardrailsFileError::NotFound)?;
    above(&here).ok_or(GuardrailsFileError::NotFound)
}

fn above(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .map(|folder| folder.join(SHIPPED_NAME))
        .find(|path| path.is_file())
}

/// Reads a guardrails file and checks that it holds together.
///
/// # Errors
/// Where it cannot be read or contradicts itself.
pub fn load(path: &Path) -> Result<Guardrails, GuardrailsFileError> {
    parse(&path.display().to_string(), &read(path)?)
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, GuardrailsFileError> {
    std::fs::read_to_string(path).map_err(|source| GuardrailsFileError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// The guardrails in a text; `of` says where it comes from.
pub(crate) fn parse(of: &str, text: &str) -> Result<Guardrails, GuardrailsFileError> {
    Guardrails::parse(text).map_err(|source| GuardrailsFileError::Invalid {
        of: of.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_found_from_a_folder_below() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap();
        let found = above(&root.join("crates/snowgate/src"));
        assert_eq!(found, Some(root.join(SHIPPED_NAME)));
        assert_eq!(above(Path::new("/")), None);
    }

    #[test]
    fn a_named_file_is_taken_as_it_is_named() {
        let found = find(Some(Path::new("elsewhere.toml"))).unwrap();
        assert_eq!(found, Path::new("elsewhere.toml"));
        let missing = load(Path::new("/nowhere.toml"));
        assert!(matches!(
            missing,
            Err(GuardrailsFileError::Unreadable { .. })
        ));
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_its_name() {
        let refused = parse("x.toml", "partition = \"aws\"").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the guardrails of `x.toml` cannot be used"
        );
    }
}
