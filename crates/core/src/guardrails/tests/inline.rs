//! Policies that are asked for: their partition, and what of them permits nothing.

use serde_json::{Value, json};

use super::*;
use crate::body::FieldErrorCode;
use crate::finding::refusal;

fn asking(statement: &Value) -> AccessRequest {
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    grants(json!([{"type": "inline_policy", "document": document}]))
}

fn found(text: &str, statement: &Value) -> Vec<Finding> {
    let guardrails = Guardrails::parse(text).unwrap();
    guardrails.evaluate_request(&asking(statement))
}

fn of(code: FindingCode, findings: &[Finding]) -> Vec<(String, String)> {
    let of_code = findings.iter().filter(|finding| finding.code == code);
    of_code
        .map(|finding| {
            let place = finding.evidence.as_ref().map(|found| found.place.clone());
            (place.unwrap_or_default(), finding.detail.clone())
        })
        .collect()
}

#[test]
fn resources_are_in_the_partition_of_the_guardrails() {
    let on = |element: &str, resources: &Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject"});
        statement[element] = resources.clone();
        let findings = found(TEXT, &statement);
        let places = of(FindingCode::PartitionNotAllowed, &findings);
        assert_eq!(
            places.is_empty(),
            refusal(&findings) != Some(RefusalCode::OutsideGuardrails),
            "{findings:?}"
        );
        places
            .into_iter()
            .map(|(place, _)| place)
            .collect::<Vec<_>>()
    };
    for foreign in [
        "arn:aws-cn:s3:::reports/*",
        "arn:aws-us-gov:s3:::reports/*",
        "arn:aws-iso:s3:::reports/*",
        "arn:*:s3:::reports/*",
        "arn:aws*:s3:::reports/*",
        "arn:aw?:s3:::reports/*",
    ] {
        assert_eq!(on("Resource", &json!(foreign)), ["Statement[0].Resource"]);
    }
    let mixed = json!(["arn:aws:s3:::a/*", "arn:aws-cn:s3:::a/*"]);
    assert_eq!(on("Resource", &mixed), ["Statement[0].Resource[1]"]);
    assert_eq!(on("NotResource", &mixed), ["Statement[0].NotResource[1]"]);
    for own in [
        "arn:aws:s3:::*",
        "arn:aws:s3:::reports/*",
        "arn:aws:s3:::${aws:username}/*",
    ] {
        assert_eq!(on("Resource", &json!(own)), [""; 0], "{own}");
    }
    let chinese = TEXT
        .replace("arn:aws:", "arn:aws-cn:")
        .replace("partition = \"aws\"", "partition = \"aws-cn\"");
    let statement = |partition: &str| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:{partition}:s3:::a/*")});
    let code = FindingCode::PartitionNotAllowed;
    assert_eq!(of(code, &found(&chinese, &statement("aws-cn"))), []);
    let [(_, detail)] = &of(code, &found(&chinese, &statement("aws")))[..] else {
        panic!("one finding");
    };
    assert_eq!(
        detail,
        "`arn:aws:s3:::a/*` is in partition `aws`; the guardrails permit resources in partition `aws-cn` only"
    );
}

#[test]
fn a_variable_as_partition_is_malformed_for_iam() {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "s3:GetObject", "Resource": "arn:${aws:PrincipalTag/p}:s3:::reports/*"}]});
    let body = json!({
        "source": {"table": "sc_req_item", "sys_id": "aa".repeat(16), "number": "RITM0010001"},
        "requested_by": {"sys_id": "bb".repeat(16)},
        "target": {"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}},
        "grants": [{"type": "inline_policy", "document": document}],
        "duration": "PT8H",
        "justification": "Quarter-end reports"
    });
    let errors = AccessRequest::parse(body.to_string().as_bytes()).unwrap_err();
    let errors: Vec<_> = errors
        .iter()
        .map(|error| (error.pointer.as_str(), error.code))
        .collect();
    assert_eq!(errors, [("/grants/0/document", FieldErrorCode::Value)]);
}

#[test]
fn what_permits_nothing_is_told() {
    let told = |action: &Value, resource: &str, condition: &Value| {
        let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        if !condition.is_null() {
            statement["Condition"] = condition.clone();
        }
        let findings = found(TEXT, &statement);
        assert_eq!(refusal(&findings), None, "{findings:?}");
        of(FindingCode::PermitsNothing, &findings)
    };
    let none = Value::Null;
    let nothing = told(&json!("s3:ListBucket"), "arn:aws:s3:::reports/*", &none);
    let [(place, detail)] = &nothing[..] else {
        panic!("{nothing:?}");
    };
    assert_eq!(place, "Statement[0].Action");
    assert!(detail.starts_with("part of the policy permits nothing: "));
    let partly = json!(["s3:ListBucket", "s3:GetObject"]);
    let partly = told(&partly, "arn:aws:s3:::reports/*", &none);
    assert_eq!(partly.len(), 1, "{partly:?}");
    let prefix = json!({"StringLike": {"s3:prefix": "home/*"}});
    let never = told(&json!("s3:GetObject"), "arn:aws:s3:::reports/*", &prefix);
    assert_eq!(never.len(), 1, "{never:?}");
    let list = told(&json!("s3:ListBucket"), "arn:aws:s3:::reports", &prefix);
    assert_eq!(list, []);
    let read = told(&json!("s3:GetObject"), "arn:aws:s3:::reports/*", &none);
    assert_eq!(read, []);
}

#[test]
fn a_condition_that_aws_may_read_otherwise_limits_nothing() {
    for condition in [
        json!({"DateLessThan": {"aws:CurrentTime": "10000-01-01T00:00:00Z"}}),
        json!({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T0:00:00Z"}}),
        json!({"DateGreaterThan": {"aws:CurrentTime": "2020-1-1"}}),
        json!({"DateGreaterThan": {"aws:CurrentTime": "0"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "*"}}),
    ] {
        let statement =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        let findings = found(TEXT, &statement);
        assert!(refusal(&findings).is_some(), "{condition}: {findings:?}");
    }
}

#[test]
fn a_short_arn_exposes_as_a_star_does() {
    let text = TEXT.replace(
        "Action = [\"s3:Get*\", \"s3:List*\"]",
        "NotAction = \"iam:*\"",
    );
    let found_on = |action: &str, resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        let findings = found(&text, &statement);
        let codes = findings.iter().map(|finding| finding.code);
        let told = [
            FindingCode::ExposesResources,
            FindingCode::ExposesCredentials,
            FindingCode::ReadsData,
            FindingCode::MayEscalate,
            FindingCode::PermitsNothing,
        ];
        codes.filter(|code| told.contains(code)).collect::<Vec<_>>()
    };
    for (action, code) in [
        ("s3:PutBucketAcl", FindingCode::ExposesResources),
        (
            "secretsmanager:GetSecretValue",
            FindingCode::ExposesCredentials,
        ),
        ("dynamodb:Scan", FindingCode::ReadsData),
        ("lambda:UpdateFunctionCode", FindingCode::MayEscalate),
    ] {
        let service = action.split(':').next().unwrap();
        let star = found_on(action, "*");
        assert!(star.contains(&code), "{action} {star:?}");
        // IAM takes no ARN shorter than its service.
        for short in [format!("arn:aws:{service}"), format!("arn:aws:{service}:*")] {
            assert_eq!(found_on(action, &short), star, "{action} {short}");
        }
        // A type that the catalogue lacks may be one that it can be used on; IAM knows those of S3.
        if service == "s3" {
            continue;
        }
        let unknown = format!("arn:aws:{service}:eu-west-1:210987654321:novelty/a");
        assert_eq!(found_on(action, &unknown), star, "{action} {unknown}");
    }
}

/// What a pattern brings along is named, and how to ask without it.
#[test]
fn who_asks_by_pattern_reads_how_to_ask_by_name() {
    let text = TEXT.replace(
        "Action = [\"s3:Get*\", \"s3:List*\"]",
        "NotAction = \"iam:*\"",
    );
    let told = |actions: &Value, resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
        let findings = found(&text, &statement);
        let told = of(FindingCode::ExposesCredentials, &findings);
        let refused = refusal(&findings) == Some(RefusalCode::Exposes);
        assert_eq!(refused, !told.is_empty(), "{findings:?}");
        told.into_iter()
            .map(|(_, detail)| detail)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(&json!("ec2:Describe*"), "*"),
        [
            "can expose credentials: `ec2:DescribeVpnConnections`; what is needed can be asked for by name instead of `ec2:Describe*`"
        ]
    );
    assert_eq!(
        told(&json!("ec2:DescribeVpnConnections"), "*"),
        ["can expose credentials: `ec2:DescribeVpnConnections`"]
    );
    let named = json!(["ec2:DescribeInstances", "ec2:DescribeVpc*"]);
    assert_eq!(told(&named, "*"), [""; 0]);
    let api = "arn:aws:apigateway:eu-west-1::/restapis/*";
    assert_eq!(told(&json!("apigateway:GET"), api), [""; 0]);
    assert_eq!(told(&json!("apigateway:GET"), "*").len(), 1);
}

/// The owner of each account that an inline policy acts in decides: no spelling of the same power leaves
/// anybody out.
#[test]
fn an_inline_policy_acts_in_the_accounts_whose_owners_decide() {
    let text = TEXT.replace("\"s3:List*\"", "\"s3:List*\", \"sqs:*\", \"cloudwatch:*\"");
    let on = |element: &str, action: &str, resources: &Value| {
        let mut statement = json!({"Effect": "Allow", "Action": action});
        statement[element] = resources.clone();
        let findings = found(&text, &statement);
        assert_eq!(refusal(&findings), None, "{findings:?}");
        of(FindingCode::LimitedToAccounts, &findings)
    };
    for open in [
        "*",
        "arn:aws:sqs",
        "arn:aws:sqs:eu-west-1:*",
        "arn:aws:sqs:eu-west-1:32098765432?:jobs",
        "arn:aws:sqs:eu-west-1:3*:jobs",
        "arn:aws:sqs:eu-west-1:*:jobs",
        "arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:jobs",
        "arn:aws:sqs:${aws:RequestedRegion}:320987654321:jobs",
        "arn:aws:sqs:${aws:PrincipalTag/a:b}:320987654321:jobs",
        "arn:aws:sqs:*${aws:username}:320987654321:*",
    ] {
        let places = on("Resource", "sqs:SendMessage", &json!(open));
        let [(place, _)] = &places[..] else {
            panic!("{open}: {places:?}");
        };
        assert_eq!(place, "Statement[0].Resource");
    }
    let whole = json!("arn:aws:sqs:eu-west-1:320987654321:jobs");
    let [(place, detail)] = &on("NotResource", "sqs:SendMessage", &whole)[..] else {
        panic!("one finding");
    };
    assert_eq!(place, "Statement[0].NotResource");
    assert_eq!(
        detail,
        "the statement leaves open in which AWS accounts `sqs:SendMessage` acts; Snowgate limits the \
         statement to 210987654321, by the condition `StringEqualsIfExists` on `aws:ResourceAccount`"
    );
    let mixed = json!(["arn:aws:sqs:eu-west-1:320987654321:jobs", "arn:aws:sqs:*"]);
    let [(place, detail)] = &on("Resource", "sqs:SendMessage", &mixed)[..] else {
        panic!("one finding");
    };
    assert_eq!(place, "Statement[0].Resource[1]");
    assert_eq!(
        detail,
        "the resource `arn:aws:sqs:*` leaves open in which AWS accounts `sqs:SendMessage` acts; Snowgate \
         limits the statement to 210987654321, 320987654321, by the condition `StringEqualsIfExists` on \
         `aws:ResourceAccount`"
    );
    for (action, named) in [
        ("sqs:SendMessage", "arn:aws:sqs:*:320987654321:*"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:210987654321:jobs"),
        ("s3:GetObject", "arn:aws:s3:::reports/${aws:username}/*"),
        // What has no resource acts at home.
        ("cloudwatch:ListDashboards", "*"),
        ("s3:ListAllMyBuckets", "*"),
    ] {
        assert_eq!(on("Resource", action, &json!(named)), [], "{named}");
    }
}

/// A condition says the accounts as well; one of its own in the place of Snowgate's is refused, where it
/// names no numbers.
#[test]
fn a_condition_names_the_accounts_of_a_policy() {
    let text = TEXT.replace("\"s3:List*\"", "\"s3:List*\", \"cloudwatch:*\"");
    let with = |condition: Value| {
        let statement = json!({"Effect": "Allow", "Action": "cloudwatch:GetMetricData",
            "Resource": "*", "Condition": condition});
        let asking = asking(&statement);
        let findings = Guardrails::parse(&text).unwrap().evaluate_request(&asking);
        let accounts = asking.grants[0].accounts(&asking.target);
        let accounts: Vec<String> = accounts.iter().map(ToString::to_string).collect();
        let limited = !of(FindingCode::LimitedToAccounts, &findings).is_empty();
        (refusal(&findings), limited, accounts.join(" "))
    };
    let home = "210987654321".to_owned();
    for operator in ["StringEquals", "StringEqualsIfExists"] {
        let both = json!({operator: {"aws:ResourceAccount": ["320987654321", home]}});
        assert_eq!(with(both), (None, false, format!("{home} 320987654321")));
        let own = json!({operator: {"aws:ResourceAccount": home}});
        assert_eq!(with(own), (None, false, home.clone()));
        let other = json!({operator: {"aws:ResourceAccount": "320987654321"}});
        // What is about no resource is done at home.
        assert_eq!(with(other), (None, false, format!("{home} 320987654321")));
    }
    for condition in [
        json!({}),
        json!({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}),
        json!({"StringEquals": {"aws:ResourceAccount": ["320987654321", "3*"]}}),
        json!({"StringLike": {"aws:ResourceAccount": "320987654321"}}),
        json!({"ForAnyValue:StringEquals": {"aws:ResourceAccount": "320987654321"}}),
        json!({"StringEqualsIfExists": {"aws:PrincipalTag/team": "blue"}}),
    ] {
        let (refused, limited, _) = with(condition.clone());
        assert_eq!((refused, limited), (None, true), "{condition}");
    }
    // A condition without values is none.
    for condition in [
        json!({"StringEquals": {"aws:ResourceAccount": []}}),
        json!({"StringEquals": {}}),
    ] {
        let statement = json!({"Effect": "Allow", "Action": "cloudwatch:GetMetricData",
            "Resource": "*", "Condition": condition});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let refused = crate::request::InlineDocument::try_from(document);
        assert!(refused.is_err(), "{condition}");
    }
    for condition in [
        json!({"StringEqualsIfExists": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}),
        json!({"StringEqualsIfExists": {"AWS:resourceaccount": "3*"}}),
    ] {
        let refused = Some(RefusalCode::OutsideGuardrails);
        let (why, limited, _) = with(condition.clone());
        assert_eq!((why, limited), (refused, false), "{condition}");
    }
}

/// Who approves what IAM has already is told where else it reaches.
#[test]
fn accounts_that_a_policy_of_iam_names_are_told() {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let told = |request: &AccessRequest, grants: Vec<GrantFacts>| {
        let findings = guardrails.evaluate_facts(request, &survey(grants));
        of(FindingCode::NamesOtherAccounts, &findings)
    };
    let attached = request("sc_req_item", "210987654321", READ, "P2D");
    let managed = |resources: &Value, effect: &str| {
        let text = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Action": "s3:GetObject", "Resource": resources}]});
        vec![GrantFacts::Policy(policy(READ, text.to_string()))]
    };
    let elsewhere = json!([
        "arn:aws:s3:eu-west-1:430987654321:accesspoint/a/object/*",
        "arn:aws:s3:eu-west-1:320987654321:accesspoint/a/object/*",
        "arn:aws:s3:eu-west-1:320987654321:accesspoint/b/object/*",
        "arn:aws:s3:eu-west-1:5409876543??:accesspoint/b/object/*",
        "arn:aws:s3:eu-west-1:210987654321:accesspoint/b/object/*",
        "arn:aws:s3:eu-west-1:*:accesspoint/b/object/*",
        "arn:aws:s3:::reports/*",
        "*"
    ]);
    let [(_, detail)] = &told(&attached, managed(&elsewhere, "Allow"))[..] else {
        panic!("one finding");
    };
    assert_eq!(
        detail,
        "it names resources in other AWS accounts, whose owners aren't asked about it: 320987654321, \
         430987654321, `5409876543??`"
    );
    assert_eq!(told(&attached, managed(&elsewhere, "Deny")), []);
    let own = json!([
        "arn:aws:s3:eu-west-1:210987654321:accesspoint/a/object/*",
        "*"
    ]);
    assert_eq!(told(&attached, managed(&own, "Allow")), []);
    // A condition names them as well, and a denial gives nothing in them.
    let limited = |effect: &str| {
        let text = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"},
            {"Effect": effect, "Action": "s3:GetObject", "Resource": "*",
             "Condition": {"StringEquals": {"aws:ResourceAccount": "320987654321"}}}]});
        told(
            &attached,
            vec![GrantFacts::Policy(policy(READ, text.to_string()))],
        )
        .len()
    };
    assert_eq!((limited("Allow"), limited("Deny")), (1, 0));
}
