//! What the record of a user says about itself. Nothing here changes it; [`IdentityRecord::apply`] does.

use jiff::Timestamp;

use super::{DeletedBecause, IdentityPhase, IdentityRecord, IdentityState, LifePolicy, NewUser};
use crate::audit::{AuditHead, TrailFault};
use crate::id::{IdentityId, RequestId};
use crate::principal::PrincipalKey;

/// Whether a user can be given access until some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It lives, and ends when it should.
    Admitted,
    /// It is being created; later is soon enough.
    BeingCreated,
    /// The user ends before the access would; or it is to be given more time, and would end sooner.
    EndsBefore,
    /// It is denied everything, or will not be there.
    Over,
}

impl IdentityPhase {
    /// Whether a user that stands so can be given access until this time. What gives the user itself more time
    /// ends later than it does now, and all else no later.
    #[must_use]
    pub fn admission(&self, until: Timestamp, gives_time: bool) -> Admission {
        match self {
            Self::Live { until: end } => match gives_time == (until > *end) {
                true => Admission::Admitted,
                false => Admission::EndsBefore,
            },
            Self::Creating => Admission::BeingCreated,
            _ => Admission::Over,
        }
    }
}

impl LifePolicy {
    /// Whether a user that has it can be given access until this time.
    #[must_use]
    pub fn admission(self, until: Timestamp) -> Admission {
        match self {
            Self::Over => Admission::Over,
            Self::Until(end) if end.as_second() < until.as_second() => Admission::EndsBefore,
            Self::Until(_) => Admission::Admitted,
        }
    }
}

impl IdentityRecord {
    /// The key of everything about it.
    #[must_use]
    pub const fn id(&self) -> &IdentityId {
        &self.head.id
    }

    /// What it was to be when it was begun.
    #[must_use]
    pub const fn user(&self) -> &NewUser {
        &self.head.user
    }

    /// The request that creates it.
    #[must_use]
    pub const fn created_by(&self) -> &RequestId {
        &self.head.created_by
    }

    /// When it was recorded that it is to be created.
    #[must_use]
    pub const fn begun_at(&self) -> Timestamp {
        self.head.begun_at
    }

    /// Its unique id; none until it was seen in IAM, and where its broken trail does not bear out which
    /// user it is.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        let unique_id = self.head.unique_id.as_deref();
        unique_id.filter(|_| !self.is_unproven)
    }

    /// Whether its trail is broken and does not bear out which user it is: a person must look.
    #[must_use]
    pub const fn is_unproven(&self) -> bool {
        self.is_unproven
    }

    /// The key of the principal that it is: by its unique id once that is known, by its name before.
    #[must_use]
    pub fn principal_key(&self) -> PrincipalKey {
        let principal = self.head.user.principal();
        match self.unique_id() {
            Some(unique_id) => principal.key_by_id(unique_id),
            None => principal.key_by_name(),
        }
    }

    /// The key in whose turn it is worked on: that of its request while that creates it or takes it back.
    #[must_use]
    pub fn turn_key(&self) -> PrincipalKey {
        let is_made = matches!(
            self.phase,
            IdentityPhase::Creating
                | IdentityPhase::Deleting {
                    because: DeletedBecause::Rollback { .. }
                }
        );
        match is_made {
            true => self.head.user.principal().key_by_name(),
            false => self.principal_key(),
        }
    }

    /// The requests that created, extended or revived it, in the order in which they did.
    #[must_use]
    pub fn requests(&self) -> &[RequestId] {
        &self.head.requests
    }

    /// Where it stands, with what it has there.
    #[must_use]
    pub const fn phase(&self) -> &IdentityPhase {
        &self.phase
    }

    /// When it ends, or was to end; none where it never was live, and once it is deleted.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        self.phase.until()
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> IdentityState {
        self.phase.state()
    }

    /// When it came to its state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.head.since
    }

    /// Counts the changes; a change is made to one version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.head.version
    }

    /// The end of its trail.
    #[must_use]
    pub const fn audit(&self) -> &AuditHead {
        &self.head.audit
    }

    /// What is wrong with its trail; none where it is whole.
    #[must_use]
    pub const fn trail_fault(&self) -> Option<TrailFault> {
        self.head.audit.fault
    }
}
