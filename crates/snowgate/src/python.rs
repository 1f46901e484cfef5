//! Python: virtual environments from pinned requirements, and programs that speak to AWS with boto3.
//!
//! An order goes into a program as JSON on standard input, for it may hold secrets, and its answer
//! comes back as JSON.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use snowgate_core::id::hex;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Why a program did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be run.
    #[error("`{name}` could not be run")]
    Run {
        /// The program.
        name: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It failed; its last line.
    #[error("`{name}` failed: {last}")]
    Failed {
        /// The program.
        name: &'static str,
        /// The last line of what it said.
        last: String,
    },
    /// Its answer is not JSON.
    #[error("the answer of `{name}` cannot be read")]
    Answer {
        /// The program.
        name: &'static str,
        /// Where it is no JSON.
        source: serde_json::Error,
    },
}

/// A Python program.
#[derive(Debug, Clone, Copy)]
pub struct Program<'p> {
    /// Its name, for messages.
    pub name: &'static str,
    /// Where its text is.
    pub text: ProgramText<'p>,
}

/// Where the text of a program is.
#[derive(Debug, Clone, Copy)]
pub enum ProgramText<'p> {
    /// In a file.
    File(&'p Path),
    /// In this binary.
    Embedded(&'static str),
}

impl Program<'_> {
    /// Runs the program with a Python interpreter and hands it an order; what it answers, null
    /// where it answers nothing.
    ///
    /// # Errors
    /// Where it cannot be run, fails or does not answer with JSON.
    pub async fn ask(&self, python: &Path, order: &Value) -> Result<Value, ProgramError> {
        let name = self.name;
        let run = async || {
            let mut command = Command::new(python);
            match self.text {
                ProgramText::File(path) => command.arg(path),
                ProgramText::Embedded(text) => command.arg("-c").arg(text),
            };
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            if let Some(mut input) = child.stdin.take() {
                input.write_all(order.to_string().as_bytes()).await?;
            }
            child.wait_with_output().await
        };
        let output = run()
            .await
            .map_err(|source| ProgramError::Run { name, source })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("no reason given").to_owned();
            return Err(ProgramError::Failed { name, last });
        }
        if output.stdout.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|source| ProgramError::Answer { name, source })
    }
}

/// Why there is no virtual environment.
#[derive(Debug, thiserror::Error)]
pub enum VirtualEnvironmentError {
    /// A file of it could not be written.
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
    /// venv failed; it has said why.
    #[error("the virtual environment in `{0}` could not be made")]
    Make(PathBuf),
    /// pip failed; it has said why.
    #[error("the packages of the virtual environment in `{0}` could not be installed")]
    Install(PathBuf),
}

/// A virtual environment that is made once from pinned, hash-checked requirements, then reused.
#[derive(Debug, Clone)]
pub struct VirtualEnvironment {
    folder: PathBuf,
}

impl VirtualEnvironment {
    /// The environment in a folder, made or not.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// A program of this environment, such as `python`.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Whether it was made from these requirements, the text of a file for pip.
    #[must_use]
    pub fn is_made_from(&self, requirements: &str) -> bool {
        std::fs::read_to_string(self.stamp()).is_ok_and(|found| found == digest(requirements))
    }

    /// Makes it anew from these requirements, with the Python that `PYTHON` names or `python3`.
    ///
    /// # Errors
    /// Where Python is missing, or the packages cannot be installed.
    pub async fn make(&self, requirements: &str) -> Result<(), VirtualEnvironmentError> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut venv = Command::new(&python);
        venv.args(["-m", "venv", "--clear"]).arg(&self.folder);
        let made = status(venv)
            .await
            .map_err(|_| VirtualEnvironmentError::NoPython(python))?;
        if !made.success() {
            return Err(VirtualEnvironmentError::Make(self.folder.clone()));
        }
        let file = self.folder.join("requirements.txt");
        write(&file, requirements)?;
        let mut pip = Command::new(self.program("python"));
        pip.args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "--require-hashes"])
            .args(["--no-deps", "--requirement"])
            .arg(&file);
        let installed = status(pip).await;
        if !installed.is_ok_and(|status| status.success()) {
            return Err(VirtualEnvironmentError::Install(self.folder.clone()));
        }
        write(&self.stamp(), &digest(requirements))
    }

    /// Written last: an environment without it was not finished.
    fn stamp(&self) -> PathBuf {
        self.folder.join("requirements.sha256")
    }
}

/// Runs a command whose messages the user sees, apart from what this program prints.
async fn status(mut command: Command) -> std::io::Result<ExitStatus> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::io::stderr()))
        .kill_on_drop(true)
        .status()
        .await
}

fn write(path: &Path, text: &str) -> Result<(), VirtualEnvironmentError> {
    std::fs::write(path, text).map_err(|source| VirtualEnvironmentError::File {
        path: path.to_owned(),
        source,
    })
}

/// SHA-256 in lowercase hexadecimal.
fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(text: &'static str) -> Result<Value, ProgramError> {
        let program = Program {
            name: "test",
            text: ProgramText::Embedded(text),
        };
        program
            .ask(Path::new("python3"), &serde_json::json!({"a": 1}))
            .await
    }

    #[tokio::test(flavor = "current_thread")]
    async fn an_order_goes_in_and_an_answer_comes_out() {
        let echo = "import json, sys; json.dump([json.load(sys.stdin)], sys.stdout)";
        assert_eq!(run(echo).await.unwrap(), serde_json::json!([{"a": 1}]));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_failure_is_told_by_its_last_line() {
        let failed = run("import sys; sys.stdin.read(); sys.exit('one\\ntwo')").await;
        assert_eq!(failed.unwrap_err().to_string(), "`test` failed: two");
        let silent = run("import sys; sys.stdin.read()").await;
        assert_eq!(silent.unwrap(), Value::Null);
        let odd = run("import sys; sys.stdin.read(); print('{')").await;
        assert!(matches!(odd, Err(ProgramError::Answer { .. })));
    }

    #[test]
    fn an_environment_is_made_from_what_its_stamp_says() {
        let name = format!("snowgate-{}-environment", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let environment = VirtualEnvironment::new(folder.clone());
        assert!(!environment.is_made_from("six==1.17.0"));
        write(&environment.stamp(), &digest("six==1.17.0")).unwrap();
        assert!(environment.is_made_from("six==1.17.0"));
        assert!(!environment.is_made_from("six==1.17.1"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
