//! The preflight of `snowgate` on the running local stack.

pub mod drill;

use snowgate::guardrails_file::GuardrailsFileError;
use snowgate::preflight::{Inspection, PreflightError, StackLocation, TestTicket, TestTicketError};
use snowgate_core::guardrails::Guardrails;

use crate::checkout::Checkout;
use crate::environments::{Environment, PythonEnvironmentError};
use crate::hub::STACK;
use crate::members;
use crate::stack::{LocalStack, LocalStackError};

/// Tickets of the local organisation that nobody minds an empty update of.
const TICKETS: [&str; 2] = [
    "sc_req_item/eeee0000000000000000000000000001",
    "sc_task/33330000000000000000000000000001",
];

/// Why the local stack was not inspected.
#[derive(Debug, thiserror::Error)]
pub enum LocalPreflightError {
    /// The local stack does not run.
    #[error(transparent)]
    Stack(#[from] LocalStackError),
    /// The guardrails cannot be used.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsFileError),
    /// The Python environment could not be made.
    #[error(transparent)]
    Environment(#[from] PythonEnvironmentError),
    /// The preflight itself failed.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// A ticket of the local organisation is none.
    #[error(transparent)]
    Ticket(#[from] TestTicketError),
    /// Something is not as it must be; it was printed.
    #[error("the local stack is not ready; see above")]
    NotReady,
}

/// Checks the stack that runs in this checkout and prints the results.
///
/// # Errors
/// Where nothing could be checked, or something is not as it must be.
pub async fn preflight(checkout: &Checkout, json: bool) -> Result<(), LocalPreflightError> {
    let stack = LocalStack::load(checkout)?;
    let guardrails = members::guardrails(checkout)?;
    let inspection = inspection(checkout, &stack, &guardrails).await?;
    match inspection.print(json).await? {
        true => Ok(()),
        false => Err(LocalPreflightError::NotReady),
    }
}

/// An inspection of the local stack and all its target accounts.
async fn inspection<'g>(
    checkout: &Checkout,
    stack: &LocalStack,
    guardrails: &'g Guardrails,
) -> Result<Inspection<'g>, LocalPreflightError> {
    Environment::Preflight.ensure(checkout).await?;
    let tickets: Result<Vec<TestTicket>, _> = TICKETS.iter().map(|text| text.parse()).collect();
    Ok(Inspection {
        python: Environment::Preflight.program(checkout, "python"),
        location: StackLocation {
            region: Some(stack.region.clone()),
            stack: STACK.to_owned(),
            endpoint: Some(stack.aws_endpoint.clone()),
            inspect_role: None,
            // The local SES sends to nobody.
            try_mail: false,
        },
        guardrails,
        accounts: guardrails.accounts().into_iter().cloned().collect(),
        tickets: tickets?,
    })
}
