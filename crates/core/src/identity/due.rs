//! When a user is looked at again.

use jiff::{SignedDuration, Timestamp};

use super::{IdentityPhase, IdentityRecord};

/// How long a step may take before it is tried again.
const RESEND_AFTER: SignedDuration = SignedDuration::from_mins(2);

impl IdentityRecord {
    /// When somebody must look at it again; none once nothing is left to do.
    #[must_use]
    pub const fn due_at(&self) -> Option<Timestamp> {
        self.head.due_at
    }

    /// How often the step that is due was tried.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.head.attempts
    }

    /// Whether something is to be done about it now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at().is_some_and(|due| due <= now)
    }

    /// The same record, to be looked at again at another time, which is no part of its history.
    #[must_use]
    pub fn rescheduled(mut self, due_at: Option<Timestamp>, attempts: u32) -> Self {
        self.head.due_at = due_at;
        self.head.attempts = attempts;
        self
    }

    /// When somebody must look again. Everything that is not over has such a time: the end of a user
    /// comes by its own record, too, whatever becomes of the request.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.phase {
            IdentityPhase::Creating
            | IdentityPhase::Ending { .. }
            | IdentityPhase::Deleting { .. } => Some(now + RESEND_AFTER),
            IdentityPhase::Live { until } | IdentityPhase::Disabled { until, .. } => Some(*until),
            IdentityPhase::Ended { grace_until, .. } => Some(*grace_until),
            IdentityPhase::Over { .. } => None,
        }
    }
}
