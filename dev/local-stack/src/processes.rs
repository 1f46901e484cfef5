//! The processes that a local stack started, and only those.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde::{Deserialize, Serialize};

use crate::checkout::Checkout;

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(4);

/// A process that leads its own process group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessRecord {
    /// What it is, for people.
    pub name: String,
    /// Its id, and its group's.
    pub pid: i32,
    /// When it began, in the operating system's words: an id alone may have been given to another.
    began: String,
}

/// What runs here, as `.local/processes.json` remembers it.
#[derive(Debug)]
pub(crate) struct Processes {
    checkout: Checkout,
    records: Vec<ProcessRecord>,
    children: Vec<(String, Child)>,
}

/// Why a process could not be started or remembered.
#[derive(Debug, thiserror::Error)]
pub enum LocalProcessError {
    /// It did not start.
    #[error("`{name}` did not start")]
    Start {
        /// What it is.
        name: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It ended at once.
    #[error("`{name}` ended by itself; see `{log}`")]
    Ended {
        /// What it is.
        name: String,
        /// Where it wrote.
        log: PathBuf,
    },
    /// The list of processes cannot be used.
    #[error("cannot use `{path}`")]
    List {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl Processes {
    /// What an earlier run here started and is still alive.
    pub(crate) fn load(checkout: &Checkout) -> Self {
        let records = std::fs::read(checkout.local("processes.json"))
            .ok()
            .and_then(|text| serde_json::from_slice::<Vec<ProcessRecord>>(&text).ok())
            .unwrap_or_default();
        let alive = records
            .into_iter()
            .filter(ProcessRecord::is_alive)
            .collect();
        Self {
            checkout: checkout.clone(),
            records: alive,
            children: Vec::new(),
        }
    }

    /// The processes that are alive.
    pub(crate) fn records(&self) -> &[ProcessRecord] {
        &self.records
    }

    /// Starts a process in a group of its own, writing to `.local/logs/<name>.log`.
    pub(crate) fn start(
        &mut self,
        name: &str,
        command: &mut Command,
    ) -> Result<(), LocalProcessError> {
        let failed = |source| LocalProcessError::Start {
            name: name.to_owned(),
            source,
        };
        let log = self.log(name)?;
        let errors = log.try_clone().map_err(failed)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let pid = i32::try_from(child.id()).unwrap_or_default();
        self.children.push((name.to_owned(), child));
        let began = began(pid).unwrap_or_default();
        self.records.push(ProcessRecord {
            name: name.to_owned(),
            pid,
            began,
        });
        self.save()
    }

    /// Fails if a process that was started in this run has ended.
    pub(crate) fn check(&mut self) -> Result<(), LocalProcessError> {
        for (name, child) in &mut self.children {
            if child.try_wait().is_ok_and(|status| status.is_some()) {
                let log = self.checkout.local(&format!("logs/{name}.log"));
                return Err(LocalProcessError::Ended {
                    name: name.clone(),
                    log,
                });
            }
        }
        Ok(())
    }

    /// Ends all of them, the last one first.
    pub(crate) fn stop(&mut self) -> Result<(), LocalProcessError> {
        for record in self.records.iter().rev() {
            record.signal(Signal::TERM);
        }
        let begun = Instant::now();
        while self.any_left() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(40));
        }
        for record in &self.records {
            record.signal(Signal::KILL);
        }
        let _ = self.any_left();
        self.records.clear();
        self.save()
    }

    /// Whether any group still has a member. Reaps what ended.
    fn any_left(&mut self) -> bool {
        self.children
            .retain_mut(|(_, child)| !child.try_wait().is_ok_and(|status| status.is_some()));
        self.records.iter().any(ProcessRecord::group_lives)
    }

    fn log(&self, name: &str) -> Result<File, LocalProcessError> {
        let path = self.checkout.local(&format!("logs/{name}.log"));
        let list = |source| LocalProcessError::List {
            path: path.clone(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(list)?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(list)
    }

    fn save(&self) -> Result<(), LocalProcessError> {
        let path = self.checkout.local("processes.json");
        let text = serde_json::to_vec_pretty(&self.records).unwrap_or_default();
        std::fs::write(&path, text).map_err(|source| LocalProcessError::List { path, source })
    }
}

impl ProcessRecord {
    fn is_alive(&self) -> bool {
        began(self.pid).is_some_and(|began| began == self.began)
    }

    fn group(&self) -> Option<Pid> {
        Pid::from_raw(self.pid)
    }

    fn group_lives(&self) -> bool {
        self.group()
            .is_some_and(|group| test_kill_process_group(group).is_ok())
    }

    /// Signals the group. The group's id cannot be given to another while a member lives.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group() {
            let _ = kill_process_group(group, signal);
        }
    }
}

/// When a process began, if it is alive and no zombie.
fn began(pid: i32) -> Option<String> {
    if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name, in parentheses, may hold anything: count from its end.
        let (_, after) = stat.rsplit_once(')')?;
        let mut fields = after.split_whitespace();
        let state = fields.next()?;
        return (state != "Z").then(|| fields.nth(18).map(str::to_owned))?;
    }
    if std::path::Path::new("/proc/self").exists() {
        return None;
    }
    let listed = Command::new("ps")
        .args(["-o", "lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8(listed.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_id_is_not_ours() {
        let own = i32::try_from(std::process::id()).unwrap();
        let ours = ProcessRecord {
            name: "test".into(),
            pid: own,
            began: began(own).unwrap(),
        };
        let other = ProcessRecord {
            began: "earlier".into(),
            ..ours.clone()
        };
        assert!(ours.is_alive() && !other.is_alive());
    }

    #[test]
    fn stopping_ends_the_whole_group() {
        let mut child = Command::new("sh")
            .args(["-c", "sleep 30 & wait"])
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let record = ProcessRecord {
            name: "test".into(),
            pid,
            began: began(pid).unwrap(),
        };
        record.signal(Signal::KILL);
        child.wait().unwrap();
        let begun = Instant::now();
        while record.group_lives() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!record.group_lives());
    }
}
