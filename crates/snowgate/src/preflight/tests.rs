//! What each fact leads to, one fault at a time.

mod facts;
mod mail;
mod whole;

use serde_json::{Value, json};

use self::facts::{ACCOUNT, NOW, facts, guardrails};
use super::*;

fn results(facts: Value) -> Vec<PreflightResult> {
    let facts = AwsFacts::of(facts);
    let guardrails = guardrails();
    let accounts: Vec<_> = guardrails.accounts().into_iter().cloned().collect();
    let mut results = hub::check(&facts, NOW);
    results.extend(super::mail::check(&facts));
    results.extend(accounts::check(&facts, &guardrails, &accounts));
    results
}

/// The results with one fact changed, that are not as they must be.
fn broken(path: &str, value: Value) -> Vec<(&'static str, String)> {
    let mut facts = facts();
    *facts
        .pointer_mut(path)
        .unwrap_or_else(|| panic!("{path} is there")) = value;
    let bad = results(facts).into_iter().filter(|result| !result.ok);
    bad.inspect(|result| assert!(!result.remedy.is_empty(), "{result:?} says what to do"))
        .map(|result| (result.check, result.about))
        .collect()
}

#[test]
fn all_is_well_with_good_facts() {
    let bad: Vec<_> = results(facts())
        .into_iter()
        .filter(|result| !result.ok)
        .collect();
    assert_eq!(bad, []);
}

/// A role that may make users where the guardrails know of none has too many rights.
#[test]
fn rights_over_users_that_the_guardrails_do_not_know_are_found() {
    let users = include_str!("../../../iam-policy/tests/shipped/member-role-users.json");
    let mut facts = facts();
    let policies = format!("/accounts/{ACCOUNT}/member/policies");
    let policies = facts.pointer_mut(&policies).and_then(Value::as_array_mut);
    policies.unwrap().push(serde_json::from_str(users).unwrap());
    let bad = results(facts).into_iter().filter(|result| !result.ok);
    let bad: Vec<_> = bad.map(|result| (result.check, result.about)).collect();
    assert_eq!(bad, [("member role", ACCOUNT.to_owned())]);
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
            "/lambda/AccountLimit/UnreservedConcurrentExecutions".to_owned(),
            json!(10),
            "concurrency",
            "",
        ),
        ("/lambda".to_owned(), refused(), "concurrency", ""),
        ("/access_logs".to_owned(), json!({}), "access logs", ""),
        ("/alarms/confirmed".to_owned(), json!(0), "alarms", ""),
        ("/alarms".to_owned(), refused(), "alarms", ""),
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
            "/mail/configuration_set".to_owned(),
            json!({"refused": "NotFoundException"}),
            "e-mail",
            "",
        ),
        (
            "/mail/configuration_set/DeliveryOptions/TlsPolicy".to_owned(),
            json!("OPTIONAL"),
            "e-mail",
            "TLS",
        ),
        (
            "/mail/configuration_set/SendingOptions/SendingEnabled".to_owned(),
            json!(false),
            "e-mail",
            "sending",
        ),
        (
            "/mail/destinations/EventDestinations/0/MatchingEventTypes/0".to_owned(),
            json!("OPEN"),
            "e-mail",
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
            "/secrets/write/CreatedDate".to_owned(),
            json!(NOW - 94 * 86_400),
            "age",
            "secret servicenow-write",
        ),
        (
            "/api_keys/0/createdDate".to_owned(),
            json!(NOW - 94 * 86_400),
            "age",
            "API key `snowgate-servicenow`",
        ),
        (
            "/roles/dispatcher/policies".to_owned(),
            json!([]),
            "read role",
            ACCOUNT,
        ),
        (
            "/roles/directory/policies".to_owned(),
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
        (
            role("member/policies/0/Statement/5/Action/0"),
            json!("iam:GetUser"),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/6/Action/0"),
            json!("iam:CreateUser"),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/7/Action/0"),
            json!("iam:GetUser"),
            "member role",
            ACCOUNT,
        ),
        (
            role("member/policies/0/Statement/7/Resource"),
            json!("arn:aws:iam::444455556666:policy/*"),
            "member role",
            ACCOUNT,
        ),
        (
            role("read/policies/0/Statement/0/Action/0"),
            json!("iam:GetUser"),
            "read role",
            ACCOUNT,
        ),
        (
            role("read/policies/0/Statement/0/Action"),
            json!("iam:*"),
            "read role",
            ACCOUNT,
        ),
        (
            role("read/trust/Statement/0/Action"),
            json!("sts:AssumeRole"),
            "read role",
            ACCOUNT,
        ),
        (role("boundary"), refused(), "boundary", ACCOUNT),
        (
            role("boundary/document/Statement/0/NotAction"),
            json!(["billing:*"]),
            "boundary",
            ACCOUNT,
        ),
        // Neither IAM nor roles to assume: new code for a function that has a role.
        (
            role("boundary/document/Statement/0/NotAction"),
            json!(["iam:*", "sts:*"]),
            "boundary",
            ACCOUNT,
        ),
        (
            role("boundary/document/Statement/1/Action"),
            json!(["sts:*"]),
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
fn a_long_list_of_policies_may_be_in_several_statements() {
    let mut facts = facts();
    let statements = &mut facts["accounts"][ACCOUNT]["member"]["policies"][0]["Statement"];
    let path = "/Condition/ArnEquals/iam:PolicyARN";
    for place in [0, 1] {
        let mut empty = statements[place].clone();
        *empty.pointer_mut(path).unwrap() = json!(["arn:aws:iam::444455556666:policy/reports"]);
        statements.as_array_mut().unwrap().push(empty);
    }
    assert!(results(facts.clone()).iter().all(|result| result.ok));
    let second = format!("/accounts/{ACCOUNT}/member/policies/0/Statement/8{path}/0");
    *facts.pointer_mut(&second).unwrap() = json!("arn:aws:iam::444455556666:policy/other");
    assert!(results(facts).iter().any(|result| !result.ok));
}
