//! The permissions boundary: a frame that nobody steps out of.

use iam_policy::classify::{PrincipalPolicies, classify};
use iam_policy::condition::Context;
use iam_policy::document::PolicyType;
use iam_policy::evaluate::{Outcome, Policies, Request, evaluate};

use super::{EVERYTHING, HUB, MEMBER, document, ruleset, shipped};

/// What a principal that is allowed everything is left with by a boundary.
fn escalations(name: &str) -> Vec<String> {
    let (everything, boundary) = (EVERYTHING.to_owned(), shipped(name));
    let found = classify(PrincipalPolicies {
        policies: &[document(&everything, PolicyType::Identity)],
        held: &[],
        boundaries: &[document(&boundary, PolicyType::Boundary)],
        service_control: &[],
    });
    let paths = found.privilege_escalation.into_iter();
    paths.map(|escalation| escalation.path).collect()
}

/// Whether a principal that is allowed everything may do this.
fn may(boundary: &str, account: &str, action: &str, resource: &str) -> bool {
    let principal = format!("arn:aws:iam::{account}:user/enrolled/ada");
    // The other half of assuming a role: it trusts the principal's account.
    let trusting = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",
            "Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let trusts = action == "sts:AssumeRole";
    let policies = Policies {
        identity: vec![ruleset(EVERYTHING, PolicyType::Identity)],
        boundaries: vec![ruleset(&shipped(boundary), PolicyType::Boundary)],
        resource: trusts.then(|| ruleset(&trusting, PolicyType::Trust)),
        ..Policies::default()
    };
    let owner = resource.split(':').nth(4).filter(|owner| !owner.is_empty());
    let principal = principal.parse().expect("a principal");
    let request = Request::new(action, resource, principal, Context::new());
    let request = request.to_account(owner.unwrap_or(account)).with_boundary();
    evaluate(&request, &policies).outcome == Outcome::Allowed
}

#[test]
fn nothing_leads_out_of_it() {
    assert_eq!(escalations("boundary"), [""; 0]);
    assert_eq!(escalations("boundary-of-the-hub"), [""; 0]);
    // The engine finds the way that was left open on purpose, and no other.
    assert_eq!(escalations("boundary-with-roles"), ["sts-001"]);
}

/// Each line of the list in the template stands for something that is done nowhere else.
#[test]
fn what_it_keeps_from_everybody() {
    for action in [
        "account:CloseAccount",
        "account-access:CreateEntitlement",
        "aws-marketplace:Subscribe",
        "aws-marketplace-management:PutSellerVerificationDetails",
        "aws-portal:ModifyBilling",
        "bcm-data-exports:CreateExport",
        "bcm-pricing-calculator:CreateBillEstimate",
        "billing:PutContractInformation",
        "billingconductor:CreateBillingGroup",
        "budgets:CreateBudgetAction",
        "consolidatedbilling:ListLinkedAccounts",
        "controltower:DisableControl",
        "cur:PutReportDefinition",
        "iam:CreateUser",
        "iam:PassRole",
        "iam:DeleteUserPermissionsBoundary",
        "identity-sync:CreateSyncProfile",
        "identitystore-auth:BatchDeleteSession",
        "identitystore:CreateUser",
        "invoicing:GetInvoicePDF",
        "organizations:LeaveOrganization",
        "payments:MakePayment",
        "purchase-orders:AddPurchaseOrder",
        "ram:CreateResourceShare",
        "rolesanywhere:CreateTrustAnchor",
        "savingsplans:CreateSavingsPlan",
        "sso-directory:CreateUser",
        "sso-oauth:CreateTokenWithIAM",
        "sso:CreateAccountAssignment",
        "sts:AssumeRole",
        "sts:AssumeRoot",
        "sts:GetFederationToken",
        "tax:UpdateTaxRegistration",
        "acm-pca:IssueCertificate",
        "airflow:UpdateEnvironment",
        "apprunner:UpdateService",
        "batch:SubmitJob",
        "bedrock-agentcore:InvokeCodeInterpreter",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:CreateStackSet",
        "cloudformation:UpdateStack",
        "athena:StartSession",
        "codebuild:StartSandboxConnection",
        "codebuild:StartBuild",
        "codebuild:UpdateProject",
        "codedeploy:CreateDeployment",
        "codepipeline:UpdatePipeline",
        "codestar:CreateProject",
        "ecs:ExecuteCommand",
        "eks:CreateAccessEntry",
        "eks:AssociateAccessPolicy",
        "elasticbeanstalk:UpdateEnvironment",
        "elasticmapreduce:AddJobFlowSteps",
        "emr-containers:StartJobRun",
        "elasticmapreduce:CreateStudioSessionMapping",
        "fis:StartExperiment",
        "glue:RunStatement",
        "glue:UpdateDevEndpoint",
        "lambda:AddPermission",
        "lambda:UpdateFunctionCode",
        "sagemaker:CreatePresignedDomainUrl",
        "sagemaker:UpdateNotebookInstance",
        "servicecatalog:CreateProvisioningArtifact",
        "sagemaker:StartSession",
        "states:UpdateStateMachine",
        "transfer:ImportSshPublicKey",
        "ec2-instance-connect:SendSSHPublicKey",
        "ec2:CreateLaunchTemplateVersion",
        "ec2:ModifyInstanceAttribute",
        "ec2:ModifyLaunchTemplate",
        "ssm-guiconnect:StartConnection",
        "ssm:CreateAssociation",
        "ssm:UpdateMaintenanceWindowTask",
        "ssm:StartSession",
        "ssm:SendCommand",
        "ssm:StartAutomationExecution",
        "ssm:StartChangeRequestExecution",
        "ssm:UpdateDocument",
        "cloudtrail:DeleteTrail",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:StopLogging",
        "cloudtrail:UpdateTrail",
        "kms:CreateGrant",
        "kms:DisableKey",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:UpdateAlias",
    ] {
        assert!(!may("boundary", MEMBER, action, "*"), "{action}");
    }
}

/// Leaving any line of the template's list out would allow something of the list above.
#[test]
fn every_line_of_it_counts() {
    let text = shipped("boundary");
    let whole: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let lines = whole["Statement"][0]["NotAction"]
        .as_array()
        .expect("a list")
        .len();
    assert!(lines > 60);
    for line in 0..lines {
        let mut less = whole.clone();
        let list = less["Statement"][0]["NotAction"]
            .as_array_mut()
            .expect("a list");
        let left_out = list.remove(line);
        let less = ruleset(&less.to_string(), PolicyType::Boundary);
        let full = ruleset(&text, PolicyType::Boundary);
        let wider = iam_policy::prove::check_no_new_access(&full, &less);
        assert!(
            !matches!(wider, iam_policy::prove::CheckResult::Pass),
            "{left_out} is said elsewhere, too"
        );
    }
}

#[test]
fn what_it_leaves() {
    for action in [
        "s3:GetObject",
        "dynamodb:PutItem",
        "lambda:InvokeFunction",
        "sqs:SendMessage",
        "cloudwatch:GetMetricData",
        "ec2:DescribeInstances",
        "kms:Decrypt",
        "iam:GetUser",
        "sts:GetCallerIdentity",
        "cloudformation:DescribeStacks",
        "cloudtrail:LookupEvents",
    ] {
        assert!(may("boundary", MEMBER, action, "*"), "{action}");
    }
}

#[test]
fn only_listed_roles_are_assumed_and_never_snowgates() {
    let listed = "arn:aws:iam::555566667777:role/assumable/reports-reader";
    assert!(may("boundary-with-roles", MEMBER, "sts:AssumeRole", listed));
    assert!(!may("boundary", MEMBER, "sts:AssumeRole", listed));
    for role in [
        "reports-writer",
        "SnowgateMember",
        "SnowgateRead",
        "OrganizationAccountAccessRole",
    ] {
        let role = format!("arn:aws:iam::{MEMBER}:role/{role}");
        assert!(
            !may("boundary-with-roles", MEMBER, "sts:AssumeRole", &role),
            "{role}"
        );
    }
    let hubs = format!("arn:aws:iam::{HUB}:role/snowgate-provisioner");
    assert!(!may("boundary-with-roles", MEMBER, "sts:AssumeRole", &hubs));
}

/// Where the hub is a target account: nothing of Snowgate's own, and other things as elsewhere.
#[test]
fn in_the_hub_nothing_of_snowgates() {
    let own = |service: &str, rest: &str| format!("arn:aws:{service}:eu-west-1:{HUB}:{rest}");
    let snowgates = [
        (
            "cloudformation:DeleteStack",
            own("cloudformation", "stack/snowgate/1"),
        ),
        ("cloudtrail:GetTrail", own("cloudtrail", "trail/snowgate")),
        (
            "cloudwatch:DeleteAlarms",
            own("cloudwatch", "alarm:snowgate-SweeperMissingAlarm-A"),
        ),
        (
            "dynamodb:PutItem",
            own("dynamodb", "table/snowgate-RequestsTable-A"),
        ),
        (
            "dynamodb:Query",
            own("dynamodb", "table/snowgate-RequestsTable-A/index/due"),
        ),
        ("events:DisableRule", own("events", "rule/snowgate-bounced")),
        (
            "lambda:InvokeFunction",
            own("lambda", "function:snowgate-provisioner"),
        ),
        (
            "logs:GetLogEvents",
            own(
                "logs",
                "log-group:/aws/lambda/snowgate-approval:log-stream:a",
            ),
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::snowgate-trailbucket-a/AWSLogs/x".to_owned(),
        ),
        (
            "s3:PutObject",
            "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-a/b".to_owned(),
        ),
        (
            "secretsmanager:GetSecretValue",
            own("secretsmanager", "secret:snowgate/clients-AbCdEf"),
        ),
        ("sns:Publish", own("sns", "snowgate-alarms")),
        ("sqs:SendMessage", own("sqs", "snowgate-work.fifo")),
        (
            "wafv2:DeleteWebACL",
            own("wafv2", "regional/webacl/snowgate-service/a"),
        ),
        (
            "apigateway:PATCH",
            "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/live".to_owned(),
        ),
        (
            "cognito-idp:DescribeUserPoolClient",
            own("cognito-idp", "userpool/eu-west-1_a"),
        ),
        (
            "kms:GenerateMac",
            own("kms", "key/22222222-2222-2222-2222-222222222222"),
        ),
        (
            "lambda:DeleteEventSourceMapping",
            own("lambda", "event-source-mapping:a"),
        ),
        (
            "lambda:UpdateCodeSigningConfig",
            own("lambda", "code-signing-config:csc-a"),
        ),
        ("ses:SendEmail", own("ses", "identity/example.com")),
    ];
    for (action, resource) in snowgates {
        assert!(
            !may("boundary-of-the-hub", HUB, action, &resource),
            "{action} {resource}"
        );
    }
    for (action, resource) in [
        ("dynamodb:PutItem", own("dynamodb", "table/orders")),
        ("lambda:InvokeFunction", own("lambda", "function:orders")),
        ("s3:GetObject", "arn:aws:s3:::reports/a".to_owned()),
        ("sqs:SendMessage", own("sqs", "orders")),
    ] {
        assert!(
            may("boundary-of-the-hub", HUB, action, &resource),
            "{action} {resource}"
        );
    }
}
