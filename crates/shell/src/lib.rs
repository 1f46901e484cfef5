//! What every function shares: configuration, the AWS client configuration, logs, time and
//! random bytes, HTTP answers and queue batches.

pub mod answer;
pub mod batch;
pub mod environment;
pub mod guardrails;
pub mod log;
pub mod metrics;
pub mod random;
pub mod request;

use aws_config::SdkConfig;
use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use std::time::Duration;

/// The configuration of AWS clients inside Lambda: credentials and region from the environment,
/// no other source of credentials, three attempts. `patience` bounds one operation with all its
/// attempts; it is well below the function's own time-out, so that there is time for an answer.
pub async fn aws(patience: Duration) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience / 3)
        .operation_attempt_timeout(patience / 2)
        .operation_timeout(patience)
        .build();
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .region(EnvironmentVariableRegionProvider::new())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .load()
        .await
}

/// The time now. The rules take it as an argument; this is the only place that asks for it.
#[must_use]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
