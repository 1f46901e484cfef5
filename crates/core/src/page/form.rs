//! What the form sends.

use crate::approval::Verdict;
use crate::prose::{ProseError, Reason};

/// The largest form that is read, in bytes.
const MOST: usize = 16 * 1024;

/// A decision as the form sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionForm {
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What proves that the form came from our page.
    pub nonce: String,
}

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormProblem {
    /// Not a form of ours: a field is unknown, doubled or missing, or it is too large.
    #[error("not a decision form")]
    Shape,
    /// Neither yes nor no.
    #[error("no decision")]
    NoDecision,
    /// No acceptable reason.
    #[error("no acceptable reason")]
    Reason(ProseError),
    /// The form was open for too long.
    #[error("the form is too old")]
    Stale,
}

impl FormProblem {
    /// What to tell the person.
    #[must_use]
    pub const fn in_words(&self) -> &'static str {
        match self {
            Self::Shape => "The form did not arrive as it was sent. Please fill it in again.",
            Self::NoDecision => "Please choose yes or no.",
            Self::Reason(ProseError::TooShort) => "Please give a reason of at least 3 characters.",
            Self::Reason(ProseError::TooLong(_)) => {
                "Please shorten the reason to at most 1,000 characters."
            }
            Self::Reason(ProseError::Character(_)) => {
                "The reason has an invisible or control character. Please type it again."
            }
            Self::Stale => "The form was open for too long. Please send it again.",
        }
    }
}

impl DecisionForm {
    /// Reads `application/x-www-form-urlencoded` (URL Standard). Each field stands once.
    ///
    /// # Errors
    /// What is wrong, with the reason that was typed, so that it is not lost.
    pub fn parse(body: &[u8]) -> Result<Self, (FormProblem, String)> {
        if body.len() > MOST {
            return Err((FormProblem::Shape, String::new()));
        }
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
        let verdict = match decision.as_deref() {
            Some("approve") => Verdict::Approve,
            Some("deny") => Verdict::Deny,
            _ => return Err((FormProblem::NoDecision, typed)),
        };
        let Some(nonce) = nonce else {
            return Err((FormProblem::Shape, typed));
        };
        match typed.parse() {
            Ok(reason) => Ok(Self {
                verdict,
                reason,
                nonce,
            }),
            Err(problem) => Err((FormProblem::Reason(problem), typed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_form_is_read() {
        let form =
            DecisionForm::parse(b"nonce=1.a&decision=approve&reason=For+the+audit%21%0D%0AYes")
                .unwrap();
        assert_eq!(
            (form.verdict, form.nonce.as_str()),
            (Verdict::Approve, "1.a")
        );
        assert_eq!(form.reason.as_str(), "For the audit!\nYes");
    }

    #[test]
    fn what_is_wrong_is_told_and_the_reason_kept() {
        let problem = |body: &str| DecisionForm::parse(body.as_bytes()).unwrap_err();
        let retained = |problem| (problem, "Because".to_owned());
        assert_eq!(
            problem("nonce=1&reason=Because"),
            retained(FormProblem::NoDecision)
        );
        assert_eq!(
            problem("nonce=1&reason=Because&decision=maybe"),
            retained(FormProblem::NoDecision)
        );
        assert_eq!(
            problem("reason=Because&decision=deny"),
            retained(FormProblem::Shape)
        );
        assert_eq!(
            problem("reason=Because&approver=me"),
            retained(FormProblem::Shape)
        );
        assert_eq!(
            problem("reason=Because&decision=deny&decision=approve"),
            retained(FormProblem::Shape)
        );
        let short = problem("nonce=1&decision=deny&reason=+x+");
        assert_eq!(
            short,
            (FormProblem::Reason(ProseError::TooShort), " x ".to_owned())
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = DecisionForm::parse(&bytes);
        }
    }
}
