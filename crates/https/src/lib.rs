//! The only HTTPS client of the functions: HTTP/1.1 over TLS 1.2 or 1.3, to AWS for the SDK, to
//! ServiceNow, and to where an issuer of tokens keeps its keys.
//!
//! One set of types for all of them, so that the code is in a binary once. Nothing is
//! followed (redirects, proxies of the environment), nothing is kept (cookies), and nothing is
//! spoken that nobody here needs (HTTP/2). docs/decisions/0050-one-https-client.md.

mod client;
mod dial;
mod sdk;
mod tls;

pub use client::{HttpsClient, HttpsError, HttpsSettings};
pub use sdk::for_sdk;
pub use tls::{Roots, TlsError};
