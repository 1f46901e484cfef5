//! The tests: those that need a stack, and beside them those that need none.
//!
//! Tests of one binary share its locks, so that cargo's own runner starts them, one binary after the other. What the
//! stack does is mostly waiting: the other tests take what time is left of the processors.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use local_stack::checkout::Checkout;
use local_stack::environments::Environment;
use local_stack::stack::LocalStack;
use local_stack::terminal::line;

use super::workspace::Metadata;
use super::{CheckError, cargo, shown, tool};

/// The binaries of tests that need a stack. Every other one needs none.
const ON_A_STACK: [&str; 5] = ["console", "flow", "ministack", "phone", "traces"];

/// What tests use of Debian's packages, where it is there (`local/packages.sh` installs it): a
/// browser, and a clock that can be put forward.
const PACKAGES: [(&str, &str); 2] = [
    ("SNOWGATE_CHROMEDRIVER", "/usr/bin/chromedriver"),
    (
        "SNOWGATE_FAKETIME",
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    ),
];

/// axe-core in its package.
const AXE: &str = "axe_playwright_python/axe.min.js";

/// Compiles all tests; false where cargo has said what is wrong.
pub(super) async fn compiled(checkout: &Checkout) -> Result<bool, CheckError> {
    let cargo = cargo();
    let mut command = tool(
        checkout,
        &cargo,
        &words(&["test", "--workspace", "--no-run"]),
    );
    command.arg("--quiet");
    let status = command.status().await;
    Ok(status.map_err(not_run(&cargo))?.success())
}

/// Runs the tests that need no stack, with little weight beside those that wait for one, and shows what they said
/// when they have ended; false where one failed.
pub(super) async fn without_a_stack(checkout: &Checkout) -> Result<bool, CheckError> {
    let metadata = Metadata::read(checkout)?;
    let others = others(&metadata.test_targets());
    let nice = PathBuf::from("nice");
    let mut arguments = words(&["-n", "5"]);
    arguments.push(cargo().display().to_string());
    arguments.extend(run_of(&others));
    arguments.extend(words(&["--lib", "--bins"]));
    let begun = Instant::now();
    let mut command = prepared(checkout, &nice, &arguments);
    let output = command.output().await.map_err(not_run(&nice))?;
    let time = begun.elapsed().as_secs_f64();
    line(&format!("Tests that need no stack ({time:.1} s)"));
    line(&String::from_utf8_lossy(&output.stderr));
    line(&String::from_utf8_lossy(&output.stdout));
    Ok(output.status.success())
}

/// Runs the tests that need a stack on this one; false where one failed.
pub(super) async fn on(checkout: &Checkout, stack: &LocalStack) -> Result<bool, CheckError> {
    let cargo = cargo();
    let mut command = prepared(checkout, &cargo, &run_of(&ON_A_STACK));
    command
        .env("SNOWGATE_STACK_JSON", checkout.local("stack.json"))
        .env("SNOWGATE_AWS_ENDPOINT", &stack.aws_endpoint)
        .env("SNOWGATE_REQUIRE_STACK", "1")
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    let status = command.status().await;
    Ok(status.map_err(not_run(&cargo))?.success())
}

/// The test binaries that need no stack.
fn others<'a>(all: &[&'a str]) -> Vec<&'a str> {
    let needs_none = |name: &&&str| !ON_A_STACK.contains(*name);
    all.iter().filter(needs_none).copied().collect()
}

/// Cargo's arguments for all tests of these binaries.
fn run_of(binaries: &[&str]) -> Vec<String> {
    let mut arguments = words(&["test", "--workspace", "--no-fail-fast"]);
    arguments.extend(binaries.iter().flat_map(|name| words(&["--test", name])));
    arguments
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A command that runs tests.
fn prepared(checkout: &Checkout, program: &Path, arguments: &[String]) -> tokio::process::Command {
    let independent_client = Environment::Checks.program(checkout, "python");
    let axe = Environment::Axe.file(checkout, AXE);
    let packages = PACKAGES.into_iter();
    let mut command = tool(checkout, program, arguments);
    command
        .env("SNOWGATE_PYSNC_PYTHON", independent_client)
        .envs(packages.filter(|(_, file)| Path::new(file).exists()))
        .envs(axe.map(|file| ("SNOWGATE_AXE", file)))
        .env("INSTA_UPDATE", "no");
    command
}

fn not_run(program: &Path) -> impl FnOnce(std::io::Error) -> CheckError {
    let tool = shown(program);
    |source| CheckError::Run { tool, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binary_of_tests_is_in_one_of_the_two_runs() {
        let checkout = Checkout::find().unwrap();
        let metadata = Metadata::read(&checkout).unwrap();
        let all = metadata.test_targets();
        for needs_one in ON_A_STACK {
            assert!(all.contains(&needs_one), "{needs_one}");
        }
        let others = others(&all);
        assert!(others.contains(&"it"), "{others:?}");
        assert_eq!(others.len() + ON_A_STACK.len(), all.len());
    }
}
