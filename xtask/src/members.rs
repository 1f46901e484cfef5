//! Target accounts: their template's parameters, and the local ones.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::aws::{Aws, AwsError};
use crate::checkout::Checkout;
use crate::guardrails::{Guardrails, GuardrailsError};
use crate::hub::{EXTERNAL_ID, STACK};
use crate::organisation::{MemberAccount, Organisation, OrganisationError};
use crate::terminal;

/// Why an account could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemberError {
    /// The guardrails are not known.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsError),
    /// The organisation is not known.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// The local AWS refused.
    #[error("a member account could not be set up")]
    Aws(#[from] AwsError),
    /// The guardrails grant nothing there.
    #[error("the guardrails grant nothing in account `{0}`")]
    Nothing(String),
    /// Not an account id.
    #[error("`{0}` is not an account id of twelve digits")]
    NotAnAccount(String),
}

/// The parameters of templates/member-account.yaml that come from the guardrails.
fn parameters(guardrails: &Guardrails, account: &str) -> Result<Value, MemberError> {
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MemberError::NotAnAccount(account.to_owned()));
    }
    if !guardrails.accounts().contains(account) {
        return Err(MemberError::Nothing(account.to_owned()));
    }
    let list = |arns: BTreeSet<&str>| arns.into_iter().collect::<Vec<_>>().join(",");
    let inline = guardrails.inline_policies(account);
    Ok(json!({
        "BoundaryName": guardrails.boundary(),
        "EnrolledArns": guardrails.enrolled(account).join(","),
        "GrantablePolicyArns": list(guardrails.policies(account)),
        "GrantableGroupArns": list(guardrails.groups(account)),
        "InlinePolicies": if inline { "yes" } else { "no" },
    }))
}

/// Prints them, as `sam deploy --parameter-overrides` takes them or as JSON.
pub(crate) fn print_parameters(
    checkout: &Checkout,
    account: &str,
    as_json: bool,
) -> Result<(), MemberError> {
    let parameters = parameters(&Guardrails::load(checkout)?, account)?;
    if as_json {
        terminal::line(&parameters.to_string());
        return Ok(());
    }
    let words = parameters.as_object().into_iter().flatten();
    for (name, value) in words {
        terminal::line(&format!("{name}={}", value.as_str().unwrap_or_default()));
    }
    Ok(())
}

/// Deploys the member template and something to ask for into every local account.
pub(crate) async fn deploy(checkout: &Checkout, aws: &Aws) -> Result<(), MemberError> {
    let organisation = Organisation::load(checkout)?;
    let guardrails = Guardrails::load(checkout)?;
    let mut steps = Vec::new();
    for account in &organisation.member_accounts {
        match member_stack(checkout, &guardrails, account, &organisation.hub_account) {
            Ok(step) => steps.push(step),
            // An account that nothing is granted in has no member role either: that is what a
            // request for it must cope with.
            Err(MemberError::Nothing(_)) => continue,
            Err(error) => return Err(error),
        }
        steps.push(organisation_stack(
            checkout,
            &organisation,
            account,
            guardrails.boundary(),
        ));
    }
    aws.run(steps).await?;
    Ok(())
}

fn member_stack(
    checkout: &Checkout,
    guardrails: &Guardrails,
    account: &MemberAccount,
    hub: &str,
) -> Result<Value, MemberError> {
    let mut parameters = parameters(guardrails, &account.id)?;
    if let Some(all) = parameters.as_object_mut() {
        all.insert("HubAccountId".to_owned(), json!(hub));
        all.insert("HubStackName".to_owned(), json!(STACK));
        all.insert("ExternalId".to_owned(), json!(EXTERNAL_ID));
    }
    Ok(json!({
        "account": account.id,
        "stack": "snowgate-member",
        "template": checkout.path("templates/member-account.yaml"),
        "parameters": parameters,
    }))
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
