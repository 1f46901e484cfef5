//! Removals that do not work: after a day they are parked, tried once a day without end, and a person may
//! abandon them.

use jiff::{SignedDuration, Timestamp};

use super::{AuditRow, ChangeError, Deviation, Event, RequestRecord};
use crate::audit::TrailFault;
use crate::lifecycle::{State, Step, transition};

/// How long a removal is tried every few minutes before it is parked.
pub(super) const PARKED_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// How often a parked removal is tried.
pub const PARKED_EVERY: SignedDuration = SignedDuration::from_hours(24);

fn is_a_day(from: Timestamp, to: Timestamp) -> bool {
    to.duration_since(from) >= PARKED_AFTER
}

/// Whether rows abandon nothing but what was found not to work, and parked a day later. Whoever appends a
/// row that abandons access appends these, too, and what they say reaches ticket and alarm.
pub(super) fn abandons_only_what_is_parked(rows: &[AuditRow]) -> bool {
    let (mut blocked, mut is_parked) = (None, false);
    for row in rows {
        match &row.event {
            Event::RevocationStarted => (blocked, is_parked) = (None, false),
            Event::DeviationsFound { found } if row.state == State::Revoking => {
                if found.iter().any(Deviation::is_still_there) {
                    blocked.get_or_insert(row.at);
                }
                let day = blocked.is_some_and(|at| is_a_day(at, row.at));
                is_parked |= day && found.contains(&Deviation::Parked);
            }
            Event::Abandoned { .. } if !is_parked => return false,
            _ => {}
        }
    }
    true
}

impl RequestRecord {
    /// Whether the removal of the access is parked. It is tried once a day, and may be abandoned. What the
    /// last row of the trail does not bear out parks nothing.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.state() == State::Revoking
            && self.trail_fault() != Some(TrailFault::Head)
            && self.deviations().any(|one| *one == Deviation::Parked)
    }

    /// Whether a removal that does not work now is to be parked: it was found a day ago that it does not.
    /// A removal that nobody tried meanwhile is not.
    #[must_use]
    pub fn is_to_be_parked(&self, now: Timestamp) -> bool {
        self.state() == State::Revoking
            && !self.is_parked()
            && self.blocked_since().is_some_and(|at| is_a_day(at, now))
    }

    /// When the removal was first found not to work.
    fn blocked_since(&self) -> Option<Timestamp> {
        let reports = self.deviation_reports().iter();
        let mut of_the_removal = reports.filter(|report| report.at >= self.since());
        let blocked =
            of_the_removal.find(|report| report.found.iter().any(Deviation::is_still_there));
        blocked.map(|report| report.at)
    }

    /// Whether a parked removal may wait for a day. What a broken trail says keeps no removal waiting.
    pub(super) fn may_wait(&self) -> bool {
        self.is_parked() && self.trail_fault().is_none()
    }

    /// When a removal that something stands in the way of is tried again: once it is parked, and that was
    /// told, in a day. After any other failure it is tried as every other ([`RequestRecord::next_try`]).
    #[must_use]
    pub fn next_try_of_blocked(&self, now: Timestamp) -> Timestamp {
        match self.may_wait() && self.open_deliveries(now).is_empty() {
            true => now + PARKED_EVERY,
            false => self.next_try(now),
        }
    }

    /// Whether the security team gave up the removal of the access, and the last row of the trail bears
    /// that out. What was given may remain; nothing of it is removed any more.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.state() == State::Abandoned && self.trail_fault() != Some(TrailFault::Head)
    }

    /// The step that ends a removal which is parked, and no other: what may yet be removed is removed.
    pub(super) fn step_of_abandoning(&self) -> Result<Step, ChangeError> {
        transition(self.state(), Step::Abandon)?;
        match self.is_parked() {
            true => Ok(Step::Abandon),
            false => Err(ChangeError::NotParked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::TrailEvidence;
    use crate::effect::EffectChange;
    use crate::lifecycle::Actor;
    use crate::record::tests::{at, delivered};
    use crate::record::{BlockedBecause, Event, Message, Worker};
    use crate::ticket_note::tests::ends;

    const DAY: i64 = 24 * 3600;
    /// When the access ends, and its removal begins.
    const END: i64 = 9 * 3600;

    fn apply(record: &RequestRecord, event: Event, second: i64) -> RequestRecord {
        let change = record.apply(event, Actor::Provisioner, at(second));
        change.unwrap().record
    }

    /// A request whose access is being removed since its end, and is still there.
    fn blocked() -> RequestRecord {
        let mut ends = ends().into_iter();
        let active = ends.find(|record| record.state() == State::Active);
        let revoking = apply(&active.unwrap(), Event::RevocationStarted, END);
        let policy_arn = "arn:aws:iam::210987654321:policy/reports-read";
        let found = vec![Deviation::StillThere {
            change: EffectChange::PolicyAttached {
                policy_arn: policy_arn.parse().unwrap(),
            },
            because: BlockedBecause::NotPrepared,
        }];
        let blocked = apply(&revoking, Event::DeviationsFound { found }, END + 1);
        told(&blocked, 0, END + 2)
    }

    fn parked() -> RequestRecord {
        let found = vec![Deviation::Parked];
        apply(&blocked(), Event::DeviationsFound { found }, END + 1 + DAY)
    }

    fn told(record: &RequestRecord, report: u32, second: i64) -> RequestRecord {
        delivered(record, Message::Deviation { report }, second)
    }

    fn abandoned() -> Event {
        Event::Abandoned {
            reason: "The account is closed".parse().unwrap(),
        }
    }

    #[test]
    fn a_removal_is_parked_after_a_day_and_once() {
        let blocked = blocked();
        assert!(!blocked.is_to_be_parked(at(END + DAY)));
        assert!(blocked.is_to_be_parked(at(END + 1 + DAY)));
        let ends = ends();
        let mut ends = ends.iter();
        let active = ends.find(|record| record.state() == State::Active);
        let untried = apply(active.unwrap(), Event::RevocationStarted, END);
        assert!(!untried.is_to_be_parked(at(END + 9 * DAY)), "nobody tried");
        let parked = parked();
        assert!(parked.is_parked() && !parked.is_to_be_parked(at(END + 9 * DAY)));
        assert_eq!(parked.unknown_deviations(vec![Deviation::Parked]), []);
        assert_eq!((parked.state(), parked.since()), (State::Revoking, at(END)));
        let note = Message::Deviation { report: 1 };
        assert!(parked.due_deliveries(at(END + DAY + 2)).contains(&note));
    }

    #[test]
    fn what_is_parked_is_tried_once_a_day_without_end() {
        let tired = |record: &RequestRecord| record.clone().rescheduled(None, 1_000);
        let again = tired(&blocked()).next_try(at(END + 200));
        assert_eq!(again, at(END + 200 + 240), "every four minutes");
        let parked = parked();
        let now = END + 200 + DAY;
        let again = tired(&parked).next_try_of_blocked(at(now));
        assert_eq!(again, at(now + 240), "the ticket is to be told yet");
        let told = told(&parked, 1, now);
        assert_eq!(told.due_at(), Some(at(now + DAY)));
        for days in [0, 1, 4_000] {
            let now = now + days * DAY;
            assert_eq!(tired(&told).next_try_of_blocked(at(now)), at(now + DAY));
            assert_eq!(
                tired(&told).next_try(at(now)),
                at(now + 240),
                "it only failed"
            );
            assert!(told.waits_for(Worker::Provisioner, at(now)));
        }
        let none = TrailEvidence::default();
        let broken = told.with_broken_trail(TrailFault::Order, 0, none);
        assert_eq!(tired(&broken).next_try_of_blocked(at(now)), at(now + 240));
    }

    #[test]
    fn only_a_parked_removal_is_abandoned() {
        let early = blocked().apply(abandoned(), Actor::Provisioner, at(END + 300));
        assert!(matches!(early, Err(ChangeError::NotParked)));
        let active = ends().remove(0);
        let early = active.apply(abandoned(), Actor::Provisioner, at(END + 300));
        assert!(matches!(early, Err(ChangeError::Transition(_))));
        let parked = parked();
        let ended = apply(&parked, abandoned(), END + 200 + DAY);
        assert!(ended.is_abandoned() && !ended.is_over(at(9 * DAY)));
        assert_eq!(ended.until(), parked.until());
        assert_eq!(ended.unreported(), Some(State::Abandoned));
        let late = ended.apply(abandoned(), Actor::Provisioner, at(9 * DAY));
        assert!(matches!(late, Err(ChangeError::Transition(_))));
    }

    /// A parked removal that works after all ends as every other.
    #[test]
    fn what_was_parked_may_yet_be_removed() {
        let retained = Vec::new();
        let ended = apply(&parked(), Event::Revoked { retained }, END + 200 + DAY);
        assert_eq!(ended.state(), State::Revoked);
    }

    /// Whoever forges the record alone abandons nothing.
    #[test]
    fn an_abandonment_that_the_last_row_does_not_bear_out_is_none() {
        let none = TrailEvidence::default();
        let parked = parked();
        let broken = parked.with_broken_trail(TrailFault::Order, 0, none.clone());
        let ended = apply(&broken, abandoned(), END + 200 + DAY);
        assert!(ended.is_abandoned(), "it is taken despite the fault");
        let forged = ended.with_broken_trail(TrailFault::Head, 0, none.clone());
        assert!(!forged.is_abandoned());
        let forged = self::parked().with_broken_trail(TrailFault::Head, 0, none);
        assert!(!forged.is_parked());
        let given_up = forged.apply(abandoned(), Actor::Provisioner, at(END + 200 + DAY));
        assert!(matches!(given_up, Err(ChangeError::NotParked)));
    }
}
