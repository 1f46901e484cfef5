"""Calls the local AWS for the developer tool.

Reads one JSON object on stdin: `endpoint`, `region` and `steps`, each either a call
`{"account", "service", "operation", "arguments"}`, with a `key` (`id`, `secret`) where it is not made as
the account's root, or a stack
`{"account", "stack", "template", "parameters"}` that is created or updated and waited for. Writes the list
of results. Values, secrets among them, travel on stdin only.
"""

import datetime
import functools
import json
import pathlib
import sys
import time

import boto3
from botocore.exceptions import ClientError

UNCHANGED = "No updates are to be performed"
STACK_SECONDS = 60


@functools.cache
def client_of(endpoint, region, service, key_id, secret):
    """A client; one is made for each kind of call, which takes longer than the call."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )


def client(order, account, service, key=None):
    """A client that acts as the root of one account, or as whoever has a key."""
    key = key or {"id": account, "secret": account}
    return client_of(order["endpoint"], order["region"], service, key["id"], key["secret"])


def call(order, step):
    """One operation; what it answers, without the transport's part."""
    service = client(order, step["account"], step["service"], step.get("key"))
    answer = getattr(service, step["operation"])(**step.get("arguments", {}))
    answer.pop("ResponseMetadata", None)
    return answer


def stack(order, step):
    """Creates or updates a stack; its outputs."""
    service = client(order, step["account"], "cloudformation")
    arguments = {
        "StackName": step["stack"],
        "TemplateBody": pathlib.Path(step["template"]).read_text(encoding="utf-8"),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in step["parameters"].items()
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    try:
        service.create_stack(**arguments)
    except service.exceptions.AlreadyExistsException:
        try:
            service.update_stack(**arguments)
        except ClientError as error:
            if UNCHANGED not in str(error):
                raise
    end = time.monotonic() + STACK_SECONDS
    while time.monotonic() < end:
        found = service.describe_stacks(StackName=step["stack"])["Stacks"][0]
        status = found["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}
        if not status.endswith("_IN_PROGRESS"):
            sys.exit(f"stack `{step['stack']}` in account {step['account']}: {status}")
        time.sleep(0.1)
    sys.exit(f"stack `{step['stack']}` in account {step['account']} took longer than {STACK_SECONDS} s")


def plain(value):
    """What JSON cannot say by itself."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if hasattr(value, "read"):
        return value.read().decode("utf-8")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def main():
    order = json.load(sys.stdin)
    results = []
    for step in order["steps"]:
        try:
            results.append(stack(order, step) if "stack" in step else call(order, step))
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            if code not in step.get("tolerate", []):
                sys.exit(f"{error.operation_name} in account {step['account']}: {code}")
            results.append(None)
    json.dump(results, sys.stdout, default=plain)


if __name__ == "__main__":
    main()
