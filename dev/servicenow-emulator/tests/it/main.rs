//! The emulator over HTTP: every bad habit of a real instance that Snowgate must survive.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "everything here is a test, the short ways to call the emulator too"
)]

mod auth;
mod faults;
mod instance;
mod process;
mod pysnc;
mod raising;
mod reading;
mod writing;
