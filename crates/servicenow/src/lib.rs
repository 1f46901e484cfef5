//! The only crate that speaks to ServiceNow.
//!
//! [`Reader`] answers who people are, what a ticket says and who owns an AWS account;
//! [`CmdbReader`] what entitlements are judged by;
//! [`Writer`] brings an outcome into a ticket. Both work over a [`Session`], which signs in to
//! one [`Instance`] with one set of [`ServiceNowCredentials`], keeps within [`Limits`] and stops asking
//! when the instance fails.
//!
//! # What is believed of an answer
//! An instance answers 200 to calls it cancelled, drops parts of a query it does not
//! understand, and leaves out fields and rows that an access rule hides. So:
//! - only status 200 with a complete JSON document without an `error` member counts as an answer;
//! - a query and the check of its answer are made from one value: every row
//!   must echo the keys that were asked for, or the whole answer is refused;
//! - a field that is missing is unknown, and unknown is an error, never a default;
//! - a write is believed once it has been read back.
//!
//! # Where calls go
//! To the configured instance, and nowhere else: every address is the instance's origin with a
//! path made of known words and checked ids. Redirects are not followed, links in answers are
//! never fetched, there is no cookie jar, and proxies in the environment are ignored.
//!
//! # TLS
//! The crate `https`, which the AWS SDK uses here too: rustls and HTTP/1.1. Certificates are checked
//! against Mozilla's roots as the build has them (docs/decisions/0021-pinned-roots.md).
//!
//! # Transient or permanent
//! See [`ServiceNowError`]. In short: permanent is what the instance refused in its own error format (400,
//! 403, 404) or what was never sent because it must not be; all else is transient. Either way nobody
//! is asked and nothing is granted.

pub mod credentials;
pub mod error;
pub mod instance;
pub mod limits;

mod answer;
mod breaker;
mod cmdb;
mod delegates;
mod owners;
mod people;
mod query;
mod reader;
mod row;
mod session;
mod table;
mod tickets;
mod token;
mod writer;

pub use cmdb::CmdbReader;
pub use credentials::ServiceNowCredentials;
pub use error::ServiceNowError;
pub use instance::Instance;
pub use limits::Limits;
pub use query::{UserName, UserNameError};
pub use reader::Reader;
pub use session::Session;
pub use writer::Writer;
