//! Signatures on KMS: HMAC-SHA-256 with a key that never leaves it.
//!
//! Signing and verifying are two types in two modules: a function that is given only one of them
//! does not contain the calls of the other.

mod signer;
mod verifier;

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
pub use signer::KmsSigner;
pub use verifier::KmsVerifier;

/// The longest message that KMS makes a MAC of, in bytes (AWS KMS API, GenerateMac).
pub const LONGEST_MESSAGE: usize = 4096;

/// How often the SDK tries a call.
const ATTEMPTS: u32 = 3;

fn client(config: &SdkConfig) -> Client {
    let config = aws_sdk_kms::config::Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;
    use ports::signature::{Signer as _, Verifier as _};
    use snowgate_core::approval::MacTag;

    use super::*;

    /// No endpoint, no credentials: whatever calls KMS fails.
    fn nowhere() -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .build()
    }

    fn ready<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("a call was made"),
        }
    }

    #[test]
    fn what_kms_would_not_take_is_not_sent() {
        let signer = KmsSigner::new(&nowhere(), "alias/approval");
        for message in [&[][..], &[0; LONGEST_MESSAGE + 1]] {
            let error = ready(signer.sign(message)).unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.is_transient()),
                ("MessageLength", false)
            );
        }
    }

    #[test]
    fn a_mac_of_another_length_is_no_mac() {
        let verifier = KmsVerifier::new(&nowhere(), "alias/approval");
        for mac in [vec![], vec![1; 31], vec![1; 33], vec![1; 7000]] {
            assert!(!ready(verifier.verify(b"message", &MacTag::new(mac))).unwrap());
        }
        let mac = MacTag::new(vec![1; 32]);
        assert!(!ready(verifier.verify(&[0; LONGEST_MESSAGE + 1], &mac)).unwrap());
    }
}
