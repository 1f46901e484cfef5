"""Who may do what, tried out: takes every role of the running stack and calls AWS with it.

Writes one line for each role and call, and compares them with `rights.txt`, the golden matrix. With
`--write` the matrix is written instead. The calls change nothing where they are allowed: conditions that
fail, parameters out of range, attachments that are not there.
"""

import difflib
import json
import pathlib
import sys

import boto3
from botocore.exceptions import ClientError

HERE = pathlib.Path(__file__).parent
ROLES = ("authorizer", "intake", "directory", "dispatcher", "approval", "provisioner", "reporter", "sweeper")
DENIED = {"AccessDenied", "AccessDeniedException"}
NOWHERE = "attribute_exists(nothing)"


class Caller:
    """Somebody with credentials."""

    def __init__(self, stack, credentials):
        self._common = {
            "endpoint_url": stack["aws_endpoint"],
            "region_name": stack["region"],
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials.get("SessionToken"),
        }

    def client(self, service):
        return boto3.client(service, **self._common)

    def assume(self, stack, role, external_id=None):
        """The caller in another role; fails where the role does not trust it."""
        more = {"ExternalId": external_id} if external_id else {}
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="rights", **more)
        return Caller(stack, answer["Credentials"])

    def may(self, service, operation, arguments):
        """Whether the call is allowed. What it answers otherwise does not matter."""
        try:
            getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            return error.response["Error"]["Code"] not in DENIED
        return True


def table_probes(stack):
    """Reads and writes of the tables and their indexes."""
    for name, table in sorted(stack["tables"].items()):
        key = {"pk": {"S": "RIGHTS#"}} | ({"sk": {"S": "RIGHTS"}} if name == "requests" else {})
        target = {"TableName": table}
        once = target | {"ConditionExpression": NOWHERE}
        yield f"dynamodb:GetItem {name}", "dynamodb", "get_item", target | {"Key": key}
        yield f"dynamodb:PutItem {name}", "dynamodb", "put_item", once | {"Item": key}
        yield f"dynamodb:UpdateItem {name}", "dynamodb", "update_item", once | {"Key": key}
        yield f"dynamodb:DeleteItem {name}", "dynamodb", "delete_item", once | {"Key": key}
        yield f"dynamodb:Scan {name}", "dynamodb", "scan", target
        indexes = (("due", "due_bucket"), ("ends", "ends_bucket"), ("client_record", "client_record"), ("users", "users_account"))
        for index, attribute in (("", "pk"), *indexes):
            if index and name != "requests":
                continue
            query = target | ({"IndexName": index} if index else {}) | {
                "KeyConditionExpression": f"{attribute} = :nothing",
                "ExpressionAttributeValues": {":nothing": {"S": "RIGHTS#"}},
            }
            yield f"dynamodb:Query {'/'.join(filter(None, (name, index)))}", "dynamodb", "query", query


def service_probes(stack):
    """Queues, secrets, the approval key and e-mail."""
    for name, url in sorted(stack["queues"].items()):
        late = {"QueueUrl": url, "MessageBody": "rights", "DelaySeconds": 100_000}
        yield f"sqs:SendMessage {name}", "sqs", "send_message", late
        none = {"QueueUrl": url, "MaxNumberOfMessages": 100}
        yield f"sqs:ReceiveMessage {name}", "sqs", "receive_message", none
    for name, arn in sorted(stack["secrets"].items()):
        yield f"secretsmanager:GetSecretValue {name}", "secretsmanager", "get_secret_value", {"SecretId": arn}
        large = {"SecretId": arn, "SecretString": "x" * 70_000}
        yield f"secretsmanager:PutSecretValue {name}", "secretsmanager", "put_secret_value", large
    mac = {"KeyId": stack["approval_key_id"], "MacAlgorithm": "HMAC_SHA_256", "Message": b"rights"}
    yield "kms:GenerateMac", "kms", "generate_mac", mac
    yield "kms:VerifyMac", "kms", "verify_mac", mac | {"Mac": b"0" * 32}
    for sender in (stack["sender"], "somebody@example.com"):
        # Without a recipient nothing is sent.
        message = {
            "FromEmailAddress": sender,
            "ConfigurationSetName": "snowgate-emails",
            "Destination": {},
            "Content": {"Simple": {"Subject": {"Data": "rights"}, "Body": {"Text": {"Data": "rights"}}}},
        }
        kind = "own sender" if sender == stack["sender"] else "other sender"
        yield f"ses:SendEmail {kind}", "sesv2", "send_email", message


def account_probes(account):
    """What is asked of IAM in a target account."""
    listed = f"arn:aws:iam::{account}:policy/reports-read"
    other = f"arn:aws:iam::{account}:policy/people-administration"
    user, role = {"UserName": "shared-batch"}, {"RoleName": "reports-job"}
    yield "iam:GetUser", "iam", "get_user", user
    yield "iam:GetPolicyVersion", "iam", "get_policy_version", {"PolicyArn": listed, "VersionId": "v1"}
    yield "iam:ListAttachedRolePolicies", "iam", "list_attached_role_policies", role
    for name, who in (
        ("enrolled", user),
        ("without boundary", {"UserName": "unbounded"}),
        ("not enrolled", {"UserName": "not-enrolled"}),
    ):
        for kind, policy in (("listed", listed), ("unlisted", other)):
            arguments = who | {"PolicyArn": policy}
            yield f"iam:AttachUserPolicy {kind} policy, user {name}", "iam", "attach_user_policy", arguments
            yield f"iam:DetachUserPolicy {kind} policy, user {name}", "iam", "detach_user_policy", arguments
    yield "iam:AttachRolePolicy listed policy, role enrolled", "iam", "attach_role_policy", role | {"PolicyArn": listed}
    yield "iam:DetachRolePolicy listed policy, role enrolled", "iam", "detach_role_policy", role | {"PolicyArn": listed}
    own = {"RoleName": "SnowgateMember", "PolicyArn": listed}
    yield "iam:AttachRolePolicy to the member role itself", "iam", "attach_role_policy", own
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    boundary = f"arn:aws:iam::{account}:policy/SnowgateBoundary"
    yield "iam:DeleteUserPermissionsBoundary", "iam", "delete_user_permissions_boundary", user
    yield "iam:PutUserPermissionsBoundary", "iam", "put_user_permissions_boundary", user | {"PermissionsBoundary": listed}
    yield "iam:CreatePolicyVersion of the boundary", "iam", "create_policy_version", {
        "PolicyArn": boundary, "PolicyDocument": document, "SetAsDefault": True,
    }
    yield "iam:SetDefaultPolicyVersion", "iam", "set_default_policy_version", {"PolicyArn": listed, "VersionId": "v1"}
    yield "iam:CreateAccessKey", "iam", "create_access_key", user
    yield "iam:CreateUser", "iam", "create_user", {"UserName": "rights"}
    yield "iam:UpdateAssumeRolePolicy", "iam", "update_assume_role_policy", role | {"PolicyDocument": document}


def inline_and_group_probes():
    """Inline policies and groups: what is read of them and what is changed."""
    user, role, group = {"UserName": "shared-batch"}, {"RoleName": "reports-job"}, {"GroupName": "analysts"}
    none = {"PolicyName": "there-is-none"}
    yield "iam:GetGroup", "iam", "get_group", group
    yield "iam:GetGroupPolicy", "iam", "get_group_policy", group | none
    yield "iam:GetRolePolicy", "iam", "get_role_policy", role | none
    yield "iam:GetRolePolicy of a role to assume", "iam", "get_role_policy", {"RoleName": "reports-reader"} | none
    yield "iam:GetUserPolicy", "iam", "get_user_policy", user | none
    yield "iam:ListAttachedGroupPolicies", "iam", "list_attached_group_policies", group
    yield "iam:ListGroupPolicies", "iam", "list_group_policies", group
    yield "iam:ListGroupsForUser", "iam", "list_groups_for_user", user
    yield "iam:ListRolePolicies", "iam", "list_role_policies", role
    yield "iam:ListRoles", "iam", "list_roles", {"PathPrefix": "/enrolled/"}
    yield "iam:ListUserPolicies", "iam", "list_user_policies", user
    yield "iam:ListUsers", "iam", "list_users", {}
    yield "iam:ListGroups", "iam", "list_groups", {}
    yield "iam:GetAccountSummary", "iam", "get_account_summary", {}
    yield "iam:UpdateUser", "iam", "update_user", {"UserName": "there-is-nobody"}
    yield "iam:UpdateGroup", "iam", "update_group", {"GroupName": "there-is-none"}
    # A document without statements is refused; a policy that is not there is not deleted.
    empty = none | {"PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []})}
    for name, who in (
        ("enrolled", user),
        ("without boundary", {"UserName": "unbounded"}),
        ("not enrolled", {"UserName": "not-enrolled"}),
    ):
        yield f"iam:PutUserPolicy user {name}", "iam", "put_user_policy", who | empty
        yield f"iam:DeleteUserPolicy user {name}", "iam", "delete_user_policy", who | none
    for name, who in (
        ("enrolled", role),
        ("to assume", {"RoleName": "reports-reader"}),
        ("that changes IAM", {"RoleName": "SnowgateMember"}),
    ):
        yield f"iam:PutRolePolicy role {name}", "iam", "put_role_policy", who | empty
        yield f"iam:DeleteRolePolicy role {name}", "iam", "delete_role_policy", who | none
    # IAM authorizes these on the group alone; of a user that does not exist nothing comes.
    nobody = {"UserName": "there-is-nobody"}
    for name, which in (("listed", group), ("unlisted", {"GroupName": "operators"})):
        yield f"iam:AddUserToGroup group {name}", "iam", "add_user_to_group", which | nobody
        yield f"iam:RemoveUserFromGroup group {name}", "iam", "remove_user_from_group", which | nobody
    yield "iam:PutGroupPolicy", "iam", "put_group_policy", group | empty
    yield "iam:DeleteGroupPolicy", "iam", "delete_group_policy", group | none
    no_policy = {"PolicyArn": "arn:aws:iam::aws:policy/there-is-none"}
    yield "iam:DetachGroupPolicy", "iam", "detach_group_policy", group | no_policy
    yield "iam:CreateGroup", "iam", "create_group", group
    yield "iam:DeleteGroup", "iam", "delete_group", {"GroupName": "there-is-none"}


def user_probes(account):
    """Users: what would make, tag and end them. Those that Snowgate makes have a path of their own, and this one is on another."""
    enrolled = {"UserName": "shared-batch"}
    tags = {"snowgate:made": "yes", "snowgate:owner": "0" * 32, "snowgate:request": "req-1"}
    tags = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    boundary = f"arn:aws:iam::{account}:policy/SnowgateBoundary"
    # The name is taken.
    more = {"Path": "/snowgate/", "PermissionsBoundary": boundary}
    yield "iam:CreateUser with path, boundary and tags", "iam", "create_user", enrolled | more | tags
    yield "iam:TagUser", "iam", "tag_user", enrolled | tags
    yield "iam:UntagUser", "iam", "untag_user", enrolled | {"TagKeys": ["there-is-none"]}
    key = enrolled | {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}
    yield "iam:UpdateAccessKey", "iam", "update_access_key", key | {"Status": "Inactive"}
    yield "iam:DeleteAccessKey", "iam", "delete_access_key", key
    yield "iam:DeleteLoginProfile", "iam", "delete_login_profile", enrolled
    device = {"SerialNumber": f"arn:aws:iam::{account}:mfa/there-is-none"}
    yield "iam:DeactivateMFADevice", "iam", "deactivate_mfa_device", enrolled | device
    yield "iam:DeleteUser", "iam", "delete_user", {"UserName": "there-is-nobody"}
    yield "iam:ListAccessKeys", "iam", "list_access_keys", enrolled
    yield "iam:GetLoginProfile", "iam", "get_login_profile", enrolled
    yield "iam:GetAccessKeyLastUsed", "iam", "get_access_key_last_used", {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}


def trust_probes(account):
    """Who may take the roles of a target account, and with which external id."""
    for role in ("SnowgateRead", "SnowgateMember"):
        for kind, external in (("right", "snowgate-local"), ("wrong", "other")):
            arguments = {
                "RoleArn": f"arn:aws:iam::{account}:role/{role}",
                "RoleSessionName": "rights",
                "ExternalId": external,
            }
            yield f"sts:AssumeRole {role}, {kind} external id", "sts", "assume_role", arguments


def matrix(stack):
    """Every role against every call that concerns it."""
    root = Caller(stack, {"AccessKeyId": "test", "SecretAccessKey": "test"})
    account = stack["member_accounts"][0]
    hub = stack["hub_account"]
    lines = []

    def tell(who, caller, probes):
        for name, service, operation, arguments in probes:
            answer = "yes" if caller.may(service, operation, arguments) else "no"
            lines.append(f"{who:<12} {answer:<4} {name}")

    functions = {
        role: root.assume(stack, f"arn:aws:iam::{hub}:role/snowgate-{role}") for role in ROLES
    }
    for role, caller in functions.items():
        tell(role, caller, table_probes(stack))
        tell(role, caller, service_probes(stack))
        tell(role, caller, trust_probes(account))
        tell(role, caller, inline_and_group_probes())
    target = f"arn:aws:iam::{account}:role"
    read = functions["dispatcher"].assume(stack, f"{target}/SnowgateRead", "snowgate-local")
    member = functions["provisioner"].assume(stack, f"{target}/SnowgateMember", "snowgate-local")
    for who, caller in (("read role", read), ("member role", member)):
        tell(who, caller, account_probes(account))
        tell(who, caller, inline_and_group_probes())
        tell(who, caller, user_probes(account))
    return lines


def main():
    stack = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = matrix(stack)
    golden = HERE / "rights.txt"
    if "--write" in sys.argv:
        golden.write_text("\n".join(found) + "\n", encoding="utf-8")
        return
    wanted = golden.read_text(encoding="utf-8").splitlines()
    if found != wanted:
        sys.exit("\n".join(difflib.unified_diff(wanted, found, "rights.txt", "the stack", lineterm="")))


if __name__ == "__main__":
    main()
