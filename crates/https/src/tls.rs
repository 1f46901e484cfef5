//! TLS: whom to trust, and what to speak.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The roots that certificates of AWS end at (<https://www.amazontrust.com/repository/>): Amazon
/// Root CA 1 to 4 and the Starfield Services Root CA G2. docs/decisions/0021-pinned-roots.md says
/// why they are built in.
const AMAZON: &[u8] = include_bytes!("amazon.pem");

/// Which authorities are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roots {
    /// The five of Amazon Trust Services: for AWS.
    Amazon,
    /// Mozilla's, as the last update of dependencies had them: for servers on the internet.
    Mozilla,
    /// The operating system's.
    System,
}

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS could not be set up")]
pub struct TlsError(#[from] rustls::Error);

/// What is spoken with servers that end at these roots.
pub(crate) fn config(roots: Roots) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store(roots))
        .with_no_client_auth())
}

fn store(roots: Roots) -> RootCertStore {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::Amazon => {
            store.add_parsable_certificates(CertificateDer::pem_slice_iter(AMAZON).flatten());
        }
        Roots::Mozilla => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            if !found.errors.is_empty() {
                tracing::warn!(
                    errors = found.errors.len(),
                    "not every root of trust could be read"
                );
            }
            store.add_parsable_certificates(found.certs);
        }
    }
    store
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_that_is_built_in_is_one_that_browsers_trust() {
        let ours: Vec<_> = CertificateDer::pem_slice_iter(AMAZON)
            .map(Result::unwrap)
            .collect();
        assert_eq!(ours.len(), 5);
        for root in &ours {
            assert!(
                webpki_root_certs::TLS_SERVER_ROOT_CERTS.contains(root),
                "{root:02x?}"
            );
        }
        assert_eq!(store(Roots::Amazon).len(), 5);
    }

    #[test]
    fn nothing_else_is_trusted_for_aws() {
        assert!(store(Roots::Mozilla).len() > 100);
    }
}
