//! The page behind a review link: the form, what the form sends, and an honest page for every
//! other case.

mod active;
mod form;
mod status;

pub use active::{RevokeForm, active};
pub use form::{DecisionForm, FormFields, FormProblem};
pub use status::{PastAnswer, RetainedForm, StatusPage, status};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::approval::Verdict;
use crate::id::SysId;
use crate::installation::Installation;
use crate::markup::Text;
use crate::record::{DecisionRecord, RequestRecord};
use crate::review::Review;
use crate::ticket::PersonName;
use crate::wording::{access_requested, date_time};

const STYLE: &str = include_str!("../templates/style.css");

/// A page, ready to be served.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The HTML.
    pub html: String,
}

/// `Debug` shows no content: a page holds names.
impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page({})", self.status)
    }
}

/// Which request a page is about: whoever has several links must know.
#[derive(Debug, Clone)]
pub struct About {
    heading: String,
    number: String,
    record_url: String,
    requester: Option<PersonName>,
    access: Text,
}

impl About {
    /// The request; without the requester's name where it could not be had.
    #[must_use]
    pub fn new(
        record: &RequestRecord,
        requester: Option<PersonName>,
        installation: &Installation,
    ) -> Self {
        Self {
            heading: installation.heading(),
            number: record.request().source.number.as_str().to_owned(),
            record_url: installation.record_url(&record.request().source),
            requester,
            access: access_requested(record.request()).capitalized(),
        }
    }

    /// Who requested it.
    fn by(&self) -> Option<Text> {
        self.requester
            .as_ref()
            .map(|person| Text::new(person.in_words()))
    }

    /// Who reads the reasons that are given.
    fn reader(&self) -> Text {
        reader(self.requester.as_ref())
    }
}

fn reader(requester: Option<&PersonName>) -> Text {
    match requester {
        Some(person) => Text::new(person.in_words()),
        None => Text::new("The requester"),
    }
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage<'a> {
    style: &'a str,
    heading: &'a str,
    review: &'a Review,
    reader: &'a Text,
    typed: &'a FormFields,
}

/// The form. With problems it is shown again (422) with what was typed.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn form(review: &Review, typed: &FormFields) -> Result<Page, askama::Error> {
    let status = if typed.problems.is_empty() { 200 } else { 422 };
    let html = ReviewPage {
        style: STYLE,
        heading: &review.heading,
        review,
        reader: &review.requester.name,
        typed,
    }
    .render()?;
    Ok(Page { status, html })
}

/// What was decided, as a title and as a sentence that says by whom and when.
fn decided_words(
    decided: &DecisionRecord,
    reader: &SysId,
    decided_by: Option<&PersonName>,
) -> (String, Text) {
    let decision = &decided.signed.decision;
    let verdict = match decision.verdict {
        Verdict::Approve => "approved",
        Verdict::Deny => "denied",
    };
    let at = jiff::Timestamp::from_second(decision.at)
        .map(date_time)
        .unwrap_or_default();
    let who = decided_by.map(PersonName::in_words);
    let who = who.unwrap_or_else(|| "Another approver".to_owned());
    match decision.approver == *reader {
        true => (
            format!("You {verdict} this request"),
            Text::new(format!("You {verdict} it on {at}.")),
        ),
        false => (
            format!("This request was already {verdict}"),
            Text::new(format!("{who} {verdict} it on {at}.")),
        ),
    }
}

/// The headers of every page: nothing is cached, framed, indexed, scripted or sent elsewhere.
/// `Referrer-Policy` is `same-origin` because with `no-referrer` browsers send `Origin: null`
/// with the form.
#[must_use]
pub fn headers() -> [(&'static str, String); 8] {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    [
        ("Content-Type", "text/html; charset=utf-8".to_owned()),
        ("Content-Security-Policy", policy),
        ("Cache-Control", "no-store".to_owned()),
        ("Referrer-Policy", "same-origin".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("X-Frame-Options", "DENY".to_owned()),
        ("X-Robots-Tag", "noindex, nofollow".to_owned()),
        ("Strict-Transport-Security", "max-age=31536000".to_owned()),
    ]
}

#[cfg(test)]
mod tests;
