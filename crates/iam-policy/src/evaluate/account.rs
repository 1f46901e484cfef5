//! In which AWS accounts a statement acts, as far as it says.

use crate::catalogue::{self, Action, wildcard};
use crate::document::{Actions, Statement};

use super::resource::{arn_parts, is_aligned};

/// What a pattern of resources says of the account that they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceAccount<'t> {
    /// This one: what stands in the account field, without wildcard or variable.
    Named(&'t str),
    /// The account field is empty, as in ARNs of buckets: whose they are, no ARN says.
    Unnamed,
    /// More than one: there is a wildcard or variable in the account field, or before it where it
    /// stands for colons too, or the pattern is shorter than an ARN. With what stands in the account
    /// field; empty where there is none.
    Open(&'t str),
}

impl<'t> ResourceAccount<'t> {
    /// Reads a pattern of `Resource` or `NotResource`, as it is matched: colons in variables do not
    /// cut, and what is shorter than an ARN matches all that begins with it.
    #[must_use]
    pub fn of(pattern: &'t str) -> Self {
        let parts = arn_parts(pattern, true);
        let [before @ .., account, _] = parts.as_slice() else {
            return Self::Open("");
        };
        if before.len() != 4 {
            return Self::Open("");
        }
        let is_open = |part: &str| part.contains(['*', '?', '$']);
        let fixed = !before.iter().chain([account]).any(|part| is_open(part));
        match *account {
            account if !fixed && !is_aligned(&parts) => Self::Open(account),
            "" => Self::Unnamed,
            account if is_open(account) => Self::Open(account),
            account => Self::Named(account),
        }
    }
}

/// The accounts that resources must belong to by a condition of the statement: `StringEquals` or
/// `StringEqualsIfExists` on `aws:ResourceAccount`. A request that is about a resource has that key,
/// with few exceptions; one that is about none may not. None without such a condition.
#[must_use]
pub fn required_accounts<'s>(statement: &'s Statement<'_>) -> Option<Vec<&'s str>> {
    const OPERATORS: [&str; 2] = ["StringEquals", "StringEqualsIfExists"];
    let equals = |operator: &str| {
        OPERATORS
            .iter()
            .any(|one| one.eq_ignore_ascii_case(operator))
    };
    let conditions = statement.conditions().iter();
    let conditions = conditions.filter(|condition| equals(condition.operator().text()));
    let mut entries = conditions.flat_map(|condition| condition.entries());
    let entry = entries.find(|entry| {
        let key = entry.key().text();
        key.eq_ignore_ascii_case("aws:ResourceAccount")
    })?;
    Some(entry.values().texts().collect())
}

/// An action among these that can be about a resource whose ARN names an account. None where all of
/// them are about resources without one, or about none at all, as most that list things are: these act
/// in the account of whoever calls. What the catalogue does not know is taken for one that can.
#[must_use]
pub fn action_in_accounts(actions: &Actions<'_>) -> Option<String> {
    let patterns = || actions.list().texts();
    if actions.is_negated() {
        let excluded = |action: &Action| {
            let name = action.full_name();
            patterns().any(|pattern| wildcard::matches_ignoring_case(pattern, &name))
        };
        let mut others = catalogue::actions_matching("*").filter(names_account);
        let known = others.find(|action| !excluded(action));
        // There are always more actions than the catalogue knows.
        let unknown = || (!patterns().any(|pattern| pattern == "*")).then(|| "*".to_owned());
        return known.map(|action| action.full_name()).or_else(unknown);
    }
    patterns().find_map(|pattern| {
        let mut known = catalogue::actions_matching(pattern).peekable();
        if known.peek().is_none() {
            return Some(pattern.to_owned());
        }
        known.find(names_account).map(|action| action.full_name())
    })
}

/// Whether the ARN of a resource that the action can be about has an account.
fn names_account(action: &Action) -> bool {
    action.resource_types().any(|(kind, _)| {
        let parts = arn_parts(kind.arn(), true);
        parts.get(4).is_none_or(|account| !account.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, PolicyType};
    use ResourceAccount::{Named, Open, Unnamed};

    #[test]
    fn a_pattern_names_one_account_or_leaves_it_open() {
        let table = [
            (
                "arn:aws:sqs:eu-west-1:320987654321:jobs",
                Named("320987654321"),
            ),
            ("arn:aws:sqs:*:320987654321:*", Named("320987654321")),
            ("arn:aws:*:eu-*-?:320987654321:*", Named("320987654321")),
            (
                "arn:aws:iam::320987654321:role/${aws:username}",
                Named("320987654321"),
            ),
            ("arn:aws:iam::aws:policy/x", Named("aws")),
            ("arn:aws:sqs:EU:320987654321:*", Named("320987654321")),
            ("arn:aws:s3:::reports/*", Unnamed),
            ("arn:aws:s3:::${aws:username}/a:b:c", Unnamed),
            (
                "arn:aws:sqs:eu-west-1:32098765432?:jobs",
                Open("32098765432?"),
            ),
            ("arn:aws:sqs:eu-west-1:3*:jobs", Open("3*")),
            ("arn:aws:sqs:*:*:jobs", Open("*")),
            (
                "arn:aws:sqs:*:${aws:PrincipalAccount}:jobs",
                Open("${aws:PrincipalAccount}"),
            ),
            (
                "arn:aws:sqs:${aws:RequestedRegion}:320987654321:jobs",
                Open("320987654321"),
            ),
            (
                "arn:aws:sqs:${aws:PrincipalTag/a:b}:320987654321:jobs",
                Open("320987654321"),
            ),
            // Out of place, a wildcard stands for colons too.
            ("arn:aws:sqs:EU*:320987654321:jobs", Open("320987654321")),
            ("arn:aws:s3:*:a:b", Open("a")),
            (
                "ar?:aws:sqs:eu-west-1:320987654321:jobs",
                Open("320987654321"),
            ),
            ("arn:aws:sqs:*:jobs", Open("")),
            ("arn:aws:sqs", Open("")),
            ("arn:aws:s3:*", Open("")),
            ("*", Open("")),
            ("", Open("")),
        ];
        for (pattern, account) in table {
            assert_eq!(ResourceAccount::of(pattern), account, "{pattern}");
        }
    }

    #[test]
    fn a_condition_names_accounts() {
        let of = |condition: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
            );
            let document = Document::parse(&text, PolicyType::Identity).unwrap();
            let accounts = required_accounts(&document.statements()[0]);
            accounts.map(|all| all.join(" "))
        };
        for (condition, accounts) in [
            (r#"{"StringEquals":{"aws:ResourceAccount":"1"}}"#, Some("1")),
            (
                r#"{"Bool":{"aws:SecureTransport":"true"},"stringequalsifexists":{"x:y":"3","AWS:resourceaccount":["1","2"]}}"#,
                Some("1 2"),
            ),
            (r#"{"StringLike":{"aws:ResourceAccount":"1"}}"#, None),
            (r#"{"StringNotEquals":{"aws:ResourceAccount":"1"}}"#, None),
            (
                r#"{"ForAllValues:StringEquals":{"aws:ResourceAccount":"1"}}"#,
                None,
            ),
            (r#"{"StringEquals":{"aws:PrincipalAccount":"1"}}"#, None),
        ] {
            assert_eq!(of(condition).as_deref(), accounts, "{condition}");
        }
    }

    #[test]
    fn actions_that_name_no_account_act_at_home() {
        let of = |element: &str, actions: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","{element}":{actions},"Resource":"*"}}]}}"#
            );
            let document = Document::parse(&text, PolicyType::Identity).unwrap();
            action_in_accounts(document.statements()[0].actions())
        };
        let nothing = r#"["cloudwatch:ListDashboards","ec2:DescribeInstances","s3:CreateBucket"]"#;
        assert_eq!(of("Action", nothing), None);
        for (action, example) in [
            ("\"SQS:sendmessage\"", "sqs:SendMessage"),
            ("[\"s3:CreateBucket\",\"sqs:SendM*\"]", "sqs:SendMessage"),
            ("\"s3:GetObject\"", "s3:GetObject"),
            ("\"nothing:Known\"", "nothing:Known"),
        ] {
            assert_eq!(of("Action", action).as_deref(), Some(example));
        }
        assert!(of("Action", "\"*\"").is_some());
        assert!(of("NotAction", nothing).is_some());
        assert_eq!(of("NotAction", "\"*\""), None);
    }
}
