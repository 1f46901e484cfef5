//! The one inline policy of a request: what its grants say, with the end of the access in it, and no
//! more accounts than those whose owners decide.

mod accounts;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::request::{AccessRequest, Named};

pub(crate) use accounts::{LeftOpen, accounts_of, can_be_limited, left_open};

/// The operators that can hold an end, in the order in which they are tried. All of one block
/// must hold (IAM User Guide, "Conditions with multiple context keys or values"), so an end beside
/// conditions on the time that are there already only narrows.
const ENDS: [&str; 4] = [
    "DateLessThan",
    "DateLessThanEquals",
    "DateLessThanIfExists",
    "DateLessThanEqualsIfExists",
];

const NOW: &str = "aws:CurrentTime";

/// A statement has no place for a condition that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// The statement of this number, from 0, has all operators in use on the time: no end can be
    /// added.
    #[error("statement {0} has every condition on the time that there is")]
    ForTheEnd(usize),
    /// A statement leaves its accounts open, and has a condition of its own where they would stand.
    #[error("a statement has a condition of its own on the accounts of its resources")]
    ForTheAccounts,
}

/// The inline policy of a request: the statements of its inline policy and one that lets the
/// target assume its roles, each only until the end, and each that leaves its accounts open only in
/// those whose owners decide. None where no grant asks for one.
///
/// # Errors
/// Where a statement leaves no place for one of these conditions.
pub fn inline_policy(
    request: &AccessRequest,
    ends_at: Timestamp,
) -> Result<Option<String>, NoPlace> {
    let mut statements: Vec<Value> = Vec::new();
    let mut roles: Vec<&str> = Vec::new();
    for grant in &request.grants {
        match grant.named() {
            Named::Written(document) => {
                let home = &request.target.account_id;
                let limited = accounts::limited(document.as_str(), home);
                statements.extend(limited.ok_or(NoPlace::ForTheAccounts)?);
            }
            Named::Role(arn) => roles.push(arn.as_str()),
            Named::Policy(_) | Named::Group(_) | Named::Target { .. } => {}
        }
    }
    if !roles.is_empty() {
        statements.push(json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}));
    }
    if statements.is_empty() {
        return Ok(None);
    }
    let end = ends_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for (index, statement) in statements.iter_mut().enumerate() {
        end_statement(statement, &end).ok_or(NoPlace::ForTheEnd(index))?;
    }
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    Ok(Some(policy.to_string()))
}

/// The size that IAM counts: characters that are not white space (IAM User Guide, "IAM and AWS
/// STS quotas").
#[must_use]
pub fn counted(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

fn statements_of(document: &str) -> Vec<Value> {
    let Ok(Value::Object(mut document)) = serde_json::from_str(document) else {
        return Vec::new();
    };
    match document.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn conditions_of(statement: &mut Value) -> Option<&mut Map<String, Value>> {
    statement
        .as_object_mut()?
        .entry("Condition")
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()
}

/// An operator as conditions have it. Operators and keys are compared without regard to case: nothing
/// is taken for absent that IAM could take for the same.
fn written_as(conditions: &Map<String, Value>, operator: &str) -> String {
    let mut names = conditions.keys();
    let found = names.find(|name| name.eq_ignore_ascii_case(operator));
    found.cloned().unwrap_or_else(|| operator.to_owned())
}

/// Adds the end to the conditions of one statement.
fn end_statement(statement: &mut Value, end: &str) -> Option<()> {
    let conditions = conditions_of(statement)?;
    for operator in ENDS {
        let written = written_as(conditions, operator);
        let keys = conditions
            .entry(written)
            .or_insert_with(|| Value::Object(Map::new()))
            .as_object_mut()?;
        if !keys.keys().any(|key| key.eq_ignore_ascii_case(NOW)) {
            keys.insert(NOW.to_owned(), Value::from(end));
            return Some(());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use iam_policy::condition::Context;
    use iam_policy::document::{Document, PolicyType};
    use iam_policy::evaluate::{Request, RequestPrincipal, Ruleset};
    use iam_policy::lint::check_grammar;
    use iam_policy::prove::check_no_new_access;
    use proptest::prelude::*;

    const END: &str = "2026-05-02T14:05:00Z";

    fn request(grants: Value) -> AccessRequest {
        let body = json!({
            "source": {"table": "sc_req_item", "sys_id": "aa".repeat(16), "number": "RITM0010001"},
            "requested_by": {"sys_id": "bb".repeat(16)},
            "target": {"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}},
            "grants": grants,
            "duration": "PT8H",
            "justification": "Quarter-end reports"
        });
        AccessRequest::parse(body.to_string().as_bytes()).unwrap()
    }

    fn ended(grants: Value) -> Result<Option<String>, NoPlace> {
        inline_policy(&request(grants), END.parse().unwrap())
    }

    fn ruleset(text: &str) -> Ruleset {
        Ruleset::compile(&Document::parse(text, PolicyType::Identity).unwrap())
    }

    /// Whoever asks does not choose by the spelling of an ARN whose owner is not asked.
    #[test]
    fn what_leaves_accounts_open_acts_in_those_whose_owners_decide() {
        let policy = |resource: Value| {
            let statement = json!({"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ListQueues"],
                "Resource": resource});
            let document = json!({"Version": "2012-10-17", "Statement": statement});
            let policy = ended(json!([{"type": "inline_policy", "document": document}]));
            policy.unwrap().unwrap()
        };
        let allows = |policy: &str, account: &str| {
            let context = Context::default()
                .with("aws:CurrentTime", "2026-05-02T14:04:59Z")
                .with("aws:ResourceAccount", account)
                .with("aws:RequestedRegion", "eu-west-1");
            let principal = "arn:aws:iam::210987654321:user/rita";
            let resource = format!("arn:aws:sqs:eu-west-1:{account}:jobs");
            let principal = principal.parse().unwrap();
            let request = Request::new("sqs:SendMessage", &resource, principal, context);
            ruleset(policy).allows(&request)
        };
        let (home, other, third) = ("210987654321", "320987654321", "430987654321");
        for open in [
            "*",
            "arn:aws:sqs:*",
            "arn:aws:sqs:eu-west-1:*:jobs",
            "arn:aws:sqs:eu-west-1:????????????:jobs",
            "arn:aws:sqs:${aws:RequestedRegion}:*:jobs",
        ] {
            let policy_of_one = policy(json!(open));
            assert!(allows(&policy_of_one, home), "{open}");
            assert!(!allows(&policy_of_one, other), "{open}");
            let of_two = policy(json!([open, format!("arn:aws:sqs:eu-west-1:{other}:jobs")]));
            assert!(allows(&of_two, home) && allows(&of_two, other), "{open}");
            assert!(!allows(&of_two, third), "{open}");
        }
        let named = policy(json!(format!("arn:aws:sqs:eu-west-1:{other}:jobs")));
        assert!(allows(&named, other) && !named.contains("ResourceAccount"));
    }

    #[test]
    fn one_policy_for_all_grants_each_with_the_end() {
        let policy = ended(json!([
            {"type": "attach_managed_policy", "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"},
            {"type": "assume_role", "role_arn": "arn:aws:iam::320987654321:role/reader"},
            {"type": "inline_policy", "document": {"Version": "2012-10-17", "Statement": [
                {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*",
                 "Condition": {"DateLessThan": {"AWS:currenttime": "2030-01-01"}, "Bool": {"aws:SecureTransport": "true"}}},
                {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::reports"}
            ]}}
        ]))
        .unwrap()
        .unwrap();
        let value: Value = serde_json::from_str(&policy).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(counted(" {\"a\": \t\"b\u{a0}c\"\n}"), 10);
    }

    #[test]
    fn without_such_a_grant_there_is_none() {
        let grants = json!([{"type": "attach_managed_policy",
            "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"}]);
        assert_eq!(ended(grants), Ok(None));
    }

    #[test]
    fn a_statement_that_uses_every_operator_is_told() {
        let at = json!({"aws:currenttime": "2030-01-01T00:00:00Z"});
        let grants = json!([{"type": "inline_policy", "document": {"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {
                "DateLessThan": at, "DateLessThanEquals": at,
                "DateLessThanIfExists": at, "DateLessThanEqualsIfExists": at}}}}]);
        assert_eq!(ended(grants), Err(NoPlace::ForTheEnd(0)));
    }

    proptest! {
        /// The end only narrows: the policy allows nothing that was not asked for, everything
        /// that was before the end, and nothing after it.
        #[test]
        fn the_end_only_narrows(
            operators in proptest::sample::subsequence(ENDS.to_vec(), 0..=3),
            action in "s3:(Get|Put)[A-Z]?\\*?",
            resource in "(\\*|arn:aws:s3:::[a-c]{1,3}/\\*)",
        ) {
            let mut condition = Map::new();
            for operator in operators {
                condition.insert(operator.to_owned(), json!({NOW: "2040-01-01T00:00:00Z"}));
            }
            let document = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}]});
            let policy = ended(json!([{"type": "inline_policy", "document": document}])).unwrap().unwrap();
            prop_assert_eq!(check_grammar(&policy, PolicyType::Identity), Ok(()));
            let (asked, given) = (ruleset(&document.to_string()), ruleset(&policy));
            prop_assert!(check_no_new_access(&asked, &given).is_pass());
            let principal: RequestPrincipal = "arn:aws:iam::210987654321:user/rita".parse().unwrap();
            let at = |time: &str| Request::new(
                &action.replace('*', "Object"), &resource.replace('*', "x"), principal.clone(),
                Context::default().with("aws:CurrentTime", time));
            let before = at("2026-05-02T14:04:59Z");
            prop_assert_eq!(given.allows(&before), asked.allows(&before));
            prop_assert!(!given.allows(&at("2026-05-02T14:05:01Z")));
        }
    }
}
