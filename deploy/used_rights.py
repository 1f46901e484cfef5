"""What the roles of a stack may do and did not do, by the records of its trail (parameter Trail).

    deploy/used_rights.py --stack snowgate --region eu-central-1 [--days 90]
    deploy/used_rights.py --stack snowgate --region eu-central-1 --files FOLDER     # records that were fetched already

A right that nobody used in a quarter is one to take away, or one that only a fault needs: the output says which, and a
person decides. Exits with 1 where there is one. Reads IAM and the trail's bucket with your credentials, and changes
nothing. Run by the Python of SAM CLI's environment (tools.sh makes it).
"""

import argparse
import collections
import datetime
import gzip
import json
import pathlib
import sys

import boto3

FUNCTIONS = ("authorizer", "intake", "directory", "dispatcher", "approval", "provisioner", "reporter", "sweeper")
# Whose names of services differ between IAM and CloudTrail.
SERVICES = {"email": "ses", "monitoring": "cloudwatch"}
# One event of DynamoDB for what IAM decides on as several actions.
TOGETHER = {
    "dynamodb:TransactWriteItems": ("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem",
                                    "dynamodb:UpdateItem"),
    "dynamodb:TransactGetItems": ("dynamodb:GetItem",),
}
# What the stack's trail has no records of under the role: data events that it does not ask for, what is no event at all,
# and what Lambda does when it attaches a function to a network.
UNRECORDED = {
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses", "logs:CreateLogStream",
    "logs:PutLogEvents", "ses:SendEmail", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
    "sqs:SendMessage", "sts:SetSourceIdentity", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
}


def allowed(iam, role):
    """The actions that a role's policies name."""
    found = []
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            found.append(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for entry in page["AttachedPolicies"]:
            policy = iam.get_policy(PolicyArn=entry["PolicyArn"])["Policy"]
            version = iam.get_policy_version(PolicyArn=entry["PolicyArn"], VersionId=policy["DefaultVersionId"])
            found.append(version["PolicyVersion"]["Document"])
    actions = set()
    for document in found:
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                listed = statement["Action"]
                actions.update([listed] if isinstance(listed, str) else listed)
    return actions


def used(records):
    """How often each role made each call, by the role's name and the action."""
    found = collections.Counter()
    for record in records:
        issuer = record.get("userIdentity", {}).get("sessionContext", {}).get("sessionIssuer", {})
        service = record["eventSource"].partition(".")[0]
        action = f"{SERVICES.get(service, service)}:{record['eventName']}"
        if issuer.get("type") == "Role" and record.get("errorCode") not in ("AccessDenied", "AccessDeniedException"):
            for one in TOGETHER.get(action, (action,)):
                found[issuer["userName"], one] += 1
    return found


def in_folder(folder):
    """The records of files as CloudTrail writes them."""
    for path in sorted(folder.rglob("*.json*")):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield from json.loads(text).get("Records", [])


def in_bucket(s3, bucket, account, regions, days, today):
    """The records of the last days in a trail's bucket."""
    for region in regions:
        for back in range(days):
            day = today - datetime.timedelta(days=back)
            prefix = f"AWSLogs/{account}/CloudTrail/{region}/{day:%Y/%m/%d}/"
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                    yield from json.loads(gzip.decompress(body)).get("Records", [])


def report(rights, calls):
    """Lines for people, and whether a recorded right was never used."""
    lines, found = [], False
    for role, actions in rights.items():
        lines.append(role)
        for action in sorted(actions):
            count = calls[role, action]
            if count:
                lines.append(f"  {action}: {count} times")
            elif action in UNRECORDED:
                lines.append(f"  {action}: not in the trail's records")
            else:
                lines.append(f"  {action}: NEVER USED")
                found = True
        # Such a call was allowed by something else: a policy that changed meanwhile, or one of a resource.
        for name, action in sorted(calls):
            if name == role and action not in actions:
                lines.append(f"  {action}: {calls[name, action]} times, and no policy of the role allows it")
                found = True
    return lines, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="snowgate")
    parser.add_argument("--region", required=True)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--files", type=pathlib.Path)
    order = parser.parse_args()
    session = boto3.session.Session(region_name=order.region)
    rights = {role: allowed(session.client("iam"), role) for role in (f"{order.stack}-{name}" for name in FUNCTIONS)}
    if order.files:
        records = in_folder(order.files)
    else:
        (stack,) = session.client("cloudformation").describe_stacks(StackName=order.stack)["Stacks"]
        outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]}
        if "TrailBucketName" not in outputs:
            sys.exit("error: the stack has no trail (Trail=true); name a folder of records with --files")
        account = session.client("sts").get_caller_identity()["Account"]
        regions = sorted({order.region, "us-east-1"})
        today = datetime.datetime.now(datetime.UTC).date()
        records = in_bucket(session.client("s3"), outputs["TrailBucketName"], account, regions, order.days, today)
    lines, found = report(rights, used(records))
    print("\n".join(lines))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
