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
        "*",
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
        json!({"StringEquals": {"aws:PrincipalTag/team": []}}),
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
