//! Who is woken for a request: one decision, from the record alone.
//!
//! A wake-up is no order, so one too many does no harm. Whoever changes a request wakes those
//! who have something to do about it, as far as it may send to their queues. What is not sent
//! then, the sweeper sends.

use std::error::Error;

use jiff::Timestamp;
use ports::CallError;
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use snowgate_core::record::{RequestRecord, Worker};
use tracing::warn;

/// Wakes the dispatcher, where it has something to do. A failure is only logged.
pub async fn dispatcher(queue: &impl RequestsQueue, record: &RequestRecord, now: Timestamp) {
    if record.waits_for(Worker::Dispatcher, now) {
        log(queue.wake_dispatcher(&WakeUp::first(record)).await, record);
    }
}

/// Wakes the provisioner, where it has something to do. A failure is only logged.
pub async fn provisioner(queue: &impl WorkQueue, record: &RequestRecord, now: Timestamp) {
    if record.waits_for(Worker::Provisioner, now) {
        let (wake, principal) = (WakeUp::first(record), record.turn_key());
        log(queue.wake_provisioner(&wake, &principal).await, record);
    }
}

/// Wakes the reporter, where it has something to do. A failure is only logged.
pub async fn reporter(queue: &impl OutcomesQueue, record: &RequestRecord, now: Timestamp) {
    if record.waits_for(Worker::Reporter, now) {
        log(queue.wake_reporter(&WakeUp::first(record)).await, record);
    }
}

/// Wakes everybody who has something to do. A failure is only logged.
pub async fn everybody<Q>(queues: &Q, record: &RequestRecord, now: Timestamp)
where
    Q: RequestsQueue + WorkQueue + OutcomesQueue,
{
    dispatcher(queues, record, now).await;
    provisioner(queues, record, now).await;
    reporter(queues, record, now).await;
}

/// Wakes everybody who has something to do once more. Answers how many.
///
/// # Errors
/// Where one could not be woken. Those before are awake.
pub async fn everybody_again<Q>(
    queues: &Q,
    record: &RequestRecord,
    now: Timestamp,
) -> Result<u32, CallError>
where
    Q: RequestsQueue + WorkQueue + OutcomesQueue,
{
    let wake = WakeUp::again(record);
    let mut woken = 0;
    for worker in Worker::ALL {
        if !record.waits_for(worker, now) {
            continue;
        }
        match worker {
            Worker::Dispatcher => queues.wake_dispatcher(&wake).await?,
            Worker::Provisioner => {
                let principal = record.turn_key();
                queues.wake_provisioner(&wake, &principal).await?;
            }
            Worker::Reporter => queues.wake_reporter(&wake).await?,
        }
        woken += 1;
    }
    Ok(woken)
}

fn log(sent: Result<(), CallError>, record: &RequestRecord) {
    if let Err(failure) = sent {
        let error: &(dyn Error + 'static) = &failure;
        warn!(error, request_id = %record.id(), "the next function could not be woken");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use snowgate_core::approval::Verdict;
    use snowgate_core::lifecycle::Actor;
    use snowgate_core::record::{Event, Message};
    use testkit::world::{MANAGER, OWNER, World, at, ready};
    use testkit::{Aftermath, Moment, QueueName};

    /// To which queues a wake-up goes when everybody is woken.
    fn woken(world: &World, record: &RequestRecord, second: i64) -> Vec<QueueName> {
        ready(everybody(&world.queues, record, at(second)));
        let first = queues(world);
        let again = ready(everybody_again(&world.queues, record, at(second))).unwrap();
        assert_eq!(again as usize, first.len());
        let mut repeated = queues(world);
        repeated.sort_by_key(|queue| first.iter().position(|one| one == queue));
        assert_eq!(repeated, first, "the sweeper wakes the same");
        first
    }

    /// Takes all messages, and answers to which queues they went.
    fn queues(world: &World) -> Vec<QueueName> {
        let all = [QueueName::Requests, QueueName::Work, QueueName::Outcomes];
        all.into_iter()
            .flat_map(|queue| world.queues.take(queue))
            .map(|sent| sent.queue)
            .collect()
    }

    #[test]
    fn in_every_state_those_are_woken_who_have_something_to_do() {
        use QueueName::{Outcomes, Requests, Work};
        let world = World::default();
        let received = world.received(at(0));
        assert_eq!(woken(&world, &received, 1), [Requests]);
        let (pending, _) = world.pending(&[OWNER, MANAGER], at(0));
        assert_eq!(woken(&world, &pending, 1), [], "owners are thinking");
        let approved = world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(2));
        let expected = [Work, Outcomes];
        assert_eq!(woken(&world, &approved, 2), expected, "the manager hears");
        let provisioner =
            |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(3));
        let started = provisioner(
            &approved,
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
        );
        assert_eq!(woken(&world, &started, 3), expected);
        let active = provisioner(&started, Event::Activated { until: at(9000) });
        assert_eq!(woken(&world, &active, 4), [Outcomes]);
        assert_eq!(woken(&world, &active, 9000), [Work], "the end comes first");
        let expired = world.apply(&received, Event::Expired, Actor::Sweeper, at(300_000));
        assert_eq!(
            woken(&world, &expired, 300_000),
            [],
            "the ticket is left alone"
        );
    }

    #[test]
    fn a_mail_without_a_note_wakes_the_reporter_too() {
        let world = World::default();
        let (record, _) = world.pending(&[OWNER, MANAGER], at(0));
        let expired = world.apply(&record, Event::Expired, Actor::Sweeper, at(300_000));
        let both = woken(&world, &expired, 300_000);
        assert_eq!(both, [QueueName::Outcomes], "a note and mails");
        let note = Message::TicketNote {
            state: expired.state(),
        };
        let reported = world.deliver(&expired, &note, Actor::Reporter, at(300_001));
        assert_eq!(reported.unreported(), None);
        let mails = woken(&world, &reported, 300_001);
        assert_eq!(mails, [QueueName::Outcomes], "mails alone");
    }

    #[test]
    fn whoever_cannot_be_woken_is_left_to_the_sweeper() {
        let world = World::default();
        let record = world.received(at(0));
        world.fault.at(1, Moment::Before, Aftermath::Dead);
        let queues = world.failing(&world.queues);
        ready(everybody(&queues, &record, at(1)));
        assert_eq!(world.queues.sent(), []);
        assert!(ready(everybody_again(&queues, &record, at(121))).is_err());
        world.fault.mend();
        let woken = ready(everybody_again(&queues, &record, at(121)));
        assert_eq!(woken.unwrap(), 1);
        assert!(
            world.queues.sent()[0].wake.attempt > 0,
            "no repeated message"
        );
    }
}
