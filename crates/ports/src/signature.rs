//! Signing decisions and verifying them. Two traits, because no function may do both.

use std::future::Future;

use snowgate_core::approval::MacTag;

use crate::CallError;

/// Makes signatures; only the approval function may.
pub trait Signer: Send + Sync {
    /// The MAC of a message of at most 4,096 bytes.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<MacTag, CallError>> + Send;
}

/// Verifies signatures.
pub trait Verifier: Send + Sync {
    /// Whether the MAC is that of the message.
    fn verify(
        &self,
        message: &[u8],
        mac: &MacTag,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;
}
