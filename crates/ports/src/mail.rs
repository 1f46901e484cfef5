//! Sending e-mails.

use std::future::Future;

use snowgate_core::bounce::{EmailTags, MessageId};
use snowgate_core::email::Email;
use snowgate_core::email::EmailAddress;

use crate::CallError;

/// The mail service.
pub trait Mailer: Send + Sync {
    /// Sends one e-mail to one person, as plain text and HTML. Where its loss is to be known, it
    /// carries tags: the mail service reports it with these and the id that is answered here;
    /// none where it gave none that can be used.
    fn send(
        &self,
        to: &EmailAddress,
        email: &Email,
        tags: Option<&EmailTags>,
    ) -> impl Future<Output = Result<Option<MessageId>, CallError>> + Send;
}
