//! The page of a used link while the access is active: until when, and a form that ends it early.

use askama::Template;
use jiff::Timestamp;

use super::form::{FormFields, FormProblem, MAX_FORM};
use super::{About, Page, STYLE, decided_words};
use crate::id::{Digest, SysId};
use crate::markup::Text;
use crate::prose::Reason;
use crate::record::DecisionRecord;
use crate::ticket::PersonName;
use crate::wording::date_time_from;

/// A revocation as the form sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeForm {
    /// The reason that was typed.
    pub reason: Reason,
    /// What proves that the form came from our page.
    pub nonce: String,
}

impl RevokeForm {
    /// Whether a form is sent to end access, and not to decide.
    #[must_use]
    pub fn is_meant(body: &[u8]) -> bool {
        body.len() <= MAX_FORM
            && form_urlencoded::parse(body)
                .any(|(name, value)| name == "decision" && value == "revoke")
    }

    /// Reads the form.
    ///
    /// # Errors
    /// The fields with everything that is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, FormFields> {
        let mut fields = FormFields::read(body);
        if !fields.problems.is_empty() {
            return Err(fields);
        }
        if fields.nonce.is_empty() || fields.decision != "revoke" {
            return Err(fields.with(FormProblem::Shape));
        }
        match fields.take_reason() {
            Some(reason) => Ok(Self {
                reason,
                nonce: fields.nonce,
            }),
            None => Err(fields),
        }
    }

    /// The fields that this was read from.
    #[must_use]
    pub fn fields(&self) -> FormFields {
        FormFields {
            nonce: self.nonce.clone(),
            decision: "revoke".to_owned(),
            reason: self.reason.as_str().to_owned(),
            problems: Vec::new(),
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
    heading: &'a str,
    title: &'a str,
    lines: &'a [Text],
    about: Option<&'a About>,
    reader: &'a Text,
    typed: &'a FormFields,
}

/// The page with the form. With problems it is shown again (422) with what was typed. Where the
/// audit trail is broken, the page says so.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn active(
    about: &About,
    decided: &DecisionRecord,
    (reader, decided_by): (&SysId, Option<&PersonName>),
    (until, is_broken): (Option<Timestamp>, bool),
    typed: &FormFields,
    now: Timestamp,
) -> Result<Page, askama::Error> {
    let until = until.map(|until| date_time_from(until, now));
    let until = until.unwrap_or_default();
    let title = match until.rsplit_once(" (") {
        Some((date, _)) => format!("Access is active until {date}"),
        None => "Access is active".to_owned(),
    };
    let (_, decided) = decided_words(decided, reader, decided_by);
    let mut lines = vec![
        decided,
        Text::new(format!(
            "It ends on {until} and is then removed automatically."
        )),
    ];
    if is_broken {
        let warning = "Someone changed the stored record of this request: don't rely on what this page says about it. You can still end the access.";
        lines.insert(0, Text::new(warning));
    }
    let html = ActivePage {
        style: STYLE,
        heading: &about.heading,
        title: &title,
        lines: &lines,
        about: Some(about),
        reader: &about.reader(),
        typed,
    }
    .render()?;
    let status = if typed.problems.is_empty() { 200 } else { 422 };
    Ok(Page { status, html })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::installation::tests::installation;
    use crate::prose::ProseError;
    use crate::record::Event;
    use crate::record::tests::{ONE, at, decide, pending, person, slot};

    #[test]
    fn the_page_of_a_used_link() {
        let record = pending(vec![slot("210987654321", &[2])]);
        let Event::Decided { decision: decided } = decide(&record, ONE, 2, Verdict::Approve) else {
            panic!("a decision");
        };
        let name = PersonName::new("Ada <i>Okafor</i>");
        let requester = Some(PersonName::new("Rita Chen"));
        let about = About::new(&record, requester, &installation());
        let shown = |typed: &FormFields| {
            let by = (&person(3), Some(&name));
            active(&about, &decided, by, (Some(at(9000)), false), typed, at(0))
        };
        let untouched = FormFields {
            nonce: "1.nonce".to_owned(),
            ..FormFields::default()
        };
        let page = shown(&untouched).unwrap();
        assert_eq!(page.status, 200);
        assert!(!page.html.contains("<i>Okafor"));
        insta::assert_snapshot!(page.html);
        let typed = FormFields {
            nonce: "1.nonce".to_owned(),
            reason: "\"x<".to_owned(),
            problems: vec![FormProblem::Reason(ProseError::TooShort)],
            ..FormFields::default()
        };
        let page = shown(&typed).unwrap();
        assert_eq!(page.status, 422);
        assert!(page.html.contains("role=\"alert\"") && page.html.contains("&#34;x&#60;"));
        assert!(
            page.html.contains("<a href=\"#reason\">"),
            "the summary leads to the field"
        );
    }

    #[test]
    fn a_form_is_read_and_what_is_wrong_is_said() {
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
        let problem = |body: &str| {
            let fields = RevokeForm::parse(body.as_bytes()).unwrap_err();
            (fields.problems, fields.reason)
        };
        for bad in [
            "decision=revoke&reason=Because",
            "nonce=1&reason=Because",
            "reason=Because&nonce=1&decision=revoke&decision=approve",
            "reason=Because&who=me",
        ] {
            let shape = vec![FormProblem::Shape];
            assert_eq!(problem(bad), (shape, "Because".to_owned()), "{bad}");
        }
        let short = vec![FormProblem::Reason(ProseError::TooShort)];
        assert_eq!(
            problem("nonce=1&decision=revoke&reason=+"),
            (short, " ".to_owned())
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
