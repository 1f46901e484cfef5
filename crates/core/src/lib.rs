//! The rules of Snowgate, with no input and no output.
//!
//! Everything that decides lives here: what a request may say ([`request`]), what may be
//! granted at all ([`guardrails`]), who must be asked ([`slots`]), how a request moves through
//! its life ([`lifecycle`], [`record`]), what a decision is and what proves it ([`approval`]),
//! what approvers are shown ([`review`], [`page`]), what has to change in IAM ([`plan`]) and what is
//! reported to requesters, approvers and tickets ([`notification`], [`ticket_note`]).
//!
//! **Invariant:** no clock, no randomness, no environment, no network, no async. Time and
//! random bytes come in as arguments. The checks of the build hold this crate to it.

pub mod account;
pub mod aggregate;
pub mod approval;
pub mod arn;
pub mod audit;
pub mod binding;
pub mod body;
pub mod bounce;
pub mod caller;
pub mod canonical;
pub mod codes;
pub mod effect;
pub mod email;
pub mod entitlement;
pub mod facts;
pub mod finding;
pub mod guardrails;
pub mod id;
pub mod identity;
pub mod inline_policy;
pub mod installation;
pub mod kind;
pub mod lifecycle;
pub mod markup;
pub mod notification;
pub mod page;
pub mod person;
pub mod plan;
pub mod policy_digest;
pub mod preview;
pub mod principal;
pub mod prose;
pub mod quotation;
pub mod record;
pub mod request;
pub mod review;
pub mod slots;
pub mod stored;
pub mod strict_json;
pub mod ticket;
pub mod ticket_note;
mod time;
pub mod volume;
pub mod wording;
