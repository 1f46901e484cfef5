//! Entitlements: whether a person is entitled to a configuration item, by what the CMDB says.
//!
//! A [`Question`] names a person, resources and an action. The action selects a [`Profile`], which says
//! which rules count. [`judge()`] goes through the rules over a [`Snapshot`] of what was read of the CMDB, and
//! gives a verdict or what has to be read first: which look-ups are made follows from the rules, and
//! is written nowhere else.
//!
//! **Deny is the default.** What is missing, hidden, contradictory or unreadable entitles nobody, and a fact that is
//! taken away never entitles anybody either. Snapshots hold ids, states and dates, no names and no addresses.

mod applications;
mod fact;
mod judge;
mod profile;
mod question;
mod resolve;
mod resource;
mod rules_file;
mod snapshot;
mod standing;
mod verdict;

pub use fact::{Fact, Freshness, Unread};
pub use judge::{Judged, judge};
pub use profile::{
    ApplicationRule, DelegationFlag, FieldName, FieldNameError, GroupRule, Profile, RootTable,
    Statuses,
};
pub use question::{MAX_RESOURCES, Question, QuestionError, UserRef, UserRefError};
pub use resource::{HostName, MatchedBy, ResourceRef, ResourceRefError, stored_address};
pub use rules_file::{ActionName, ActionNameError, EntitlementRules, EntitlementRulesError};
pub use snapshot::{
    ConfigurationItem, DelegatedTo, FieldContent, GroupMembership, Need, NestedGroup, Parent,
    RelatedBy, RoleHeld, Snapshot, UserState,
};
pub use verdict::{Entitlement, EntitlementCode, EntitlementRule, Proof, Resolved};

#[cfg(test)]
mod tests;
