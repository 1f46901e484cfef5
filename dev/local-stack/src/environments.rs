//! The Python environments of this checkout, in `.tools/`: made once from pinned, hash-checked
//! requirements, then reused.

use std::path::PathBuf;

use snowgate::preflight::BOTO;
use snowgate::python::{VirtualEnvironment, VirtualEnvironmentError};

use crate::checkout::Checkout;
use crate::terminal::TimedStep;

/// One of the project's Python environments.
#[derive(Debug, Clone, Copy)]
pub enum Environment {
    /// MiniStack and the calls to it.
    MiniStack,
    /// AWS SAM CLI and cfn-lint.
    Sam,
    /// What `snowgate preflight` makes for itself on an operator's machine.
    Preflight,
    /// Checkers of text.
    Checks,
    /// What `make bench` compares with.
    Bench,
    /// The checker of the approval page's accessibility.
    Axe,
    /// The checker of the service API.
    Api,
}

/// Why an environment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PythonEnvironmentError {
    /// Its requirements could not be read.
    #[error("cannot read `{path}`")]
    Requirements {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The virtual environment could not be made.
    #[error(transparent)]
    Make(#[from] VirtualEnvironmentError),
}

impl Environment {
    const fn name(self) -> &'static str {
        match self {
            Self::MiniStack => "ministack",
            Self::Sam => "sam",
            Self::Preflight => "preflight",
            Self::Checks => "checks",
            Self::Bench => "bench",
            Self::Axe => "axe",
            Self::Api => "api",
        }
    }

    fn in_checkout(self, checkout: &Checkout) -> VirtualEnvironment {
        VirtualEnvironment::new(checkout.tools(self.name()))
    }

    /// A program of this environment.
    #[must_use]
    pub fn program(self, checkout: &Checkout, program: &str) -> PathBuf {
        self.in_checkout(checkout).program(program)
    }

    /// A file of one of this environment's packages, where it is there.
    #[must_use]
    pub fn file(self, checkout: &Checkout, file: &str) -> Option<PathBuf> {
        let pythons = std::fs::read_dir(checkout.tools(self.name()).join("lib")).ok()?;
        pythons
            .filter_map(Result::ok)
            .map(|python| python.path().join("site-packages").join(file))
            .find(|path| path.exists())
    }

    /// Makes the environment, unless it was made from the same requirements before.
    ///
    /// # Errors
    /// Where Python is missing or a package cannot be installed.
    pub async fn ensure(self, checkout: &Checkout) -> Result<(), PythonEnvironmentError> {
        let requirements = self.requirements(checkout)?;
        let environment = self.in_checkout(checkout);
        if environment.is_made_from(&requirements) {
            return Ok(());
        }
        let step = TimedStep::begin(&format!("Python environment `{}`", self.name()));
        environment.make(&requirements).await?;
        step.done();
        Ok(())
    }

    fn requirements(self, checkout: &Checkout) -> Result<String, PythonEnvironmentError> {
        if matches!(self, Self::Preflight) {
            return Ok(BOTO.to_owned());
        }
        let path = checkout.path(&format!("local/{}.txt", self.name()));
        std::fs::read_to_string(&path)
            .map_err(|source| PythonEnvironmentError::Requirements { path, source })
    }
}
