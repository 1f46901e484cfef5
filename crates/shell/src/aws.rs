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
use https::{HttpsSettings, Roots, TlsError};

use crate::environment::optional;

/// How long a connection that nobody uses is kept: longer than the SDK's services keep theirs, so
/// that it is they who end it.
const IDLE: Duration = Duration::from_secs(90);

/// Configures the clients: credentials, region and endpoint from the environment, three
/// attempts, one set of connections for all clients. `patience` bounds one operation with all its
/// attempts; it is well below the function's own time-out, so that there is time for an answer.
///
/// Read of the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_REGION`; where set, `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`,
/// `AWS_USE_DUALSTACK_ENDPOINT` (AWS SDKs and Tools Reference Guide) and `TRUST_ROOTS`: `system`
/// takes the roots of the operating system in place of those built in.
///
/// # Errors
/// Where TLS could not be set up: never in a build that has its own provider.
pub fn aws(patience: Duration) -> Result<SdkConfig, TlsError> {
    let connect = patience / 3;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(connect)
        .operation_attempt_timeout(patience / 2)
        .operation_timeout(patience)
        .build();
    let system = optional("TRUST_ROOTS").is_some_and(|roots| roots == "system");
    let http = https::for_sdk(&HttpsSettings {
        roots: if system { Roots::System } else { Roots::Amazon },
        // `AWS_ENDPOINT_URL` may be one of this machine.
        plain: true,
        connect,
        idle: IDLE,
        idle_connections: usize::MAX,
    })?;
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let region = optional("AWS_REGION").or_else(|| optional("AWS_DEFAULT_REGION"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(region.map(Region::new))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .http_client(http);
    config.set_endpoint_url(optional("AWS_ENDPOINT_URL"));
    config.set_use_fips(switch("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(switch("AWS_USE_DUALSTACK_ENDPOINT"));
    Ok(config.build())
}

fn switch(name: &'static str) -> Option<bool> {
    optional(name).map(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_share_their_connections_and_never_wait_longer_than_they_may() {
        let config = aws(Duration::from_secs(6)).unwrap();
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(6)));
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(2)));
        assert!(config.http_client().is_some());
    }
}
