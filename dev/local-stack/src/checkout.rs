//! Where things are in this checkout.

use std::path::{Path, PathBuf};

/// A checkout of the project. All state of a local stack is in its `.local/`, so that two checkouts
/// do not know of each other.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
}

/// Why there is no checkout to work in.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// Neither this folder nor one above it is the project's root.
    #[error("no folder from `{0}` upwards holds `template.yaml` and `Cargo.toml`")]
    Outside(PathBuf),
    /// The current folder is not known.
    #[error("the current folder cannot be read")]
    Unreadable(#[from] std::io::Error),
}

impl Checkout {
    /// The checkout that the current folder is in.
    pub fn find() -> Result<Self, CheckoutError> {
        let start = std::env::current_dir()?;
        start
            .ancestors()
            .find(|folder| {
                folder.join("template.yaml").is_file() && folder.join("Cargo.toml").is_file()
            })
            .map(|root| Self {
                root: root.to_owned(),
            })
            .ok_or(CheckoutError::Outside(start))
    }

    /// The root of the project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder of the project.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A file or folder of the local stack's state.
    pub fn local(&self, relative: &str) -> PathBuf {
        self.root.join(".local").join(relative)
    }

    /// A tool's folder or file.
    pub fn tools(&self, relative: &str) -> PathBuf {
        self.root.join(".tools").join(relative)
    }
}
