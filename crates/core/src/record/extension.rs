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

    /// Whether another request, of the same client, extends exactly this access while it is active. A user
    /// has one end: one that it was given is not brought forward by an extension.
    #[must_use]
    pub fn is_extended_by(&self, other: &Self, now: Timestamp) -> bool {
        let there =
            self.state() == State::Active && !self.is_over(now) && self.trail_fault().is_none();
        let (mine, theirs) = (self.request(), other.request());
        let end = shifted(now, theirs.duration.as_signed());
        let is_later = mine.user().is_none() || self.until().is_some_and(|until| until < end);
        there
            && is_later
            && self.client() == other.client()
            && theirs.extends.is_some()
            && theirs.extends == self.extension()
            && (&mine.target, &mine.grants, &mine.resource)
                == (&theirs.target, &theirs.grants, &theirs.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::audit::TrailEvidence;
    use crate::audit::TrailFault;
    use crate::id::RequestId;
    use crate::lifecycle::Actor;
    use crate::record::Event;
    use crate::record::tests::{ONE, approver, at, decide, pending, request, slot};

    #[test]
    fn only_what_its_trail_bears_out_is_extended() {
        let record = pending(vec![slot("210987654321", &[2])]);
        let yes = decide(&record, ONE, 2, Verdict::Approve);
        let mut first = record.apply(yes, approver(2), at(10)).unwrap().record;
        for event in [
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
            Event::Activated { until: at(28_811) },
        ] {
            let change = first.apply(event, Actor::Provisioner, at(11));
            first = change.unwrap().record;
        }
        let mut longer = request();
        longer.extends = first.extension();
        let id = RequestId::from_random([2; 16]);
        let longer = RequestRecord::receive(id, first.client().clone(), longer, at(20));
        let longer = longer.unwrap().record;
        assert!(first.is_extended_by(&longer, at(20)));
        // A user that it created would end sooner.
        let mut with_user = first.clone();
        let grants = crate::record::tests::request_for_a_new_user().grants;
        with_user.request_mut().grants.clone_from(&grants);
        let mut longer_user = longer.clone();
        longer_user.request_mut().grants = grants;
        assert!(with_user.is_extended_by(&longer_user, at(20)));
        longer_user.request_mut().duration = "PT1H".parse().unwrap();
        assert!(!with_user.is_extended_by(&longer_user, at(20)));
        assert!(with_user.is_extended_by(&longer_user, at(28_800)));
        let none = TrailEvidence::default();
        let broken = first.with_broken_trail(TrailFault::Order, 0, none);
        assert!(!broken.is_extended_by(&longer, at(20)));
    }
}
