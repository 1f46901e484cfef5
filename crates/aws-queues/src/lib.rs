//! The queues on SQS.
//!
//! Each message is a wake-up: its body is `{"kind":"request","id":"req-…"}`, its attributes are
//! `request_id` and `step`, so that a message can be recognised without reading its body.

use aws_config::SdkConfig;
use aws_errors::call_error;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::MessageAttributeValue;
use ports::CallError;
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::Digest;
use snowgate_core::principal::PrincipalKey;

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
        let name = match &wake.aggregate {
            Aggregate::Request(_) => "request_id",
            Aggregate::Principal(_) => "principal",
            Aggregate::Identity(_) => "identity",
        };
        let id = wake.aggregate.to_string();
        Ok(self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(wake.aggregate.body())
            .message_attributes(name, text(&id)?)
            .message_attributes("step", text(step)?))
    }
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
fn group(principal: &PrincipalKey) -> String {
    let digest = Digest::of(principal.to_string().as_bytes());
    digest.as_str().trim_start_matches("sha256:").to_owned()
}

/// Aggregate, version and attempt: within five minutes SQS takes no second message with the same.
fn deduplication(wake: &WakeUp) -> String {
    format!("{}.{}.{}", wake.aggregate, wake.version, wake.attempt)
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
        principal: &PrincipalKey,
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
        principal: &PrincipalKey,
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
    use snowgate_core::id::RequestId;
    use snowgate_core::principal::Principal;

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
    fn one_group_for_one_principal_whatever_its_name() {
        let new = |name: &str| group(&principal(name).key_by_name());
        assert_eq!(new("Rita.Chen"), new("rita.chen"));
        assert_ne!(new("rita.chen"), new("rita.chen2"));
        assert!(is_fifo_id(&new(&"a".repeat(64))));
        let there = |name: &str, id| group(&principal(name).key_by_id(id));
        assert_eq!(there("rita.chen", "AIDA1"), there("rita.gupta", "AIDA1"));
        assert_ne!(there("rita.chen", "AIDA1"), there("rita.chen", "AIDA2"));
    }

    #[test]
    fn a_new_version_or_attempt_is_a_new_message() {
        let wake = WakeUp {
            aggregate: Aggregate::Request(RequestId::from_random([1; 16])),
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
                aggregate: Aggregate::Request(RequestId::from_random([2; 16])),
                ..wake.clone()
            },
        ] {
            assert_ne!(deduplication(&other), deduplication(&wake));
        }
    }
}
