//! Verifying signatures.

use aws_config::SdkConfig;
use aws_errors::call_error;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use ports::CallError;
use ports::signature::Verifier;
use snowgate_core::approval::MacTag;

use crate::LONGEST_MESSAGE;

const VERIFY: &str = "kms:VerifyMac";

/// The length of an HMAC-SHA-256, in bytes (RFC 4868).
const MAC_LENGTH: usize = 32;

/// Verifies signatures with a KMS key, or with one of two while the older one is still in use.
#[derive(Debug, Clone)]
pub struct KmsVerifier {
    client: Client,
    key: String,
    previous: Option<String>,
}

impl KmsVerifier {
    /// Verifies with this key (id, ARN or alias of an `HMAC_256` key).
    #[must_use]
    pub fn new(config: &SdkConfig, key_id: impl Into<String>) -> Self {
        Self {
            client: crate::client(config),
            key: key_id.into(),
            previous: None,
        }
    }

    /// Verifies also what was signed with this key before.
    #[must_use]
    pub fn or(self, previous: Option<String>) -> Self {
        Self { previous, ..self }
    }

    /// Whether the MAC of the message was made with this key.
    async fn is_of(&self, key: &str, message: &[u8], mac: &MacTag) -> Result<bool, CallError> {
        let answer = self
            .client
            .verify_mac()
            .key_id(key)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(message))
            .mac(Blob::new(mac.as_bytes()))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.mac_valid),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_kms_invalid_mac_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(call_error(VERIFY, &error)),
        }
    }
}

impl Verifier for KmsVerifier {
    async fn verify(&self, message: &[u8], mac: &MacTag) -> Result<bool, CallError> {
        let could_be =
            (1..=LONGEST_MESSAGE).contains(&message.len()) && mac.as_bytes().len() == MAC_LENGTH;
        if !could_be {
            return Ok(false);
        }
        let by_key = self.is_of(&self.key, message, mac).await;
        match &self.previous {
            // Where the present key does not answer, the older one may still say that it is its own.
            Some(previous) if !matches!(by_key, Ok(true)) => {
                match self.is_of(previous, message, mac).await? {
                    true => Ok(true),
                    false => by_key,
                }
            }
            _ => by_key,
        }
    }
}
