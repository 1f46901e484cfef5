//! Sending letters.

use std::future::Future;

use snowgate_core::email::EmailAddress;
use snowgate_core::letter::Letter;

use crate::CallError;

/// The mail service.
pub trait Mailer: Send + Sync {
    /// Sends one letter to one person, as plain text and HTML.
    fn send(
        &self,
        to: &EmailAddress,
        letter: &Letter,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}
