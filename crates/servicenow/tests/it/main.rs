//! The crate against a server of bad habits, over real connections on the loopback address.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share is test code too"
)]

mod cmdb;
mod emulator;
mod habits;
mod limits;
mod owners_property;
mod server;
mod sign_in;
mod ssrf;
mod steps;
mod writing;
