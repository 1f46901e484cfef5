//! The Python environments: made once from pinned, hash-checked requirements, then reused.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::checkout::Checkout;
use crate::terminal::Step;

/// One of the project's Python environments.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Environment {
    /// MiniStack and the calls to it.
    MiniStack,
    /// AWS SAM CLI and cfn-lint.
    Sam,
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
pub(crate) enum EnvironmentError {
    /// A file could not be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Python is missing.
    #[error("`{0}` cannot be started; Python 3.11 or later with venv is needed")]
    NoPython(String),
    /// pip refused.
    #[error("{0} of the `{1}` environment failed")]
    Failed(&'static str, &'static str),
}

impl Environment {
    const fn name(self) -> &'static str {
        match self {
            Self::MiniStack => "ministack",
            Self::Sam => "sam",
            Self::Checks => "checks",
            Self::Bench => "bench",
            Self::Axe => "axe",
            Self::Api => "api",
        }
    }

    /// A program of this environment.
    pub(crate) fn program(self, checkout: &Checkout, program: &str) -> PathBuf {
        checkout.tools(self.name()).join("bin").join(program)
    }

    /// A file of one of this environment's packages, where it is there.
    pub(crate) fn file(self, checkout: &Checkout, file: &str) -> Option<PathBuf> {
        let pythons = std::fs::read_dir(checkout.tools(self.name()).join("lib")).ok()?;
        pythons
            .filter_map(Result::ok)
            .map(|python| python.path().join("site-packages").join(file))
            .find(|path| path.exists())
    }

    /// Makes the environment, unless it was made from the same requirements before.
    pub(crate) async fn ensure(self, checkout: &Checkout) -> Result<(), EnvironmentError> {
        let requirements = checkout.path(&format!("local/{}.txt", self.name()));
        let text = std::fs::read(&requirements).map_err(|source| EnvironmentError::File {
            path: requirements.clone(),
            source,
        })?;
        let wanted = format!("{:x}", HexDigest(Sha256::digest(&text).into()));
        let stamp = checkout.tools(self.name()).join("requirements.sha256");
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        let step = Step::begin(&format!("Python environment `{}`", self.name()));
        self.make(checkout, &requirements).await?;
        std::fs::write(&stamp, wanted).map_err(|source| EnvironmentError::File {
            path: stamp,
            source,
        })?;
        step.done();
        Ok(())
    }

    async fn make(
        self,
        checkout: &Checkout,
        requirements: &std::path::Path,
    ) -> Result<(), EnvironmentError> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let folder = checkout.tools(self.name());
        let made = tokio::process::Command::new(&python)
            .args(["-m", "venv", "--clear"])
            .arg(&folder)
            .kill_on_drop(true)
            .status()
            .await
            .map_err(|_| EnvironmentError::NoPython(python))?;
        if !made.success() {
            return Err(EnvironmentError::Failed("making", self.name()));
        }
        let installed = tokio::process::Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--require-hashes", "--no-deps", "--requirement"])
            .arg(requirements)
            .kill_on_drop(true)
            .status()
            .await
            .map_err(|source| EnvironmentError::File {
                path: folder,
                source,
            })?;
        if installed.success() {
            Ok(())
        } else {
            Err(EnvironmentError::Failed("filling", self.name()))
        }
    }
}

/// A digest that formats as lowercase hexadecimal.
struct HexDigest([u8; 32]);

impl std::fmt::LowerHex for HexDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
