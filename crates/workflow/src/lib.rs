//! What several functions do alike, above the ports and below the functions.
//!
//! [`change`] is the one loop that changes a request, [`wake`] the one decision who is woken for
//! it, [`outbox`] the one machine that sends messages. [`approvers`] asks the CMDB who may decide, [`survey`] reads what a request touches in IAM.

pub mod approvers;
pub mod change;
pub mod outbox;
#[cfg(test)]
mod storm;
pub mod survey;
pub mod wake;
