//! The trail of a user: what its record says is what its rows come to.

use jiff::Timestamp;

use super::{IdentityEvent, IdentityPhase, IdentityRecord, IdentityState};
use crate::audit::{AuditHead, Audited, KnownRows, TrailFault, TrailRow};
use crate::canonical::CanonicalError;
use crate::id::{IdentityId, RequestId};
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
        let Some((first, later)) = rows.split_first() else {
            return false;
        };
        let begun = IdentityEvent::Begun {
            user: self.head.user.clone(),
            by: self.head.made_by.clone(),
        };
        first.event == begun
            && first.at == self.head.begun_at
            && self.head.id == IdentityId::of(&self.head.made_by)
            && phase_of(later).as_ref() == Some(&self.phase)
            && since_of(rows) == Some(self.head.since)
            && unique_id_of(later) == self.unique_id()
            && requests_of(rows).eq(self.requests())
    }

    fn broken(mut self, fault: TrailFault, next: u64, _: KnownRows<'_>) -> Self {
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

/// The phase that the rows after the first come to; none where they lead nowhere.
fn phase_of(later: &[IdentityRow]) -> Option<IdentityPhase> {
    later
        .iter()
        .try_fold(IdentityPhase::Creating, |phase, row| {
            let step = row.event.step(phase.state()).ok()?;
            let to = super::transition(phase.state(), step).ok()?;
            let after = phase.after(&row.event).ok()?;
            (to == row.state && after.state() == to).then_some(after)
        })
}

/// When the state of the last row was come to.
fn since_of(rows: &[IdentityRow]) -> Option<Timestamp> {
    let state = rows.last()?.state;
    let same = rows.iter().rev().take_while(|row| row.state == state);
    same.last().map(|row| row.at)
}

/// The unique id that rows say.
fn unique_id_of(rows: &[IdentityRow]) -> Option<&str> {
    rows.iter().find_map(|row| match &row.event {
        IdentityEvent::UserCreated { unique_id } => Some(unique_id.as_str()),
        _ => None,
    })
}

/// The requests that made, extended or revived it, as rows have them.
fn requests_of(rows: &[IdentityRow]) -> impl Iterator<Item = &RequestId> {
    rows.iter().filter_map(|row| match &row.event {
        IdentityEvent::Begun { by, .. }
        | IdentityEvent::Extended { by, .. }
        | IdentityEvent::Revived { by, .. } => Some(by),
        _ => None,
    })
}
