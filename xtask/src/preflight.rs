//! Whether everything is ready for the first request. Reads, and changes nothing.

mod accounts;
pub(crate) mod drill;
mod facts;
mod finding;
mod hub;
mod servicenow;
mod tools;

use crate::checkout::Checkout;
use crate::environments::EnvironmentError;
use crate::guardrails::{Guardrails, GuardrailsError};
use crate::hub::STACK;
use crate::script::ScriptError;
use crate::stack::{Stack, StackError};
use crate::terminal::line;
use facts::{Facts, Place};
use finding::Finding;
use servicenow::TestTicket;

/// Tickets of the local organisation that nobody minds an empty update of.
const LOCAL_TICKETS: [&str; 2] = [
    "sc_req_item/eeee0000000000000000000000000001",
    "sc_task/33330000000000000000000000000001",
];

/// Why there is no green light.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreflightError {
    /// The guardrails cannot be used.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsError),
    /// The Python environment could not be made.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The local stack does not run.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// AWS was not asked, or did not answer.
    #[error("AWS cannot be asked")]
    Facts(#[from] ScriptError),
    /// A local ticket is not one.
    #[error("{0}")]
    Ticket(&'static str),
    /// Something is missing; it was printed.
    #[error("{0} of the checks failed; see above")]
    Missing(usize),
}

/// What to look at.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Name of the hub's stack.
    #[arg(long, default_value = STACK)]
    stack: String,
    /// Region of the hub's stack; otherwise what AWS's configuration says.
    #[arg(long)]
    region: Option<String>,
    /// Role in the target accounts that may read IAM.
    #[arg(long)]
    inspect_role: Option<String>,
    /// A ticket made for this, as `table/sys_id`, once for each table: an update without fields is sent to it.
    #[arg(long = "ticket")]
    tickets: Vec<TestTicket>,
    /// Look at the local stack of this checkout.
    #[arg(long)]
    local: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Looks at everything and prints what was found.
pub(crate) async fn preflight(checkout: &Checkout, options: Options) -> Result<(), PreflightError> {
    let guardrails = Guardrails::load(checkout)?;
    let mut findings = Vec::new();
    if !options.local {
        findings.extend(tools::check(checkout, &guardrails).await);
    }
    let local = options.local.then(|| Stack::load(checkout)).transpose()?;
    let place = place(&options, local.as_ref());
    let tickets = match options.local {
        true => local_tickets()?,
        false => options.tickets,
    };
    findings.extend(look(checkout, &place, &guardrails, &tickets).await?);
    if options.json {
        finding::print_json(&findings);
    } else {
        finding::print(&findings);
        next_steps(&guardrails, &findings);
    }
    match findings.iter().filter(|finding| !finding.ok).count() {
        0 => Ok(()),
        failed => Err(PreflightError::Missing(failed)),
    }
}

fn place(options: &Options, local: Option<&Stack>) -> Place {
    Place {
        region: local.map_or_else(
            || options.region.clone(),
            |stack| Some(stack.region.clone()),
        ),
        stack: options.stack.clone(),
        endpoint: local.map(|stack| stack.aws_endpoint.clone()),
        inspect_role: options.inspect_role.clone(),
    }
}

fn local_tickets() -> Result<Vec<TestTicket>, PreflightError> {
    let parse = |text: &str| text.parse().map_err(PreflightError::Ticket);
    LOCAL_TICKETS.into_iter().map(parse).collect()
}

/// Everything that is looked at where there is a stack.
async fn look(
    checkout: &Checkout,
    place: &Place,
    guardrails: &Guardrails,
    tickets: &[TestTicket],
) -> Result<Vec<Finding>, PreflightError> {
    let facts = Facts::gather(checkout, place, guardrails).await?;
    let now = jiff::Timestamp::now().as_second();
    if let Some(early) = early(&facts) {
        return Ok(vec![early]);
    }
    let mut findings = hub::check(&facts, now);
    findings.extend(accounts::check(&facts, guardrails));
    findings.extend(servicenow::check(&facts, guardrails.tables(), tickets, now).await);
    Ok(findings)
}

/// What ends the preflight before it begins.
fn early(facts: &Facts) -> Option<Finding> {
    if facts.refusal("/caller").is_some() {
        let remedy =
            "sign in to the hub account (aws sso login), and name the region with --region";
        return Some(Finding::bad(
            "stack",
            "",
            "AWS does not know who asks",
            remedy,
        ));
    }
    if facts.has_stack() {
        return None;
    }
    let found = "there is none yet, so nothing else could be looked at";
    match facts.refusal("/stack") {
        // CloudFormation's word for a stack that is not there.
        Some("ValidationError") => Some(Finding::good("stack", "", found)),
        why => {
            let found = format!("cannot be read: {}", why.unwrap_or("no reason given"));
            let remedy = "look with credentials that may read the hub account";
            Some(Finding::bad("stack", "", found, remedy))
        }
    }
}

fn next_steps(guardrails: &Guardrails, findings: &[Finding]) {
    if findings.iter().any(|finding| finding.check == "sender") {
        return;
    }
    line("");
    line("After the deployment, in each of these accounts: templates/member-account.yaml with");
    for account in guardrails.accounts() {
        line(&format!(
            "  cargo xtask member-parameters --account {account}"
        ));
    }
    line("Then put the values of the three secrets in, verify the sender, and run this again");
    line("(docs/operating.md).");
}

#[cfg(test)]
mod tests;
