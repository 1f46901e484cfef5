//! When a request is looked at again, and what is done about it then.

use jiff::{SignedDuration, Timestamp};

use super::{Message, PARKED_EVERY, Phase, RequestRecord};
use crate::lifecycle::State;
use crate::time::shifted;

/// How long a step may take before it is sent again.
pub(super) const RESEND_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// How long something approved may wait to be provisioned.
pub const PROVISION_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How often active access is compared with IAM.
const COMPARED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How far the clocks of two functions are apart at most.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);

/// How long a removal that did not get through may wait for its next try.
const REMOVE_WITHIN: SignedDuration = SignedDuration::from_mins(4);

/// What is to be done about a request that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// It is not due after all.
    Nothing,
    /// Its time is over.
    Expire,
    /// Those who have something to do are woken ([`RequestRecord::waits_for`]).
    Wake,
}

/// A function that is woken to do something about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    /// It changes IAM.
    Provisioner,
    /// It finds the owners, and sends review requests and reminders.
    Dispatcher,
    /// It reports to the ticket, and to people by e-mail.
    Reporter,
}

impl Worker {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Provisioner, Self::Dispatcher, Self::Reporter];
}

/// When a step that did not get through is tried again: two minutes, then twice as long each
/// time, at most an hour.
fn backoff(attempts: u32) -> SignedDuration {
    let minutes = 2_i64.saturating_mul(1_i64 << attempts.min(10));
    SignedDuration::from_mins(minutes.min(60))
}

impl RequestRecord {
    /// What is to be done about a request that is due. `pending_for` is how long a decision is
    /// awaited.
    #[must_use]
    pub fn overdue(&self, now: Timestamp, pending_for: SignedDuration) -> Overdue {
        let waited = now.duration_since(self.since());
        let within = match &self.phase {
            Phase::Received => Some(pending_for),
            // Its own time counts where its trail bears it out.
            Phase::Pending(_) => self.trail_fault().map(|_| pending_for),
            Phase::Approved(_) => Some(PROVISION_WITHIN),
            _ => None,
        };
        // No state was come to in the future, further than clocks differ.
        let is_over = |within| waited >= within || waited <= -CLOCKS_DIFFER;
        let late = match &self.phase {
            Phase::Pending(round) if now >= round.expires_at => true,
            _ => within.is_some_and(is_over),
        };
        match self.due_at() {
            Some(due) if due <= now && late && !self.was_put_back() => Overdue::Expire,
            Some(due) if due <= now => Overdue::Wake,
            _ => Overdue::Nothing,
        }
    }

    /// Whether a function has something to do about the request.
    #[must_use]
    pub fn waits_for(&self, worker: Worker, now: Timestamp) -> bool {
        match (worker, self.state()) {
            (Worker::Provisioner, State::Approved | State::Provisioning) => true,
            (Worker::Provisioner, State::Active) => self.is_over(now) || self.is_compared(now),
            (Worker::Provisioner, _) => self.is_over(now) || self.was_put_back(),
            // With a broken trail there is nothing for it to do but to end.
            (Worker::Dispatcher, _) if self.trail_fault().is_some() => false,
            (Worker::Dispatcher, State::Received) => true,
            (Worker::Dispatcher, State::Pending) => self.asks_dispatcher(now),
            (Worker::Dispatcher, _) => false,
            // Once access is over it is removed first; the provisioner wakes the reporter then.
            // What keeps it from being removed is told meanwhile.
            (Worker::Reporter, State::Revoking) => self.asks_reporter(now),
            (Worker::Reporter, _) => !self.is_over(now) && self.asks_reporter(now),
        }
    }

    /// Whether the record says that nothing was begun yet, and the rows of its broken trail that it was,
    /// or not that it was not. Only whoever looks into IAM can tell.
    #[must_use]
    pub fn was_put_back(&self) -> bool {
        let is_before = matches!(
            self.state(),
            State::Received | State::Pending | State::Approved
        );
        is_before && self.evidence().may_be_begun
    }

    /// When a step that did not get through is tried again: later each time, but never after the
    /// moment when something else is due, and never long after access should have ended.
    #[must_use]
    pub fn next_try(&self, now: Timestamp) -> Timestamp {
        let again = now + backoff(self.attempts());
        let end = match &self.phase {
            Phase::Pending(round) => Some(round.expires_at),
            Phase::Active(_) | Phase::Revoking(_) => self.ends_at(),
            _ => None,
        };
        match end {
            Some(end) if end > now => again.min(end),
            Some(_) if self.state() != State::Pending => again.min(now + REMOVE_WITHIN),
            // What was begun may have to be rolled back.
            None if self.state() == State::Provisioning => again.min(now + REMOVE_WITHIN),
            _ => again,
        }
    }

    /// Whether the access is to be removed now, or is being removed.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        match &self.phase {
            Phase::Revoking(_) => true,
            Phase::Active(access) => {
                let is_ending = access.revocation.is_some() || self.evidence().is_ending;
                is_ending || self.ends_at().is_some_and(|end| end <= now)
            }
            _ => false,
        }
    }

    /// Whether active access is to be compared with IAM: it is due, whatever else it is due for. A
    /// ticket that cannot be written keeps no comparison back.
    fn is_compared(&self, now: Timestamp) -> bool {
        self.due_at().is_some_and(|due| due <= now)
    }

    /// When the access ends: when the record says, and at the latest when the signed decisions
    /// let it. None where there is none.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let until = self.phase.access()?.until;
        Some(self.latest_end().map_or(until, |latest| until.min(latest)))
    }

    /// When access that is approved must have ended, whatever any clock but the signer's says: its
    /// duration after the last moment at which it could begin. None where nothing is decided.
    #[must_use]
    pub fn latest_end(&self) -> Option<Timestamp> {
        let decided = self.decisions().iter();
        let last = decided.map(|decided| decided.signed.decision.at).max()?;
        let last = Timestamp::from_second(last).ok()?;
        let longest = PROVISION_WITHIN + self.request().duration.as_signed();
        Some(shifted(last, longest))
    }

    /// What the time of the next look is by the rules, whatever stands in the ledger; none where
    /// nothing is left to do.
    #[must_use]
    pub fn scheduled(&self, now: Timestamp) -> Option<Timestamp> {
        self.next_due(now)
    }

    /// Whether something is left that the reporter sends: a note to the ticket, or a mail.
    fn asks_reporter(&self, now: Timestamp) -> bool {
        self.has_open(Worker::Reporter, now)
    }

    /// Whether approvers are to be found, or a message is left that the dispatcher sends.
    fn asks_dispatcher(&self, now: Timestamp) -> bool {
        self.needs_reassignment().is_some() || self.has_open(Worker::Dispatcher, now)
    }

    fn has_open(&self, sender: Worker, now: Timestamp) -> bool {
        let mut open = self.open_deliveries(now).into_iter();
        open.any(|message: Message| message.sender() == sender)
    }

    /// When somebody must look again. Everything that is not finished has such a time.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let soon = now + RESEND_AFTER;
        let step = match &self.phase {
            Phase::Pending(_) if self.may_be_told() && self.needs_reassignment().is_some() => {
                Some(now)
            }
            Phase::Pending(round) => Some(round.expires_at),
            Phase::Active(_) => {
                let look = now + COMPARED_EVERY;
                Some(self.ends_at().map_or(look, |end| end.min(look)))
            }
            Phase::Ended(_) => None,
            Phase::Revoking(_) if self.may_wait() => Some(now + PARKED_EVERY),
            Phase::Received | Phase::Approved(_) | Phase::Provisioning(_) | Phase::Revoking(_) => {
                Some(soon)
            }
        };
        let send = (!self.open_deliveries(now).is_empty()).then_some(soon);
        let times = [step, send, self.next_wanted(now)];
        times.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::audit::TrailEvidence;
    use crate::audit::TrailFault;
    use crate::lifecycle::Actor;
    use crate::record::tests::{ONE, approver, at, decide, delivered, pending, received, slot};
    use crate::record::{Event, RefusalCode};

    #[test]
    fn what_is_not_finished_is_always_due() {
        let record = pending(vec![slot("210987654321", &[2])]);
        assert!(record.due_at().is_some());
        let refused = Event::Refused {
            code: RefusalCode::TicketMismatch,
            findings: Vec::new(),
        };
        let refused = received()
            .record
            .apply(refused, Actor::Dispatcher, at(2))
            .unwrap()
            .record;
        assert_eq!(
            (refused.due_at(), refused.unreported()),
            (None, None),
            "a refused ticket is left alone"
        );
        let unread = received().record;
        let unread = unread
            .apply(Event::Expired, Actor::Sweeper, at(72 * 3600))
            .unwrap()
            .record;
        assert_eq!(
            (unread.due_at(), unread.unreported()),
            (None, None),
            "so is one that was never looked at"
        );
        let nobody = Event::Undeliverable {
            slot: ONE.to_owned(),
        };
        let nobody = received()
            .record
            .apply(nobody, Actor::Dispatcher, at(2))
            .unwrap()
            .record;
        assert_eq!(nobody.unreported(), Some(State::Undeliverable));
    }

    /// What is done about a request that is due, and who is woken.
    fn due(record: &RequestRecord, second: i64) -> (Overdue, Vec<Worker>) {
        let now = at(second);
        let workers = Worker::ALL.into_iter();
        (
            record.overdue(now, SignedDuration::from_hours(72)),
            workers.filter(|one| record.waits_for(*one, now)).collect(),
        )
    }

    #[test]
    fn what_is_due_is_woken_or_ended() {
        let record = pending(vec![slot("210987654321", &[2])]);
        let fresh = received().record;
        let dispatcher = || vec![Worker::Dispatcher];
        assert_eq!(due(&fresh, 60), (Overdue::Nothing, dispatcher()));
        assert_eq!(due(&fresh, 121), (Overdue::Wake, dispatcher()));
        assert_eq!(due(&fresh, 72 * 3600).0, Overdue::Expire);
        let unsent = (Overdue::Wake, dispatcher());
        assert_eq!(due(&record, 130), unsent, "an e-mail is not sent");
        assert_eq!(due(&record, 72 * 3600).0, Overdue::Expire);
        let yes = decide(&record, ONE, 2, Verdict::Approve);
        let approved = record.apply(yes, approver(2), at(10)).unwrap().record;
        let provisioner = || vec![Worker::Provisioner];
        assert_eq!(due(&approved, 200), (Overdue::Wake, provisioner()));
        assert_eq!(due(&approved, 10 + 24 * 3600).0, Overdue::Expire);
        let started = approved.apply(
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
            Actor::Provisioner,
            at(11),
        );
        let provisioning = started.unwrap().record;
        let late = due(&provisioning, 99 * 3600);
        assert_eq!(late, (Overdue::Wake, provisioner()));
        let activated = Event::Activated { until: at(3600) };
        let active = provisioning.apply(activated, Actor::Provisioner, at(12));
        let active = active.unwrap().record;
        let both = || (Overdue::Wake, vec![Worker::Provisioner, Worker::Reporter]);
        assert_eq!(due(&active, 200), both(), "it is compared meanwhile");
        let ended = (Overdue::Wake, provisioner());
        assert_eq!(due(&active, 3600), ended, "the end comes first");
        let state = State::Active;
        let reported = delivered(&active, Message::TicketNote { state }, 13);
        assert_eq!(due(&reported, 200), both(), "the requester hears too");
        let reported = delivered(&reported, Message::Outcome { state }, 15);
        assert_eq!(reported.due_at(), Some(at(3600)));
        assert_eq!(due(&reported, 3599), (Overdue::Nothing, Vec::new()));
    }

    /// Whoever writes the table puts the time to decide far off.
    #[test]
    fn a_decision_is_awaited_no_longer_than_any_where_the_trail_is_broken() {
        let mut far = pending(vec![slot("210987654321", &[2])]);
        far.round_mut().expires_at = at(9_999_999);
        let far = far.rescheduled(Some(at(60)), 0);
        let none = TrailEvidence::default();
        let broken = far.clone().with_broken_trail(TrailFault::Order, 0, none);
        let end = 1 + 72 * 3600;
        assert_eq!(due(&broken, end - 1), (Overdue::Wake, Vec::new()));
        assert_eq!(due(&broken, end), (Overdue::Expire, Vec::new()));
        assert_eq!(due(&far, end).0, Overdue::Wake, "borne out, its own counts");
    }

    #[test]
    fn a_retry_never_waits_past_the_end() {
        let record = pending(vec![slot("210987654321", &[2])]);
        let yes = decide(&record, ONE, 2, Verdict::Approve);
        let tired = record.rescheduled(None, 9);
        assert_eq!(tired.next_try(at(0)), at(3600));
        assert_eq!(tired.next_try(at(72 * 3600 - 60)), at(72 * 3600));
        let mut active = tired.apply(yes, approver(2), at(10)).unwrap().record;
        for event in [
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
            Event::Activated { until: at(900) },
        ] {
            let change = active.apply(event, Actor::Provisioner, at(11));
            active = change.unwrap().record;
        }
        let tired = active.rescheduled(None, 9);
        assert_eq!(tired.next_try(at(0)), at(900));
        assert_eq!(tired.next_try(at(900)), at(900 + 240));
    }

    #[test]
    fn waiting_doubles_up_to_an_hour() {
        let minutes: Vec<i64> = (0..8).map(|n| backoff(n).as_mins()).collect();
        assert_eq!(minutes, [2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(backoff(u32::MAX).as_mins(), 60);
    }
}
