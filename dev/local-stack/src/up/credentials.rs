//! The credentials of one local stack, new at every start.

use serde_json::{Value, json};

use crate::clients::{self, CredentialError, ServiceClient};
use crate::hub;
use crate::stack::LocalStack;

/// The routes of the client that ServiceNow is.
const ROUTES: [&str; 8] = [
    "POST /v1/requests",
    "GET /v1/requests",
    "GET /v1/requests/*",
    "POST /v1/requests/*/withdraw",
    "POST /v1/requests/*/revoke",
    "POST /v1/requests/*/extend",
    "GET /v1/users",
    "GET /v1/users/*",
];

/// The routes of the security team's client.
const SECURITY_ROUTES: [&str; 2] = ["POST /v1/requests/*/revoke", "POST /v1/requests/*/abandon"];

/// All credentials of one stack.
pub(super) struct StackCredentials {
    pub(super) servicenow: ServiceClient,
    pub(super) powerless: ServiceClient,
    pub(super) security: ServiceClient,
    pub(super) read: ServiceClient,
    pub(super) write: ServiceClient,
    pub(super) control_token: String,
    pub(super) api_key: String,
}

impl StackCredentials {
    pub(super) fn new() -> Result<Self, CredentialError> {
        Ok(Self {
            servicenow: ServiceClient::new("servicenow")?,
            powerless: ServiceClient::new("powerless")?,
            security: ServiceClient::new("security")?,
            read: ServiceClient::new("snowgate.read.client")?,
            write: ServiceClient::new("snowgate.write")?,
            control_token: clients::random_text()?,
            api_key: clients::random_text()?,
        })
    }

    /// Puts the secrets' values in. Reading uses OAuth, writing uses Basic, so that both are used.
    pub(super) fn steps(&self, stack: &LocalStack) -> Result<Vec<Value>, CredentialError> {
        let clients = clients::clients_secret(&[
            (&self.servicenow, &[&stack.token_client_id], &ROUTES),
            (&self.powerless, &[], &[]),
            (&self.security, &[], &SECURITY_ROUTES),
        ])?;
        let read = json!({
            "client_id": self.read.id,
            "client_secret": self.read.secret,
            "grant_type": "client_credentials",
        });
        let write = json!({ "username": self.write.id, "password": self.write.secret });
        let arn = |name: &str| stack.secrets.get(name).cloned().unwrap_or_default();
        Ok(vec![
            hub::put_secret(&arn("clients"), &clients),
            hub::put_secret(&arn("servicenow_read"), &read),
            hub::put_secret(&arn("servicenow_write"), &write),
            hub::verify_sender(),
        ])
    }
}
