//! What a signer and its verifier must do.

use ports::signature::{Signer, Verifier};
use snowgate_core::approval::MacTag;

/// Only the MAC of exactly this message verifies, and too much is refused.
pub async fn keys(signer: &impl Signer, verifier: &impl Verifier) {
    let message = b"snowgate/decision/1\n{}";
    let mac = signer.sign(message).await.unwrap();
    assert_eq!(mac.as_bytes().len(), 32);
    assert_eq!(signer.sign(message).await.unwrap(), mac);
    assert!(verifier.verify(message, &mac).await.unwrap());

    for other in [&b"snowgate/decision/1\n{ }"[..], b"s", &[0; 5000]] {
        assert!(!verifier.verify(other, &mac).await.unwrap());
    }
    let mut flipped = mac.as_bytes().to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let cut = mac.as_bytes().split_last().unwrap().1.to_vec();
    let mut longer = mac.as_bytes().to_vec();
    longer.push(0);
    for bad in [flipped, cut, longer, Vec::new(), vec![0; 32]] {
        assert!(!verifier.verify(message, &MacTag::new(bad)).await.unwrap());
    }

    let longest = [7; 4096];
    let mac = signer.sign(&longest).await.unwrap();
    assert!(verifier.verify(&longest, &mac).await.unwrap());
    for refused in [&[][..], &[7; 4097]] {
        assert!(!signer.sign(refused).await.unwrap_err().is_transient());
    }
}
