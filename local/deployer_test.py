"""What templates/deployer.yaml lets CloudFormation do, against what AWS's own resource schemas say that it needs for the
resources of template.yaml, under every setting."""

import fnmatch
import json
import unittest

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from template_model import Model
from template_settings import model, settings

# Named by the schemas for what the template does not use: other tables of a service, other kinds of targets.
UNUSED = {
    # A firewall in front of other services than API Gateway.
    *(f"{service}:*" for service in ("amplify", "apprunner", "appsync", "bedrock-agentcore", "elasticloadbalancing",
                                     "cloudfront")),
    "cognito-idp:*WebACL*", "ec2:*VerifiedAccess*",
    # Streams, imports, replicas and data of tables.
    "dynamodb:*KinesisStreaming*", "dynamodb:*TableReplica", "dynamodb:ImportTable", "dynamodb:*Item", "dynamodb:Query",
    "dynamodb:Scan", "dynamodb:UpdateContributorInsights", "dynamodb:*eResourcePolicy", "dynamodb:PutResourcePolicy",
    "kinesis:*",
    # File systems, layers, pinned runtimes and capacity of functions; networks as such.
    "elasticfilesystem:*", "s3files:*", "lambda:GetLayerVersion", "lambda:PassCapacityProvider",
    "lambda:AssociateRuntimeAlias", "lambda:PublishVersion", "ec2:DescribeNetworkInterfaces",
    # Other attachments of managed policies; boundaries of roles.
    "iam:*GroupPolicy", "iam:*UserPolicy", "iam:*PermissionsBoundary", "iam:DescribeOrganization", "organizations:*",
    # Data protection, index policies and tokens of logs; delivery to Firehose.
    "firehose:*", "logs:*eDataProtectionPolicy", "logs:PutDataProtectionPolicy", "logs:DeleteIndexPolicy",
    "logs:PutIndexPolicy", "logs:PutBearerTokenAuthentication", "logs:PutLogGroupDeletionProtection",
    "logs:*LogStream*", "logs:PutLogEvents", "logs:DeleteResourcePolicy",
    # Features of buckets that the trail's does not have; the bucket stays when the stack goes.
    "s3tables:*", "s3:*Metadata*", "s3:*Accelerate*", "s3:*Analytics*", "s3:*IntelligentTiering*", "s3:*Inventory*",
    "s3:*Metrics*", "s3:*Replication*", "s3:*ObjectLock*", "s3:*Cors", "s3:*CORS", "s3:*Website", "s3:*Abac",
    "s3:DeleteBucket", "s3:DeleteBucketEncryption", "s3:DeleteBucketLifecycle", "s3:DeleteObject", "s3:PutObjectAcl",
    "s3:REST.PUT.OBJECT", "s3:TagResource", "s3:UntagResource",
    # Values of secrets never pass through a template; nothing is replicated.
    "secretsmanager:GetSecretValue", "secretsmanager:GetRandomPassword", "secretsmanager:*Replicat*",
    "sns:PutDataProtectionPolicy", "wafv2:PutPermissionPolicy", "apigateway:UpdateRestApiPolicy",
    "cognito-idp:AddCustomAttributes", "cloudtrail:PutEventConfiguration", "payments:*",
}


def matches(action, patterns):
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def needed():
    """Every permission that a schema names, with the types that it is for."""
    found = {}
    for kind in {resource["Type"] for names in settings() for resource in model(*names).resources.values()}:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region="us-east-1", resource_type=kind).schema
        for handler in ("create", "read", "update", "delete"):
            for permission in schema.get("handlers", {}).get(handler, {}).get("permissions", []):
                found.setdefault(permission, set()).add(kind)
    return found


def statements():
    role = Model("templates/deployer.yaml", {}, sam=False).of("IAM::Role")["Role"]
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def actions(statement):
    return statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]


class Deployer(unittest.TestCase):
    def test_all_that_is_needed_is_allowed(self):
        allowed = [pattern for statement in statements() for pattern in actions(statement)]
        wanted = needed()
        self.assertGreater(len(wanted), 200)
        missing = {name: sorted(kinds) for name, kinds in wanted.items()
                   if not matches(name, UNUSED) and not matches(name, allowed)}
        self.assertEqual(missing, {})

    def test_nothing_is_allowed_that_is_not_needed(self):
        wanted = needed()
        # CloudFormation's own, code from the bucket, and what no handler is needed for.
        known = {"cloudformation:CreateChangeSet", "s3:GetObject", "s3:GetObjectVersion"}
        for statement in statements():
            for pattern in actions(statement):
                used = [name for name in wanted if matches(name, [pattern])]
                self.assertTrue(used or pattern in known, f"{pattern}: no resource of the template needs it")

    def test_what_has_a_name_is_limited_to_the_stacks(self):
        free = {"Keys", "KeysThroughServices", "WithoutNames", "Others", "EventSources"}
        for statement in statements():
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            if "*" in resources:
                self.assertIn(statement["Sid"], free)
            elif statement["Sid"] not in ("Apis", "Code", "Transform", "RolesOfServices"):
                for resource in resources:
                    self.assertIn("snowgate", resource, statement["Sid"])

    def test_it_reads_no_secret_and_no_data(self):
        allowed = [pattern for statement in statements() for pattern in actions(statement)]
        for action in ("secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:PutItem", "sqs:ReceiveMessage",
                       "sqs:SendMessage", "kms:GenerateMac", "kms:VerifyMac", "lambda:InvokeFunction", "ses:SendEmail",
                       "sts:AssumeRole", "iam:CreateUser", "iam:CreateAccessKey"):
            self.assertFalse(matches(action, allowed), action)

    def test_inline_policies_fit(self):
        role = Model("templates/deployer.yaml", {}, sam=False).of("IAM::Role")["Role"]
        size = sum(len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) for policy in role["Policies"])
        self.assertLessEqual(size, 10240)

    def test_its_name_is_not_one_that_the_stacks_key_serves(self):
        self.assertFalse(Model("templates/deployer.yaml", {}, sam=False).of("IAM::Role")["Role"]["RoleName"].startswith("snowgate-"))


if __name__ == "__main__":
    unittest.main()
