use super::*;
use crate::foreign::{TextPart, parts};
use crate::glob::{Budget, Coverage, Glob, covered};
use proptest::prelude::*;

#[test]
fn resources_in_words() {
    for (patterns, expected) in [
        (&["*"] as &[&str], ""),
        (&[], "nowhere"),
        (&["arn:*:*:*:*:*"], ""),
        (
            &["arn:aws:s3:::reports", "arn:aws:s3:::reports/2026/*"],
            "in the bucket `reports` itself and the folder `2026` of the bucket `reports`",
        ),
        (
            &["arn:aws:s3:::*SageMaker*"],
            "in buckets and objects whose name contains `SageMaker`",
        ),
        (
            &["arn:aws:logs:*:*:log-group:/aws/rds/*:log-stream:*"],
            "on log groups whose name begins with `/aws/rds/`",
        ),
        (&["arn:aws:glue:*:*:catalog"], "on the catalog"),
        (
            &["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"],
            "in the bucket `reports`",
        ),
        (
            &["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"],
            "in the buckets `a` and `b`",
        ),
        (
            &["arn:aws:s3:::vault/keys", "arn:aws:s3:::vault/keys/*"],
            "in the object `keys` of the bucket `vault` and the folder `keys` of the bucket `vault`",
        ),
        (
            &["arn:aws:s3:::vault/keys/", "arn:aws:s3:::vault/keys/*"],
            "in the folder `keys` of the bucket `vault`",
        ),
        // A wildcard goes on over `/`: the object may lie deeper.
        (
            &["arn:aws:s3:::logs-*/x/*"],
            "in objects whose bucket and name are like `logs-*/x/*`",
        ),
        (
            &["arn:aws:ecs:*:*:cluster/a", "arn:aws:eks:*:*:cluster/a"],
            "on the cluster `a` of Amazon Elastic Container Service and the cluster `a` of Amazon Elastic Kubernetes Service",
        ),
        (
            &["arn:aws:s3:::a", "arn:aws-cn:s3:::a"],
            "in the bucket `a` and on `arn:aws-cn:s3:::a`",
        ),
        (
            &["arn:aws:s3*"],
            "on all of every service whose short name is like `s3*`",
        ),
        (&["arn:aws:*"], "on all of every service"),
        (&["arn:aws"], "on all of every service"),
        (
            &["arn:aws:s3:::reports/2026/*"],
            "in the folder `2026` of the bucket `reports`",
        ),
        (
            &["arn:aws:s3:::logs-*"],
            "in buckets whose name begins with `logs-`",
        ),
        (
            &["arn:aws:dynamodb:eu-west-1:111111111111:table/orders"],
            "on the table `orders` in `eu-west-1` of account `111111111111`",
        ),
        (&["arn:aws:sqs:*:*:jobs"], "on the queue `jobs`"),
        (&["arn:aws:lambda:*:*:function:*"], "on all functions"),
        (
            &["arn:aws:iam::*:user/${aws:username}"],
            "on the user (own user name)",
        ),
        (&["arn:aws:ec2:*"], "on all of Amazon EC2"),
        (
            &[
                "arn:aws:s3:::${aws:PrincipalTag/team}",
                "arn:aws:s3:::${aws:PrincipalTag/team}/*",
            ],
            "in the bucket `${aws:PrincipalTag/team}`",
        ),
        (
            &["arn:aws:s3:::home/${aws:PrincipalTag/team}/*"],
            "in the folder `${aws:PrincipalTag/team}` of the bucket `home`",
        ),
        (
            &["arn:aws:sqs:*:*:${aws:PrincipalTag/x, 'payroll'}"],
            "on the queue `${aws:PrincipalTag/x}` (or `payroll` where there is none)",
        ),
        (
            &["arn:aws:dynamodb:*:*:table/a-${aws:PrincipalTag/x, 'b/c'}"],
            "on the table `a-${aws:PrincipalTag/x}` (or `a-b/c` where there is none)",
        ),
        (
            &["arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:jobs"],
            "on the queue `jobs` in `eu-west-1` of account (own account)",
        ),
        (&["arn:aws:s3:::a${*}b"], "in the bucket `a${*}b`"),
    ] {
        let described = match describe(patterns.iter().copied(), true, false) {
            ResourcePhrase::Everywhere => String::new(),
            ResourcePhrase::Nowhere => "nowhere".to_owned(),
            ResourcePhrase::Some(named) => named.text(),
        };
        assert_eq!(described, expected);
    }
}

#[test]
fn what_is_denied_is_told_as_no_more() {
    for (patterns, expected) in [
        (
            &["arn:aws:s3:::vault"] as &[&str],
            "on `arn:aws:s3:::vault`",
        ),
        (&["arn:aws:s3:::vault/*"], "on `arn:aws:s3:::vault/*`"),
        (
            &["arn:aws:s3:::vault", "arn:aws:s3:::vault/*"],
            "in the bucket `vault`",
        ),
        (
            &["arn:aws:s3:::vault/keys/*"],
            "in the folder `keys` of the bucket `vault`",
        ),
        (
            &["arn:aws:iam::*:role/app-*"],
            "on roles whose name begins with `app-`",
        ),
        (&["arn:aws:sqs:*:*:jobs"], "on the queue `jobs`"),
        (&["arn:aws:sqs:::jobs"], "on `arn:aws:sqs:::jobs`"),
        (
            &["arn:aws:logs:*:*:log-group:a:log-stream:b"],
            "on `arn:aws:logs:*:*:log-group:a:log-stream:b`",
        ),
        (&["arn:aws:sqs:eu-*:jobs"], "on `arn:aws:sqs:eu-*:jobs`"),
        (&["arn:aws:ec2:*"], "on all of Amazon EC2"),
        (&["arn:*:*:*:*:*"], "on `arn:*:*:*:*:*`"),
    ] {
        let ResourcePhrase::Some(named) = describe(patterns.iter().copied(), true, true) else {
            panic!("{patterns:?}");
        };
        assert_eq!(named.text(), expected);
    }
}

/// What a reader takes a part of a sentence about buckets for, as patterns.
fn read(told: &str) -> Vec<String> {
    let (mut words, mut names) = (String::new(), Vec::new());
    for part in parts(told) {
        match part {
            TextPart::Ours(ours) => words.push_str(ours),
            TextPart::Foreign(name) | TextPart::Whole(name) => {
                words.push('X');
                names.push(name);
            }
        }
    }
    let of = |form: fn(&str, &str) -> Vec<String>| match names.as_slice() {
        [only] => form(only, ""),
        [one, other] => form(one, other),
        _ => panic!("{told}"),
    };
    match words.as_str() {
        "all buckets" => vec!["*".to_owned()],
        "the bucket X itself" => of(|a, _| vec![a.to_owned()]),
        "the bucket X" => of(|a, _| vec![a.to_owned(), format!("{a}/*")]),
        "buckets whose name begins with X" | "buckets and objects whose name begins with X" => {
            of(|a, _| vec![format!("{a}*")])
        }
        "buckets whose name begins with X itself" => of(|a, _| vec![format!("{a}*")]),
        "buckets and objects whose name ends with X" => {
            of(|a, _| vec![format!("*{a}"), format!("*{a}/*")])
        }
        "buckets and objects whose name ends with X itself" => of(|a, _| vec![format!("*{a}")]),
        "buckets and objects whose name contains X" => of(|a, _| vec![format!("*{a}*")]),
        "buckets and objects whose name contains X itself" => of(|a, _| vec![format!("*{a}*")]),
        "buckets and objects named like X" => of(|a, _| vec![a.to_owned(), format!("{a}/*")]),
        "buckets and objects named like X itself" => of(|a, _| vec![a.to_owned()]),
        "all buckets itself" => vec!["*".to_owned()],
        "objects whose bucket and name are like X" => of(|a, _| vec![a.to_owned()]),
        "the folder X of the bucket X" => of(|a, b| vec![format!("{b}/{a}/*")]),
        "the object X of the bucket X" => of(|a, b| vec![format!("{b}/{a}")]),
        "objects whose name begins with X of the bucket X" => of(|a, b| vec![format!("{b}/{a}*")]),
        "objects whose name ends with X of the bucket X" => of(|a, b| vec![format!("{b}/*{a}")]),
        "objects whose name contains X of the bucket X" => of(|a, b| vec![format!("{b}/*{a}*")]),
        "objects named like X of the bucket X" => of(|a, b| vec![format!("{b}/{a}")]),
        "all objects of the bucket X" => of(|a, _| vec![format!("{a}/*")]),
        _ if words.starts_with("the buckets X") => {
            let whole = names
                .iter()
                .flat_map(|a| [(*a).to_owned(), format!("{a}/*")]);
            whole.collect()
        }
        _ => {
            // Such as `4 folders of the bucket b: 1, 2, 3 and 4`.
            let [bucket, names @ ..] = names.as_slice() else {
                panic!("{told}");
            };
            let end = if words.contains(" folders of the bucket X: ") {
                "/*"
            } else {
                assert!(words.contains(" objects of the bucket X: "), "{told}");
                ""
            };
            names
                .iter()
                .map(|name| format!("{bucket}/{name}{end}"))
                .collect()
        }
    }
}

proptest! {
    /// Whatever is named in S3: what a reader of the sentence takes it for holds all of it.
    #[test]
    fn no_object_is_left_out(
        patterns in prop::collection::vec((
            "[ab]|a\\*|\\*b|a\\*b|a\\?b|\\*|\\*a\\*|\\$\\{aws:PrincipalTag/t\\}|b\\$\\{k:x/y\\}",
            "|/\\*|/[abc]|/[abc]/\\*|/a/b|/a/|/\\*b|/a\\*|/a\\*/b|/a\\*/\\*|/a/\\*/b|/\\$\\{k:x/y\\}|/\\$\\{k:x/y\\}/\\*|/a/\\$\\{k:x/y\\}\\*"
        ), 1..7)
    ) {
        let patterns: Vec<String> = patterns.into_iter().map(|(a, b)| a + &b).collect();
        let arns: Vec<String> = patterns.iter().map(|pattern| format!("arn:aws:s3:::{pattern}")).collect();
        let told = match describe(arns.iter().map(String::as_str), true, false) {
            ResourcePhrase::Some(named) => named.buckets,
            _ => panic!("{patterns:?}"),
        };
        for part in told.iter().flat_map(|told| parts(told)) {
            if let TextPart::Foreign(name) | TextPart::Whole(name) = part {
                let opened = name.matches("${").count();
                prop_assert!(opened == name.matches('}').count(), "{} of {:?}", name, patterns);
            }
        }
        let read: Vec<Glob> = told.iter().flat_map(|told| read(told)).map(|text| Glob::new(&text)).collect();
        for pattern in &patterns {
            let known = covered(&Glob::new(pattern), &read, &mut Budget::default());
            prop_assert!(matches!(known, Coverage::Covered), "{} of {:?} is not in {:?}", pattern, patterns, told);
        }
    }

    /// What is denied, or left out, is told as no more than it is.
    #[test]
    fn no_object_is_told_that_is_not_meant(
        patterns in prop::collection::vec(("[ab]|a\\*|\\*b|a\\?b|\\*", "|/\\*|/[abc]|/[abc]/\\*|/a/b|/a/|/\\*b|/a\\*|/a\\*/b"), 1..7)
    ) {
        let patterns: Vec<String> = patterns.into_iter().map(|(a, b)| format!("arn:aws:s3:::{a}{b}")).collect();
        let ResourcePhrase::Some(named) = describe(patterns.iter().map(String::as_str), true, true) else {
            panic!("{patterns:?}");
        };
        let meant: Vec<Glob> = patterns.iter().map(|pattern| Glob::new(pattern)).collect();
        let buckets = named.buckets.iter().flat_map(|told| read(told));
        let buckets = buckets.map(|text| format!("arn:aws:s3:::{text}"));
        let things = named.things.iter().map(|told| told.trim_matches('`').to_owned());
        let told: Vec<Glob> = buckets.chain(things).map(|text| Glob::new(&text)).collect();
        for one in &told {
            let known = covered(one, &meant, &mut Budget::default());
            prop_assert!(matches!(known, Coverage::Covered), "{} of {:?} is not in {:?}", one, told, patterns);
        }
        for one in &meant {
            let known = covered(one, &told, &mut Budget::default());
            prop_assert!(matches!(known, Coverage::Covered), "{} of {:?} is not in {:?}", one, patterns, told);
        }
    }

    /// Things of other services are named, each with its service where two have such things.
    #[test]
    fn no_thing_is_left_out(
        named in prop::collection::vec(("ecs|eks|rds|sqs|sns|x", "cluster/|thing/|", "[ab]", "aws|aws-cn", "|1*"), 1..6)
    ) {
        let patterns: Vec<String> = named
            .iter()
            .map(|(service, kind, name, partition, account)| format!("arn:{partition}:{service}:*:{account}:{kind}{name}"))
            .collect();
        let told = |patterns: &[String]| match describe(patterns.iter().map(String::as_str), true, false) {
            ResourcePhrase::Some(named) => named.things.join(" and "),
            _ => String::new(),
        };
        let all = told(&patterns);
        // With one taken out something else is said, unless it stands there twice.
        for nth in 0..patterns.len() {
            let mut fewer = patterns.clone();
            let one = fewer.remove(nth);
            prop_assert!(fewer.contains(&one) || told(&fewer) != all, "{} in {}", one, all);
        }
    }
}
