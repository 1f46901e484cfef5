//! What `iam:CreatePolicy` refuses.
//!
//! Structure comes first, then the form of actions, resources, dates and Sids, then the
//! quota. The order of the reasons follows the answers of IAM as far as they are known.

mod resource;

use super::arn;
use super::conditions::{Compares, Operator};
use super::dates::is_date;
use super::size;
use crate::document::{
    Document, DocumentError, Draft, DraftStatement, List, PolicyType, ProblemKind, Value, Version,
};
use crate::foreign;
use crate::json::{Json, Position};
use crate::scan;

/// Why IAM would refuse a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrammarError {
    /// Not a policy: "Syntax errors in policy."
    #[error("syntax errors in policy: {0}")]
    Syntax(DocumentError),
    /// "Policy document must be version 2012-10-17 or greater."
    #[error("the policy must be of version 2012-10-17")]
    Version,
    /// An empty list of actions or resources, or none.
    #[error("the statement must name {0}")]
    Missing(&'static str),
    /// An action without prefix, or with a prefix or name that cannot be.
    #[error("the action {} must be written `service:name`", foreign::code(.0))]
    Action(String),
    /// An action of another service in a trust policy: "AssumeRole policy may only specify STS
    /// AssumeRole actions."
    #[error("a trust policy may only name actions of STS, not {}", foreign::code(.0))]
    TrustAction(String),
    /// A resource that is neither `*` nor an ARN.
    #[error("the resource {} must be `*` or an ARN", foreign::code(.0))]
    Resource(String),
    /// A partition that does not exist.
    #[error("the partition of the resource {} is not valid", foreign::code(.0))]
    Partition(String),
    /// An ARN with a region where its service has none.
    #[error("the resource {} cannot contain a region", foreign::code(.0))]
    Region(String),
    /// A resource of IAM that is of no type of IAM.
    #[error("the resource {} is of no type that the service has", foreign::code(.0))]
    ResourceType(String),
    /// A condition operator that does not exist.
    #[error("the condition operator {} does not exist", foreign::code(.0))]
    Operator(String),
    /// A date that cannot be read: "The policy failed legacy parsing".
    #[error("{} is not a date", foreign::code(.0))]
    Date(String),
    /// A Sid with other signs than letters and digits.
    #[error("the Sid {} must hold only letters and digits", foreign::code(.0))]
    Sid(String),
    /// Two statements with the same Sid.
    #[error("the Sid {} is used twice", foreign::code(.0))]
    SidTwice(String),
    /// Signs that the parameter of the request does not allow.
    #[error("the policy holds the sign {}, which IAM does not take", foreign::code(&.0.to_string()))]
    Sign(char),
    /// Larger than the quota, white space not counted.
    #[error("the policy has {size} characters without white space; the quota is {quota}")]
    Quota {
        /// Characters without white space.
        size: usize,
        /// The most there may be.
        quota: usize,
    },
}

impl GrammarError {
    /// Where the policy is broken, when that is one place.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax(error) => Some(error.position()),
            _ => None,
        }
    }
}

/// Whether AWS would take the policy; see [`super::Report::grammar`].
///
/// # Errors
/// The first reason to refuse it.
pub fn check_grammar(text: &str, policy_type: PolicyType) -> Result<(), GrammarError> {
    let json = Json::parse(text).map_err(|error| GrammarError::Syntax(error.into()))?;
    check(&Draft::read(&json), policy_type)
}

pub(super) fn check(draft: &Draft<'_>, policy_type: PolicyType) -> Result<(), GrammarError> {
    structure(draft, policy_type)?;
    let version = draft
        .version
        .as_ref()
        .and_then(|version| Version::from_text(version.text()));
    let needs_2012 = !matches!(policy_type, PolicyType::Resource | PolicyType::Trust);
    if needs_2012 && version != Some(Version::V2012) {
        return Err(GrammarError::Version);
    }
    for statement in draft.statements.iter().flatten() {
        check_statement(statement, policy_type)?;
    }
    sids(draft, policy_type)?;
    // The parameter takes tab, line ends and U+0020 to U+00FF.
    // Those above begin with a byte from 0xC4 on.
    if !draft.text.is_ascii() && draft.text.bytes().any(|byte| byte >= 0xC4) {
        let sign = draft.text.chars().find(|sign| *sign > '\u{FF}');
        return Err(GrammarError::Sign(sign.unwrap_or_default()));
    }
    let quota = match policy_type {
        PolicyType::Identity | PolicyType::Boundary => size::MANAGED,
        _ => usize::MAX,
    };
    if draft.text.len() > quota {
        let size = size::counted(draft.text);
        if size > quota {
            return Err(GrammarError::Quota { size, quota });
        }
    }
    Ok(())
}

/// What the reader found, and what is missing or excluded.
fn structure(draft: &Draft<'_>, policy_type: PolicyType) -> Result<(), GrammarError> {
    let error = |kind, path, span: crate::json::Span| {
        let position = span.position(draft.text);
        GrammarError::Syntax(DocumentError::Structure {
            kind,
            path,
            span,
            position,
        })
    };
    if let Some(problem) = draft
        .problems
        .iter()
        .min_by_key(|problem| problem.span.start)
    {
        return Err(error(problem.kind, problem.path.clone(), problem.span));
    }
    if draft.statements.as_ref().is_none_or(Vec::is_empty) {
        return Err(error(
            ProblemKind::MissingStatement,
            crate::document::Path::root(),
            draft.span,
        ));
    }
    for statement in draft.statements.iter().flatten() {
        if let Some((kind, span, _)) = statement.structure(policy_type).into_iter().next() {
            return Err(error(kind, statement.path(), span));
        }
        for condition in &statement.conditions {
            let operator = condition.operator();
            if !condition.entries().is_empty() && Operator::read(operator.text()).is_none() {
                return Err(GrammarError::Operator(operator.text().to_owned()));
            }
        }
    }
    Ok(())
}

fn check_statement(
    statement: &DraftStatement<'_>,
    policy_type: PolicyType,
) -> Result<(), GrammarError> {
    let actions = statement.action.as_ref().or(statement.not_action.as_ref());
    let actions = actions.map_or(&[][..], List::values);
    if actions.is_empty() {
        return Err(GrammarError::Missing("actions"));
    }
    if let Some(action) = actions.iter().find(|action| !is_action(action.text())) {
        return Err(GrammarError::Action(action.text().to_owned()));
    }
    if policy_type == PolicyType::Trust
        && let Some(action) = actions
            .iter()
            .find(|action| is_foreign_to_sts(action.text()))
    {
        return Err(GrammarError::TrustAction(action.text().to_owned()));
    }
    let resources = statement
        .resource
        .as_ref()
        .or(statement.not_resource.as_ref());
    let resources = resources.map_or(&[][..], List::values);
    if resources.is_empty() && policy_type.needs_resource() {
        return Err(GrammarError::Missing("resources"));
    }
    for resource in resources {
        resource::check(resource.text())?;
    }
    for condition in &statement.conditions {
        let dates = Operator::read(condition.operator().text())
            .is_some_and(|op| op.compares == Compares::Date);
        if !dates {
            continue;
        }
        let values = condition
            .entries()
            .iter()
            .flat_map(|entry| entry.values().values());
        if let Some(value) = values
            .into_iter()
            .find(|value: &&Value<'_>| !is_date(value.text()))
        {
            return Err(GrammarError::Date(value.text().to_owned()));
        }
    }
    Ok(())
}

/// `*`, or a prefix of letters, digits, hyphens and dots, one colon, and a name.
fn is_action(text: &str) -> bool {
    if !text.is_empty() && text.bytes().all(|byte| byte == b'*') {
        return true;
    }
    let Some((prefix, name)) = arn::cut(text) else {
        return false;
    };
    let fits = |byte: u8| {
        let fits = OF_PREFIXES.get(usize::from(byte));
        fits.is_some_and(|fits| *fits)
    };
    !prefix.is_empty()
        && prefix.bytes().all(fits)
        && !name.is_empty()
        && scan::find(name, b':').is_none()
}

/// Whether an action, by its prefix, is of another service than STS.
pub(super) fn is_foreign_to_sts(action: &str) -> bool {
    let prefix = action.split_once(':').map_or(action, |(prefix, _)| prefix);
    !crate::catalogue::wildcard::matches_ignoring_case(prefix, "sts")
}

/// Which bytes the prefix of an action may hold.
const OF_PREFIXES: [bool; 128] = {
    let mut fits = [false; 128];
    let mut byte = 0;
    while byte < 128_u8 {
        #[expect(
            clippy::indexing_slicing,
            reason = "within its length; checked when compiled"
        )]
        {
            fits[byte as usize] =
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*' | b'?');
        }
        byte += 1;
    }
    fits
};

fn sids(draft: &Draft<'_>, policy_type: PolicyType) -> Result<(), GrammarError> {
    if matches!(policy_type, PolicyType::Resource | PolicyType::Trust) {
        return Ok(());
    }
    let sids = draft
        .statements
        .iter()
        .flatten()
        .filter_map(|statement| statement.sid.as_ref());
    let mut sids: Vec<&str> = sids
        .map(Value::text)
        .filter(|sid| !sid.is_empty())
        .collect();
    if let Some(sid) = sids
        .iter()
        .find(|sid| !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(GrammarError::Sid((*sid).to_owned()));
    }
    sids.sort_unstable();
    match sids.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(GrammarError::SidTwice(
            pair.first().copied().unwrap_or_default().to_owned(),
        )),
        None => Ok(()),
    }
}

impl Document<'_> {
    /// Whether AWS would take the document as it was read; see [`check_grammar`].
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn check_grammar(&self) -> Result<(), GrammarError> {
        check_grammar(self.text(), self.policy_type())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(statement: &str) -> Result<(), GrammarError> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        check_grammar(&text, PolicyType::Identity)
    }

    #[test]
    fn takes_what_iam_takes() {
        for statement in [
            r#"{"Effect":"Allow","Action":"x-1:Anything at all","Resource":"*"}"#,
            r#"[{"Effect":"Allow","Action":["*"],"Resource":"arn:aws:sqs"},{"Effect":"Deny","NotAction":"s3:*","NotResource":"arn:*:s3:::b"}]"#,
            r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Nonsense":{}}}"#,
            r#"[{"Sid":"","Effect":"Allow","Action":"a:b","Resource":"*"},{"Sid":"","Effect":"Allow","Action":"a:b","Resource":"*"}]"#,
            r#"{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:iam::123456789012:*"}"#,
        ] {
            assert_eq!(verdict(statement), Ok(()), "{statement}");
        }
    }

    #[test]
    fn refuses_what_iam_refuses() {
        let allow = |rest: &str| verdict(&format!(r#"{{"Effect":"Allow",{rest}}}"#)).unwrap_err();
        assert_eq!(
            allow(r#""Action":"a:b","Resource":[]"#),
            GrammarError::Missing("resources")
        );
        assert_eq!(
            allow(r#""Action":"a","Resource":"*""#),
            GrammarError::Action("a".to_owned())
        );
        assert_eq!(
            allow(r#""Action":"a:b:c","Resource":"*""#),
            GrammarError::Action("a:b:c".to_owned())
        );
        assert_eq!(
            allow(r#""Action":"a:b","Resource":"b""#),
            GrammarError::Resource("b".to_owned())
        );
        let region = "arn:aws:s3:eu-west-1::b";
        assert_eq!(
            allow(&format!(r#""Action":"a:b","Resource":"{region}""#)),
            GrammarError::Region(region.to_owned())
        );
        let kind = "arn:aws:iam::123456789012:rolle/x";
        assert_eq!(
            allow(&format!(r#""Action":"a:b","Resource":"{kind}""#)),
            GrammarError::ResourceType(kind.to_owned())
        );
        let twice = r#"{"Sid":"S","Effect":"Allow","Action":"a:b","Resource":"*"}"#;
        assert_eq!(
            verdict(&format!("[{twice},{twice}]")),
            Err(GrammarError::SidTwice("S".to_owned()))
        );
        let long = format!(
            r#"{{"Effect":"Allow","Action":"a:{}","Resource":"*"}}"#,
            "x".repeat(7000)
        );
        assert!(matches!(
            verdict(&long),
            Err(GrammarError::Quota { quota: 6_144, .. })
        ));
        assert!(matches!(verdict("[]"), Err(GrammarError::Syntax(_))));
        assert_eq!(
            check_grammar(
                r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}"#,
                PolicyType::Identity
            ),
            Err(GrammarError::Version)
        );
    }
}
