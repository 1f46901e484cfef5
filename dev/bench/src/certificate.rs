//! A certificate for 127.0.0.1 that only this run trusts.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::place::{Place, PlaceError};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// It could not be made.
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
    /// TLS does not take it.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    /// It could not be written down for the callers.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is no folder for it.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

/// A server's side of TLS, and the file with what its callers trust: the roots that the functions
/// carry, and this certificate.
pub(crate) struct Identity {
    /// The server's settings.
    pub(crate) server: Arc<ServerConfig>,
    /// The roots, in PEM (RFC 7468).
    pub(crate) roots: PathBuf,
}

/// Makes a certificate, with an ECDSA key on P-256 as AWS's own have.
pub(crate) fn make(place: &Place) -> Result<Identity, CertificateError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.self_signed(&key)?;
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    let roots = place.scratch("tls")?.join("roots.pem");
    let built_in = include_str!("../../../crates/https/src/amazon.pem");
    std::fs::write(&roots, format!("{built_in}{}", certificate.pem())).map_err(|source| {
        CertificateError::Write {
            path: roots.clone(),
            source,
        }
    })?;
    Ok(Identity {
        server: Arc::new(server),
        roots,
    })
}
