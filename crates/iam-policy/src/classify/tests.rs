mod reach;
mod types;

use super::*;
use crate::document::PolicyType;

fn read(statements: &str) -> Document<'static> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::parse(&text, PolicyType::Identity)
        .unwrap()
        .into_owned()
}

fn of(policies: &[Document<'_>]) -> Classification {
    let policies: Vec<Document<'static>> =
        policies.iter().cloned().map(Document::into_owned).collect();
    classify(PrincipalPolicies {
        policies: &policies,
        ..PrincipalPolicies::default()
    })
}

fn paths(policies: &[Document<'_>]) -> Vec<(String, Certainty)> {
    let known = of(policies).privilege_escalation;
    known
        .into_iter()
        .filter(|path| path.certainty != Certainty::Contributes)
        .map(|path| (path.path, path.certainty))
        .collect()
}

#[test]
fn every_path_is_found_and_none_when_an_action_lacks() {
    for path in facts().paths() {
        let statement = |actions: &[&str]| {
            read(&format!(
                r#"{{"Effect":"Allow","Action":{},"Resource":"*"}}"#,
                serde_json::json!(actions)
            ))
        };
        let actions: Vec<&str> = path
            .actions
            .iter()
            .map(|action| facts().named()[*action].name)
            .collect();
        assert!(
            paths(&[statement(&actions)])
                .iter()
                .any(|(id, _)| id == path.id),
            "{}",
            path.id
        );
        for lacking in 0..actions.len() {
            let mut rest = actions.clone();
            rest.remove(lacking);
            let found = paths(&[statement(&rest)]);
            assert!(
                !found.iter().any(|(id, _)| id == path.id),
                "{} without {lacking}",
                path.id
            );
        }
    }
}

#[test]
fn ways_go_across_policies_and_end_at_a_deny() {
    let pass = read(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#);
    let run = read(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#);
    let found = paths(&[pass.clone(), run.clone()]);
    assert!(found.contains(&("ec2-001".to_owned(), Certainty::DependsOnTarget)));
    let deny = read(r#"{"Effect":"Deny","Action":"IAM:Pass*","Resource":"*"}"#);
    assert!(
        !paths(&[pass, run, deny])
            .iter()
            .any(|(id, _)| id == "ec2-001")
    );
}

#[test]
fn certainty_is_told_apart() {
    let attach = |rest: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":"iam:AttachUserPolicy",{rest}}}"#);
        paths(&[read(&statement)])
    };
    let id = || "iam-008".to_owned();
    assert_eq!(attach(r#""Resource":"*""#), [(id(), Certainty::Proved)]);
    let narrow = r#""Resource":"arn:aws:iam::123456789012:user/a""#;
    assert_eq!(attach(narrow), [(id(), Certainty::DependsOnTarget)]);
    let condition = r#""Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    assert_eq!(attach(condition), [(id(), Certainty::DependsOnTarget)]);
}

#[test]
fn what_cannot_be_used_is_no_way() {
    for statement in [
        r#"{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"arn:aws:iam::aws:policy/x*"}"#,
        r#"{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"arn:aws:s3:::bucket"}"#,
        r#"{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2020-01-01T00:00:01Z"}}}"#,
        r#"{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"arn:aws:iam::*:policy/x*"},{"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:policy/*"}"#,
    ] {
        assert_eq!(paths(&[read(statement)]), [], "{statement}");
    }
    let partly = r#"{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:policy/x"}"#;
    assert_eq!(paths(&[read(partly)]).len(), 1);
}

#[test]
fn boundaries_and_service_control_policies_limit() {
    let policies = [read(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)];
    let boundaries = [read(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#)];
    let limited = classify(PrincipalPolicies {
        policies: &policies,
        boundaries: &boundaries,
        ..PrincipalPolicies::default()
    });
    assert_eq!(limited.privilege_escalation, []);
    assert!(
        limited
            .resource_exposure
            .iter()
            .all(|exposure| exposure.action.starts_with("s3:"))
    );
    let denying = vec![read(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"sqs:*","Resource":"*"}"#,
    )];
    let levels = [denying];
    let limited = classify(PrincipalPolicies {
        policies: &policies,
        service_control: &levels,
        ..PrincipalPolicies::default()
    });
    assert_eq!(limited.credentials_exposure, []);
    assert!(!limited.access_levels.is_empty());
}

#[test]
fn levels_and_exposures_come_with_evidence() {
    let found = of(&[read(
        r#"{"Effect":"Allow","Action":["s3:GetObject","sns:AddPermission","sqs:TagQueue"],"Resource":"*"},
           {"Effect":"Allow","Action":["sts:GetSessionToken","ec2:*"],"Resource":"*"},
           {"Effect":"Deny","Action":"sqs:Tag*","Resource":"*"}"#,
    )]);
    let levels = &found.access_levels;
    assert!(
        levels.contains(&AccessLevel::Read) && levels.contains(&AccessLevel::PermissionsManagement)
    );
    let exposed: Vec<_> = found
        .resource_exposure
        .iter()
        .map(|e| (e.action.as_str(), e.path.to_string()))
        .collect();
    assert!(exposed.contains(&("sns:AddPermission", "Statement[0].Action[1]".to_owned())));
    assert!(
        found
            .credentials_exposure
            .iter()
            .any(|e| e.action == "sts:GetSessionToken")
    );
    assert_eq!(
        found
            .service_wildcards
            .iter()
            .map(|e| e.action.as_str())
            .collect::<Vec<_>>(),
        ["ec2:*"]
    );
    let wide: Vec<_> = found
        .resource_wildcards
        .iter()
        .map(|e| e.action.as_str())
        .collect();
    assert!(wide.contains(&"s3:GetObject") && !wide.contains(&"sts:GetSessionToken"));
}

#[test]
fn what_leaves_out_everything_grants_nothing() {
    let allow = |rest: &str| {
        read(&format!(
            r#"{{"Effect":"Allow","Action":["iam:PassRole","glue:CreateDevEndpoint"],{rest}}}"#
        ))
    };
    assert_eq!(
        of(&[allow(r#""NotResource":"*""#)]),
        Classification::default()
    );
    assert!(paths(&[allow(r#""NotResource":"arn:aws:iam::*:role/*""#)]).is_empty());
    assert!(!paths(&[allow(r#""NotResource":"arn:aws:iam::*:role/admin""#)]).is_empty());
}

#[test]
fn roles_go_only_to_the_services_named() {
    let pass = |service: &str| {
        read(&format!(
            r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{{"StringLike":{{"iam:PassedToService":"{service}"}}}}}},
               {{"Effect":"Allow","Action":"ecs:RunTask","Resource":"*"}}"#
        ))
    };
    for open in ["ecs-tasks.amazonaws.com", "ecs*", "*"] {
        assert!(!paths(&[pass(open)]).is_empty(), "{open}");
    }
    for closed in ["glue.amazonaws.com", "ec2.amazonaws.com"] {
        assert!(paths(&[pass(closed)]).is_empty(), "{closed}");
    }
    let by = |operator: &str, service: &str| {
        read(&format!(
            r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{{"{operator}":{{"iam:PassedToService":{service}}}}}}},
               {{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"}}"#
        ))
    };
    for (operator, service, open) in [
        ("StringNotEquals", r#""lambda.amazonaws.com""#, true),
        (
            "StringNotEquals",
            r#"["lambda.amazonaws.com","ec2.amazonaws.com"]"#,
            false,
        ),
        ("StringNotLike", r#""ec2*""#, false),
        ("StringEqualsIgnoreCase", r#""EC2.amazonaws.com""#, true),
        ("StringEquals", r#""EC2.amazonaws.com""#, false),
        ("StringEquals", r#""ec2.amazonaws.com.cn""#, true),
        ("Null", r#""false""#, true),
    ] {
        let found = paths(&[by(operator, service)]);
        assert_eq!(!found.is_empty(), open, "{operator} {service}");
    }
    let anywhere = read(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#);
    assert!(!paths(&[pass("glue.amazonaws.com"), anywhere]).is_empty());
}

#[test]
fn policies_of_aws_cannot_be_changed() {
    let version = |resource: &str| {
        read(&format!(
            r#"{{"Effect":"Allow","Action":["iam:CreatePolicyVersion","iam:SetDefaultPolicyVersion"],"Resource":"{resource}"}}"#
        ))
    };
    assert!(paths(&[version("arn:aws:iam::aws:policy/*")]).is_empty());
    assert!(!paths(&[version("arn:aws:iam::111111111111:policy/*")]).is_empty());
}

#[test]
fn what_hands_out_access_or_data_is_reported() {
    let all = |action: &str| {
        of(&[read(&format!(
            r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#
        ))])
    };
    for action in [
        "identitystore:CreateGroupMembership",
        "sso:PutInlinePolicyToPermissionSet",
        "eks:AssociateAccessPolicy",
        "ssm:CreateAssociation",
        "ssm:UpdateAssociation",
        "ssm:RegisterTaskWithMaintenanceWindow",
        "iam:AcceptDelegationRequest",
        "iam:SendDelegationToken",
        "iam:UpdateSAMLProvider",
        "iam:DeleteUserPermissionsBoundary",
        "account-access:CreateEntitlement",
        "bedrock-agentcore:InvokeAgentRuntimeCommand",
        "codedeploy:CreateDeployment",
        "sso:CreateAccountAssignment",
        "sso:DeletePermissionsBoundaryFromPermissionSet",
        "sts:AssumeRoot",
    ] {
        assert!(!all(action).privilege_escalation.is_empty(), "{action}");
    }
    for action in [
        "secretsmanager:BatchGetSecretValue",
        "grafana:CreateWorkspaceApiKey",
        "airflow:CreateWebLoginToken",
        "appsync:CreateApiKey",
        "deadline:AssumeQueueRoleForUser",
        "ecs:DescribeTaskDefinition",
        "iam:CreateServiceSpecificCredential",
        "lambda:GetFunctionConfiguration",
        "apigateway:GET",
        "amplify:GetApp",
        "apprunner:DescribeService",
        "ivs:GetStreamKey",
        "sts:GetDelegatedAccessToken",
    ] {
        assert!(!all(action).credentials_exposure.is_empty(), "{action}");
    }
    for action in [
        "rds-data:BatchExecuteStatement",
        "ebs:GetSnapshotBlock",
        "logs:FilterLogEvents",
        "codebuild:BatchGetBuilds",
        "rds:RestoreDBInstanceToPointInTime",
    ] {
        assert!(!all(action).data_exfiltration.is_empty(), "{action}");
    }
    for action in [
        "rds:ModifyDBClusterSnapshotAttribute",
        "ec2:ModifySnapshotAttribute",
        "ecr-public:SetRepositoryPolicy",
        "organizations:DetachPolicy",
        "s3:CreateAccessGrant",
    ] {
        assert!(!all(action).resource_exposure.is_empty(), "{action}");
    }
}

#[test]
fn decrypting_beside_reads_is_reading() {
    let changes = |actions: &str, rest: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}}{rest}"#);
        of(&[read(&statement)]).changes
    };
    for reading in [
        r#"["s3:GetObject","kms:Decrypt"]"#,
        r#""kms:Decrypt""#,
        r#"["KMS:decrypt","kms:Describe*"]"#,
        r#""s3:List*""#,
    ] {
        assert!(!changes(reading, ""), "{reading}");
    }
    for changing in [
        r#"["s3:GetObject","kms:Encrypt"]"#,
        r#""kms:*crypt""#,
        r#""sqs:TagQueue""#,
        r#""kms:CreateGrant""#,
        r#""*""#,
    ] {
        assert!(changes(changing, ""), "{changing}");
    }
    let deny = r#",{"Effect":"Deny","NotAction":["kms:Decrypt","kms:List*"],"Resource":"*"}"#;
    assert!(!changes(r#""kms:*""#, deny));
}

#[test]
fn only_what_is_surely_over_is_left_out() {
    let until = |operator: &str, values: &str| {
        paths(&[read(&format!(
            r#"{{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{{"{operator}":{{"aws:CurrentTime":{values}}}}}}}"#
        ))])
    };
    for (operator, over) in [
        ("DateLessThan", r#""2020-01-01T00:00:00Z""#),
        ("DateLessThanEquals", r#"["2020-01-01","1577836800"]"#),
        ("DateEquals", r#""1999-12-31T23:59:59.5+01:00""#),
    ] {
        assert_eq!(until(operator, over), [], "{over}");
    }
    for open in [
        r#""10000-01-01T00:00:00Z""#,
        r#"["2020-01-01","10000-01-01"]"#,
        r#""2020-1-1T00:00:00Z""#,
        r#""2020-02-30T00:00:00Z""#,
        r#""2020""#,
        "[]",
    ] {
        let id = || "iam-008".to_owned();
        assert_eq!(
            until("DateLessThan", open),
            [(id(), Certainty::Proved)],
            "{open}"
        );
    }
}

#[test]
fn a_condition_that_may_be_read_otherwise_limits_nothing() {
    let pass = |condition: &str| {
        paths(&[read(&format!(
            r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{{{condition}}}}},
               {{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"}}"#
        ))])
    };
    for open in [
        r#""StringEquals":{"iam:PassedToService":[]}"#,
        r#""StringNotEquals":{"iam:PassedToService":"*"}"#,
    ] {
        assert!(!pass(open).is_empty(), "{open}");
    }
    // A denial that may be none takes nothing away.
    let denied = paths(&[read(
        r#"{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*"},
           {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"10000-01-01"}}}"#,
    )]);
    assert_eq!(denied, [("iam-008".to_owned(), Certainty::Proved)]);
}
