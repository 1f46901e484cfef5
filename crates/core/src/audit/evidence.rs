//! What the rows of a broken trail still say of access, beside a record that they do not bear out.

use crate::effect::EffectChange;
use crate::id::RequestId;
use crate::lifecycle::State;
use crate::record::{AuditRow, Event, RequestRecord, created_user_in, preexisting_in};

use super::{StoredRow, chained};

/// What the rows of a broken trail say of access. Each says something only where believing it ends
/// access sooner, or leaves the end to a person: whoever writes the table may have made it up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailEvidence {
    /// Whether IAM may have been changed: a row says so, or one that would say so may be missing or have been
    /// changed.
    pub may_be_begun: bool,
    /// Whether a row that can be read says that the access ends before its time.
    pub is_ending: bool,
    /// What was in IAM before, by the rows that follow from each other; none where these do not reach
    /// so far.
    pub preexisting: Option<Vec<EffectChange>>,
    /// The unique id of the user that the request created, by the rows that follow from each other.
    pub created_user: Option<String>,
}

impl TrailEvidence {
    /// What these rows say of a request. Where they follow from each other up to the one that its record
    /// ends with, and fewer stand beyond than it takes to begin, nothing was begun: rows are never deleted.
    pub(crate) fn of(rows: &[StoredRow], record: &RequestRecord) -> Self {
        let follows = chained::<RequestRecord>(rows, record.id());
        let mut evidence = Self::said(rows, &follows, record.id());
        let next = record.audit().count;
        let is_all = u64::try_from(follows.len()).is_ok_and(|rows| rows >= next);
        let beyond = rows.iter().filter(|row| may_follow(row, next)).count();
        if is_all && beyond < least_to_begin(record.state()) {
            evidence.may_be_begun = follows.iter().any(follows_begin);
        }
        evidence
    }

    /// What these rows say of a request of which there may be others.
    pub(crate) fn of_part(rows: &[StoredRow], id: &RequestId) -> Self {
        Self::said(rows, &chained(rows, id), id)
    }

    /// The same, with those of them that follow from each other.
    fn said(rows: &[StoredRow], follows: &[AuditRow], id: &RequestId) -> Self {
        let read = readable(rows, id);
        let says = |is_it: fn(&Event) -> bool| read.iter().any(|row| is_it(&row.event));
        Self {
            may_be_begun: true,
            is_ending: says(|event| {
                matches!(
                    event,
                    Event::RevocationRequested { .. } | Event::RevocationStarted
                )
            }),
            preexisting: is_begun(follows).then(|| preexisting_in(follows)),
            created_user: created_user_in(follows),
        }
    }

    /// Whether this was in IAM before; none where the rows do not reach so far.
    #[must_use]
    pub fn was_there_before(&self, change: &EffectChange) -> Option<bool> {
        let before = self.preexisting.as_ref()?;
        Some(before.iter().any(|one| one.key() == change.key()))
    }
}

/// Those rows of a request that can be read, whether or not its trail is whole.
#[must_use]
pub fn readable(rows: &[StoredRow], id: &RequestId) -> Vec<AuditRow> {
    let read = rows.iter().filter_map(|row| row.read().ok());
    read.filter(|row: &AuditRow| row.of == *id).collect()
}

/// Whether a row may be one that was written after those up to this place: rows have no gaps, and each is
/// what was hashed unless somebody spoilt it.
fn may_follow(row: &StoredRow, next: u64) -> bool {
    let is_near = |place| (next..next.saturating_add(NEAR)).contains(&place);
    row.place.is_some_and(is_near)
        || row.is_hashed::<RequestRecord>() && row.place.is_none_or(|place| place > next)
}

/// How many places after the last one are looked at for rows that somebody spoilt. Those after them are
/// without a gap, so that fewer than [`least_to_begin`] of the first are enough.
const NEAR: u64 = 3;

/// How many rows it takes from a state to changes in IAM: that approvals are asked, that one is given, and
/// that it is begun.
const fn least_to_begin(state: State) -> usize {
    match state {
        State::Received => 3,
        State::Pending => 2,
        _ => 1,
    }
}

/// Whether rows say that IAM was to be changed.
#[must_use]
pub fn is_begun(rows: &[AuditRow]) -> bool {
    rows.iter().any(|row| begins(&row.event))
}

/// Whether a row led to a state that IAM is changed in, or was.
pub const fn follows_begin(row: &AuditRow) -> bool {
    matches!(
        row.state,
        State::Provisioning | State::Active | State::Revoking | State::Revoked | State::Abandoned
    )
}

/// Whether rows say that all was undone, or led to a state after that.
#[must_use]
pub fn is_undone(rows: &[AuditRow]) -> bool {
    let is_after = |row: &AuditRow| matches!(row.state, State::Revoked | State::Failed);
    rows.iter().any(|row| undoes(&row.event) || is_after(row))
}

const fn begins(event: &Event) -> bool {
    matches!(event, Event::ProvisioningStarted { .. })
}

const fn undoes(event: &Event) -> bool {
    matches!(event, Event::Revoked { .. } | Event::Failed { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::examine;
    use crate::lifecycle::Actor;
    use crate::plan::tests::approved;
    use crate::record::RevokedBy;
    use crate::record::tests::at;

    #[test]
    fn rows_say_what_was_begun_and_is_ending_however_broken_the_trail_is() {
        let change = EffectChange::PolicyAttached {
            policy_arn: "arn:aws:iam::210987654321:policy/reports-read"
                .parse()
                .unwrap(),
        };
        let events = [
            Event::ProvisioningStarted {
                preexisting: vec![change.clone()],
            },
            Event::Activated { until: at(3600) },
            Event::RevocationRequested {
                by: RevokedBy::Client,
                reason: None,
                signature: None,
            },
            Event::RevocationStarted,
            Event::Revoked {
                retained: Vec::new(),
            },
        ];
        let mut record = approved();
        let mut rows = Vec::new();
        let mut seen = vec![TrailEvidence::of(&rows, &record)];
        for (second, event) in (10..).zip(events) {
            let next = record.apply(event, Actor::Provisioner, at(second)).unwrap();
            rows.push(next.row.stored().unwrap());
            record = next.record;
            seen.push(TrailEvidence::of(&rows, &record));
        }
        let is_ending: Vec<_> = seen.iter().map(|one| one.is_ending).collect();
        assert_eq!(is_ending, [false, false, false, true, true, true]);
        // The rows before them are missing, so none of them follows from another, and none undoes anything.
        assert!(seen.iter().all(|one| one.may_be_begun));
        assert!(
            seen.iter()
                .all(|one| one.was_there_before(&change).is_none())
        );
        let (broken, error) = examine(&rows, record);
        assert!(error.is_some());
        assert_eq!(*broken.evidence(), seen.pop().unwrap());
        let other = TrailEvidence::of_part(&rows, &RequestId::from_random([9; 16]));
        assert!(!other.is_ending, "rows of another request");
    }

    /// Whoever writes the table can add a row that follows: it names nobody else than who was approved.
    #[test]
    fn no_row_says_of_an_ordinary_request_whom_it_is_about() {
        let record = approved();
        let bound = record.unique_id().unwrap().to_owned();
        let evidence = TrailEvidence {
            created_user: Some("AIDAVICTIM".to_owned()),
            ..TrailEvidence::default()
        };
        let broken = record.with_broken_trail(crate::audit::TrailFault::InTheWay, 40, evidence);
        assert_eq!(broken.unique_id(), Some(bound.as_str()));
        assert_eq!(broken.created_user(), None);
    }
}
