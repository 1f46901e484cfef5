//! What the forms send.

use crate::approval::Verdict;
use crate::prose::{ProseError, Reason};

/// The largest form that is read, in bytes.
pub(super) const MAX_FORM: usize = 16 * 1024;

/// What the fields of a form hold, as it is shown and as it was sent. Nothing that was typed is
/// lost.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FormFields {
    /// What proves that the form came from our page.
    pub nonce: String,
    /// The choice, as the form has it: `approve`, `deny`, `revoke`, or empty.
    pub decision: String,
    /// The reason, as it was typed.
    pub reason: String,
    /// What is wrong with them.
    pub problems: Vec<FormProblem>,
}

/// `Debug` shows nothing of what was typed.
impl std::fmt::Debug for FormFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FormFields({:?})", self.problems)
    }
}

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormProblem {
    /// Not a form of ours: a field is unknown, doubled or missing, or it is too large.
    #[error("not a form of ours")]
    Shape,
    /// Neither approve nor deny.
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
            Self::Shape => "The form didn't arrive complete. Fill it in again.",
            Self::NoDecision => "Choose Approve or Deny.",
            Self::Reason(ProseError::TooShort) => "Enter a reason of at least 3 characters.",
            Self::Reason(ProseError::TooLong(_)) => {
                "Shorten the reason to at most 1,000 characters."
            }
            Self::Reason(ProseError::Character(_)) => {
                "The reason contains an invisible or control character. Type it again."
            }
            Self::Reason(ProseError::Marks) => {
                "The reason puts more marks on a letter than can be read. Type it again."
            }
            Self::Stale => "The form was open for too long. Check it and submit it again.",
        }
    }

    /// The id of the field that it is about; none where it is about all of them.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::NoDecision => Some("approve"),
            Self::Reason(_) => Some("reason"),
            Self::Shape | Self::Stale => None,
        }
    }
}

impl FormFields {
    /// Reads `application/x-www-form-urlencoded` (URL Standard). Each field stands once; a field
    /// that does not, or is not ours, makes a problem of [`FormProblem::Shape`].
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let mut fields = Self::default();
        if body.len() > MAX_FORM {
            fields.problems.push(FormProblem::Shape);
            return fields;
        }
        let (mut seen, mut is_ours) = (Vec::new(), true);
        for (name, value) in form_urlencoded::parse(body) {
            let place = match name.as_ref() {
                "nonce" => &mut fields.nonce,
                "decision" => &mut fields.decision,
                "reason" => &mut fields.reason,
                _ => {
                    is_ours = false;
                    continue;
                }
            };
            if seen.contains(&name) {
                is_ours = false;
                continue;
            }
            *place = value.into_owned();
            seen.push(name);
        }
        if !is_ours {
            fields.problems.push(FormProblem::Shape);
        }
        fields
    }

    /// The same, with what is wrong.
    #[must_use]
    pub fn with(mut self, problem: FormProblem) -> Self {
        self.problems.push(problem);
        self
    }

    /// What is wrong with a field, by its id.
    #[must_use]
    pub fn problem_of(&self, field: &str) -> Option<&'static str> {
        let mut problems = self.problems.iter();
        let found = problems.find(|problem| problem.field() == Some(field));
        found.map(FormProblem::in_words)
    }

    /// The reason; where it is not acceptable, that is noted.
    pub(super) fn take_reason(&mut self) -> Option<Reason> {
        match self.reason.parse() {
            Ok(reason) => Some(reason),
            Err(problem) => {
                self.problems.push(FormProblem::Reason(problem));
                None
            }
        }
    }
}

/// A decision as the form sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionForm {
    /// Approve or deny.
    pub verdict: Verdict,
    /// The reason that was typed.
    pub reason: Reason,
    /// What proves that the form came from our page.
    pub nonce: String,
}

impl DecisionForm {
    /// Reads a decision.
    ///
    /// # Errors
    /// The fields with everything that is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, FormFields> {
        let mut fields = FormFields::read(body);
        let verdict = match fields.decision.as_str() {
            "approve" => Some(Verdict::Approve),
            "deny" => Some(Verdict::Deny),
            _ => None,
        };
        if !fields.problems.is_empty() {
            return Err(fields);
        }
        if verdict.is_none() {
            fields.problems.push(FormProblem::NoDecision);
        }
        let reason = fields.take_reason();
        match (verdict, reason, fields.nonce.is_empty()) {
            (Some(verdict), Some(reason), false) => Ok(Self {
                verdict,
                reason,
                nonce: fields.nonce,
            }),
            (Some(_), Some(_), true) => Err(fields.with(FormProblem::Shape)),
            _ => Err(fields),
        }
    }

    /// The fields that this was read from.
    #[must_use]
    pub fn fields(&self) -> FormFields {
        let decision = match self.verdict {
            Verdict::Approve => "approve",
            Verdict::Deny => "deny",
        };
        FormFields {
            nonce: self.nonce.clone(),
            decision: decision.to_owned(),
            reason: self.reason.as_str().to_owned(),
            problems: Vec::new(),
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
        assert_eq!(form.fields().decision, "approve");
    }

    #[test]
    fn everything_that_is_wrong_is_said_and_what_was_typed_is_kept() {
        let short = FormProblem::Reason(ProseError::TooShort);
        let table = [
            (
                "nonce=1&reason=Because",
                "Because",
                vec![FormProblem::NoDecision],
            ),
            (
                "nonce=1&reason=Because&decision=maybe",
                "Because",
                vec![FormProblem::NoDecision],
            ),
            (
                "nonce=1&reason=+x+",
                " x ",
                vec![FormProblem::NoDecision, short],
            ),
            ("nonce=1&decision=deny&reason=+x+", " x ", vec![short]),
            (
                "reason=Because&decision=deny",
                "Because",
                vec![FormProblem::Shape],
            ),
            (
                "reason=Because&decision=deny&nonce=",
                "Because",
                vec![FormProblem::Shape],
            ),
            (
                "nonce=1&reason=Because&decision=deny&approver=me",
                "Because",
                vec![FormProblem::Shape],
            ),
            (
                "nonce=1&reason=Because&decision=deny&decision=approve",
                "Because",
                vec![FormProblem::Shape],
            ),
        ];
        for (body, reason, problems) in table {
            let fields = DecisionForm::parse(body.as_bytes()).unwrap_err();
            assert_eq!(
                (fields.reason.as_str(), &fields.problems),
                (reason, &problems),
                "{body}"
            );
        }
        let large = vec![b'x'; MAX_FORM + 1];
        let fields = DecisionForm::parse(&large).unwrap_err();
        assert_eq!(fields.problems, [FormProblem::Shape]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = DecisionForm::parse(&bytes);
        }
    }
}
