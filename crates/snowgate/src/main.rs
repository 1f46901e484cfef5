//! The command `snowgate`.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use snowgate::guardrails_file::{self, SHIPPED_NAME};
use snowgate::member_parameters::MemberParameters;
use snowgate::{difference, preflight, repair, requests, stack_set, terminal};
use snowgate_core::id::AccountId;

const AFTER: &str = "\
The guardrails are the file that --guardrails names, else the one that SNOWGATE_GUARDRAILS names, else
guardrails.toml in this folder or the nearest one above.

Exit status: 0 if all is as it should be; 1 if a check of `preflight` fails, or `guardrails diff` finds
something newly permitted, or what `repair` shows does not fit together; 2 if the command could not be carried out.";

/// The operator's command of Snowgate. Reads, and changes nothing but what `repair` and `requests` are told
/// to.
#[derive(Debug, Parser)]
#[command(name = "snowgate", version, about, after_help = AFTER)]
struct Arguments {
    /// The guardrails file.
    #[arg(long, global = true, value_name = "FILE")]
    guardrails: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check what a deployment to AWS needs, and, once there is one, everything before the first
    /// request.
    ///
    /// AWS is asked with the credentials that boto3 finds (AWS_PROFILE, `aws sso login`, …), by Python
    /// 3.11 or later. The first run makes a virtual environment with boto3 in the user's cache folder,
    /// from pinned and hash-checked packages.
    Preflight(preflight::PreflightOptions),
    /// Print the parameters of templates/member-account.yaml for one account, or write those of every
    /// account for a stack set.
    MemberParameters {
        /// The target account's id.
        #[arg(long, required_unless_present = "overrides")]
        account: Option<AccountId>,
        /// A folder to write one file into for each account of the guardrails, as `aws cloudformation
        /// create-stack-instances --parameter-overrides` takes them.
        #[arg(long, value_name = "FOLDER", conflicts_with_all = ["account", "json"])]
        overrides: Option<PathBuf>,
        /// Print one JSON object instead of words for `sam deploy --parameter-overrides`.
        #[arg(long)]
        json: bool,
    },
    /// Show what does not fit together in the stored items of a request, and repair what a person may.
    ///
    /// Reads the table with the credentials that boto3 finds. Changes nothing but what --set-aside and
    /// --look-now say.
    Repair(repair::RepairOptions),
    /// Do what the security team does about requests, through the service API.
    Requests {
        #[command(subcommand)]
        command: RequestsCommand,
    },
    /// Review the guardrails.
    Guardrails {
        #[command(subcommand)]
        command: GuardrailsCommand,
    },
}

#[derive(Debug, Subcommand)]
enum RequestsCommand {
    /// Abandon a removal that has not worked for a day: the request ends, and its access may remain.
    ///
    /// Calls as the security client whose credentials SNOWGATE_CLIENT_ID and SNOWGATE_CLIENT_SECRET are, with
    /// the API key SNOWGATE_API_KEY where the stack needs one.
    Abandon(requests::AbandonOptions),
}

#[derive(Debug, Subcommand)]
enum GuardrailsCommand {
    /// Show everything that is newly permitted; for a reference policy with a request to AWS that
    /// shows it. What becomes narrower is not shown.
    Diff {
        /// The guardrails before: a file, or a revision of the git repository that holds the file.
        #[arg(default_value = "HEAD")]
        before: String,
        /// The guardrails now: a file [default: the guardrails]
        now: Option<PathBuf>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            terminal::failure(error.as_ref());
            ExitCode::from(2)
        }
    }
}

/// Carries out one command; whether all is as it should be.
async fn run(arguments: Arguments) -> Result<bool, Box<dyn Error>> {
    let find = || guardrails_file::find(arguments.guardrails.as_deref());
    match arguments.command {
        Command::Preflight(options) => {
            let guardrails = guardrails_file::load(&find()?)?;
            Ok(preflight::preflight(&guardrails, options).await?)
        }
        Command::MemberParameters {
            overrides: Some(folder),
            ..
        } => {
            let guardrails = guardrails_file::load(&find()?)?;
            for account in stack_set::write_overrides(&guardrails, &folder)? {
                terminal::line(&account);
            }
            Ok(true)
        }
        Command::MemberParameters { account: None, .. } => Ok(false),
        Command::MemberParameters {
            account: Some(account),
            json,
            ..
        } => {
            let guardrails = guardrails_file::load(&find()?)?;
            let parameters = MemberParameters::new(&guardrails, &account)?;
            match json {
                true => terminal::line(&parameters.to_json().to_string()),
                false => parameters
                    .words()
                    .iter()
                    .for_each(|word| terminal::line(word)),
            }
            Ok(true)
        }
        Command::Repair(options) => Ok(repair::repair(options, Timestamp::now()).await?),
        Command::Requests {
            command: RequestsCommand::Abandon(options),
        } => {
            requests::abandon(options).await?;
            Ok(true)
        }
        Command::Guardrails {
            command: GuardrailsCommand::Diff { before, now },
        } => {
            let now = match now {
                Some(now) if now.is_dir() => now.join(SHIPPED_NAME),
                Some(now) => now,
                None => find()?,
            };
            let widened = difference::compare(&before, &now)?;
            difference::print(&widened);
            Ok(widened.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }
}
