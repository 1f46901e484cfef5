//! The page behind a review link: the form, what the form sends, and an honest page for every
//! other case.

mod active;
mod form;

pub use active::{RevokeForm, active};
pub use form::{DecisionForm, FormProblem};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::approval::Verdict;
use crate::letter::{Review, in_words};
use crate::lifecycle::State;
use crate::record::DecisionRecord;
use crate::ticket::PersonName;

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

/// What a page has to say when it is not the form.
#[derive(Debug, Clone)]
pub enum Message<'a> {
    /// The link opens nothing: unknown, mistyped or tampered with.
    UnknownLink,
    /// The link has expired.
    ExpiredLink,
    /// Thanks for the decision that was just taken.
    Thanks(Verdict),
    /// Thanks for an approval, where others are still awaited.
    ThanksSoFar,
    /// The slot was decided before; by whom, where the name could be had, and in lines what was
    /// asked and what was said of all approvals that it needs ([`crate::letter::asked_line`],
    /// [`crate::letter::slot_lines`]).
    AlreadyDecided(&'a DecisionRecord, Option<PersonName>, Vec<String>),
    /// The request has ended in another way; what was asked ([`crate::letter::asked_line`]).
    Ended(State, String),
    /// The ticket was closed or is gone.
    TicketClosed,
    /// The person may no longer decide.
    NotAnApprover,
    /// The person may no longer end the access.
    CannotEnd,
    /// The link was sent to somebody who is not asked any more.
    NoLongerAsked,
    /// ServiceNow cannot be reached to check that the person may decide. Keeps what was typed.
    Unavailable(&'a str),
    /// The operator has stopped all decisions. Keeps what was typed.
    Held(&'a str),
    /// The form did not come from our page.
    ForeignForm,
    /// The access is being taken away.
    BeingEnded,
    /// The access was taken away before its time.
    EndedEarly,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage<'a> {
    style: &'a str,
    review: &'a Review,
    nonce: &'a str,
    reason: &'a str,
    problem: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    style: &'a str,
    title: &'a str,
    lines: &'a [String],
    reason: &'a str,
}

/// The form. With a problem it is shown again (422) with what was typed.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn form(
    review: &Review,
    nonce: &str,
    again: Option<(&FormProblem, &str)>,
) -> Result<Page, askama::Error> {
    let (problem, reason) = again.map_or((None, ""), |(problem, reason)| {
        (Some(problem.in_words()), reason)
    });
    let status = if problem.is_some() { 422 } else { 200 };
    let html = ReviewPage {
        style: STYLE,
        review,
        nonce,
        reason,
        problem,
    }
    .render()?;
    Ok(Page { status, html })
}

/// A page that says something else than the form.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn message(message: &Message<'_>) -> Result<Page, askama::Error> {
    let mut reason = "";
    let (status, title, lines) = match message {
        Message::UnknownLink => (404, "This link opens nothing", vec![
            "It may have been cut off by the mail program. Please copy the whole link from the letter.".to_owned(),
        ]),
        Message::ExpiredLink => (410, "This link has expired", vec![
            "The time to decide is over. Nothing was granted through this link.".to_owned(),
        ]),
        Message::Thanks(Verdict::Approve) => (200, "Thank you: approved", vec![
            "The access is being set up now. The ticket will say when it is there, and when it has ended.".to_owned(),
        ]),
        Message::ThanksSoFar => (200, "Thank you: approved", vec![
            "Others are asked too, and have not answered yet. Nothing is set up before all of them said yes.".to_owned(),
        ]),
        Message::Thanks(Verdict::Deny) => (200, "Thank you: denied", vec![
            "Nothing is granted. The person asking reads your reason in the ticket.".to_owned(),
        ]),
        Message::AlreadyDecided(decided, name, slots) => {
            return already(decided, name.as_ref(), slots);
        }
        Message::Ended(state, asked) => (410, ended_title(*state), vec![
            asked.clone(),
            "There is nothing left to decide here.".to_owned(),
        ]),
        Message::TicketClosed => (
            410,
            "The ticket was closed",
            vec![
                "The record in ServiceNow that asked for this access is not open any more. Nothing was decided."
                    .to_owned(),
            ],
        ),
        Message::NotAnApprover => (403, "You can no longer decide this", vec![
            "According to ServiceNow you are not, or no longer, one of those who may decide. Nothing was decided.".to_owned(),
            "Whoever may decide now is being asked instead.".to_owned(),
        ]),
        Message::CannotEnd => (403, "You can no longer end this access", vec![
            "According to ServiceNow you are not, or no longer, one of those who may decide on it. The access stays as it was.".to_owned(),
            "Those who may, and the side that asked for it, can end it.".to_owned(),
        ]),
        Message::NoLongerAsked => (410, "You are no longer asked", vec![
            "This link was sent to somebody who may not decide any more, or whom our letters did not reach. Others are asked instead.".to_owned(),
            "Nothing was decided through this link.".to_owned(),
        ]),
        Message::Unavailable(typed) => {
            reason = typed;
            (503, "Please try again in a few minutes", vec![
                "Something that is needed for a decision cannot be reached, ServiceNow perhaps.".to_owned(),
                "Open the link again: it shows whether your decision was recorded. What you typed is kept below.".to_owned(),
            ])
        }
        Message::Held(typed) => {
            reason = typed;
            (503, "Decisions are stopped for now", vec![
                "The operators of Snowgate have stopped all decisions for the moment. Nothing was decided.".to_owned(),
                "Please come back later; what you typed is kept below.".to_owned(),
            ])
        }
        Message::BeingEnded => (200, "The access is being ended", vec![
            "It is being taken away now. The ticket will say when it is gone.".to_owned(),
        ]),
        Message::EndedEarly => (200, "The access has ended", vec![
            "It was ended early and taken away. The ticket says in which role somebody ended it, and why.".to_owned(),
        ]),
        Message::ForeignForm => (403, "That did not come from our page", vec![
            "Nothing was decided. Please open the link in the letter again and answer there.".to_owned(),
        ]),
    };
    render(status, title, &lines, reason)
}

fn already(
    decided: &DecisionRecord,
    name: Option<&PersonName>,
    slots: &[String],
) -> Result<Page, askama::Error> {
    let (title, line) = said(decided, name);
    let mut lines = vec![line, "The first answer counts.".to_owned()];
    lines.extend_from_slice(slots);
    render(200, &title, &lines, "")
}

/// What was decided, as a title and as a sentence that says by whom and when.
fn said(decided: &DecisionRecord, name: Option<&PersonName>) -> (String, String) {
    let decision = &decided.signed.decision;
    let verdict = match decision.verdict {
        Verdict::Approve => "approved",
        Verdict::Deny => "denied",
    };
    let who = name.map_or("", PersonName::expose);
    let by = if who.is_empty() {
        String::new()
    } else {
        format!(" by {who}")
    };
    let at = jiff::Timestamp::from_second(decision.at)
        .map(in_words)
        .unwrap_or_default();
    let line = format!("It was {verdict}{by} on {at}.");
    (format!("Already {verdict}"), line)
}

fn ended_title(state: State) -> &'static str {
    match state {
        State::Expired => "The time to decide is over",
        State::Withdrawn => "The request was withdrawn",
        State::Denied => "The request was denied",
        State::Received
        | State::Pending
        | State::Approved
        | State::Provisioning
        | State::Active
        | State::Revoking
        | State::Revoked
        | State::Refused
        | State::Undeliverable
        | State::Failed
        | State::Previewed => "This request has moved on",
    }
}

fn render(status: u16, title: &str, lines: &[String], reason: &str) -> Result<Page, askama::Error> {
    let html = MessagePage {
        style: STYLE,
        title,
        lines,
        reason,
    }
    .render()?;
    Ok(Page { status, html })
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
mod tests {
    use super::*;
    use crate::letter::tests::{review, shared_review};
    use crate::letter::{asked_line, slot_lines};
    use crate::record::Event;
    use crate::record::tests::{ONE, approver, at, decide, pending, slot};

    #[test]
    fn the_form() {
        insta::assert_snapshot!(form(&review(), "1.nonce", None).unwrap().html);
    }

    #[test]
    fn the_form_says_who_else_is_asked_and_what_they_said() {
        let html = form(&shared_review(), "1.nonce", None).unwrap().html;
        let asked = html
            .split_once("<h2>")
            .unwrap()
            .1
            .split_once("<form")
            .unwrap()
            .0;
        insta::assert_snapshot!(asked);
        assert!(
            !form(&review(), "1.nonce", None)
                .unwrap()
                .html
                .contains("Who is asked")
        );
    }

    #[test]
    fn the_form_again_keeps_what_was_typed() {
        let page = form(
            &review(),
            "1.nonce",
            Some((&FormProblem::NoDecision, "</textarea><script>")),
        )
        .unwrap();
        assert_eq!(page.status, 422);
        assert!(page.html.contains("&#60;/textarea&#62;&#60;script&#62;"));
        assert!(!page.html.contains("<script>"));
    }

    #[test]
    fn no_choice_is_made_for_anybody() {
        let html = form(&review(), "1.nonce", None).unwrap().html;
        assert!(!html.split_once("<main>").unwrap().1.contains("checked"));
    }

    #[test]
    fn every_other_page_says_what_happened() {
        let record = pending(vec![slot("210987654321", &[2])]);
        let Event::Decided { decision: decided } = decide(&record, ONE, 2, Verdict::Deny) else {
            unreachable!()
        };
        let two = pending(vec![slot("210987654321", &[2]), slot("320987654321", &[3])]);
        let no = decide(&two, ONE, 2, Verdict::Deny);
        let two = two.apply(no, approver(2), at(11)).unwrap().record;
        let name = Some(PersonName::new("Ada <Okafor>"));
        let pages = [
            Message::UnknownLink,
            Message::ExpiredLink,
            Message::Thanks(Verdict::Approve),
            Message::Thanks(Verdict::Deny),
            Message::ThanksSoFar,
            Message::AlreadyDecided(&decided, name, vec![asked_line(&record)]),
            Message::AlreadyDecided(&decided, None, slot_lines(&two)),
            Message::Ended(State::Expired, asked_line(&record)),
            Message::Ended(State::Withdrawn, asked_line(&record)),
            Message::TicketClosed,
            Message::NotAnApprover,
            Message::CannotEnd,
            Message::NoLongerAsked,
            Message::Unavailable("my <reason>"),
            Message::Held("my reason"),
            Message::ForeignForm,
            Message::BeingEnded,
            Message::EndedEarly,
        ];
        let all: Vec<String> = pages
            .iter()
            .map(|page| {
                let page = message(page).unwrap();
                let main = page.html.split_once("<main>").unwrap().1;
                format!("{}\n{main}", page.status)
            })
            .collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn the_style_is_the_one_that_the_policy_names() {
        let policy = headers()
            .into_iter()
            .find(|(name, _)| *name == "Content-Security-Policy")
            .unwrap()
            .1;
        let page = form(&review(), "1.nonce", None).unwrap().html;
        let style = page
            .split_once("<style>")
            .unwrap()
            .1
            .split_once("</style>")
            .unwrap()
            .0;
        assert!(policy.contains(&STANDARD.encode(Sha256::digest(style.as_bytes()))));
    }
}
