//! What several functions do alike, above the ports and below the functions.
//!
//! [`approvers`] asks the CMDB who may decide, [`survey`] reads what a request touches in IAM.

pub mod approvers;
pub mod survey;
