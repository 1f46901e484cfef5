//! What each fact leads to, one fault at a time.

use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;
const ACCOUNT: &str = "444455556666";

fn guardrails() -> Guardrails {
    let text = r#"
        partition = "aws"
        [servicenow]
        tables = ["sc_req_item"]
        [principals]
        paths = ["/enrolled/"]
        boundary = "Frame"
        [[grants]]
        accounts = ["444455556666"]
        policies = ["arn:aws:iam::444455556666:policy/reports"]
        groups = ["arn:aws:iam::444455556666:group/readers"]
        inline_policies = true
    "#;
    toml::from_str(text).unwrap()
}

fn hub_role(name: &str, takes: &str) -> Value {
    json!({
        "arn": format!("arn:aws:iam::111122223333:role/snowgate-{name}"),
        "trust": {},
        "policies": [{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": format!("arn:aws:iam::*:role/{takes}")},
        ]}],
    })
}

fn target_role(name: &str, function: &str, policies: &Value) -> Value {
    json!({
        "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "policies": policies,
        "trust": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": "ours", "aws:PrincipalOrgID": "o-example1234"},
                "ArnEquals": {"aws:PrincipalArn": format!("arn:aws:iam::111122223333:role/snowgate-{function}")},
            },
        }]},
    })
}

/// Facts with which everything is well.
fn facts() -> Value {
    let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/Frame");
    let listed = format!("arn:aws:iam::{ACCOUNT}:policy/reports");
    let enrolled = ["user", "role"].map(|kind| format!("arn:aws:iam::{ACCOUNT}:{kind}/enrolled/*"));
    let policy = json!([{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:AttachRolePolicy", "iam:AttachUserPolicy"], "Resource": enrolled,
         "Condition": {"ArnEquals": {"iam:PolicyARN": [listed], "iam:PermissionsBoundary": boundary}}},
        {"Effect": "Allow", "Action": ["iam:DetachRolePolicy", "iam:DetachUserPolicy"], "Resource": enrolled,
         "Condition": {"ArnEquals": {"iam:PolicyARN": [listed]}}},
        {"Effect": "Allow", "Action": ["iam:PutRolePolicy", "iam:PutUserPolicy"], "Resource": enrolled,
         "Condition": {"ArnEquals": {"iam:PermissionsBoundary": boundary}}},
        {"Effect": "Allow", "Action": ["iam:DeleteRolePolicy", "iam:DeleteUserPolicy"], "Resource": enrolled},
        {"Effect": "Allow", "Action": ["iam:AddUserToGroup", "iam:RemoveUserFromGroup"],
         "Resource": "arn:aws:iam::444455556666:group/readers"},
    ]}]);
    json!({
        "caller": {"account": "111122223333"},
        "aws_time": 1_800_000_003,
        "organisation": "o-example1234",
        "stack": {"status": "UPDATE_COMPLETE", "outputs": {}, "parameters": {
            "Sender": "access@example.com", "SenderIdentity": "example.com", "Hold": "false", "ExternalId": "ours"}},
        "mail": {
            "identity": {"VerifiedForSendingStatus": true},
            "account": {"ProductionAccessEnabled": true, "SendingEnabled": true},
            "letters": {"DeliveryOptions": {"TlsPolicy": "REQUIRE"}, "SendingOptions": {"SendingEnabled": true}},
            "destinations": {"EventDestinations": [{"MatchingEventTypes": ["BOUNCE"]}]},
        },
        "secrets": {
            "clients": {"SecretString": json!({"key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "clients": [
                {"id": "servicenow", "hashes": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
                 "routes": ["POST /v1/requests"]}]}).to_string()},
            "read": {"SecretString": "{\"username\":\"a\",\"password\":\"b\"}"},
            "write": {"SecretString": "{\"client_id\":\"a\",\"client_secret\":\"b\",\"grant_type\":\"client_credentials\"}"},
        },
        "roles": {
            "dispatcher": hub_role("dispatcher", "SnowgateRead"),
            "provisioner": hub_role("provisioner", "SnowgateMember"),
        },
        "accounts": {ACCOUNT: {
            "read": target_role("SnowgateRead", "dispatcher", &json!([])),
            "member": target_role("SnowgateMember", "provisioner", &policy),
            "boundary": {"document": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
                {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/Snowgate*"},
            ]}},
        }},
    })
}

fn findings(facts: Value) -> Vec<Finding> {
    let facts = Facts::of(facts);
    let mut findings = hub::check(&facts, NOW);
    findings.extend(accounts::check(&facts, &guardrails()));
    findings
}

/// The findings with one fact changed, that are not as they must be.
fn broken(path: &str, value: Value) -> Vec<(&'static str, String)> {
    let mut facts = facts();
    *facts
        .pointer_mut(path)
        .unwrap_or_else(|| panic!("{path} is there")) = value;
    let bad = findings(facts).into_iter().filter(|finding| !finding.ok);
    bad.inspect(|finding| assert!(!finding.remedy.is_empty(), "{finding:?} says what to do"))
        .map(|finding| (finding.check, finding.about))
        .collect()
}

#[test]
fn all_is_well_with_good_facts() {
    let bad: Vec<_> = findings(facts())
        .into_iter()
        .filter(|finding| !finding.ok)
        .collect();
    assert_eq!(bad, []);
}

#[test]
fn every_fault_is_found_and_nothing_else() {
    let refused = || json!({"refused": "NoSuchEntity"});
    let role = |what: &str| format!("/accounts/{ACCOUNT}/{what}");
    let condition = "trust/Statement/0/Condition";
    let attach = role("member/policies/0/Statement/0");
    let detach = role("member/policies/0/Statement/1");
    let cases = [
        ("/aws_time".to_owned(), json!(1_800_000_121), "clock", "AWS"),
        ("/aws_time".to_owned(), Value::Null, "clock", "AWS"),
        (
            "/stack/status".to_owned(),
            json!("UPDATE_ROLLBACK_FAILED"),
            "stack",
            "",
        ),
        (
            "/stack/parameters/Hold".to_owned(),
            json!("true"),
            "stack",
            "",
        ),
        (
            "/stack/parameters/SenderIdentity".to_owned(),
            json!("example.org"),
            "sender",
            "",
        ),
        (
            "/mail/identity".to_owned(),
            json!({"refused": "NotFoundException"}),
            "sender",
            "",
        ),
        (
            "/mail/identity/VerifiedForSendingStatus".to_owned(),
            json!(false),
            "sender",
            "",
        ),
        (
            "/mail/account/ProductionAccessEnabled".to_owned(),
            json!(false),
            "sandbox",
            "",
        ),
        (
            "/mail/account/SendingEnabled".to_owned(),
            json!(false),
            "sandbox",
            "sending",
        ),
        (
            "/mail/letters".to_owned(),
            json!({"refused": "NotFoundException"}),
            "letters",
            "",
        ),
        (
            "/mail/letters/DeliveryOptions/TlsPolicy".to_owned(),
            json!("OPTIONAL"),
            "letters",
            "TLS",
        ),
        (
            "/mail/letters/SendingOptions/SendingEnabled".to_owned(),
            json!(false),
            "letters",
            "sending",
        ),
        (
            "/mail/destinations/EventDestinations/0/MatchingEventTypes/0".to_owned(),
            json!("OPEN"),
            "letters",
            "tracking",
        ),
        (
            "/secrets/clients".to_owned(),
            refused(),
            "secrets",
            "clients",
        ),
        (
            "/secrets/clients/SecretString".to_owned(),
            json!("{}"),
            "secrets",
            "clients",
        ),
        (
            "/secrets/read/SecretString".to_owned(),
            json!("{\"password\":\"x\"}"),
            "secrets",
            "servicenow-read",
        ),
        (
            "/secrets/write/SecretString".to_owned(),
            json!(""),
            "secrets",
            "servicenow-write",
        ),
        (
            "/roles/dispatcher/policies".to_owned(),
            json!([]),
            "read role",
            ACCOUNT,
        ),
        (
            "/roles/provisioner/policies".to_owned(),
            json!([]),
            "member role",
            ACCOUNT,
        ),
        (role("read"), refused(), "read role", ACCOUNT),
        (
            role(&format!("read/{condition}/ArnEquals")),
            json!({}),
            "read role",
            ACCOUNT,
        ),
        (
            role(&format!("read/{condition}/StringEquals")),
            json!({}),
            "read role",
            ACCOUNT,
        ),
        (
            role(&format!("member/{condition}/StringEquals/sts:ExternalId")),
            json!("theirs"),
            "member role",
            ACCOUNT,
        ),
        (
            role(&format!(
                "member/{condition}/StringEquals/aws:PrincipalOrgID"
            )),
            json!("o-another12345"),
            "member role",
            ACCOUNT,
        ),
        (
            role(&format!("member/{condition}/ArnEquals/aws:PrincipalArn")),
            json!("arn:aws:iam::111122223333:role/other-provisioner"),
            "member role",
            ACCOUNT,
        ),
        (
            role(&format!("member/{condition}")),
            json!({"StringLike": {"aws:PrincipalArn": "*"}}),
            "member role",
            ACCOUNT,
        ),
        (
            format!("{attach}/Resource/0"),
            json!(format!("arn:aws:iam::{ACCOUNT}:user/*")),
            "member role",
            ACCOUNT,
        ),
        (
            format!("{detach}/Resource"),
            json!("*"),
            "member role",
            ACCOUNT,
        ),
        (
            format!("{attach}/Condition/ArnEquals/iam:PolicyARN"),
            json!("arn:aws:iam::aws:policy/*"),
            "member role",
            ACCOUNT,
        ),
        (
            format!("{detach}/Condition/ArnEquals/iam:PolicyARN/0"),
            json!("arn:aws:iam::aws:policy/x"),
            "member role",
            ACCOUNT,
        ),
        (
            format!("{attach}/Condition/ArnEquals/iam:PermissionsBoundary"),
            json!("arn:aws:iam::444455556666:policy/Other"),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/2/Condition"),
            json!({}),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/2/Action"),
            json!("iam:GetUser"),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/3/Resource"),
            json!("*"),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/4/Resource"),
            json!("*"),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/4/Effect"),
            json!("Deny"),
            "member role",
            ACCOUNT,
        ),
        (role("member/policies"), json!([]), "member role", ACCOUNT),
        (role("boundary"), refused(), "boundary", ACCOUNT),
        (
            role("boundary/document/Statement/0/NotAction"),
            json!(["billing:*"]),
            "boundary",
            ACCOUNT,
        ),
        (
            role("boundary/document/Statement/1/Action"),
            json!("sts:TagSession"),
            "boundary",
            ACCOUNT,
        ),
        (
            format!("/accounts/{ACCOUNT}"),
            json!({"refused": "no inspect role"}),
            "read role",
            ACCOUNT,
        ),
    ];
    for (path, value, check, about) in cases {
        let shown = value.to_string();
        assert_eq!(
            broken(&path, value),
            [(check, about.to_owned())],
            "{path} = {shown}"
        );
    }
}

#[test]
fn engagement_metrics_are_tracking() {
    let mut facts = facts();
    facts["mail"]["letters"]["VdmOptions"] =
        json!({"DashboardOptions": {"EngagementMetrics": "ENABLED"}});
    let bad: Vec<_> = findings(facts)
        .into_iter()
        .filter(|finding| !finding.ok)
        .collect();
    assert_eq!(
        bad.first().map(|finding| finding.about.as_str()),
        Some("tracking")
    );
}

#[test]
fn no_finding_shows_a_secret() {
    for value in [
        "canary",
        "{\"password\":\"canary\"}",
        "{\"username\":\"canary\",\"password\":1}",
        "{\"key\":\"canary\"}",
    ] {
        for name in ["clients", "read", "write"] {
            let mut facts = facts();
            facts["secrets"][name]["SecretString"] = json!(value);
            let said = serde_json::to_string(&findings(facts)).unwrap();
            assert!(!said.contains("canary"), "{said}");
        }
    }
}

#[test]
fn without_a_stack_only_its_absence_is_said() {
    let absent =
        Facts::of(json!({"caller": {"account": "1"}, "stack": {"refused": "ValidationError"}}));
    assert!(early(&absent).unwrap().ok);
    let hidden =
        Facts::of(json!({"caller": {"account": "1"}, "stack": {"refused": "AccessDenied"}}));
    assert!(!early(&hidden).unwrap().ok);
    let nobody = Facts::of(json!({"caller": {"refused": "NoCredentialsError"}}));
    assert!(!early(&nobody).unwrap().ok);
    assert!(early(&Facts::of(facts())).is_none());
}

#[test]
fn the_example_is_no_set_of_guardrails() {
    assert!(tools::examples(&guardrails()).ok);
    let account = crate::organisation::EXAMPLE_ACCOUNTS[0];
    let text = format!(
        "partition = \"aws\"\n[servicenow]\ntables = []\n[principals]\npaths = []\nboundary = \"B\"\n\
         [[grants]]\naccounts = [\"{account}\"]\npolicies = []\n"
    );
    assert!(!tools::examples(&toml::from_str(&text).unwrap()).ok);
}
