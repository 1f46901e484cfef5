//! What a mailer must do.

use ports::mail::Mailer;
use snowgate_core::bounce::EmailTags;
use snowgate_core::email::Email;
use snowgate_core::email::EmailAddress;

use crate::samples::{request_id, sys_id};

/// An e-mail is taken; one whose subject is more than a line is refused for good. Returns the
/// e-mail that was sent, once, for the caller to look for where it arrives.
pub async fn mailer(mailer: &impl Mailer, to: &EmailAddress) -> Email {
    let email = Email {
        subject: "Zugriff für „Übergabe“ prüfen".to_owned(),
        text: "Grüße\n\nhttps://access.example/review/1".to_owned(),
        html: "<p>Grüße</p>".to_owned(),
    };
    let tags = EmailTags {
        request: request_id(),
        approver: sys_id(),
    };
    for subject in ["Access\r\nBcc: eve@meridian.example", "Access\n"] {
        let bad = Email {
            subject: subject.to_owned(),
            ..email.clone()
        };
        for tags in [None, Some(&tags)] {
            let sent = mailer.send(to, &bad, tags).await;
            assert!(!sent.unwrap_err().is_transient());
        }
    }
    let id = mailer.send(to, &email, Some(&tags)).await.unwrap();
    assert!(id.is_some(), "an e-mail has an id to be reported by");
    email
}
