//! What Snowgate costs: size, start, calls and memory of each function, the speed of the policy
//! engine, and how little of it grows with the number of requests.
//!
//! Fails where a limit is crossed (docs/performance.md). Limits are on what is the same on every
//! machine: bytes, instructions, calls, connections. Times are printed, as medians, and count only
//! as ratios to another program that does the same work in the same run.

mod built;
mod certificate;
mod endpoint;
mod function;
mod functions;
mod growth;
mod http;
mod instructions;
mod measure;
mod peer;
mod place;
mod policies;
mod report;
mod runtime_api;
mod store;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::place::Place;
use crate::report::Report;

/// Measures Snowgate.
#[derive(Debug, Parser)]
#[command(name = "bench", version, about)]
struct Arguments {
    /// Only these parts: functions, growth, policies.
    parts: Vec<String>,
    /// Only functions with one of these names.
    #[arg(long = "only")]
    only: Vec<String>,
    /// A folder with corpora of policies, for the policy engine beside the generated ones.
    #[arg(long)]
    corpora: Option<PathBuf>,
}

impl Arguments {
    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut report = Report::default();
    match run(&arguments, &mut report) {
        Ok(()) => report.verdict(),
        Err(error) => {
            report::failure(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// Runs the parts that are wanted. Errors end here, to be printed with their sources.
fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Box<dyn std::error::Error>> {
    let place = Place::find()?;
    report.heading(&place.machine());
    if arguments.wants("functions") || arguments.wants("growth") {
        let functions = built::functions(&place, &arguments.only)?;
        if arguments.wants("functions") {
            functions::measure(&place, &functions, &arguments.only, report)?;
        }
        if arguments.wants("growth") {
            growth::measure(&place, &functions, report)?;
        }
    }
    if arguments.wants("policies") {
        policies::measure(&place, arguments.corpora.as_deref(), report)?;
    }
    Ok(())
}
