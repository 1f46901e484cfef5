//! The rights of the two roles over users that Snowgate makes, as the template has them.

use serde_json::{Value, json};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;

use crate::member_parameters::MemberParameters;

/// The statements of the policy that the template gives the member role for users; none where the
/// guardrails make no users there.
pub(super) fn wanted(guardrails: &Guardrails, account: &AccountId) -> Vec<Value> {
    let parameters = MemberParameters::new(guardrails, account).ok();
    let users = parameters.as_ref().and_then(MemberParameters::users);
    users.map_or_else(Vec::new, |(path, tag_keys)| {
        let resource = format!("arn:{}:iam::{account}:user{path}*", guardrails.partition());
        statements(&resource, tag_keys, &guardrails.boundary_in(account))
    })
}

/// The statement that the template gives the read role for users; none where the guardrails make no users
/// there.
pub(super) fn read(guardrails: &Guardrails, account: &AccountId) -> Option<Value> {
    let (path, _) = guardrails.users_in(account)?;
    let resource = format!("arn:{}:iam::{account}:user{path}*", guardrails.partition());
    Some(read_keys(&resource))
}

fn read_keys(resource: &str) -> Value {
    json!({
        "Sid": "ReadKeysOfUsers",
        "Effect": "Allow",
        "Action": ["iam:GetAccessKeyLastUsed", "iam:ListAccessKeys"],
        "Resource": resource,
    })
}

fn statements(resource: &str, tag_keys: &str, boundary: &str) -> Vec<Value> {
    let tag_keys: Vec<&str> = tag_keys.split(',').collect();
    let made = json!({"aws:ResourceTag/snowgate:made": "yes"});
    let tags = json!({
        "StringEquals": {"aws:RequestTag/snowgate:made": "yes"},
        "StringLike": {
            "aws:RequestTag/snowgate:owner": "?".repeat(32),
            "aws:RequestTag/snowgate:request": "req-*",
        },
        "ForAllValues:StringEqualsIgnoreCase": {"aws:TagKeys": tag_keys},
    });
    let with = |operator: &str, condition: Value| {
        let mut all = tags.clone();
        if let Some(all) = all.as_object_mut() {
            all.insert(operator.to_owned(), condition);
        }
        all
    };
    let boundary = json!({"iam:PermissionsBoundary": boundary});
    let unowned = json!({"aws:ResourceTag/snowgate:owner": "true"});
    let allow = |sid: &str, action: Value, condition: Value| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition});
    vec![
        allow(
            "MakeUsers",
            json!("iam:CreateUser"),
            with("ArnEquals", boundary.clone()),
        ),
        allow("TagAsMade", json!("iam:TagUser"), with("Null", unowned)),
        allow(
            "PutLifePolicies",
            json!("iam:PutUserPolicy"),
            json!({"ArnEquals": boundary, "StringEquals": made}),
        ),
        allow("EndMadeUsers", json!(ENDS), json!({"StringEquals": made})),
        json!({"Sid": "ReadCredentials", "Effect": "Allow", "Action": READS, "Resource": resource}),
        json!({
            "Sid": "NeverRenameOrUntag",
            "Effect": "Deny",
            "Action": ["iam:UntagUser", "iam:UpdateUser"],
            "Resource": "*",
        }),
    ]
}

const ENDS: [&str; 9] = [
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeleteSSHPublicKey",
    "iam:DeleteServiceSpecificCredential",
    "iam:DeleteSigningCertificate",
    "iam:DeleteUser",
    "iam:DetachUserPolicy",
    "iam:UpdateAccessKey",
];
const READS: [&str; 6] = [
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
    "iam:ListSigningCertificates",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_those_of_the_template() {
        let shipped = include_str!("../../../iam-policy/tests/shipped/member-role-users.json");
        let shipped: Value = serde_json::from_str(shipped).unwrap();
        let found = statements(
            "arn:aws:iam::444455556666:user/snowgate/*",
            "snowgate:made,snowgate:owner,snowgate:request,team",
            "arn:aws:iam::444455556666:policy/SnowgateBoundary",
        );
        assert_eq!(Value::from(found), shipped["Statement"]);
        let shipped = include_str!("../../../iam-policy/tests/shipped/read-role-users.json");
        let shipped: Value = serde_json::from_str(shipped).unwrap();
        let found = read_keys("arn:aws:iam::444455556666:user/snowgate/*");
        assert_eq!(
            Some(&found),
            shipped["Statement"].as_array().unwrap().last()
        );
    }
}
