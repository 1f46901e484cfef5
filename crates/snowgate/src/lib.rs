//! What an operator of Snowgate does with the command `snowgate`: see whether a deployment is ready
//! for its first request, get the parameters of a target account, review new guardrails, and look into
//! a request whose stored items do not fit together.
//!
//! The binary needs no checkout. It needs the guardrails file; `preflight` needs Python 3.11 or
//! later besides, which asks AWS with boto3, and `guardrails diff` needs git where it compares with
//! a revision.

pub mod difference;
pub mod guardrails_file;
pub mod member_parameters;
pub mod preflight;
pub mod python;
pub mod repair;
pub mod requests;
pub mod stack_set;
pub mod terminal;
