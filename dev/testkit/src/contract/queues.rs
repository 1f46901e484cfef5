//! What the queues must do.

use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};

use snowgate_core::aggregate::Aggregate;

use crate::samples;

/// Every queue takes a wake-up, and takes it again. Returns the wake-up, for the caller to look
/// for in the queues.
pub async fn queues(
    requests: &impl RequestsQueue,
    work: &impl WorkQueue,
    outcomes: &impl OutcomesQueue,
) -> WakeUp {
    let wake = WakeUp {
        aggregate: Aggregate::Request(samples::request_id()),
        version: 3,
        attempt: 1,
    };
    let mut longest = samples::user();
    longest.name = "a+=,.@_-".repeat(8).parse().unwrap();
    for _ in 0..2 {
        requests.wake_dispatcher(&wake).await.unwrap();
        work.wake_provisioner(&wake, &longest.key_by_name())
            .await
            .unwrap();
        outcomes.wake_reporter(&wake).await.unwrap();
    }
    wake
}
