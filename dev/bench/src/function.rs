//! A function as a process: plainly, or with its instructions counted.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::instructions;

/// How a function is started.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// The program with its arguments.
    pub(crate) command: Vec<PathBuf>,
    /// Its environment; nothing else is in it.
    pub(crate) environment: Vec<(String, String)>,
    /// Where it says what it has to say.
    pub(crate) log: PathBuf,
}

/// Why a process could not be started or watched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// It could not be started.
    #[error("`{program}` could not be started")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Its figures could not be read.
    #[error("the process has ended or cannot be watched; see `{log}`")]
    Watch {
        /// What it said.
        log: PathBuf,
    },
}

/// A function that runs; ended when dropped.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Start {
    /// Starts it.
    pub(crate) fn plainly(&self) -> Result<Running, ProcessError> {
        self.run(&self.command)
    }

    /// Starts it with its instructions counted.
    pub(crate) fn counted(&self) -> Result<Running, ProcessError> {
        let mut command = instructions::counter(&self.log.with_extension("callgrind"));
        command.extend(self.command.iter().cloned());
        self.run(&command)
    }

    fn run(&self, command: &[PathBuf]) -> Result<Running, ProcessError> {
        let (program, arguments) = command.split_first().unwrap_or((&self.log, &[]));
        let failed = |source| ProcessError::Start {
            program: program.clone(),
            source,
        };
        let log = File::create(&self.log).map_err(failed)?;
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        Ok(Running {
            child,
            log: self.log.clone(),
        })
    }
}

impl Running {
    fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.child.id().to_string())
            .join(file)
    }

    /// CPU time of all its threads so far, in microseconds (proc(5), `schedstat`).
    pub(crate) fn cpu(&self) -> Result<f64, ProcessError> {
        let gone = || ProcessError::Watch {
            log: self.log.clone(),
        };
        let threads = std::fs::read_dir(self.proc("task")).map_err(|_| gone())?;
        let mut nanoseconds = 0.0;
        for thread in threads.flatten() {
            let text = std::fs::read_to_string(thread.path().join("schedstat"));
            let text = text.map_err(|_| gone())?;
            let first = text
                .split_whitespace()
                .next()
                .and_then(|word| word.parse::<f64>().ok());
            nanoseconds += first.ok_or_else(gone)?;
        }
        Ok(nanoseconds / 1_000.0)
    }

    /// Memory that is in use now, in megabytes of 1,000,000 bytes (proc(5), `VmRSS`).
    pub(crate) fn memory(&self) -> Result<f64, ProcessError> {
        let text = std::fs::read_to_string(self.proc("status")).unwrap_or_default();
        let kilobytes = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|word| word.parse::<f64>().ok());
        let kilobytes = kilobytes.ok_or_else(|| ProcessError::Watch {
            log: self.log.clone(),
        })?;
        Ok(kilobytes * 1_024.0 / 1_000_000.0)
    }

    /// Ends it and gives what the counter says, where it was started with one.
    pub(crate) fn end(mut self) -> Option<f64> {
        self.terminate();
        instructions::read(&std::fs::read_to_string(&self.log).unwrap_or_default())
    }

    fn terminate(&mut self) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
        }
    }
}
