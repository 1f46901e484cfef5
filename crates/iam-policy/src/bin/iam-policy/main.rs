//! `iam-policy`: lints, classifies, proves, evaluates, shortens and explains AWS IAM policies.
//!
//! For people it reads files, folders or standard input and writes text; for programs
//! there are `--json`, SARIF for lint, and `--batch`, one JSON object per line in and
//! out. Ends with 0 when all is well, 1 when something was found, 2 when an input could not
//! be read.

mod arguments;
mod batch;
mod classify;
mod evaluate;
mod expand;
mod explain;
mod input;
mod lint;
mod minimise;
mod policy_type;
mod prove;
mod snippet;

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
use iam_policy::foreign::{code, visible};

/// Why the command could not do its work.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", code(path))]
    Read {
        /// The file or folder, or `-` for standard input.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The answer could not be written.
    #[error("cannot write: {0}")]
    Write(#[from] std::io::Error),
    /// A policy that must be whole is not.
    #[error("{}: {source}", visible(name))]
    Policy {
        /// The file.
        name: String,
        /// What is wrong.
        source: iam_policy::document::DocumentError,
    },
    /// Something else than JSON of the form expected.
    #[error("{}: {source}", visible(name))]
    Json {
        /// The file.
        name: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A policy that does not fit the quota.
    #[error("{}: {source}", visible(name))]
    Minimise {
        /// The file.
        name: String,
        /// The quota that cannot be kept.
        source: iam_policy::minimise::MinimiseError,
    },
    /// Nothing to compare with.
    #[error("name the policy to compare with, `--reference FILE`, or ask `--not-public`")]
    NoReference,
    /// Policies that are attached to different things.
    #[error(
        "{} is a policy of type {one_type} and {} of type {other_type}: name the type with `--type` if they are of one",
        code(one),
        code(other)
    )]
    Types {
        /// The name of the first.
        one: String,
        /// Its type.
        one_type: &'static str,
        /// The name of the second.
        other: String,
        /// Its type.
        other_type: &'static str,
    },
    /// No way to work in batches.
    #[error("`--batch` goes with lint, classify, prove, evaluate, minimise and explain")]
    NoBatch,
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Clean,
    /// Something was found, not proved or denied.
    Found,
    /// An input could not be read; the others were answered.
    Incomplete,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let done = run(&arguments, &mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match done {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Ok(Outcome::Incomplete) => ExitCode::from(2),
        // Whoever reads us has gone: nobody to tell.
        Err(Error::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "iam-policy: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Outcome, Error> {
    if arguments.batch {
        let job = batch::Job::of(&arguments.command).ok_or(Error::NoBatch)?;
        batch::run(job, &mut std::io::stdin().lock(), out)?;
        return Ok(Outcome::Clean);
    }
    match &arguments.command {
        Command::Lint(options) => lint::run(options, out),
        Command::Classify(options) => classify::run(options, out),
        Command::Prove(options) => prove::run(options, out),
        Command::Evaluate(options) => evaluate::run(options, out),
        Command::Minimise(options) => minimise::run(options, out),
        Command::Explain(options) => explain::run(options, out),
        Command::Expand(options) => expand::run(options, out),
        Command::Completions { shell } => {
            // Into memory first: the generator does not take a closed pipe.
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "iam-policy", &mut script);
            out.write_all(&script)?;
            Ok(Outcome::Clean)
        }
    }
}
