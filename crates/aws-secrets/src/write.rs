//! Writing secrets, for the operator's tool.

use aws_config::SdkConfig;
use aws_errors::call_error;
use aws_sdk_secretsmanager::Client;
use ports::CallError;

use crate::SecretText;

const PUT: &str = "secretsmanager:PutSecretValue";

/// Writes secrets.
#[derive(Debug, Clone)]
pub struct SecretWriter {
    client: Client,
}

impl SecretWriter {
    /// Writes with these credentials.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: crate::client(config),
        }
    }

    /// Makes this text the current version of a secret that exists.
    ///
    /// # Errors
    /// Where the secret cannot be written.
    pub async fn put(&self, arn: &str, text: &SecretText) -> Result<(), CallError> {
        let answer = self
            .client
            .put_secret_value()
            .secret_id(arn)
            .secret_string(text.expose())
            .send()
            .await;
        answer.map(|_| ()).map_err(|error| call_error(PUT, &error))
    }
}
