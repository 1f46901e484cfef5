//! The reference policy of an account: the most that any grant there may allow, and the proof
//! that a policy stays within it.

use iam_policy::condition::ContextValue;
use iam_policy::document::{Document, DocumentError, PolicyType};
use iam_policy::evaluate::{Request, Ruleset};
use iam_policy::lint::{self, FindingType};
use iam_policy::prove::{
    Access, CheckResult, StatementRef, check_access_not_granted, check_no_new_access,
};
use serde_json::{Value, json};

use crate::finding::{Evidence, Finding, FindingCode, Witness};
use crate::id::AccountId;
use crate::markup;

/// The reference policy of some accounts: the statements of the guardrails, without the denied
/// actions.
#[derive(Debug, Clone)]
pub struct Reference {
    accounts: Vec<AccountId>,
    text: String,
    ruleset: Ruleset,
    never: Vec<Access>,
}

/// Why statements make no reference policy.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReferenceError {
    /// Not the statements of a policy.
    #[error("the statements make no policy")]
    Document(#[source] DocumentError),
    /// AWS would find errors in it.
    #[error("the statements would not work")]
    Lint(#[source] LintError),
}

/// What would not work in a policy, in the engine's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct LintError(String);

/// A policy that is to be judged.
#[derive(Debug, Clone)]
pub(super) struct Judged<'a> {
    /// JSON pointer to the grant that brings it.
    pub(super) pointer: String,
    /// Its ARN or name.
    pub(super) name: &'a str,
    /// Its text.
    pub(super) text: &'a str,
}

impl Reference {
    /// Reads the statements of the guardrails: IAM's own elements, with `Effect` left out for
    /// `Allow`. The denied actions are denied besides.
    ///
    /// # Errors
    /// Where they make no policy.
    pub(super) fn new(
        accounts: &[AccountId],
        statements: &[Value],
        never: &[String],
    ) -> Result<Self, ReferenceError> {
        let mut all = Vec::new();
        for statement in statements {
            let mut statement = statement.clone();
            if let Value::Object(elements) = &mut statement {
                elements
                    .entry("Effect")
                    .or_insert_with(|| Value::from("Allow"));
            }
            all.push(statement);
        }
        all.push(json!({"Effect": "Deny", "Action": never, "Resource": "*"}));
        let text = json!({"Version": "2012-10-17", "Statement": all}).to_string();
        let ruleset = {
            let document =
                Document::parse(&text, PolicyType::Identity).map_err(ReferenceError::Document)?;
            Ruleset::compile(&document)
        };
        Ok(Self {
            accounts: accounts.to_vec(),
            text,
            ruleset,
            never: vec![Access {
                actions: never.to_vec(),
                resources: Vec::new(),
            }],
        })
    }

    /// Whether it would work.
    ///
    /// # Errors
    /// The first error that AWS would find in it.
    pub(super) fn lint(&self) -> Result<(), ReferenceError> {
        let report = lint::lint(&self.text, PolicyType::Identity, lint::Options::default());
        // A reference may be longer than a policy: it is never given to IAM.
        let size = lint::Code::PolicySizeExceedsIdentityQuota;
        let mut errors = report.findings().iter().filter(|finding| {
            finding.finding_type() == FindingType::Error && finding.code() != size
        });
        errors.next().map_or(Ok(()), |error| {
            let error = LintError(format!("{}: {}", error.path(), error.message()));
            Err(ReferenceError::Lint(error))
        })
    }

    pub(super) fn is_of(&self, account: &AccountId) -> bool {
        self.accounts.contains(account)
    }

    /// The accounts that it is for.
    #[must_use]
    pub fn accounts(&self) -> &[AccountId] {
        &self.accounts
    }

    /// The policy as JSON, the denied actions included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A request that this reference allows and the other does not, if there is one.
    pub(super) fn beyond(&self, other: &Self) -> CheckResult {
        check_no_new_access(&other.ruleset, &self.ruleset)
    }

    /// Everything in a policy that goes beyond the reference. None means that this is proved.
    pub(super) fn judge(&self, judged: &Judged<'_>) -> Option<Finding> {
        let Ok(document) = Document::parse(judged.text, PolicyType::Identity) else {
            let detail = "the policy can't be parsed";
            return Some(judged.finding(FindingCode::Unreadable, detail.to_owned(), "", None));
        };
        let ruleset = Ruleset::compile(&document);
        let never = check_access_not_granted(&ruleset, &self.never);
        let covered = || check_no_new_access(&self.ruleset, &ruleset);
        judged
            .finding_of(never, FindingCode::DeniedAction, "is a denied action")
            .or_else(|| {
                let code = FindingCode::ExceedsReference;
                judged.finding_of(covered(), code, "exceeds the account's reference policy")
            })
    }
}

impl Judged<'_> {
    pub(super) fn finding(
        &self,
        code: FindingCode,
        detail: String,
        place: &str,
        witness: Option<Witness>,
    ) -> Finding {
        let evidence = Evidence {
            policy: self.name.to_owned(),
            place: place.to_owned(),
            witness,
        };
        Finding {
            evidence: Some(evidence),
            ..Finding::new(&self.pointer, code, detail)
        }
    }

    fn finding_of(&self, verdict: CheckResult, code: FindingCode, what: &str) -> Option<Finding> {
        let place = |statement: &StatementRef| format!("Statement[{}]", statement.index);
        match verdict {
            CheckResult::Pass => None,
            CheckResult::Fail { witness, statement } => {
                let witness = Witness::from(&*witness);
                let (action, resource) = (
                    markup::code(&witness.action),
                    markup::code(&witness.resource),
                );
                let detail = format!("{action} on {resource} {what}");
                Some(self.finding(code, detail, &place(&statement), Some(witness)))
            }
            CheckResult::Undecided { statement } => {
                let detail = "it couldn't be proved that the policy stays within the account's \
                              reference policy; fewer or simpler conditions may help";
                let place = statement.as_ref().map_or_else(String::new, place);
                Some(self.finding(FindingCode::NotProven, detail.to_owned(), &place, None))
            }
        }
    }
}

impl From<&Request> for Witness {
    fn from(request: &Request) -> Self {
        let context = request.context().iter().map(|(key, value)| {
            let value = match value {
                ContextValue::One(value) => value.clone(),
                ContextValue::Many(values) => values.join(", "),
            };
            (key.to_owned(), value)
        });
        Self {
            action: request.action().to_owned(),
            resource: request.resource().to_owned(),
            context: context.collect(),
        }
    }
}
