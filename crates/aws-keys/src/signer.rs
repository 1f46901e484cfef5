//! Making signatures.

use aws_config::SdkConfig;
use aws_errors::call_error;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use ports::CallError;
use ports::signature::Signer;
use snowgate_core::approval::MacTag;

use crate::LONGEST_MESSAGE;

const GENERATE: &str = "kms:GenerateMac";

/// Makes signatures with a KMS key; only the approval function may.
#[derive(Debug, Clone)]
pub struct KmsSigner {
    client: Client,
    key: String,
}

impl KmsSigner {
    /// Signs with this key (id, ARN or alias of an `HMAC_256` key).
    #[must_use]
    pub fn new(config: &SdkConfig, key_id: impl Into<String>) -> Self {
        Self {
            client: crate::client(config),
            key: key_id.into(),
        }
    }
}

impl Signer for KmsSigner {
    async fn sign(&self, message: &[u8]) -> Result<MacTag, CallError> {
        if !(1..=LONGEST_MESSAGE).contains(&message.len()) {
            return Err(CallError::permanent(GENERATE, "MessageLength"));
        }
        let answer = self
            .client
            .generate_mac()
            .key_id(&self.key)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(message))
            .send()
            .await
            .map_err(|error| call_error(GENERATE, &error))?;
        let mac = answer.mac.map(Blob::into_inner).unwrap_or_default();
        if mac.is_empty() {
            return Err(CallError::transient(GENERATE, "UnreadableAnswer"));
        }
        Ok(MacTag::new(mac))
    }
}
