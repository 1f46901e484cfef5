//! The mail service in memory.

use std::sync::{Arc, Mutex};

use ports::CallError;
use ports::mail::Mailer;
use snowgate_core::bounce::{EmailTags, MessageId};
use snowgate_core::email::Email;
use snowgate_core::email::EmailAddress;

use crate::samples::sys_id;

/// An e-mail that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentEmail {
    /// To whom; [`EmailAddress::expose`] tells.
    pub to: EmailAddress,
    /// What it says.
    pub email: Email,
    /// The tags it carries, and the id it was given.
    pub tagged: Option<(EmailTags, MessageId)>,
}

/// Keeps the e-mails.
#[derive(Debug, Clone, Default)]
pub struct FakeMailer(Arc<Mutex<Vec<SentEmail>>>);

impl FakeMailer {
    /// The e-mails that were sent so far and not taken.
    #[must_use]
    pub fn sent(&self) -> Vec<SentEmail> {
        self.0.lock().unwrap().clone()
    }

    /// Takes the e-mails out.
    #[must_use]
    pub fn take(&self) -> Vec<SentEmail> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Mailer for FakeMailer {
    async fn send(
        &self,
        to: &EmailAddress,
        email: &Email,
        tags: Option<&EmailTags>,
    ) -> Result<Option<MessageId>, CallError> {
        if email.subject.chars().any(char::is_control) {
            return Err(CallError::permanent("fake:Send", "SubjectNotOneLine"));
        }
        let id: MessageId = format!("fake-{}", sys_id()).parse().unwrap();
        self.0.lock().unwrap().push(SentEmail {
            to: to.clone(),
            email: email.clone(),
            tagged: tags.map(|tags| (tags.clone(), id.clone())),
        });
        Ok(Some(id))
    }
}
