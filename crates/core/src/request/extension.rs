//! Access that is asked for longer: a request of its own, tied to the one before it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccessDuration, AccessRequest};
use crate::id::RequestId;

/// What a request extends. No client says this of itself: it follows from the request before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The request whose access is extended.
    pub request: RequestId,
    /// When the first of all these accesses began.
    pub since: Timestamp,
    /// What was granted before, from the first on, added up.
    pub before: AccessDuration,
}

impl AccessRequest {
    /// How long the access would last with all that it extends, added up; none where that is
    /// longer than any access may last.
    #[must_use]
    pub fn total(&self) -> Option<AccessDuration> {
        match &self.extends {
            None => Some(self.duration),
            Some(extension) => extension.before.plus(self.duration),
        }
    }
}
