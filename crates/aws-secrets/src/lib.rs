//! Secrets in Secrets Manager.
//!
//! Functions read ([`Secrets`]); only the operator's tool writes ([`mod@write`]), and so nothing else
//! contains that call.

pub mod write;

use std::fmt;

use aws_config::SdkConfig;
use aws_errors::call_error;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use ports::CallError;
use zeroize::Zeroizing;

const GET: &str = "secretsmanager:GetSecretValue";

/// How often the SDK tries a call.
const ATTEMPTS: u32 = 3;

/// The text of a secret. `Debug` never shows it, and its memory is overwritten when it is dropped
/// (what the HTTP client held while it arrived is not).
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text of a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(redacted)")
    }
}

/// Reads secrets.
#[derive(Debug, Clone)]
pub struct Secrets {
    client: Client,
}

impl Secrets {
    /// Reads with these credentials.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: client(config),
        }
    }

    /// The current text of a secret.
    ///
    /// # Errors
    /// Where the secret cannot be read; `NotText` where it is binary or has no value.
    pub async fn get(&self, arn: &str) -> Result<SecretText, CallError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(arn)
            .send()
            .await
            .map_err(|error| call_error(GET, &error))?;
        answer
            .secret_string
            .map(SecretText::new)
            .ok_or_else(|| CallError::permanent(GET, "NotText"))
    }
}

fn client(config: &SdkConfig) -> Client {
    let config = aws_sdk_secretsmanager::config::Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_only_when_asked() {
        let secret = SecretText::new("canary-text".to_owned());
        assert_eq!(format!("{secret:?}"), "SecretText(redacted)");
        assert_eq!(secret.expose(), "canary-text");
    }
}
