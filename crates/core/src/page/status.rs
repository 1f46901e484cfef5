//! The pages that are no form: what happened, and what to do now.

use askama::Template;

use super::form::FormFields;
use super::{About, Page, STYLE, decided_words};
use crate::approval::Verdict;
use crate::id::SysId;
use crate::installation::Installation;
use crate::lifecycle::State;
use crate::markup::Text;
use crate::page::RevokeForm;
use crate::record::DecisionRecord;
use crate::ticket::PersonName;

/// A page without a form, or with one that could not be taken.
#[derive(Debug, Clone)]
pub enum StatusPage<'a> {
    /// The link leads nowhere: unknown, mistyped or tampered with.
    UnknownLink,
    /// The link has expired.
    ExpiredLink,
    /// The reader has just approved, for so long, and nothing else is awaited.
    Approved {
        /// How long the access will last.
        duration: String,
    },
    /// The reader has just approved, and others are still awaited.
    ApprovedSoFar,
    /// The reader has just denied.
    Denied,
    /// All that the reader could decide was decided before.
    AlreadyDecided(PastAnswer<'a>),
    /// The request has ended in another way.
    Ended(State),
    /// The ticket was closed or is gone.
    TicketClosed,
    /// The ticket, or somebody involved, is not what a decision needs: nobody may decide.
    Undecidable,
    /// The reader is no approver any more.
    NotAnApprover,
    /// The reader may no longer end the access.
    CannotEnd,
    /// The link was sent to somebody who is not asked any more.
    NoLongerAsked,
    /// ServiceNow cannot be reached, so nothing was saved.
    ServiceNowUnreachable(RetainedForm),
    /// Something else failed; whether something was saved is not known.
    Unavailable(RetainedForm),
    /// The operator has paused all approvals.
    Paused(RetainedForm),
    /// The form did not come from our page.
    ForeignForm,
    /// The call cannot be read.
    Malformed,
    /// The audit trail does not bear the request out.
    BrokenTrail,
    /// The access is being removed.
    BeingEnded,
    /// The access was removed before its time.
    EndedEarly,
}

/// A decision that was made before the reader came.
#[derive(Debug, Clone)]
pub struct PastAnswer<'a> {
    /// The decision.
    pub decided: &'a DecisionRecord,
    /// Who reads the page.
    pub reader: &'a SysId,
    /// Who decided, where the name could be had.
    pub decided_by: Option<PersonName>,
    /// Where the request stands.
    pub state: State,
    /// All approvals that the request needs ([`crate::review::approval_lines`]).
    pub approvals: Vec<Text>,
}

/// A form that could not be taken, to be shown again as it was filled in.
#[derive(Debug, Clone, Default)]
pub enum RetainedForm {
    /// Nothing was sent.
    #[default]
    None,
    /// A decision.
    Decision(FormFields),
    /// A revocation.
    Revocation(FormFields),
}

impl RetainedForm {
    /// What a body holds, whether or not it is acceptable.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let fields = FormFields {
            problems: Vec::new(),
            ..FormFields::read(body)
        };
        match RevokeForm::is_meant(body) {
            _ if fields == FormFields::default() => Self::None,
            true => Self::Revocation(fields),
            false => Self::Decision(fields),
        }
    }
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusHtml<'a> {
    style: &'a str,
    heading: &'a str,
    title: &'a str,
    lines: &'a [Text],
    about: Option<&'a About>,
    reader: &'a Text,
    decision: Option<&'a FormFields>,
    revocation: Option<&'a FormFields>,
}

/// A page that is no form; `about` names the request, where the link led to one.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn status(
    page: &StatusPage<'_>,
    about: Option<&About>,
    installation: &Installation,
) -> Result<Page, askama::Error> {
    let (status, title, lines) = words(page);
    let (decision, revocation) = match page {
        StatusPage::ServiceNowUnreachable(form)
        | StatusPage::Unavailable(form)
        | StatusPage::Paused(form) => match form {
            RetainedForm::None => (None, None),
            RetainedForm::Decision(fields) => (Some(fields), None),
            RetainedForm::Revocation(fields) => (None, Some(fields)),
        },
        _ => (None, None),
    };
    let html = StatusHtml {
        style: STYLE,
        heading: &installation.heading(),
        title: &title,
        lines: &lines,
        about,
        reader: &about.map_or_else(|| Text::new("The requester"), About::reader),
        decision,
        revocation,
    }
    .render()?;
    Ok(Page { status, html })
}

/// Status, title and lines.
fn words(page: &StatusPage<'_>) -> (u16, String, Vec<Text>) {
    let (status, title, lines): (u16, &str, &[&str]) = match page {
        StatusPage::UnknownLink => (
            404,
            "This link isn't valid",
            &[
                "Your e-mail program may have cut it off. Copy the whole link from the e-mail and open it again.",
            ],
        ),
        StatusPage::ExpiredLink => (
            410,
            "This link has expired",
            &["The time to decide is over. No access was granted through this link."],
        ),
        StatusPage::Approved { duration } => {
            return (
                200,
                "You approved this request".to_owned(),
                vec![
                    Text::new(format!(
                        "Access is being set up. It lasts {duration} from when it is granted and is then removed automatically."
                    )),
                    Text::new("You can end the access early with this same link."),
                ],
            );
        }
        StatusPage::ApprovedSoFar => (
            200,
            "You approved this request",
            &["Other approvals are still needed. Access is granted once every approval is given."],
        ),
        StatusPage::Denied => (200, "You denied this request", &["No access is granted."]),
        StatusPage::AlreadyDecided(past) => return already(past),
        StatusPage::Ended(state) => (410, "This request is closed", ended(*state)),
        StatusPage::TicketClosed => (
            410,
            "This request is closed",
            &["Its record in ServiceNow is no longer open. Nothing was decided."],
        ),
        StatusPage::Undecidable => (
            409,
            "This request can't be decided",
            &[
                "ServiceNow no longer has its record, or somebody it concerns, as they were when you were asked: the record may be somebody else's, or an account inactive or without a readable address.",
                "Nothing was decided. Your link works again once that is put right in ServiceNow.",
            ],
        ),
        StatusPage::NotAnApprover => (
            403,
            "You can no longer decide this request",
            &[
                "According to ServiceNow, you are not one of its approvers. Nothing was decided.",
                "Its current approvers are being asked.",
            ],
        ),
        StatusPage::CannotEnd => (
            403,
            "You can no longer end this access",
            &[
                "According to ServiceNow, you are not one of its approvers. The access is unchanged.",
                "Its approvers, the requester and the security team can end it.",
            ],
        ),
        StatusPage::NoLongerAsked => (
            410,
            "You are no longer asked to decide",
            &[
                "You are no longer an approver, or our e-mails didn't reach you. Other approvers are asked instead.",
                "Nothing was decided through this link.",
            ],
        ),
        StatusPage::ServiceNowUnreachable(form) => (
            503,
            "We can't reach ServiceNow",
            unsaved(
                form,
                &[
                    "Your decision isn't saved yet. Your text is still in the form: submit it again in a few minutes.",
                ],
            ),
        ),
        StatusPage::Unavailable(form) => (
            503,
            "Something went wrong",
            unsaved(
                form,
                &[
                    "We can't tell whether your decision was saved. Your text is still in the form: submit it again in a few minutes. A decision is only taken once.",
                ],
            ),
        ),
        StatusPage::Paused(form) => (
            503,
            "Approvals are paused",
            unsaved(
                form,
                &[
                    "The operators have paused all approvals. Your decision isn't saved. Your text is still in the form: submit it again later.",
                ],
            ),
        ),
        StatusPage::BrokenTrail => (
            409,
            "This request can't be decided",
            &[
                "Someone changed its stored record, so it isn't shown. Nothing was decided, and nothing is granted.",
                "The operators are alerted. If the access is still needed, it must be requested again.",
            ],
        ),
        StatusPage::BeingEnded => (
            200,
            "Access is being ended",
            &["It is being removed now. The ServiceNow record shows when it is gone."],
        ),
        StatusPage::EndedEarly => (
            200,
            "The access has ended",
            &[
                "It was ended early and removed. The ServiceNow record shows who ended it, by role, and why.",
            ],
        ),
        StatusPage::ForeignForm => (
            403,
            "We couldn't verify that submission",
            &["Nothing was decided. Open the link in your e-mail again and submit the form there."],
        ),
        StatusPage::Malformed => (
            400,
            "We can't read this request",
            &[
                "Your browser, or a proxy on the way, sent a header that HTTP doesn't allow. Nothing was decided.",
                "Open the link in your e-mail again with another browser.",
            ],
        ),
    };
    let lines = lines.iter().copied().map(Text::from);
    (status, title.to_owned(), lines.collect())
}

/// What is said of a form that was not taken; without one, that nothing is lost.
fn unsaved<'l>(form: &RetainedForm, lines: &'l [&'l str]) -> &'l [&'l str] {
    match form {
        RetainedForm::None => &["Nothing was decided. Open the link again in a few minutes."],
        RetainedForm::Decision(_) | RetainedForm::Revocation(_) => lines,
    }
}

fn ended(state: State) -> &'static [&'static str] {
    match state {
        State::Expired => &["It expired: the time to decide is over."],
        State::Withdrawn => &["It was cancelled in ServiceNow."],
        State::Denied => &["It was denied."],
        State::Undeliverable => &["One of its approvals has no approver left."],
        State::Abandoned => &["Its access could not be removed, and may remain."],
        State::Received
        | State::Pending
        | State::Approved
        | State::Provisioning
        | State::Active
        | State::Revoking
        | State::Revoked
        | State::Refused
        | State::Failed
        | State::Previewed => &["There is nothing left to decide."],
    }
}

fn already(past: &PastAnswer<'_>) -> (u16, String, Vec<Text>) {
    let (title, line) = decided_words(past.decided, past.reader, past.decided_by.as_ref());
    let mut lines = vec![line];
    if past.decided.signed.decision.approver != *past.reader {
        lines.push(Text::new("The first answer counts."));
    }
    let next = match (past.state, past.decided.signed.decision.verdict) {
        (State::Pending, _) => Some("Other approvals are still needed."),
        (State::Approved | State::Provisioning, _) => Some("Access is being set up."),
        (State::Failed, Verdict::Approve) => Some("The access could not be granted."),
        (State::Expired, Verdict::Approve) => Some("The request expired before it was granted."),
        (State::Withdrawn, Verdict::Approve) => Some("The request was cancelled in ServiceNow."),
        (State::Revoked, _) => Some("The access has ended and was removed."),
        (State::Abandoned, _) => {
            Some("The access has ended, but could not be removed: it may remain.")
        }
        _ => None,
    };
    lines.extend(next.map(Text::from));
    lines.extend(past.approvals.iter().cloned());
    (200, title, lines)
}
