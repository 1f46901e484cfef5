//! The page of a used link while the access is there: until when, and a form that ends it now.

use askama::Template;
use jiff::Timestamp;

use super::{FormProblem, Page, STYLE, said};
use crate::id::Digest;
use crate::letter::in_words;
use crate::prose::{ProseError, Reason};
use crate::record::DecisionRecord;
use crate::ticket::PersonName;

/// The largest form that is read, in bytes.
const MOST: usize = 16 * 1024;

/// An early end as the form sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeForm {
    /// Why.
    pub reason: Reason,
    /// What proves that the form came from our page.
    pub nonce: String,
}

impl RevokeForm {
    /// Whether a form is sent to end access, and not to decide.
    #[must_use]
    pub fn is_meant(body: &[u8]) -> bool {
        body.len() <= MOST
            && form_urlencoded::parse(body)
                .any(|(name, value)| name == "decision" && value == "revoke")
    }

    /// Reads `application/x-www-form-urlencoded` (URL Standard). Each field stands once.
    ///
    /// # Errors
    /// What is wrong, with the reason that was typed, so that it is not lost.
    pub fn parse(body: &[u8]) -> Result<Self, (FormProblem, String)> {
        let (mut nonce, mut decision, mut reason) = (None, None, None);
        for (name, value) in form_urlencoded::parse(body) {
            let place = match name.as_ref() {
                "nonce" => &mut nonce,
                "decision" => &mut decision,
                "reason" => &mut reason,
                _ => return Err((FormProblem::Shape, reason.unwrap_or_default())),
            };
            if place.replace(value.into_owned()).is_some() {
                return Err((FormProblem::Shape, reason.unwrap_or_default()));
            }
        }
        let typed = reason.unwrap_or_default();
        let (Some(nonce), Some("revoke")) = (nonce, decision.as_deref()) else {
            return Err((FormProblem::Shape, typed));
        };
        match typed.parse::<Reason>() {
            Ok(reason) => Ok(Self { reason, nonce }),
            Err(problem) => Err((FormProblem::Reason(problem), typed)),
        }
    }

    /// What the nonce of this form is bound to: the content, and that it is to be ended. A nonce
    /// of the form that decides is none here.
    #[must_use]
    pub fn purpose(content: &Digest) -> Digest {
        Digest::of(format!("snowgate/revoke/1\n{content}").as_bytes())
    }
}

#[derive(Template)]
#[template(path = "active.html")]
struct ActivePage<'a> {
    style: &'a str,
    title: &'a str,
    lines: &'a [String],
    nonce: &'a str,
    reason: &'a str,
    problem: Option<&'a str>,
}

/// The page with the form; `asked` says of what ([`crate::letter::asked_line`]). With a problem it is
/// shown again (422) with what was typed.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn active(
    asked: &str,
    decided: &DecisionRecord,
    name: Option<&PersonName>,
    until: Option<Timestamp>,
    nonce: &str,
    again: Option<(&FormProblem, &str)>,
) -> Result<Page, askama::Error> {
    let (problem, reason) = again.map_or((None, ""), |(problem, reason)| {
        (Some(in_words_of(problem)), reason)
    });
    let (title, line) = said(decided, name);
    let until = until.map(in_words).unwrap_or_default();
    let lines = [
        asked.to_owned(),
        line,
        format!("The access is active until {until}."),
    ];
    let html = ActivePage {
        style: STYLE,
        title: &title,
        lines: &lines,
        nonce,
        reason,
        problem,
    }
    .render()?;
    let status = if problem.is_some() { 422 } else { 200 };
    Ok(Page { status, html })
}

const fn in_words_of(problem: &FormProblem) -> &'static str {
    match problem {
        FormProblem::Reason(ProseError::TooShort) => {
            "Please say why it should end now, in at least 3 characters."
        }
        other => other.in_words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::record::Event;
    use crate::record::tests::{ONE, at, decide, pending, slot};

    #[test]
    fn the_page_of_a_used_link() {
        let record = pending(vec![slot("210987654321", &[2])]);
        let Event::Decided { decision: decided } = decide(&record, ONE, 2, Verdict::Approve) else {
            panic!("a decision");
        };
        let name = PersonName::new("Ada <i>Okafor</i>");
        let asked = crate::letter::asked_line(&record);
        let shown = |again| {
            active(
                &asked,
                &decided,
                Some(&name),
                Some(at(9000)),
                "1.nonce",
                again,
            )
        };
        let page = shown(None).unwrap();
        assert_eq!(page.status, 200);
        assert!(!page.html.contains("<i>Okafor"));
        insta::assert_snapshot!(page.html);
        let problem = FormProblem::Reason(ProseError::TooShort);
        let page = shown(Some((&problem, "\"x<"))).unwrap();
        assert_eq!(page.status, 422);
        assert!(page.html.contains("role=\"alert\"") && page.html.contains("&#34;x&#60;"));
    }

    #[test]
    fn a_form_is_read_and_what_is_wrong_is_told() {
        let good = b"nonce=1.a&decision=revoke&reason=Left+the+team";
        assert!(RevokeForm::is_meant(good));
        let form = RevokeForm::parse(good).unwrap();
        assert_eq!(
            (form.reason.as_str(), form.nonce.as_str()),
            ("Left the team", "1.a")
        );
        for other in ["decision=approve&reason=Because", "", "decision=revoked"] {
            assert!(!RevokeForm::is_meant(other.as_bytes()), "{other}");
        }
        let problem = |body: &str| RevokeForm::parse(body.as_bytes()).unwrap_err();
        for bad in [
            "decision=revoke&reason=Because",
            "nonce=1&reason=Because",
            "reason=Because&nonce=1&decision=revoke&decision=approve",
            "reason=Because&who=me",
        ] {
            assert_eq!(
                problem(bad),
                (FormProblem::Shape, "Because".to_owned()),
                "{bad}"
            );
        }
        let short = problem("nonce=1&decision=revoke&reason=+");
        assert_eq!(
            short,
            (FormProblem::Reason(ProseError::TooShort), " ".to_owned())
        );
    }

    #[test]
    fn a_nonce_of_the_other_form_is_none_here() {
        let content = Digest::of(b"content");
        assert_ne!(RevokeForm::purpose(&content), content);
        assert_ne!(
            RevokeForm::purpose(&content),
            RevokeForm::purpose(&Digest::of(b"other"))
        );
    }
}
