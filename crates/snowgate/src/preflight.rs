//! Whether everything is ready for the first request. Reads, and changes nothing; sends two e-mails to
//! SES's simulator where it is told to.

mod accounts;
mod aws_facts;
mod boto;
mod examples;
mod hub;
mod mail;
mod result;
mod rights;
mod servicenow;
mod test_ticket;
mod users;

use std::path::PathBuf;

use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;
use snowgate_core::markup::code;

pub use aws_facts::StackLocation;
pub use boto::{BOTO, BotoError, ensure as python_with_boto};
pub use result::PreflightResult;
pub use test_ticket::{TestTicket, TestTicketError};

use crate::python::ProgramError;
use crate::terminal::{line, note};
use aws_facts::AwsFacts;

/// The name of the hub's stack, unless another is named.
const STACK: &str = "snowgate";

/// The role that templates/member-account.yaml makes for the preflight, unless another is named.
const INSPECT_ROLE: &str = "SnowgateInspect";

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// There is no Python that could ask AWS.
    #[error("AWS is asked by Python with boto3, and there is none")]
    Boto(#[from] BotoError),
    /// AWS was not asked, or did not answer.
    #[error("AWS cannot be asked")]
    Facts(#[from] ProgramError),
}

/// What to look at.
#[derive(Debug, Clone, clap::Args)]
pub struct PreflightOptions {
    /// Name of the hub's stack.
    #[arg(long, default_value = STACK)]
    stack: String,
    /// Region of the hub's stack; otherwise what AWS's configuration says.
    #[arg(long)]
    region: Option<String>,
    /// Role in the target accounts that may read Snowgate's roles there and the boundary.
    #[arg(long, default_value = INSPECT_ROLE)]
    inspect_role: String,
    /// Send two e-mails to SES's mailbox simulator, one that bounces and one that is complained about, and
    /// wait up to two minutes for the dispatcher to hear of both.
    #[arg(long)]
    try_mail: bool,
    /// A ticket made for this, as `table/sys_id`, once for each table: an update without fields is sent to it.
    #[arg(long = "ticket")]
    tickets: Vec<TestTicket>,
    /// A Python 3.11 or later that has boto3, in place of the virtual environment of the cache folder.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Checks everything and prints the results; whether all is as it must be.
///
/// # Errors
/// Where AWS could not be asked.
pub async fn preflight(
    guardrails: &Guardrails,
    options: PreflightOptions,
) -> Result<bool, PreflightError> {
    let mut results = vec![examples::check(guardrails)];
    let inspection = Inspection {
        python: match options.python {
            Some(python) => python,
            None => boto::ensure().await?,
        },
        location: StackLocation {
            region: options.region,
            stack: options.stack,
            endpoint: None,
            inspect_role: Some(options.inspect_role),
            try_mail: options.try_mail,
        },
        guardrails,
        accounts: guardrails.accounts().into_iter().cloned().collect(),
        tickets: options.tickets,
    };
    results.extend(inspection.run().await?);
    Ok(report(guardrails, &results, options.json))
}

/// Prints results, and what comes next where there is no stack yet; whether all is as it must be.
fn report(guardrails: &Guardrails, results: &[PreflightResult], json: bool) -> bool {
    if json {
        result::print_json(results);
    } else {
        result::print(results);
        next_steps(guardrails, results);
    }
    let failed = results.iter().filter(|result| !result.ok).count();
    if failed > 0 {
        note(&format!("failed: {failed} of {} checks", results.len()));
    }
    failed == 0
}

/// A look at a stack and its target accounts.
#[derive(Debug, Clone)]
pub struct Inspection<'g> {
    /// A Python that has boto3.
    pub python: PathBuf,
    /// Where the stack is.
    pub location: StackLocation,
    /// What the stack should grant.
    pub guardrails: &'g Guardrails,
    /// The target accounts to look into.
    pub accounts: Vec<AccountId>,
    /// Tickets that an update without fields may be sent to.
    pub tickets: Vec<TestTicket>,
}

impl Inspection<'_> {
    /// The results of all checks of the stack; of less where there is none.
    ///
    /// # Errors
    /// Where AWS could not be asked.
    pub async fn run(&self) -> Result<Vec<PreflightResult>, PreflightError> {
        let (guardrails, accounts) = (self.guardrails, &self.accounts);
        let facts = AwsFacts::gather(&self.python, &self.location, guardrails, accounts).await?;
        let now = jiff::Timestamp::now().as_second();
        if let Some(early) = early(&facts) {
            return Ok(vec![early]);
        }
        let mut results = hub::check(&facts, now);
        results.extend(mail::check(&facts));
        results.extend(accounts::check(&facts, guardrails, accounts));
        results.extend(servicenow::check(&facts, guardrails, &self.tickets, now).await);
        Ok(results)
    }

    /// Prints the results; whether all is as it must be.
    ///
    /// # Errors
    /// Where AWS could not be asked.
    pub async fn print(&self, json: bool) -> Result<bool, PreflightError> {
        Ok(report(self.guardrails, &self.run().await?, json))
    }
}

/// What ends the preflight before it begins.
fn early(facts: &AwsFacts) -> Option<PreflightResult> {
    if let Some(why) = facts.refusal("/caller") {
        let found = format!(
            "AWS does not say whose credentials these are: {}",
            code(why)
        );
        let remedy =
            "sign in to the hub account (aws sso login), and name the region with --region";
        return Some(PreflightResult::bad("stack", "", found, remedy));
    }
    if facts.has_stack() {
        return None;
    }
    let found = "there is none yet, so nothing else could be looked at";
    match facts.refusal("/stack") {
        // CloudFormation's word for a stack that is not there.
        Some("ValidationError") => Some(PreflightResult::good("stack", "", found)),
        why => {
            let found = format!(
                "cannot be read: {}",
                why.map_or("no reason given".to_owned(), code)
            );
            let remedy = "look with credentials that may read the hub account";
            Some(PreflightResult::bad("stack", "", found, remedy))
        }
    }
}

fn next_steps(guardrails: &Guardrails, results: &[PreflightResult]) {
    if results.iter().any(|result| result.check == "sender") {
        return;
    }
    line("");
    line(
        "After the deployment, deploy templates/member-account.yaml in each of these accounts, with the",
    );
    line("parameters that are printed by");
    for account in guardrails.accounts() {
        line(&format!("  snowgate member-parameters --account {account}"));
    }
    line("Then put the values of the three secrets in, verify the sender, and run this again");
    line("(docs/operating.md).");
}

#[cfg(test)]
mod tests;
