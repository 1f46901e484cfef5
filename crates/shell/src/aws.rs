//! The configuration of AWS clients inside Lambda.
//!
//! It is put together by hand, from the environment that Lambda gives: no profile files, no
//! metadata service, no other source of credentials. What is not in here is not in the binary.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::environment::optional;

/// The roots that certificates of AWS end at (<https://www.amazontrust.com/repository/>): Amazon
/// Root CA 1 to 4 and the Starfield Services Root CA G2. docs/decisions/0021-pinned-roots.md says
/// why they are built in.
const ROOTS: &str = include_str!("aws/roots.pem");

/// Configures the clients: credentials, region and endpoint from the environment, three
/// attempts, one set of connections for all clients. `patience` bounds one operation with all its
/// attempts; it is well below the function's own time-out, so that there is time for an answer.
///
/// Read of the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_REGION`; where set, `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`,
/// `AWS_USE_DUALSTACK_ENDPOINT` (AWS SDKs and Tools Reference Guide) and `TRUST_ROOTS`: `system`
/// takes the roots of the operating system in place of those built in.
#[must_use]
pub fn aws(patience: Duration) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience / 3)
        .operation_attempt_timeout(patience / 2)
        .operation_timeout(patience)
        .build();
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let region = optional("AWS_REGION").or_else(|| optional("AWS_DEFAULT_REGION"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(region.map(Region::new))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .http_client(http(
            optional("TRUST_ROOTS").is_some_and(|roots| roots == "system"),
        ));
    config.set_endpoint_url(optional("AWS_ENDPOINT_URL"));
    config.set_use_fips(switch("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(switch("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

fn switch(name: &'static str) -> Option<bool> {
    optional(name).map(|value| value.eq_ignore_ascii_case("true"))
}

fn http(system_roots: bool) -> SharedHttpClient {
    let roots = match system_roots {
        true => TrustStore::default(),
        false => TrustStore::empty().with_pem_certificate(ROOTS),
    };
    let builder =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    match TlsContext::builder().with_trust_store(roots).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        // Never: a trust store is all that a context holds. The system's roots would count.
        Err(_) => builder.build_https(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// The certificates of a PEM text (RFC 7468).
    fn certificates(pem: &str) -> Vec<Vec<u8>> {
        let bodies = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
        bodies
            .map(|part| {
                let (body, _) = part.split_once("-----END CERTIFICATE-----").unwrap();
                STANDARD
                    .decode(body.split_whitespace().collect::<String>())
                    .unwrap()
            })
            .collect()
    }

    #[test]
    fn every_root_that_is_built_in_is_one_that_browsers_trust() {
        let trusted: BTreeSet<&[u8]> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(AsRef::as_ref)
            .collect();
        let ours = certificates(ROOTS);
        assert_eq!(ours.len(), 5);
        for root in &ours {
            assert!(trusted.contains(root.as_slice()), "{root:02x?}");
        }
    }

    #[test]
    fn clients_share_their_connections_and_never_wait_longer_than_they_may() {
        let config = aws(Duration::from_secs(6));
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(6)));
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(2)));
        assert!(config.http_client().is_some());
    }
}
