//! The whole flow on a deployed stack, through what is public: the service API, the approval page,
//! ServiceNow, the mailbox and IAM. `make test` brings a stack up and runs these.
//!
//! Each test has a ticket of its own and, where IAM matters, an IAM user of its own, so that they
//! run beside each other and in any order, on a stack that was used before.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: a surprise ends the test, and the message is its report"
)]

mod beyond;
mod bounced;
mod credentials;
mod decided_once;
mod denied;
mod disqualified;
mod elsewhere;
mod ended;
mod expired;
mod extended;
mod faults;
mod front_door;
mod granted;
mod grants;
mod in_charge;
mod links;
mod managers;
mod matrix;
mod new_users;
mod owners;
mod parked;
mod previewed;
mod quotas;
mod quoted;
mod refused;
mod reminded;
mod replayed;
mod reported;
mod revoked;
mod shown;
mod tampered;
mod tokens;
mod twins;
mod two_approvals;
mod undeliverable;
mod users_seen;
mod volume;
mod withdrawn;
