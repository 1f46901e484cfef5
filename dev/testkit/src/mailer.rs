//! The mail service in memory.

use std::sync::{Arc, Mutex};

use ports::CallError;
use ports::mail::Mailer;
use snowgate_core::bounce::{LetterTags, MessageId};
use snowgate_core::email::EmailAddress;
use snowgate_core::letter::Letter;

use crate::samples::sys_id;

/// A letter that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentLetter {
    /// To whom; [`EmailAddress::expose`] tells.
    pub to: EmailAddress,
    /// What it says.
    pub letter: Letter,
    /// The tags it carries, and the id it was given.
    pub tagged: Option<(LetterTags, MessageId)>,
}

/// Keeps the letters.
#[derive(Debug, Clone, Default)]
pub struct FakeMailer(Arc<Mutex<Vec<SentLetter>>>);

impl FakeMailer {
    /// The letters that were sent so far and not taken.
    #[must_use]
    pub fn sent(&self) -> Vec<SentLetter> {
        self.0.lock().unwrap().clone()
    }

    /// Takes the letters out.
    #[must_use]
    pub fn take(&self) -> Vec<SentLetter> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Mailer for FakeMailer {
    async fn send(
        &self,
        to: &EmailAddress,
        letter: &Letter,
        tags: Option<&LetterTags>,
    ) -> Result<Option<MessageId>, CallError> {
        if letter.subject.chars().any(char::is_control) {
            return Err(CallError::permanent("fake:Send", "SubjectNotOneLine"));
        }
        let id: MessageId = format!("fake-{}", sys_id()).parse().unwrap();
        self.0.lock().unwrap().push(SentLetter {
            to: to.clone(),
            letter: letter.clone(),
            tagged: tags.map(|tags| (tags.clone(), id.clone())),
        });
        Ok(Some(id))
    }
}
