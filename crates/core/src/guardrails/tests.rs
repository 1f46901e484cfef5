//! The shipped guardrails and their contradictions.

use super::*;
use serde_json::json;

pub(crate) const TEXT: &str = r#"
partition = "aws"
maximum_duration = "P7D"

[servicenow]
tables = ["sc_req_item"]
security_group = "5ec00000000000000000000000000001"

[approvers]
mail_domains = ["meridian.example"]
per_slot = 3

[principals]
paths = ["/enrolled/"]
boundary = "SnowgateBoundary"

[never]
actions = ["iam:*", "organizations:*"]
policies = ["arn:aws:iam::aws:policy/AdministratorAccess"]

[[grants]]
accounts = ["210987654321"]
policies = ["arn:aws:iam::210987654321:policy/reports-read"]
maximum_duration = "P2D"
risk = "low"

[[grants]]
accounts = ["210987654321", "320987654321"]
policies = ["arn:aws:iam::aws:policy/PowerUserAccess"]
maximum_duration = "PT1H"
risk = "high"
"#;

fn request(table: &str, account: &str, policy: &str, duration: &str) -> AccessRequest {
    let body = json!({
        "source": {"table": table, "sys_id": "aa".repeat(16), "number": "RITM0010001"},
        "requested_by": {"sys_id": "bb".repeat(16)},
        "target": {"account_id": account, "principal": {"type": "user", "name": "rita.chen"}},
        "grants": [{"type": "attach_managed_policy", "policy_arn": policy}],
        "duration": duration,
        "justification": "Quarter-end reports"
    });
    AccessRequest::parse(body.to_string().as_bytes()).unwrap()
}

const READ: &str = "arn:aws:iam::210987654321:policy/reports-read";

#[test]
fn requests_within_and_outside() {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let table = [
        (request("sc_req_item", "210987654321", READ, "P2D"), vec![]),
        (
            request("incident", "210987654321", READ, "P2D"),
            vec![("/source/table", FindingCode::TableNotAllowed)],
        ),
        (
            request("sc_req_item", "999987654321", READ, "P2D"),
            vec![("/target/account_id", FindingCode::AccountNotAllowed)],
        ),
        (
            request("sc_req_item", "320987654321", READ, "P2D"),
            vec![("/grants/0/policy_arn", FindingCode::PolicyNotAllowed)],
        ),
        (
            request("sc_req_item", "210987654321", READ, "P3D"),
            vec![("/duration", FindingCode::TooLong)],
        ),
        (
            request(
                "sc_req_item",
                "320987654321",
                "arn:aws:iam::aws:policy/PowerUserAccess",
                "PT1H",
            ),
            vec![("/grants/0/policy_arn", FindingCode::NeedsSignIn)],
        ),
        (
            request(
                "incident",
                "210987654321",
                "arn:aws:iam::aws:policy/Billing",
                "P8D",
            ),
            vec![
                ("/source/table", FindingCode::TableNotAllowed),
                ("/grants/0/policy_arn", FindingCode::PolicyNotAllowed),
                ("/duration", FindingCode::TooLong),
            ],
        ),
    ];
    for (request, expected) in table {
        let findings = guardrails.judge_request(&request);
        let found: Vec<_> = findings
            .iter()
            .map(|f| (f.pointer.as_str(), f.code))
            .collect();
        assert_eq!(found, expected);
    }
}

fn facts() -> PrincipalFacts {
    PrincipalFacts {
        unique_id: "AIDAEXAMPLE".to_owned(),
        path: "/enrolled/".to_owned(),
        boundary: Some("arn:aws:iam::210987654321:policy/SnowgateBoundary".to_owned()),
        owner_tag: Some("bb".repeat(16)),
        attached: vec![],
    }
}

fn policy(document: &str) -> PolicyFacts {
    PolicyFacts {
        arn: READ.parse().unwrap(),
        version: "v1".to_owned(),
        document: document.to_owned(),
    }
}

#[test]
fn what_iam_holds_is_judged_too() {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let fine = policy(r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#);
    let bad = policy(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#);
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let full = |own: bool| {
        let mut attached: Vec<String> = (0..9)
            .map(|n| format!("arn:aws:iam::aws:policy/P{n}"))
            .collect();
        attached.push(if own {
            READ.to_owned()
        } else {
            "arn:aws:iam::aws:policy/P9".to_owned()
        });
        PrincipalFacts {
            attached,
            ..facts()
        }
    };
    let table = [
        (facts(), &fine, Ok(())),
        (
            PrincipalFacts {
                path: "/".to_owned(),
                ..facts()
            },
            &fine,
            Err(RefusalCode::NotEnrolled),
        ),
        (
            PrincipalFacts {
                boundary: None,
                ..facts()
            },
            &fine,
            Err(RefusalCode::NotEnrolled),
        ),
        (
            PrincipalFacts {
                boundary: Some("arn:aws:iam::320987654321:policy/SnowgateBoundary".to_owned()),
                ..facts()
            },
            &fine,
            Err(RefusalCode::NotEnrolled),
        ),
        (
            PrincipalFacts {
                owner_tag: None,
                ..facts()
            },
            &fine,
            Err(RefusalCode::NotEnrolled),
        ),
        (
            PrincipalFacts {
                owner_tag: Some("rita".to_owned()),
                ..facts()
            },
            &fine,
            Err(RefusalCode::NotEnrolled),
        ),
        (full(false), &fine, Err(RefusalCode::QuotaReached)),
        (full(true), &fine, Ok(())),
        (facts(), &bad, Err(RefusalCode::NeverGranted)),
    ];
    for (facts, policy, verdict) in table {
        assert_eq!(
            guardrails.judge_facts(&request, &facts, std::slice::from_ref(policy)),
            verdict
        );
    }
}

#[test]
fn contradictions_are_all_told() {
    let broken = [
        ("partition = \"aws\"", "partition = \"moon\""),
        ("maximum_duration = \"P7D\"", "maximum_duration = \"P1D\""),
        ("tables = [\"sc_req_item\"]", "tables = []"),
        ("per_slot = 3", "per_slot = 0"),
        (
            "mail_domains = [\"meridian.example\"]",
            "mail_domains = [\"Meridian.example\"]",
        ),
        ("paths = [\"/enrolled/\"]", "paths = [\"/\"]"),
        ("actions = [\"iam:*\", \"organizations:*\"]", "actions = []"),
        ("policy/AdministratorAccess", "policy/PowerUserAccess"),
        (
            "\"210987654321\", \"320987654321\"]\npolicies = [\"arn:aws:iam::aws:policy/PowerUserAccess\"]",
            "\"210987654321\", \"320987654321\"]\npolicies = [\"arn:aws:iam::210987654321:policy/reports-read\"]",
        ),
    ];
    for (good, bad) in broken {
        let text = TEXT.replace(good, bad);
        assert_ne!(text, TEXT, "{good}");
        let error = Guardrails::parse(&text).unwrap_err();
        assert!(
            matches!(error, GuardrailsError::Contradiction(_)),
            "{bad}: {error}"
        );
    }
    for (good, bad) in [
        ("iam:*", "iam"),
        ("210987654321", "2109"),
        ("risk = \"low\"", "risk = \"none\""),
        ("[never]", "[never]\nextra = 1"),
    ] {
        let error = Guardrails::parse(&TEXT.replace(good, bad)).unwrap_err();
        assert!(
            matches!(error, GuardrailsError::Unreadable(_)),
            "{bad}: {error}"
        );
    }
}
