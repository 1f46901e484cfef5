//! The shipped guardrails and their contradictions.

mod accepted;
mod facts;
mod inline;
mod manager;
mod quotas;
mod quoted;
mod seen;
mod users;
mod volume;

use super::*;
use crate::account::{
    GroupFacts, InlineFacts, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts,
};
use crate::facts::{GrantFacts, IamFacts};
use crate::record::RefusalCode;
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

[[reference]]
accounts = ["210987654321"]
[[reference.statements]]
Action = ["s3:Get*", "s3:List*"]
Resource = "*"

[[reference]]
accounts = ["320987654321"]
statements = [{ Action = "s3:GetObject", Resource = "arn:aws:s3:::archive/*" }]

[[grants]]
accounts = ["210987654321"]
policies = ["arn:aws:iam::210987654321:policy/reports-read"]
groups = ["arn:aws:iam::210987654321:group/granted/analysts"]
roles = ["arn:aws:iam::320987654321:role/assumable/reader"]
longest_session = "PT1H"
inline_policies = true
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
            vec![("/grants/0/policy_arn", FindingCode::GrantNotAllowed)],
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
                ("/grants/0/policy_arn", FindingCode::GrantNotAllowed),
                ("/duration", FindingCode::TooLong),
            ],
        ),
    ];
    for (request, expected) in table {
        let findings = guardrails.evaluate_request(&request);
        let found: Vec<_> = findings
            .iter()
            .map(|f| (f.pointer.as_str(), f.code))
            .collect();
        assert_eq!(found, expected);
    }
}

pub(super) fn grants(grants: serde_json::Value) -> AccessRequest {
    let mut body =
        serde_json::to_value(request("sc_req_item", "210987654321", READ, "P2D")).unwrap();
    body["target"] =
        json!({"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}});
    body["requested_by"] = json!({"sys_id": "bb".repeat(16)});
    body["grants"] = grants;
    AccessRequest::parse(body.to_string().as_bytes()).unwrap()
}

fn inline(action: &str, resource: &str) -> AccessRequest {
    grants(
        json!([{"type": "inline_policy", "document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource}]}}]),
    )
}

pub(crate) fn facts() -> PrincipalFacts {
    PrincipalFacts {
        arn: "arn:aws:iam::210987654321:user/enrolled/rita.chen".to_owned(),
        unique_id: "AIDAEXAMPLE".to_owned(),
        path: "/enrolled/".to_owned(),
        boundary: Some("arn:aws:iam::210987654321:policy/SnowgateBoundary".to_owned()),
        owner_tag: Some("bb".repeat(16)),
        attached: vec![],
        inline: vec![],
        groups: vec![],
    }
}

pub(crate) fn allowing(action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource}]})
    .to_string()
}

pub(super) fn policy(arn: &str, document: String) -> PolicyFacts {
    PolicyFacts {
        arn: arn.parse().unwrap(),
        version: "v1".to_owned(),
        document,
    }
}

pub(crate) fn survey(grants: Vec<GrantFacts>) -> IamFacts {
    IamFacts {
        principal: facts(),
        creates: None,
        boundary: Some(policy(
            "arn:aws:iam::210987654321:policy/SnowgateBoundary",
            allowing("*", "*"),
        )),
        grants,
        held: vec![],
        held_inline: vec![],
        quotas: PrincipalQuotas::default_of(PrincipalType::User),
    }
}

fn managed(document: String) -> Vec<GrantFacts> {
    vec![GrantFacts::Policy(policy(READ, document))]
}

/// The codes that refuse.
fn refusals(request: &AccessRequest, survey: &IamFacts) -> Vec<FindingCode> {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let mut codes: Vec<FindingCode> = guardrails
        .evaluate_facts(request, survey)
        .into_iter()
        .map(|finding| finding.code)
        .filter(|code| code.refusal().is_some())
        .collect();
    codes.dedup();
    codes
}

#[test]
fn what_is_newly_permitted_is_shown_with_a_witness() {
    let old = Guardrails::parse(TEXT).unwrap();
    let widened = |good: &str, bad: &str| {
        let text = TEXT.replacen(good, bad, 1);
        assert_ne!(text, TEXT, "{good}");
        Guardrails::parse(&text).unwrap().widened_from(&old)
    };
    assert_eq!(old.widened_from(&old), []);
    let more = widened(
        "\"s3:Get*\", \"s3:List*\"",
        "\"s3:Get*\", \"s3:List*\", \"s3:PutObject\"",
    );
    let [
        Widening::Reference {
            account,
            witness: Some(witness),
        },
    ] = &more[..]
    else {
        panic!("{more:?}");
    };
    assert_eq!(
        (account.as_str(), witness.action.as_str()),
        ("210987654321", "s3:PutObject")
    );
    let fewer = widened("\"s3:Get*\", \"s3:List*\"", "\"s3:Get*\"");
    assert_eq!(fewer, [], "less is nothing new");
    let never = widened("\"iam:*\", \"organizations:*\"", "\"iam:*\"");
    assert_eq!(never, [], "what the reference does not allow stays out");
    assert!(matches!(
        &widened("maximum_duration = \"P2D\"", "maximum_duration = \"P3D\"")[0],
        Widening::Longer { before, now, .. } if before < now
    ));
    assert!(
        matches!(&widened("policy/reports-read\"", "policy/reports-write\"")[..], [Widening::Grant { what, .. }] if what.ends_with("reports-write"))
    );
    let item = format!(
        "[[items]]\nsys_id = \"{}\"\naccounts = [\"210987654321\"]\nresources = [\"arn:aws:s3:::reports\"]\n\n[[grants]]",
        "cc".repeat(16)
    );
    assert!(
        matches!(&widened("[[grants]]", &item)[..], [Widening::Item { resource, .. }] if resource == "arn:aws:s3:::reports")
    );
    assert!(
        matches!(&widened("[servicenow]", "maximum_total = \"P9D\"\n[servicenow]")[..], [Widening::People { setting: "maximum_total", value }] if value == "P9D")
    );
    assert!(
        matches!(&widened("[never]", "[security]\nclients = [\"soc\"]\n\n[never]")[..], [Widening::People { setting: "security.clients", value }] if value == "soc")
    );
    assert!(matches!(
        &widened("risk = \"high\"", "risk = \"low\"")[0],
        Widening::LowerRisk { .. }
    ));
    assert!(matches!(
        &widened("[\"meridian.example\"]", "[\"meridian.example\", \"evil.example\"]")[..],
        [Widening::People { setting: "approvers.mail_domains", value }] if value == "evil.example"
    ));
}

#[test]
fn access_is_extended_up_to_a_total() {
    let mut request = request("sc_req_item", "210987654321", READ, "P2D");
    let total = |text: &str, request: &AccessRequest| {
        let findings = Guardrails::parse(text).unwrap().evaluate_request(request);
        let codes = findings.iter().map(|finding| finding.code);
        codes.collect::<Vec<_>>()
    };
    let seven = TEXT.replacen("[servicenow]", "maximum_total = \"P7D\"\n[servicenow]", 1);
    assert_eq!(total(TEXT, &request), []);
    for (before, fits) in [("P5D", true), ("P5DT15M", false), ("P366D", false)] {
        request.extends = Some(crate::request::Extension {
            request: crate::id::RequestId::from_random([1; 16]),
            since: jiff::Timestamp::UNIX_EPOCH,
            before: before.parse().unwrap(),
        });
        let expected = Vec::from_iter((!fits).then_some(FindingCode::TooLongInTotal));
        assert_eq!(total(&seven, &request), expected, "{before}");
        let none = [FindingCode::TooLongInTotal];
        assert_eq!(total(TEXT, &request), none, "where the file has no total");
    }
}

#[test]
fn contradictions_are_all_told() {
    let broken = [
        ("partition = \"aws\"", "partition = \"moon\""),
        ("maximum_duration = \"P7D\"", "maximum_duration = \"P1D\""),
        ("tables = [\"sc_req_item\"]", "tables = []"),
        ("[servicenow]", "maximum_total = \"P6D\"\n[servicenow]"),
        ("per_slot = 3", "per_slot = 0"),
        (
            "mail_domains = [\"meridian.example\"]",
            "mail_domains = [\"Meridian.example\"]",
        ),
        ("paths = [\"/enrolled/\"]", "paths = [\"/\"]"),
        ("actions = [\"iam:*\", \"organizations:*\"]", "actions = []"),
        ("\"iam:*\"", "\"iam\""),
        ("\"iam:*\"", "\"iam:Attach*\""),
        ("\"iam:*\", ", ""),
        ("\"iam:*\"", "\"iamm:*\""),
        ("longest_session = \"PT1H\"\n", ""),
        (
            "policies = [\"arn:aws:iam::aws:policy/PowerUserAccess\"]",
            "inline_policies = true",
        ),
        (
            "Action = [\"s3:Get*\", \"s3:List*\"]",
            "Acton = \"s3:Get*\"",
        ),
        (
            "Action = [\"s3:Get*\", \"s3:List*\"]",
            "Action = \"s3:Gett*\"",
        ),
        (
            "accounts = [\"320987654321\"]\nstatements",
            "accounts = [\"430987654321\"]\nstatements",
        ),
        (
            "accounts = [\"320987654321\"]\nstatements",
            "accounts = [\"210987654321\"]\nstatements",
        ),
        ("policy/AdministratorAccess", "policy/PowerUserAccess"),
        (
            "\"210987654321\", \"320987654321\"]\npolicies = [\"arn:aws:iam::aws:policy/PowerUserAccess\"]",
            "\"210987654321\", \"320987654321\"]\npolicies = [\"arn:aws:iam::210987654321:policy/reports-read\"]",
        ),
    ];
    for (good, bad) in broken
        .into_iter()
        .chain(manager::BROKEN)
        .chain(volume::BROKEN)
    {
        let text = TEXT.replace(good, bad);
        assert_ne!(text, TEXT, "{good}");
        let error = Guardrails::parse(&text).unwrap_err();
        assert!(
            matches!(error, GuardrailsError::Contradiction(_)),
            "{bad}: {error}"
        );
    }
    for (good, bad) in [
        ("210987654321", "2109"),
        ("risk = \"low\"", "risk = \"none\""),
        ("[never]", "[never]\nextra = 1"),
        ("risk = \"low\"", "risk = \"low\"\nmanager = \"ask\""),
    ] {
        let error = Guardrails::parse(&TEXT.replace(good, bad)).unwrap_err();
        assert!(
            matches!(error, GuardrailsError::Unreadable(_)),
            "{bad}: {error}"
        );
    }
}
