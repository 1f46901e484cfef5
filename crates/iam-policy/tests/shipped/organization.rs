//! The policies of the organization: the only door. Every way around is denied, every call of Snowgate's goes
//! through, and no line is there for nothing.

use iam_policy::document::PolicyType;
use iam_policy::evaluate::Outcome;
use serde_json::Value;

use super::case::Case;
use super::{HUB, MEMBER, ruleset, shipped};

const DATA_KEY: &str =
    "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111";
const APPROVAL_KEY: &str =
    "arn:aws:kms:eu-west-1:111122223333:key/22222222-2222-2222-2222-222222222222";

fn session(account: &str, role: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/somebody")
}

/// Everybody who is not Snowgate: an administrator of a target account, one of the hub, an enrolled user.
fn others() -> [String; 3] {
    [
        session(MEMBER, "Administrator"),
        session(HUB, "Administrator"),
        format!("arn:aws:iam::{MEMBER}:user/enrolled/ada"),
    ]
}

/// What nobody but the member role does, by the resource it is done to.
fn access_changes() -> Vec<(String, String)> {
    let arn = |rest: &str| format!("arn:aws:iam::{MEMBER}:{rest}");
    let mut all = Vec::new();
    for (kind, resource) in [("User", "user/enrolled/ada"), ("Role", "role/enrolled/job")] {
        for verb in ["Attach", "Detach", "Put", "Delete"] {
            all.push((format!("iam:{verb}{kind}Policy"), arn(resource)));
        }
    }
    for verb in ["AddUserToGroup", "RemoveUserFromGroup"] {
        all.push((format!("iam:{verb}"), arn("group/granted/analysts")));
    }
    all
}

/// What nobody but those who enrol and deploy does.
fn administration() -> Vec<(String, String)> {
    let arn = |account: &str, rest: &str| format!("arn:aws:iam::{account}:{rest}");
    let mut all = Vec::new();
    for (kind, resource) in [("User", "user/enrolled/ada"), ("Role", "role/enrolled/job")] {
        for action in [
            format!("Create{kind}"),
            format!("Delete{kind}PermissionsBoundary"),
            format!("Put{kind}PermissionsBoundary"),
            format!("Tag{kind}"),
            format!("Untag{kind}"),
        ] {
            all.push((format!("iam:{action}"), arn(MEMBER, resource)));
        }
    }
    all.push((
        "iam:UpdateUser".to_owned(),
        arn(MEMBER, "user/enrolled/ada"),
    ));
    all.push((
        "iam:UpdateAssumeRolePolicy".to_owned(),
        arn(MEMBER, "role/enrolled/job"),
    ));
    for action in [
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
    ] {
        // The boundary, and what the member role may besides its own policy.
        for policy in [
            "SnowgateBoundary",
            "snowgate/snowgate-member-AttachPolicies2-A1",
        ] {
            all.push((
                format!("iam:{action}"),
                arn(MEMBER, &format!("policy/{policy}")),
            ));
        }
    }
    for (account, role) in [
        (MEMBER, "SnowgateMember"),
        (MEMBER, "SnowgateRead"),
        (HUB, "snowgate-provisioner"),
    ] {
        for action in [
            "AttachRolePolicy",
            "CreateRole",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "PassRole",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
        ] {
            all.push((
                format!("iam:{action}"),
                arn(account, &format!("role/{role}")),
            ));
        }
    }
    for key in [DATA_KEY, APPROVAL_KEY] {
        for action in [
            "CreateGrant",
            "DeleteAlias",
            "DisableKey",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "UpdateAlias",
        ] {
            all.push((format!("kms:{action}"), key.to_owned()));
        }
    }
    for action in [
        "AddPermission",
        "DeleteFunction",
        "DeleteFunctionCodeSigningConfig",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    ] {
        let function = format!("arn:aws:lambda:eu-west-1:{HUB}:function:snowgate-provisioner");
        all.push((format!("lambda:{action}"), function));
    }
    all
}

/// Everything that is tried.
fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let (member_role, deployer) = (
        session(MEMBER, "SnowgateMember"),
        session(MEMBER, "deploy-snowgate"),
    );
    for (action, resource) in access_changes() {
        all.extend(
            others()
                .iter()
                .map(|who| Case::new(who, &action, &resource, false)),
        );
        // Not even those who enrol.
        all.push(Case::new(&deployer, &action, &resource, false));
        all.push(Case::new(&member_role, &action, &resource, true));
    }
    for (action, resource) in administration() {
        all.extend(
            others()
                .iter()
                .map(|who| Case::new(who, &action, &resource, false)),
        );
        all.push(Case::new(&member_role, &action, &resource, false));
        all.push(Case::new(&deployer, &action, &resource, true));
    }
    all.extend(elsewhere());
    all.extend(roles_keys_secrets_and_queues());
    all
}

/// The same where Snowgate makes users on the path: the member role makes and tags them, and nobody else.
fn cases_with_users() -> Vec<Case> {
    let mut all = cases();
    for case in &mut all {
        for text in [&mut case.principal, &mut case.resource] {
            *text = text.replace("/enrolled/", "/snowgate/");
        }
        let makes = ["iam:CreateUser", "iam:TagUser"].contains(&case.action.as_str());
        case.goes_through |= makes && case.principal.contains("/SnowgateMember/");
    }
    all
}

/// What has nothing to do with Snowgate is as it was.
fn elsewhere() -> Vec<Case> {
    let who = session(MEMBER, "Administrator");
    let arn = |rest: &str| format!("arn:aws:iam::{MEMBER}:{rest}");
    let mut all: Vec<Case> = [
        ("iam:AttachUserPolicy", arn("user/bob")),
        ("iam:PutRolePolicy", arn("role/orders")),
        ("iam:AddUserToGroup", arn("group/everybody")),
        ("iam:CreateUser", arn("user/bob")),
        ("iam:TagRole", arn("role/orders")),
        ("iam:CreatePolicyVersion", arn("policy/orders")),
        ("iam:UpdateAssumeRolePolicy", arn("role/orders")),
        ("iam:GetUser", arn("user/enrolled/ada")),
        ("iam:CreateAccessKey", arn("user/enrolled/ada")),
        (
            "kms:PutKeyPolicy",
            format!("arn:aws:kms:eu-west-1:{HUB}:key/3"),
        ),
        (
            "lambda:UpdateFunctionCode",
            format!("arn:aws:lambda:eu-west-1:{HUB}:function:orders"),
        ),
        ("sts:AssumeRole", arn("role/orders")),
        (
            "kms:GenerateMac",
            format!("arn:aws:kms:eu-west-1:{HUB}:key/3"),
        ),
        (
            "secretsmanager:GetSecretValue",
            format!("arn:aws:secretsmanager:eu-west-1:{HUB}:secret:orders-AbCdEf"),
        ),
    ]
    .into_iter()
    .map(|(action, resource)| Case::new(&who, action, &resource, true))
    .collect();
    // DynamoDB makes itself a grant when somebody of the hub restores a table.
    let restores = Case::new(
        &session(HUB, "Administrator"),
        "kms:CreateGrant",
        DATA_KEY,
        true,
    );
    all.push(restores.with("kms:GrantIsForAWSResource", "true"));
    all
}

/// Snowgate's own resources, against policies of their own that let everybody in.
fn roles_keys_secrets_and_queues() -> Vec<Case> {
    let hub = |role: &str| session(HUB, role);
    let stranger = "arn:aws:sts::999988887777:assumed-role/any/somebody";
    let mut all = Vec::new();
    for (role, caller, other) in [
        (
            "SnowgateMember",
            "snowgate-provisioner",
            "snowgate-dispatcher",
        ),
        (
            "SnowgateRead",
            "snowgate-dispatcher",
            "snowgate-provisioner",
        ),
        ("SnowgateRead", "snowgate-directory", "snowgate-intake"),
    ] {
        let role = format!("arn:aws:iam::{MEMBER}:role/{role}");
        all.push(Case::new(&hub(caller), "sts:AssumeRole", &role, true));
        for who in [
            hub(other),
            hub("Administrator"),
            session(MEMBER, "Administrator"),
            stranger.to_owned(),
        ] {
            all.push(Case::new(&who, "sts:AssumeRole", &role, false));
        }
    }
    for (key, approval_may) in [(APPROVAL_KEY, true), (DATA_KEY, true)] {
        all.push(Case::new(
            &hub("snowgate-approval"),
            "kms:GenerateMac",
            key,
            approval_may,
        ));
        for who in ["snowgate-provisioner", "Administrator", "deploy-snowgate"] {
            all.push(Case::new(&hub(who), "kms:GenerateMac", key, false));
        }
    }
    all.push(Case::new(
        &hub("snowgate-provisioner"),
        "kms:VerifyMac",
        APPROVAL_KEY,
        true,
    ));
    all.push(Case::new(
        &hub("snowgate-intake"),
        "kms:Decrypt",
        DATA_KEY,
        true,
    ));
    let secret = format!("arn:aws:secretsmanager:eu-west-1:{HUB}:secret:snowgate/clients-AbCdEf");
    let queue = format!("arn:aws:sqs:eu-west-1:{HUB}:snowgate-work.fifo");
    for (action, resource) in [
        ("secretsmanager:GetSecretValue", &secret),
        ("secretsmanager:PutSecretValue", &secret),
        ("sqs:ReceiveMessage", &queue),
        ("sqs:SendMessage", &queue),
    ] {
        all.push(Case::new(
            &hub("snowgate-provisioner"),
            action,
            resource,
            true,
        ));
        all.push(Case::new(stranger, action, resource, false));
    }
    let bounces = format!("arn:aws:sqs:eu-west-1:{HUB}:snowgate-bounces");
    let events = Case::new("events.amazonaws.com", "sqs:SendMessage", &bounces, true);
    all.push(events.with("aws:PrincipalIsAWSService", "true"));
    all
}

/// The cases that do not end as they must.
fn wrong(cases: &[Case], service_control: &str, resource_control: &str) -> Vec<String> {
    let service_control = ruleset(service_control, PolicyType::ServiceControl);
    let resource_control = ruleset(resource_control, PolicyType::ResourceControl);
    let wrong = cases.iter().filter(|case| {
        let outcome = case.outcome(&service_control, &resource_control);
        (outcome == Outcome::Allowed) != case.goes_through
    });
    wrong
        .map(|case| format!("{} {} {}", case.principal, case.action, case.resource))
        .collect()
}

#[test]
fn every_way_around_is_denied_and_snowgate_goes_through() {
    let resource_control = shipped("resource-control");
    for (cases, service_control) in [
        (cases(), "service-control"),
        (cases_with_users(), "service-control-users"),
    ] {
        let found = wrong(&cases, &shipped(service_control), &resource_control);
        assert_eq!(found, [""; 0], "{service_control}");
    }
}

/// Every policy with one line less: one item of a list, one key of a condition, or one statement.
fn with_a_line_less(text: &str) -> Vec<(String, String)> {
    let whole: Value = serde_json::from_str(text).expect("JSON");
    let statements = whole["Statement"].as_array().expect("statements");
    let mut all = Vec::new();
    for (nth, statement) in statements.iter().enumerate() {
        let mut less = whole.clone();
        less["Statement"]
            .as_array_mut()
            .expect("statements")
            .remove(nth);
        all.push((format!("statement {nth}"), less.to_string()));
        for element in ["Action", "Resource"] {
            let listed = statement[element].as_array().map_or(0, Vec::len);
            for item in 0..listed {
                let mut less = whole.clone();
                let list = less["Statement"][nth][element]
                    .as_array_mut()
                    .expect("a list");
                let what = format!("statement {nth}, {}", list.remove(item));
                all.push((what, less.to_string()));
            }
        }
        for operator in statement["Condition"]
            .as_object()
            .expect("conditions")
            .keys()
        {
            let mut less = whole.clone();
            let conditions = less["Statement"][nth]["Condition"].as_object_mut();
            conditions.expect("conditions").remove(operator);
            all.push((format!("statement {nth}, {operator}"), less.to_string()));
        }
    }
    all
}

#[test]
fn no_line_is_there_for_nothing() {
    let resource_control = shipped("resource-control");
    for (cases, name) in [
        (cases(), "service-control"),
        (cases_with_users(), "service-control-users"),
    ] {
        for (what, less) in with_a_line_less(&shipped(name)) {
            let found = wrong(&cases, &less, &resource_control);
            assert_ne!(found, [""; 0], "{name}, {what}");
        }
    }
    let (cases, service_control) = (cases(), shipped("service-control"));
    for (what, less) in with_a_line_less(&resource_control) {
        let found = wrong(&cases, &service_control, &less);
        assert_ne!(found, [""; 0], "resource control, {what}");
    }
}
