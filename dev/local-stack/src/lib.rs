//! Snowgate on one machine: MiniStack with the deployed template, the ServiceNow emulator, the
//! console, and what is shown and tried on them. `cargo xtask` has the commands.
//!
//! Everything that is started listens on 127.0.0.1 only, and everything that is written is under
//! `.local/` and `.tools/` of the checkout.

mod aws;
mod clients;
mod console;
mod hub;
mod members;
mod organisation;
mod ports;
mod processes;
mod proxy;

pub mod binaries;
pub mod checkout;
pub mod demo;
pub mod environments;
pub mod preflight;
pub mod samples;
pub mod serve;
pub mod stack;
pub mod terminal;
pub mod up;
