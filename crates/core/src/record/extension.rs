//! Access that is extended while it is there.

use jiff::Timestamp;

use super::RequestRecord;
use crate::lifecycle::State;
use crate::request::Extension;
use crate::time::shifted;

impl RequestRecord {
    /// What a request that extends this one says of it; none if this one never was active. The same
    /// however often it is asked, so that a call that is repeated gets the same answer.
    #[must_use]
    pub fn extension(&self) -> Option<Extension> {
        let request = self.request();
        let access = self.phase.access()?;
        let revocation = access.revocation.as_ref();
        let until = revocation.map_or(access.until, |revocation| revocation.instead_of);
        let began = shifted(until, -request.duration.as_signed());
        let first = request.extends.as_ref();
        Some(Extension {
            request: self.id().clone(),
            since: first.map_or(began, |first| first.since),
            before: request.total()?,
        })
    }

    /// Whether another request, of the same client, extends exactly this access while it is active.
    #[must_use]
    pub fn is_extended_by(&self, other: &Self, now: Timestamp) -> bool {
        let there =
            self.state() == State::Active && !self.is_over(now) && self.trail_fault().is_none();
        let (mine, theirs) = (self.request(), other.request());
        there
            && self.client() == other.client()
            && theirs.extends.is_some()
            && theirs.extends == self.extension()
            && (&mine.target, &mine.grants, &mine.resource)
                == (&theirs.target, &theirs.grants, &theirs.resource)
    }
}
