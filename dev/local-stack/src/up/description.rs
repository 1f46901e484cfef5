//! What `.local/stack.json` says of a stack that was brought up.

use std::collections::BTreeMap;

use super::UpError;
use super::credentials::StackCredentials;
use crate::binaries::FUNCTIONS;
use crate::checkout::Checkout;
use crate::hub::{self, HubError, Outputs, REGION};
use crate::organisation::Organisation;
use crate::ports::Ports;
use crate::stack::LocalStack;

/// The stack before anything was read from it, then with what its deployment says.
pub(super) fn assemble(
    checkout: &Checkout,
    ports: Ports,
    credentials: &StackCredentials,
    outputs: &Outputs,
) -> Result<LocalStack, UpError> {
    let organisation = Organisation::load(checkout)?;
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let stack = LocalStack {
        service_api: String::new(),
        approval_api: url(ports.approval),
        approval_upstream: String::new(),
        aws_endpoint: url(ports.aws),
        region: REGION.to_owned(),
        servicenow_url: url(ports.servicenow),
        console_url: url(ports.console),
        tables: BTreeMap::new(),
        queues: BTreeMap::new(),
        functions: BTreeMap::new(),
        secrets: BTreeMap::new(),
        approval_key_id: String::new(),
        sender: hub::SENDER.to_owned(),
        hub_account: organisation.hub_account,
        member_accounts: organisation
            .member_accounts
            .into_iter()
            .map(|one| one.id.to_string())
            .collect(),
        client_id: credentials.servicenow.id.clone(),
        client_secret: credentials.servicenow.secret.clone(),
        api_key: credentials.api_key.clone(),
        token_client_id: String::new(),
        powerless_client_id: credentials.powerless.id.clone(),
        powerless_client_secret: credentials.powerless.secret.clone(),
        security_client_id: credentials.security.id.clone(),
        security_client_secret: credentials.security.secret.clone(),
        control_token_file: checkout.local("control-token"),
    };
    describe(&stack, outputs)
}

/// The stack with what the deployment's outputs say.
pub(super) fn describe(stack: &LocalStack, outputs: &Outputs) -> Result<LocalStack, UpError> {
    let map = |names: &[(&str, &str)]| {
        names
            .iter()
            .map(|(key, name)| Ok(((*key).to_owned(), hub::output(outputs, name)?)))
            .collect::<Result<BTreeMap<_, _>, HubError>>()
    };
    let api = |name: &str| {
        let id = hub::output(outputs, name)?;
        Ok::<_, HubError>(format!("{}/_aws/execute-api/{id}/live", stack.aws_endpoint))
    };
    let functions = FUNCTIONS.iter().map(|function| {
        let mut name = (*function).to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Ok((
            (*function).to_owned(),
            hub::output(outputs, &format!("{name}Name"))?,
        ))
    });
    Ok(LocalStack {
        service_api: api("ServiceApiId")?,
        approval_upstream: api("ApprovalApiId")?,
        tables: map(&[
            ("requests", "RequestsTableName"),
            ("tokens", "TokensTableName"),
            ("cache", "CacheTableName"),
        ])?,
        queues: map(&[
            ("requests", "RequestsQueueUrl"),
            ("work", "WorkQueueUrl"),
            ("outcomes", "OutcomesQueueUrl"),
            ("bounces", "BouncesQueueUrl"),
            ("requests_dead", "RequestsDeadLettersUrl"),
            ("bounces_dead", "BouncesDeadLettersUrl"),
            ("work_dead", "WorkDeadLettersUrl"),
            ("outcomes_dead", "OutcomesDeadLettersUrl"),
        ])?,
        functions: functions.collect::<Result<_, HubError>>()?,
        secrets: map(&[
            ("clients", "ClientsSecretArn"),
            ("servicenow_read", "ServiceNowReadSecretArn"),
            ("servicenow_write", "ServiceNowWriteSecretArn"),
        ])?,
        approval_key_id: hub::output(outputs, "ApprovalKeyId")?,
        token_client_id: hub::output(outputs, "ServiceNowTokenClientId")?,
        ..stack.clone()
    })
}
