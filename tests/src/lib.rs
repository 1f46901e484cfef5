//! Clients of a deployed stack, for the flow tests: what ServiceNow, an approver's browser and an
//! administrator of AWS see of it, and nothing from inside.
//!
//! Everything here is test code: where the stack does not answer as it should, it panics with what
//! was seen.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "test code: a surprise ends the test, and the message is its report"
)]

mod aws;
mod browser;
mod bus;
mod case;
mod issuer;
mod mailbox;
mod phone;
mod service_api;
mod servicenow;
mod stack;
mod time;

pub use aws::{Aws, Held, enrolment, step};
pub use browser::{Browser, Page};
pub use case::{Case, Person};
pub use issuer::LocalIssuer;
pub use mailbox::{Letter, Mailbox, Notice};
pub use phone::Phone;
pub use service_api::{Answer, Credentials, ServiceApi};
pub use servicenow::ServiceNow;
pub use stack::{Stack, eventually, random_hex};
pub use time::{faketime, seconds_between};
