//! Whatever is asked for, nothing that is affected loses its owner.

use proptest::prelude::*;

use super::*;

/// Actions and resources of texts; the first of the resources are the item's.
const ACTIONS: [&str; 5] = [
    "s3:GetObject",
    "s3:*",
    "*",
    "s3:ListBucket",
    "sqs:ReceiveMessage",
];
const RESOURCES: [&str; 9] = [
    "arn:aws:s3:::reports",
    "arn:aws:s3:::reports/*",
    "arn:aws:s3:::reports/2026/*",
    "arn:aws:s3:::reports*",
    "arn:aws:s3:::archive/*",
    "arn:aws:sqs:eu-west-1:210987654321:q",
    "arn:aws:sqs:eu-west-1:320987654321:q",
    "arn:aws:sqs:eu-west-1:*:q",
    "*",
];
/// What is asked of the evaluator, which knows nothing of proofs, outside and within the item.
const OUTSIDE: [&str; 5] = [
    "arn:aws:s3:::reports-of-others/x",
    "arn:aws:s3:::archive/x",
    "arn:aws:sqs:eu-west-1:210987654321:q",
    "arn:aws:sqs:eu-west-1:320987654321:q",
    "arn:aws:sqs:eu-west-1:430987654321:q",
];

fn statements() -> impl Strategy<Value = Value> {
    let conditions = prop_oneof![
        3 => Just(None),
        1 => Just(Some(json!({"StringLike": {"aws:username": "a*"}}))),
        1 => Just(Some(json!({"ForAnyValue:StringNotLike": {"aws:TagKeys": ["x*", "?"]}}))),
    ];
    let one = (
        prop::sample::select(&ACTIONS[..]),
        prop::collection::vec(prop::sample::select(&RESOURCES[..]), 1..3),
        any::<bool>(),
        conditions,
    );
    let one = one.prop_map(|(action, resources, negated, condition)| {
        let mut statement = json!({"Effect": "Allow", "Action": action});
        // `NotResource` seldom, or hardly anything would be held.
        let element = if negated && resources.len() == 2 {
            "NotResource"
        } else {
            "Resource"
        };
        statement[element] = json!(resources);
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    });
    prop::collection::vec(one, 1..3)
        .prop_map(|all| json!({"Version": "2012-10-17", "Statement": all}))
}

fn allows_outside(text: &str) -> bool {
    use iam_policy::condition::Context;
    use iam_policy::evaluate::{Request, RequestPrincipal};
    let document = Document::parse(text, PolicyType::Identity).unwrap();
    let ruleset = Ruleset::compile(&document);
    let who: RequestPrincipal = facts().arn.parse().unwrap();
    let context = Context::new().with("aws:username", "anna");
    OUTSIDE.iter().any(|resource| {
        ["s3:GetObject", "sqs:ReceiveMessage"].iter().any(|action| {
            ruleset.allows(&Request::new(
                action,
                resource,
                who.clone(),
                context.clone(),
            ))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Standing in never leaves an account without anybody who decides, takes the place of no
    /// account that the file does not name, and never comes of texts that reach further.
    #[test]
    fn nothing_that_is_touched_loses_its_owner(
        texts in prop::collection::vec(statements(), 1..4),
        inline in any::<bool>(),
        named in 0u8..3,
        mapped in prop::sample::select(vec![vec![HOME], vec![OTHER], vec![HOME, OTHER]]),
    ) {
        let written: Vec<String> = texts.iter().map(Value::to_string).collect();
        let (asked, grants) = match inline {
            true => (json!([{"type": "inline_policy", "document": texts[0]}]), GrantFacts::InRequest),
            false => (
                json!([{"type": "group_membership", "group": "analysts"}]),
                group(&written.iter().map(String::as_str).collect::<Vec<_>>()),
            ),
        };
        let mut request = naming(named, asked);
        if named == 0 {
            request.resource = None;
        }
        let guardrails = guardrails(vec![item(&mapped, &BUCKET)]);
        let (with, without) = (
            guardrails.owned_resources(&request, &survey(vec![grants])),
            owned_resources(&request, &[]),
        );
        prop_assert!(!with.is_empty());
        let missing: Vec<AccountId> = without.iter().filter(|one| !with.contains(one)).filter_map(|one| match one {
            OwnedResource::Account { account_id } => Some(account_id.clone()),
            OwnedResource::Item { .. } | OwnedResource::Beneficiary { .. } => None,
        }).collect();
        let stood_in: Vec<AccountId> = with.iter().filter_map(|one| match one {
            OwnedResource::Item { instead_of, .. } => Some(instead_of.clone()),
            OwnedResource::Account { .. } | OwnedResource::Beneficiary { .. } => None,
        }).flatten().collect();
        prop_assert_eq!(&missing, &stood_in, "whoever is not asked is named in the slot");
        prop_assert!(missing.iter().all(|id| mapped.contains(&id.as_str())));
        let judged = if inline { &written[..1] } else { &written[..] };
        if !missing.is_empty() {
            prop_assert_eq!(named, 1, "only the item of the file");
            prop_assert!(!judged.iter().any(|text| allows_outside(text)), "{judged:?}");
        }
    }
}
