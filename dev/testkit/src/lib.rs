//! For tests only: a fake of every port, a wrapper that makes calls fail before or after they
//! took effect, and the contracts that fakes and real adapters both pass.
//!
//! Fakes are handles: a clone shares everything with the original, so that a test can give one
//! away and look into the other.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "this crate is part of tests, where a panic is a test that fails"
)]

mod cmdb;
pub mod contract;
mod directory;
mod failing;
mod keys;
mod ledger;
mod mailer;
mod queues;
pub mod samples;
pub mod schemas;
mod servicenow;
pub mod tampering;
mod tickets;
#[cfg(feature = "token-issuer")]
pub mod token_issuer;
pub mod world;

pub use cmdb::FakeCmdb;
pub use directory::{AccountFault, FakeDirectory, take_back};
pub use failing::{Aftermath, Failing, Fault, Moment, turn};
pub use keys::FakeKeys;
pub use ledger::FakeLedger;
pub use mailer::{FakeMailer, SentEmail};
pub use queues::{FakeQueues, QueueName, SentWakeUp};
pub use servicenow::{FakeServiceNow, Group};
pub use tickets::FakeTickets;
