//! What several functions do alike, above the ports and below the functions.
//!
//! [`change`] is the one loop that changes a request, [`wake`] decides whom to wake for it,
//! [`outbox`] sends its messages, [`approvers`] asks the CMDB who may decide, and [`survey`] reads
//! what IAM holds. [`entitlements`] looks up what questions about entitlements need.

pub mod approvers;
pub mod change;
pub mod entitlements;
pub mod outbox;
#[cfg(test)]
mod storm;
pub mod survey;
pub mod wake;
