//! The hook and the action in `examples/` are run as they stand, and the command on what it cannot read.

#![cfg(feature = "cli")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const HOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pre-commit.sh");
const ACTION: &str = include_str!("../examples/github-action.yaml");

const GOOD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}]}"#;
const LIMITS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::reports/*"}]}"#;

/// An empty folder, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("iam-policy-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a program here, with the command `iam-policy` on the path.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let command = Path::new(env!("CARGO_BIN_EXE_iam-policy"));
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", command.parent().unwrap().display());
        let mut run = Command::new(program);
        run.args(arguments).current_dir(&self.0).env("PATH", path);
        for (name, value) in [
            ("GIT_AUTHOR_NAME", "a"),
            ("GIT_AUTHOR_EMAIL", "a@example.com"),
            ("GIT_COMMITTER_NAME", "a"),
            ("GIT_COMMITTER_EMAIL", "a@example.com"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ] {
            run.env(name, value);
        }
        run.output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_hook_stops_policies_with_errors_and_no_others() {
    let folder = Folder::new("hook");
    let git = |arguments: &[&str]| folder.run("git", arguments);
    assert!(git(&["init", "--quiet"]).status.success());
    std::fs::copy(HOOK, folder.0.join(".git/hooks/pre-commit")).unwrap();
    let commit = |name: &str, text: &str| {
        folder.write(name, text);
        assert!(git(&["add", "--all"]).status.success());
        git(&["commit", "--quiet", "--message", "x"])
    };
    let output = commit("a b.policy.json", GOOD);
    assert!(output.status.success(), "{output:?}");
    let output = commit("notes.json", "{");
    assert!(output.status.success(), "{output:?}");
    let output = commit("b.policy.json", &GOOD.replace("GetObject", "GetNothing"));
    assert!(!output.status.success());
    let said = [output.stdout, output.stderr].concat();
    assert!(String::from_utf8_lossy(&said).contains("INVALID_ACTION"));
}

#[test]
fn an_input_that_cannot_be_read_does_not_end_the_run() {
    let folder = Folder::new("unreadable");
    folder.write("policies/a.json", "{");
    folder.write("policies/b.json", GOOD);
    folder.write("policies/c.json", "\u{0}");
    for (command, said) in [
        ("lint", "3 policies"),
        ("classify", "access levels: Read"),
        ("minimise", "s3:GetObject"),
        ("explain", "May read objects"),
    ] {
        let output = folder.run("iam-policy", &[command, "policies", "nowhere.json"]);
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert_eq!(output.status.code(), Some(2), "{command}: {output:?}");
        assert!(
            out.contains(said) && err.contains("nowhere.json"),
            "{command}: {out} {err}"
        );
    }
}

/// The scripts of the action's steps, without the installation.
fn scripts() -> Vec<String> {
    let mut scripts: Vec<String> = Vec::new();
    let mut block = false;
    for line in ACTION.lines() {
        let text = line.trim_start();
        let begins = text.trim_start_matches("- ").strip_prefix("run: ");
        match begins {
            Some(rest) => {
                block = rest == "|";
                scripts.push(if block {
                    String::new()
                } else {
                    rest.to_owned()
                });
            }
            None if block && line.starts_with("          ") => {
                let script = scripts.last_mut().unwrap();
                script.push_str(text);
                script.push('\n');
            }
            None => block = false,
        }
    }
    scripts.retain(|script| !script.starts_with("cargo install"));
    scripts
}

#[test]
fn the_steps_of_the_action_do_what_they_say() {
    let folder = Folder::new("action");
    folder.write("policies/reports.json", GOOD);
    folder.write("limits.json", LIMITS);
    let scripts = scripts();
    let [lint, prove] = scripts.as_slice() else {
        panic!("{scripts:?}");
    };
    // As GitHub runs them: the first failure ends a step.
    let run = |script: &str| folder.run("bash", &["-e", "-o", "pipefail", "-c", script]);
    assert!(run(lint).status.success());
    let sarif = std::fs::read_to_string(folder.0.join("policies.sarif")).unwrap();
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let output = run(prove);
    assert!(output.status.success(), "{output:?}");
    folder.write(
        "policies/more.json",
        &GOOD.replace("GetObject", "PutObject"),
    );
    let output = run(prove);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
