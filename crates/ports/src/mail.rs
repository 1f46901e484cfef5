//! Sending letters.

use std::future::Future;

use snowgate_core::bounce::{LetterTags, MessageId};
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

    /// Sends one letter whose loss is to be known: the mail service reports it with these tags
    /// and the id that is answered here; none where it gave none that can be used.
    fn send_tagged(
        &self,
        to: &EmailAddress,
        letter: &Letter,
        tags: &LetterTags,
    ) -> impl Future<Output = Result<Option<MessageId>, CallError>> + Send;
}
