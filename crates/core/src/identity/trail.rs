//! The trail of a user: what its record says is what its rows come to.

use super::event::Course;
use super::{IdentityEvent, IdentityRecord, IdentityState};
use crate::audit::{AuditHead, Audited, KnownRows, TrailFault, TrailRow, chained, since_of};
use crate::canonical::CanonicalError;
use crate::id::IdentityId;
use crate::stored::{self, ReadError};

/// One row of a user's trail.
pub type IdentityRow = TrailRow<IdentityRecord>;

impl Audited for IdentityRecord {
    type Id = IdentityId;
    type Event = IdentityEvent;
    type State = IdentityState;

    const PURPOSE: &'static str = "snowgate/identity-audit/1";

    fn id(&self) -> &IdentityId {
        self.id()
    }

    fn state(&self) -> IdentityState {
        self.state()
    }

    fn version(&self) -> u64 {
        self.version()
    }

    fn audit(&self) -> &AuditHead {
        self.audit()
    }

    fn follows_from(&self, rows: &[IdentityRow]) -> bool {
        self.begins_with(rows)
            && course_of(rows).as_ref() == Some(&self.course())
            && since_of(rows) == Some(self.head.since)
            && self.head.audit.count.checked_sub(1) == Some(self.head.version)
    }

    fn broken(mut self, fault: TrailFault, next: u64, rows: KnownRows<'_>) -> Self {
        let (KnownRows::All(rows) | KnownRows::First(rows)) = rows;
        let rows = chained::<Self>(rows, &self.head.id);
        // Whoever writes the table could name any user of anybody's.
        let is_seen = |row: &IdentityRow| match &row.event {
            IdentityEvent::UserCreated { unique_id } => Some(unique_id.clone()),
            _ => None,
        };
        let unique_id = rows.iter().find_map(is_seen);
        self.is_unproven = !self.begins_with(&rows) || self.head.unique_id != unique_id;
        let head = &mut self.head.audit;
        head.fault = Some(fault);
        head.count = head.count.max(next);
        self
    }

    fn write_row(row: &IdentityRow) -> Result<String, CanonicalError> {
        stored::write(row)
    }

    fn read_row(text: &str) -> Result<IdentityRow, ReadError> {
        stored::read(text)
    }
}

impl IdentityRecord {
    /// Whether the first of these rows is the one that began this user.
    fn begins_with(&self, rows: &[IdentityRow]) -> bool {
        let Ok(user) = self.head.user.digest() else {
            return false;
        };
        let by = self.head.created_by.clone();
        let begun = IdentityEvent::Begun { user, by };
        let is_it = |row: &IdentityRow| row.event == begun && row.at == self.head.begun_at;
        rows.first().is_some_and(is_it) && self.head.id == IdentityId::of(&self.head.created_by)
    }
}

/// What rows come to; none where they lead nowhere.
fn course_of(rows: &[IdentityRow]) -> Option<Course> {
    let (first, later) = rows.split_first()?;
    let IdentityEvent::Begun { by, .. } = &first.event else {
        return None;
    };
    let begun = Course::begun(by.clone());
    (first.state == begun.phase.state()).then_some(())?;
    later.iter().try_fold(begun, |course, row| {
        let after = course.after(&row.event, row.at).ok()?;
        (after.phase.state() == row.state).then_some(after)
    })
}
