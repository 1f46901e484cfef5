//! Waking the reporter, which everybody who brings a request further does by the same rule.

use jiff::Timestamp;
use ports::queue::{OutcomesQueue, WakeUp};
use snowgate_core::record::RequestRecord;
use tracing::{info, warn};

/// Wakes the reporter where something is left that it tells: the ticket, or people by mail. Where
/// that fails, the sweeper does it two minutes later.
pub async fn reporter(queue: &impl OutcomesQueue, record: &RequestRecord, now: Timestamp) {
    if !record.asks_reporter(now) {
        info!(state = %record.state(), "nothing to tell");
        return;
    }
    if let Err(failure) = queue.wake_reporter(&WakeUp::first(record)).await {
        let error = crate::log::chain(&failure);
        warn!(error, request_id = %record.id(), "the reporter could not be woken");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use snowgate_core::lifecycle::Actor;
    use snowgate_core::record::{Event, Message};
    use testkit::QueueName;
    use testkit::world::{MANAGER, OWNER, World, at, ready};

    /// Wakes the reporter; how many messages that sent.
    fn woken(world: &World, record: &RequestRecord, second: i64) -> usize {
        ready(reporter(&world.queues, record, at(second)));
        world.queues.take(QueueName::Outcomes).len()
    }

    #[test]
    fn a_mail_without_a_note_wakes_it_too_and_nothing_does_not() {
        let world = World::default();
        let (record, _) = world.pending(&[OWNER, MANAGER], at(0));
        assert_eq!(woken(&world, &record, 1), 0, "nobody has anything to hear");
        let expired = world.apply(&record, Event::Expired, Actor::Sweeper, at(300_000));
        assert_eq!(woken(&world, &expired, 300_000), 1, "a note and mails");
        let note = Message::TicketNote {
            state: expired.state(),
        };
        let reported = world.deliver(&expired, &note, Actor::Reporter, at(300_001));
        assert_eq!(reported.unreported(), None);
        assert_eq!(woken(&world, &reported, 300_001), 1, "mails alone");
    }
}
