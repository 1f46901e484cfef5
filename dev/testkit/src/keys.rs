//! The approval key in memory.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ports::CallError;
use ports::signature::{Signer, Verifier};
use sha2::Sha256;
use snowgate_core::approval::MacTag;

/// Signs and verifies with a key of its own.
#[derive(Debug, Clone)]
pub struct FakeKeys([u8; 32]);

impl FakeKeys {
    /// Uses this key.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn mac(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap();
        mac.update(message);
        mac
    }
}

impl Signer for FakeKeys {
    async fn sign(&self, message: &[u8]) -> Result<MacTag, CallError> {
        if !(1..=4096).contains(&message.len()) {
            return Err(CallError::permanent("fake:Sign", "MessageLength"));
        }
        Ok(MacTag::new(
            self.mac(message).finalize().into_bytes().to_vec(),
        ))
    }
}

impl Verifier for FakeKeys {
    async fn verify(&self, message: &[u8], mac: &MacTag) -> Result<bool, CallError> {
        Ok(self.mac(message).verify_slice(mac.as_bytes()).is_ok())
    }
}
