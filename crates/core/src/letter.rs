//! The letter to an approver: what is asked, and one link to the page where it is decided.
//!
//! The letter decides nothing: mail scanners open links, so the link only shows a page.

mod grants;
mod reviewed;

pub use grants::{MissingDocument, ReviewGrant, ReviewPolicy};
pub use reviewed::{ReviewSlot, Said, asked_line, slot_lines};

use askama::Template;
use jiff::Timestamp;

use crate::finding::Finding;
use crate::id::SysId;
use crate::prose::one_line;
use crate::record::{ApprovalRound, RequestRecord};
use crate::ticket::PersonName;

/// A letter, ready to send: the same content as plain text and as HTML.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// `Debug` shows no content: a letter holds names and a link that decides.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter(redacted)")
    }
}

/// What an approver is shown, in letter and page alike.
#[derive(Debug, Clone)]
pub struct Review {
    /// The number of the ServiceNow record.
    pub number: String,
    /// Who asks.
    pub requester: PersonName,
    /// Whom the principal belongs to, where that is somebody else.
    pub beneficiary: Option<PersonName>,
    /// The principal: `IAM user rita.chen`.
    pub principal: String,
    /// The name of the account in the CMDB.
    pub account_name: String,
    /// The id of the account.
    pub account_id: String,
    /// What is granted.
    pub grants: Vec<ReviewGrant>,
    /// What an approver should know: what was found about the policies.
    pub findings: Vec<String>,
    /// For how long, in words.
    pub duration: String,
    /// What it extends, where it does.
    pub extends: Option<String>,
    /// Why, as the requester wrote it.
    pub justification: String,
    /// Why this person is asked, in words that follow "because you are".
    pub role: String,
    /// The approvals that are needed, and what was said of them so far.
    pub slots: Vec<ReviewSlot>,
    /// Until when the decision is awaited.
    pub expires_at: String,
}

impl Review {
    /// Gathers what an approver is shown. `documents` are the policy texts that were kept when the
    /// owners were asked.
    ///
    /// # Errors
    /// Where a text is missing that the approval would be for: then nothing is shown at all.
    pub fn new(
        record: &RequestRecord,
        asked: &ApprovalRound,
        reader: &SysId,
        names: ReviewNames,
        documents: &[String],
    ) -> Result<Self, MissingDocument> {
        let slots = reviewed::slots(record, asked, reader, &names.slots);
        let role = reviewed::role(record, reader, &slots);
        let request = record.request();
        let grants = grants::grants(record, asked, documents)?;
        Ok(Self {
            number: request.source.number.as_str().to_owned(),
            requester: names.requester,
            beneficiary: names.beneficiary,
            principal: format!("IAM {} {}", request.target.kind, request.target.name),
            account_name: one_line(&names.account, 100),
            account_id: request.target.account_id.to_string(),
            grants,
            findings: asked.findings.iter().map(reported).collect(),
            duration: request.duration.in_words(),
            extends: crate::outcome::extension_in_words(request),
            justification: request.justification.as_str().to_owned(),
            role,
            slots,
            expires_at: in_words(asked.expires_at),
        })
    }

    /// The approvals that the reader's answer decides.
    pub fn yours(&self) -> impl Iterator<Item = &ReviewSlot> {
        self.slots.iter().filter(|slot| slot.yours)
    }

    /// Whether anybody else is asked, for this approval or for another one.
    #[must_use]
    pub fn others_are_asked(&self) -> bool {
        self.slots.len() > 1 || self.slots.iter().any(|slot| slot.asked > 1)
    }

    /// Writes the letter around the link.
    ///
    /// # Errors
    /// Where a template cannot be filled, which needs memory to run out.
    pub fn letter(&self, link: &str) -> Result<Letter, askama::Error> {
        let subject = one_line(
            &format!(
                "Access to {}: please decide ({})",
                self.account_name, self.number
            ),
            150,
        );
        Ok(Letter {
            subject,
            text: LetterText {
                review: self,
                link,
                reminder: false,
            }
            .render()?,
            html: LetterHtml {
                review: self,
                link,
                reminder: false,
            }
            .render()?,
        })
    }

    /// Writes the letter again, as a reminder, around another link.
    ///
    /// # Errors
    /// Where a template cannot be filled, which needs memory to run out.
    pub fn reminder(&self, link: &str) -> Result<Letter, askama::Error> {
        let first = self.letter(link)?;
        Ok(Letter {
            subject: one_line(&format!("Reminder: {}", first.subject), 165),
            text: LetterText {
                review: self,
                link,
                reminder: true,
            }
            .render()?,
            html: LetterHtml {
                review: self,
                link,
                reminder: true,
            }
            .render()?,
        })
    }
}

/// A finding as a sentence, with the name of the policy that shows it.
fn reported(finding: &Finding) -> String {
    let mut letters = finding.detail.chars();
    let mut text: String = match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    };
    if let Some(evidence) = &finding.evidence {
        let policy = evidence.policy.as_str();
        let name = policy.rsplit_once('/').map_or(policy, |(_, name)| name);
        text.push_str(&format!(" ({name})"));
    }
    text
}

/// The names that a review shows. They come from ServiceNow each time and are never stored.
#[derive(Debug, Clone)]
pub struct ReviewNames {
    /// Who asks.
    pub requester: PersonName,
    /// Whom the principal belongs to, where that is somebody else.
    pub beneficiary: Option<PersonName>,
    /// The name of the account.
    pub account: String,
    /// The names that the CMDB has for what the slots stand for, in the order of the slots.
    pub slots: Vec<String>,
}

/// A time as people read it: `2 May 2026, 14:05 UTC`.
#[must_use]
pub fn in_words(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none")]
struct LetterText<'a> {
    review: &'a Review,
    link: &'a str,
    reminder: bool,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterHtml<'a> {
    review: &'a Review,
    link: &'a str,
    reminder: bool,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::record::tests::{TWO, approver, at, decide, pending, person, slot};
    use crate::slots::{Approver, ApproverRole, OwnedResource, Slot};

    pub(crate) fn review() -> Review {
        let record = pending(vec![slot("210987654321", &[2])]);
        let names = ReviewNames {
            requester: PersonName::new("Rita <b>Chen</b>"),
            beneficiary: Some(PersonName::new("Tom\r\nBcc: x\u{202e}y")),
            account: "Payments & Production".to_owned(),
            slots: vec!["Payments & Production".to_owned()],
        };
        let documents = [crate::record::tests::DOCUMENT.to_owned()];
        let asked = record.round().unwrap();
        Review::new(&record, asked, &person(2), names, &documents).unwrap()
    }

    /// A request for an account and an item, of which the reader may decide both and a colleague
    /// approved one.
    pub(crate) fn shared_review() -> Review {
        let item = OwnedResource::Item {
            sys_id: "cc".repeat(16).parse().unwrap(),
            instead_of: Vec::new(),
        };
        let delegate = Approver {
            on_behalf_of: Some(person(4)),
            ..Approver::own(person(2), ApproverRole::Owner)
        };
        let mine = Slot::new(
            item,
            vec![Approver::own(person(4), ApproverRole::Owner), delegate],
        );
        let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[3]), mine];
        let record = pending(slots);
        let yes = decide(&record, TWO, 3, Verdict::Approve);
        let record = record.apply(yes, approver(3), at(11)).unwrap().record;
        let names = ReviewNames {
            requester: PersonName::new("Rita Chen"),
            beneficiary: None,
            account: "payments".to_owned(),
            slots: vec![
                "payments".to_owned(),
                "data-lake".to_owned(),
                "<reports>".to_owned(),
            ],
        };
        let documents = [crate::record::tests::DOCUMENT.to_owned()];
        let asked = record.round().unwrap();
        Review::new(&record, asked, &person(2), names, &documents).unwrap()
    }

    #[test]
    fn a_letter_names_every_approval_that_its_reader_decides() {
        let letter = shared_review()
            .letter("https://approve.example/prod/r/TOKEN")
            .unwrap();
        insta::assert_snapshot!("shared_letter_text", letter.text);
        assert!(letter.html.contains("configuration item &#60;reports&#62;"));
    }

    #[test]
    fn the_letter() {
        let letter = review()
            .letter("https://approve.example/prod/r/TOKEN")
            .unwrap();
        insta::assert_snapshot!(
            "letter_text",
            format!("Subject: {}\n\n{}", letter.subject, letter.text)
        );
        insta::assert_snapshot!("letter_html", letter.html);
    }

    #[test]
    fn a_reminder_says_that_it_is_one_and_is_the_letter_otherwise() {
        let link = "https://approve.example/prod/r/TOKEN";
        let (letter, reminder) = (
            review().letter(link).unwrap(),
            review().reminder(link).unwrap(),
        );
        assert_eq!(reminder.subject, format!("Reminder: {}", letter.subject));
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        assert_ne!(first(&reminder.text), first(&letter.text));
        assert!(reminder.text.ends_with(&letter.text), "{}", reminder.text);
        let more = first(&reminder.text);
        assert!(reminder.html.contains(&more) && !letter.html.contains(&more));
    }

    #[test]
    fn the_letter_has_one_link_and_no_markup_of_others() {
        let letter = review()
            .letter("https://approve.example/prod/r/TOKEN")
            .unwrap();
        assert!(!letter.html.contains("<b>Chen"), "names are escaped");
        assert!(!letter.subject.contains(['\r', '\n']));
        let links = letter.html.matches("href=").count();
        assert_eq!((links, letter.text.matches("https://").count()), (1, 1));
        for word in ["approve?", "deny?", "decision="] {
            assert!(!letter.text.contains(word) && !letter.html.contains(word));
        }
    }
}
