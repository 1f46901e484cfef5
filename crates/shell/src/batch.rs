//! Batches from queues: each message is handled by itself, and only what failed comes back.

use std::collections::HashSet;
use std::error::Error;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;
use tracing::{Instrument as _, error, error_span};

/// Handles every message of a batch by itself and names those that failed (Lambda Developer
/// Guide, "Reporting batch item failures"). In a FIFO batch the first failure of a group stops
/// that group, so that nothing overtakes it.
///
/// A message that cannot be read fails too, until the queue moves it to its dead letters.
pub async fn each<E: Error>(
    event: &SqsEvent,
    handle: impl AsyncFnMut(RequestId) -> Result<(), E>,
) -> SqsBatchResponse {
    let read = |body: &str| match Aggregate::from_body(body).ok()? {
        Aggregate::Request(id) => Some((id.to_string(), id)),
        Aggregate::Principal(_) | Aggregate::Identity(_) => None,
    };
    each_as(event, read, handle).await
}

/// The same for messages of another shape: `read` says what one is about, for the log, and what it
/// says.
pub async fn each_as<T, E: Error>(
    event: &SqsEvent,
    read: impl Fn(&str) -> Option<(String, T)>,
    mut handle: impl AsyncFnMut(T) -> Result<(), E>,
) -> SqsBatchResponse {
    let mut failures = Vec::new();
    let mut stopped: HashSet<&str> = HashSet::new();
    for message in &event.records {
        let group = message.attributes.get("MessageGroupId").map(String::as_str);
        let follows_failure = group.is_some_and(|group| stopped.contains(group));
        if follows_failure || !one(message, &read, &mut handle).await {
            stopped.extend(group);
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.clone().unwrap_or_default();
            failures.push(failure);
        }
    }
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures;
    response
}

async fn one<T, E: Error>(
    message: &SqsMessage,
    read: &impl Fn(&str) -> Option<(String, T)>,
    handle: &mut impl AsyncFnMut(T) -> Result<(), E>,
) -> bool {
    let body = message.body.as_deref().unwrap_or_default();
    let Some((about, said)) = read(body) else {
        error!(message_id = message.message_id, "a message cannot be read");
        return false;
    };
    let span = error_span!("request", request_id = about);
    match handle(said).instrument(span.clone()).await {
        Ok(()) => true,
        Err(error) => {
            let error = crate::log::chain(&error);
            span.in_scope(|| error!(error, "message not done with"));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(messages: &[(&str, &str, u8)]) -> SqsEvent {
        let records = messages.iter().map(|(id, group, n)| {
            let body = match n {
                255 => r#"{"kind":"user","id":"usr-1"}"#.to_owned(),
                n => Aggregate::Request(RequestId::from_random([*n; 16])).body(),
            };
            let attributes = if group.is_empty() { json!({}) } else { json!({"MessageGroupId": group}) };
            json!({"messageId": id, "body": body, "attributes": attributes, "messageAttributes": {}})
        });
        serde_json::from_value(json!({"Records": records.collect::<Vec<_>>()})).unwrap()
    }

    fn run(messages: &[(&str, &str, u8)], bad: u8) -> (Vec<String>, usize) {
        let event = event(messages);
        let mut handled = 0;
        let handle = async |id: RequestId| {
            handled += 1;
            if id == RequestId::from_random([bad; 16]) {
                Err(std::fmt::Error)
            } else {
                Ok(())
            }
        };
        let runtime = futures_executor(each(&event, handle));
        (
            runtime
                .batch_item_failures
                .into_iter()
                .map(|f| f.item_identifier)
                .collect(),
            handled,
        )
    }

    /// Runs a future that never waits.
    fn futures_executor<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("the future waits"),
        }
    }

    #[test]
    fn only_what_failed_comes_back() {
        let (failed, handled) = run(
            &[("a", "", 1), ("b", "", 2), ("c", "", 3), ("d", "", 255)],
            2,
        );
        assert_eq!((failed, handled), (vec!["b".to_owned(), "d".to_owned()], 3));
    }

    #[test]
    fn a_failure_stops_its_group_and_no_other() {
        let messages = [("a", "g", 1), ("b", "g", 2), ("c", "h", 3), ("d", "g", 4)];
        assert_eq!(run(&messages, 2), (vec!["b".to_owned(), "d".to_owned()], 3));
    }
}
