//! Where things are, and on what machine.

use std::path::{Path, PathBuf};

/// A checkout of the project.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    root: PathBuf,
}

/// Something that is needed is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// Neither this folder nor one above it is the project's root.
    #[error("no folder from here upwards holds `template.yaml` and `Cargo.toml`")]
    Outside,
    /// A folder cannot be used.
    #[error("cannot use `{path}`")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl Place {
    /// The checkout around the current folder.
    pub(crate) fn find() -> Result<Self, PlaceError> {
        let start = std::env::current_dir().map_err(|_| PlaceError::Outside)?;
        let is_root = |folder: &&Path| {
            folder.join("template.yaml").is_file() && folder.join("Cargo.toml").is_file()
        };
        let root = start.ancestors().find(is_root).ok_or(PlaceError::Outside)?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The root of the project.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the project.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A folder for what this run makes; it is there afterwards.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf, PlaceError> {
        let path = self.root.join(".local/bench").join(name);
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(path),
            Err(source) => Err(PlaceError::Folder { path, source }),
        }
    }

    /// The Python of the environment `bench`, which `cargo xtask bench-environment` makes.
    pub(crate) fn python(&self) -> PathBuf {
        self.root.join(".tools/bench/bin/python")
    }

    /// Cargo, the one that runs this.
    pub(crate) fn cargo() -> PathBuf {
        std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
    }

    /// The kind of machine, in one line.
    pub(crate) fn machine(&self) -> String {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = text
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown processor", |rest| {
                rest.trim_start_matches([' ', '\t', ':'])
            });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        format!("{} · {model} · {cores} cores", std::env::consts::ARCH)
    }
}
