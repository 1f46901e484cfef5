//! The queues on SQS.
//!
//! Each message is a wake-up: its body is `{"request_id":"req-…"}`, its attributes are
//! `request_id` and `step`, so that a message can be recognised without reading its body.

use aws_config::SdkConfig;
use aws_errors::call_error;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::MessageAttributeValue;
use ports::CallError;
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use snowgate_core::id::{Digest, RequestId};
use snowgate_core::principal::Principal;

const SEND: &str = "sqs:SendMessage";

/// How often the SDK tries a call.
const ATTEMPTS: u32 = 3;

#[derive(Debug, Clone)]
struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    fn new(config: &SdkConfig, url: String) -> Self {
        let config = aws_sdk_sqs::config::Builder::from(config)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Self {
            client: Client::from_conf(config),
            url,
        }
    }

    fn message(
        &self,
        wake: &WakeUp,
        step: &'static str,
    ) -> Result<SendMessageFluentBuilder, CallError> {
        Ok(self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body(&wake.request))
            .message_attributes("request_id", text(wake.request.as_str())?)
            .message_attributes("step", text(step)?))
    }
}

/// A request id is plain ASCII without quotes, so this is JSON as it stands.
fn body(request: &RequestId) -> String {
    format!(r#"{{"request_id":"{request}"}}"#)
}

fn text(value: &str) -> Result<MessageAttributeValue, CallError> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .map_err(|error| CallError::permanent(SEND, "NotSent").because(error))
}

async fn send(message: SendMessageFluentBuilder) -> Result<(), CallError> {
    let answer = message.send().await;
    answer.map(|_| ()).map_err(|error| call_error(SEND, &error))
}

/// The group of a principal: a hash, because a group id has at most 128 characters (SQS API
/// reference, SendMessage) and the names of principals stay in the ledger.
fn group(principal: &Principal) -> String {
    let digest = Digest::of(principal.key().as_bytes());
    digest.as_str().trim_start_matches("sha256:").to_owned()
}

/// Request, version and attempt: within five minutes SQS takes no second message with the same.
fn deduplication(wake: &WakeUp) -> String {
    format!("{}.{}.{}", wake.request, wake.version, wake.attempt)
}

/// The queue `requests`.
#[derive(Debug, Clone)]
pub struct SqsRequests(Queue);

impl SqsRequests {
    /// Sends to the standard queue with this URL.
    #[must_use]
    pub fn new(config: &SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(Queue::new(config, queue_url.into()))
    }
}

impl RequestsQueue for SqsRequests {
    async fn wake_dispatcher(&self, wake: &WakeUp) -> Result<(), CallError> {
        send(self.0.message(wake, "dispatch")?).await
    }
}

/// The queue `work`.
#[derive(Debug, Clone)]
pub struct SqsWork(Queue);

impl SqsWork {
    /// Sends to the FIFO queue with this URL.
    #[must_use]
    pub fn new(config: &SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(Queue::new(config, queue_url.into()))
    }
}

impl WorkQueue for SqsWork {
    async fn wake_provisioner(
        &self,
        wake: &WakeUp,
        principal: &Principal,
    ) -> Result<(), CallError> {
        let message = self
            .0
            .message(wake, "provision")?
            .message_group_id(group(principal))
            .message_deduplication_id(deduplication(wake));
        send(message).await
    }
}

/// The queue `outcomes`.
#[derive(Debug, Clone)]
pub struct SqsOutcomes(Queue);

impl SqsOutcomes {
    /// Sends to the standard queue with this URL.
    #[must_use]
    pub fn new(config: &SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(Queue::new(config, queue_url.into()))
    }
}

impl OutcomesQueue for SqsOutcomes {
    async fn wake_reporter(&self, wake: &WakeUp) -> Result<(), CallError> {
        send(self.0.message(wake, "report")?).await
    }
}

/// All three queues, for functions that may send to each.
#[derive(Debug, Clone)]
pub struct SqsQueues {
    /// `requests`.
    pub requests: SqsRequests,
    /// `work`.
    pub work: SqsWork,
    /// `outcomes`.
    pub outcomes: SqsOutcomes,
}

impl RequestsQueue for SqsQueues {
    async fn wake_dispatcher(&self, wake: &WakeUp) -> Result<(), CallError> {
        self.requests.wake_dispatcher(wake).await
    }
}

impl WorkQueue for SqsQueues {
    async fn wake_provisioner(
        &self,
        wake: &WakeUp,
        principal: &Principal,
    ) -> Result<(), CallError> {
        self.work.wake_provisioner(wake, principal).await
    }
}

impl OutcomesQueue for SqsQueues {
    async fn wake_reporter(&self, wake: &WakeUp) -> Result<(), CallError> {
        self.outcomes.wake_reporter(wake).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(name: &str) -> Principal {
        Principal {
            account_id: "210987654321".parse().unwrap(),
            kind: snowgate_core::principal::PrincipalType::User,
            name: name.parse().unwrap(),
        }
    }

    /// Alphanumerics and punctuation, 1 to 128 (SQS API reference, SendMessage).
    fn is_fifo_id(id: &str) -> bool {
        (1..=128).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b.is_ascii_punctuation())
    }

    #[test]
    fn one_group_for_one_principal_whatever_its_case() {
        let group_of = |name: &str| group(&principal(name));
        assert_eq!(group_of("Rita.Chen"), group_of("rita.chen"));
        assert_ne!(group_of("rita.chen"), group_of("rita.chen2"));
        assert!(is_fifo_id(&group_of(&"a".repeat(64))));
    }

    #[test]
    fn a_new_version_or_attempt_is_a_new_message() {
        let wake = WakeUp {
            request: RequestId::from_random([1; 16]),
            version: u64::MAX,
            attempt: u32::MAX,
        };
        assert!(is_fifo_id(&deduplication(&wake)));
        for other in [
            WakeUp {
                version: 1,
                ..wake.clone()
            },
            WakeUp {
                attempt: 1,
                ..wake.clone()
            },
            WakeUp {
                request: RequestId::from_random([2; 16]),
                ..wake.clone()
            },
        ] {
            assert_ne!(deduplication(&other), deduplication(&wake));
        }
        assert_eq!(
            body(&wake.request),
            r#"{"request_id":"req-01010101010101010101010101010101"}"#
        );
    }
}
