//! The local target accounts.

use serde_json::{Value, json};
use snowgate::guardrails_file::{self, GuardrailsFileError};
use snowgate::member_parameters::MemberParameters;
use snowgate_core::guardrails::Guardrails;

use crate::aws::{LocalAws, LocalAwsError};
use crate::checkout::Checkout;
use crate::hub::{EXTERNAL_ID, STACK};
use crate::organisation::{MemberAccount, Organisation, OrganisationError};

/// Why an account could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// The guardrails cannot be used.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsFileError),
    /// The organisation is not known.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// The local AWS refused.
    #[error("a member account could not be set up")]
    Aws(#[from] LocalAwsError),
}

/// The guardrails that the functions were built with.
pub(crate) fn guardrails(checkout: &Checkout) -> Result<Guardrails, GuardrailsFileError> {
    // The same override as in the build of the functions.
    let path = std::env::var_os("SNOWGATE_GUARDRAILS")
        .map_or_else(|| checkout.path(guardrails_file::SHIPPED_NAME), Into::into);
    guardrails_file::load(&path)
}

/// Deploys the member template and something to ask for into every local account.
pub(crate) async fn deploy(checkout: &Checkout, aws: &LocalAws) -> Result<(), MemberError> {
    let organisation = Organisation::load(checkout)?;
    let guardrails = guardrails(checkout)?;
    let mut steps = Vec::new();
    for account in &organisation.member_accounts {
        // An account that nothing is granted in has no member role either: that is what a request
        // for it must cope with.
        let Ok(parameters) = MemberParameters::new(&guardrails, &account.id) else {
            continue;
        };
        let hub = &organisation.hub_account;
        steps.push(member_stack(checkout, &parameters, account, hub));
        let boundary = guardrails.boundary();
        steps.push(organisation_stack(
            checkout,
            &organisation,
            account,
            boundary,
        ));
    }
    aws.run(steps).await?;
    Ok(())
}

fn member_stack(
    checkout: &Checkout,
    parameters: &MemberParameters,
    account: &MemberAccount,
    hub: &str,
) -> Value {
    let mut parameters = parameters.to_json();
    if let Some(all) = parameters.as_object_mut() {
        all.insert("HubAccountId".to_owned(), json!(hub));
        all.insert("HubStackName".to_owned(), json!(STACK));
        all.insert("ExternalId".to_owned(), json!(EXTERNAL_ID));
    }
    json!({
        "account": account.id,
        "stack": "snowgate-member",
        "template": checkout.path("templates/member-account.yaml"),
        "parameters": parameters,
    })
}

fn organisation_stack(
    checkout: &Checkout,
    organisation: &Organisation,
    account: &MemberAccount,
    boundary: &str,
) -> Value {
    let mut parameters = serde_json::Map::new();
    for (place, (name, owner)) in ["First", "Second", "Third"]
        .iter()
        .zip(&organisation.people)
    {
        parameters.insert(format!("{place}UserName"), json!(name));
        parameters.insert(format!("{place}UserOwner"), json!(owner));
    }
    parameters.insert("BoundaryName".to_owned(), json!(boundary));
    let trusted = account.trusts.as_deref().unwrap_or_default();
    parameters.insert("TrustedAccount".to_owned(), json!(trusted));
    json!({
        "account": account.id,
        "stack": format!("organisation-{}", account.name),
        "template": checkout.path("templates/local-organisation.yaml"),
        "parameters": parameters,
    })
}
