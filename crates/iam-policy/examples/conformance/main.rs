//! Runs the engine over corpora of real policies with known answers and prints how
//! often it agrees.
//!
//! `cargo run --release -p iam-policy --features cli --example conformance -- FOLDER [--only JOB] [--differences]`
//!
//! Ends with failure when a figure is under its target. Files that are not in the
//! folder are left out and said so.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for a terminal"
)]

mod classify;
mod corpus;
mod explain;
mod grammar;
mod lint;
mod prove;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Compares the engine with known answers.
#[derive(Parser)]
struct Arguments {
    /// The folder with the corpora.
    corpora: PathBuf,
    /// Only this job: grammar, lint, classify, prove, explain.
    #[arg(long)]
    only: Option<String>,
    /// Also print every case that differs; of `explain`, every sentence.
    #[arg(long)]
    differences: bool,
}

/// One line of the table.
pub(crate) struct Figure {
    pub(crate) job: &'static str,
    pub(crate) measure: String,
    pub(crate) value: f64,
    /// The least that is good enough, when there is a target.
    pub(crate) target: Option<f64>,
    pub(crate) detail: String,
}

impl Figure {
    pub(crate) fn share(
        job: &'static str,
        measure: &str,
        good: usize,
        all: usize,
        target: f64,
    ) -> Self {
        let value = if all == 0 {
            1.0
        } else {
            good as f64 / all as f64
        };
        let detail = format!("{good} of {all}");
        Self {
            job,
            measure: measure.to_owned(),
            value,
            target: Some(target),
            detail,
        }
    }

    fn is_good(&self) -> bool {
        self.target.is_none_or(|target| self.value >= target)
    }
}

type Job = fn(&corpus::Folder, bool) -> Result<Vec<Figure>, corpus::Error>;

const JOBS: [(&str, Job); 5] = [
    ("grammar", grammar::run),
    ("lint", lint::run),
    ("classify", classify::run),
    ("prove", prove::run),
    ("explain", explain::run),
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let folder = corpus::Folder::new(arguments.corpora);
    let mut good = true;
    println!(
        "{:<10} {:<44} {:>7} {:>7}  cases",
        "job", "measure", "value", "target"
    );
    for (name, job) in JOBS {
        if arguments.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        match job(&folder, arguments.differences) {
            Ok(figures) => {
                for figure in figures {
                    let target = figure
                        .target
                        .map_or(String::new(), |target| format!("{target:.3}"));
                    let mark = if figure.is_good() {
                        ""
                    } else {
                        "  UNDER TARGET"
                    };
                    println!(
                        "{:<10} {:<44} {:>7.3} {:>7}  {}{mark}",
                        figure.job, figure.measure, figure.value, target, figure.detail
                    );
                    good &= figure.is_good();
                }
            }
            Err(corpus::Error::Missing(path)) => {
                println!("{name:<10} left out: no `{}`", path.display())
            }
            Err(error) => {
                eprintln!("{name}: {error}");
                good = false;
            }
        }
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
