//! Guardrails, and facts of a deployment that is as it must be.

use serde_json::{Value, json};
use snowgate_core::guardrails::Guardrails;

use super::super::rights::{FIND, NEVER, READ};

pub(super) const NOW: i64 = 1_800_000_000;
pub(super) const ACCOUNT: &str = "444455556666";

pub(super) fn guardrails() -> Guardrails {
    let text = r#"
        partition = "aws"
        maximum_duration = "P7D"
        [servicenow]
        tables = ["sc_req_item"]
        security_group = "5ec00000000000000000000000000001"
        [approvers]
        mail_domains = ["example.com"]
        per_slot = 3
        [principals]
        paths = ["/enrolled/"]
        boundary = "Frame"
        [never]
        actions = ["iam:*"]
        policies = []
        [[reference]]
        accounts = ["444455556666"]
        statements = [{ Action = "s3:GetObject", Resource = "*" }]
        [[grants]]
        accounts = ["444455556666"]
        policies = ["arn:aws:iam::444455556666:policy/reports"]
        groups = ["arn:aws:iam::444455556666:group/readers"]
        inline_policies = true
        maximum_duration = "P1D"
        risk = "low"
    "#;
    Guardrails::parse(text).unwrap()
}

fn hub_role(name: &str, takes: &str) -> Value {
    json!({
        "arn": format!("arn:aws:iam::111122223333:role/snowgate-{name}"),
        "trust": {},
        "policies": [{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
             "Resource": format!("arn:aws:iam::*:role/{takes}")},
        ]}],
    })
}

fn target_role(name: &str, functions: &[&str], policies: &Value) -> Value {
    let arn = |function| format!("arn:aws:iam::111122223333:role/snowgate-{function}");
    let trusted: Vec<_> = functions.iter().map(arn).collect();
    json!({
        "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "policies": policies,
        "trust": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            "Condition": {
                "StringEquals": {"sts:ExternalId": "ours", "aws:PrincipalOrgID": "o-example1234"},
                "ArnEquals": {"aws:PrincipalArn": trusted},
            },
        }]},
    })
}

/// Facts with which everything is well.
pub(super) fn facts() -> Value {
    let frame = include_str!("../../../../iam-policy/tests/shipped/boundary.json");
    let frame: Value = serde_json::from_str(frame).unwrap();
    let read = json!([{"Statement": [{"Effect": "Allow", "Action": READ, "Resource": "*"}]}]);
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
        {"Effect": "Allow", "Action": FIND, "Resource": "*"},
        {"Effect": "Allow", "Action": READ, "Resource": "*"},
        {"Effect": "Deny", "Action": NEVER, "Resource": "*"},
    ]}]);
    json!({
        "caller": {"account": "111122223333"},
        "aws_time": 1_800_000_003,
        "organisation": "o-example1234",
        "alarms": {"confirmed": 1, "pending": 1},
        "lambda": {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 50}},
        "access_logs": {"cloudwatchRoleArn": "arn:aws:iam::111122223333:role/snowgate-ApiLoggingRole-A"},
        "stack": {"status": "UPDATE_COMPLETE", "outputs": {}, "parameters": {
            "Sender": "access@example.com", "SenderIdentity": "example.com", "Hold": "false", "ExternalId": "ours"}},
        "mail": {
            "identity": {"VerifiedForSendingStatus": true},
            "account": {"ProductionAccessEnabled": true, "SendingEnabled": true},
            "configuration_set": {"DeliveryOptions": {"TlsPolicy": "REQUIRE"}, "SendingOptions": {"SendingEnabled": true}},
            "destinations": {"EventDestinations": [{"MatchingEventTypes": ["BOUNCE"]}]},
        },
        "secrets": {
            "clients": {"SecretString": json!({"key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "clients": [
                {"id": "servicenow", "hashes": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
                 "routes": ["POST /v1/requests"]}]}).to_string()},
            "read": {"CreatedDate": NOW - 92 * 86_400, "SecretString": "{\"username\":\"a\",\"password\":\"b\"}"},
            "write": {"CreatedDate": NOW - 86_400, "SecretString": "{\"client_id\":\"a\",\"client_secret\":\"b\",\"grant_type\":\"client_credentials\"}"},
        },
        "api_keys": [{"name": "snowgate-servicenow", "createdDate": NOW - 3600}],
        "roles": {
            "directory": hub_role("directory", "SnowgateRead"),
            "dispatcher": hub_role("dispatcher", "SnowgateRead"),
            "provisioner": hub_role("provisioner", "SnowgateMember"),
        },
        "accounts": {ACCOUNT: {
            "read": target_role("SnowgateRead", &["dispatcher", "directory"], &read),
            "member": target_role("SnowgateMember", &["provisioner"], &policy),
            "boundary": {"document": frame},
        }},
    })
}
