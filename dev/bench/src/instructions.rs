//! Instructions, counted by valgrind: the same everywhere, whatever else the machine does.
//!
//! Hardware counters would be faster but are not given to most virtual machines. Valgrind runs
//! the program on a processor of its own without SHA and AVX-512 instructions, so its figures
//! are above what hardware counts for hashing and encryption.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program that counts, with its arguments; the program to be watched follows.
pub(crate) fn counter(out: &Path) -> Vec<PathBuf> {
    let mut file = PathBuf::from("--callgrind-out-file=").into_os_string();
    file.push(out);
    vec![
        "/usr/bin/valgrind".into(),
        "--tool=callgrind".into(),
        file.into(),
    ]
}

/// Whether instructions can be counted here.
pub(crate) fn are_counted() -> bool {
    Command::new("/usr/bin/valgrind")
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The instructions that were counted, from what valgrind says at the end.
pub(crate) fn read(said: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.split_once("Collected :"));
    line.and_then(|(_, rest)| rest.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_in_the_last_words() {
        let said = "==7== \n==7== Events    : Ir\n==7== Collected : 123456\n==7== \n";
        assert_eq!(read(said), Some(123_456.0));
        assert_eq!(read("==7== Command: x"), None);
    }
}
