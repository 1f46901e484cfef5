"""What a deployment asks of AWS, beside what SAM CLI does."""

import dataclasses

from botocore.exceptions import ClientError
from parameters import Refused

MANAGED = "aws-sam-cli-managed-default"


@dataclasses.dataclass
class Stack:
    """A stack as it is."""

    status: str
    parameters: dict
    release: str | None
    resources: dict


class Cloud:
    """One stack in one account and region."""

    # The tag that says which release is deployed.
    TAG = "snowgate-release"

    def __init__(self, session, stack):
        self.session, self.stack = session, stack
        self.formation = session.client("cloudformation")

    def account(self):
        """Whose credentials these are."""
        try:
            return self.session.client("sts").get_caller_identity()["Account"]
        except Exception as error:
            raise Refused([f"AWS cannot be asked: {error}"]) from error

    def look(self):
        """The stack, or none. One that waits for its first change set is none."""
        try:
            (found,) = self.formation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        if found["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
            return None
        parameters = {entry["ParameterKey"]: entry.get("ParameterValue", "") for entry in found.get("Parameters", [])}
        tags = {entry["Key"]: entry["Value"] for entry in found.get("Tags", [])}
        return Stack(found["StackStatus"], parameters, tags.get(self.TAG), self._resources())

    def _resources(self):
        pages = self.formation.get_paginator("list_stack_resources").paginate(StackName=self.stack)
        listed = (entry for page in pages for entry in page["StackResourceSummaries"])
        return {entry["LogicalResourceId"]: entry.get("PhysicalResourceId", "") for entry in listed}

    def logging_role(self):
        """The role with which API Gateway writes logs in the whole account and region."""
        return self.session.client("apigateway").get_account().get("cloudwatchRoleArn")

    def concurrency(self):
        """How much of the account's concurrency no function has reserved."""
        limits = self.session.client("lambda").get_account_settings()["AccountLimit"]
        return limits["UnreservedConcurrentExecutions"]

    def bucket(self):
        """SAM's bucket, which it makes at the first `sam package`."""
        (found,) = self.formation.describe_stacks(StackName=MANAGED)["Stacks"]
        return next(entry["OutputValue"] for entry in found["Outputs"] if entry["OutputKey"] == "SourceBucket")

    def _prefix(self):
        return f"{self.stack}/releases/"

    def keep(self, release, template):
        """Keeps a packaged template beside the functions that it names."""
        self.session.client("s3").upload_file(str(template), self.bucket(), f"{self._prefix()}{release}.yaml")

    def releases(self):
        """All that was kept, oldest first."""
        pages = self.session.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.bucket(), Prefix=self._prefix())
        keys = (entry["Key"] for page in found for entry in page.get("Contents", []))
        return sorted(key.removeprefix(self._prefix()).removesuffix(".yaml") for key in keys)

    def fetch(self, release, folder):
        """A kept template, as a file."""
        target = folder / f"{release}.yaml"
        self.session.client("s3").download_file(self.bucket(), f"{self._prefix()}{release}.yaml", str(target))
        return target

    def change(self, values):
        """Changes parameters and nothing else: the template and all other values stay."""
        found = self.look()
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in found.parameters if name not in values]
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
        self.formation.update_stack(
            StackName=self.stack,
            UsePreviousTemplate=True,
            Parameters=kept + given,
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        self._wait("stack_update_complete")

    def retained(self):
        """What a deletion leaves, by logical and physical id."""
        template = self.formation.get_template(StackName=self.stack, TemplateStage="Processed")["TemplateBody"]
        there = self.look().resources
        for name, resource in template["Resources"].items():
            if resource.get("DeletionPolicy", "Delete").startswith("Retain") and name in there:
                yield f"{name} ({resource['Type']}): {there[name]}"

    def delete(self):
        """Deletes the stack."""
        self.formation.delete_stack(StackName=self.stack)
        self._wait("stack_delete_complete")

    def _wait(self, what):
        try:
            self.formation.get_waiter(what).wait(StackName=self.stack, WaiterConfig={"Delay": 5, "MaxAttempts": 720})
        except Exception as error:
            raise Refused([f"{self.stack}: {error}"]) from error
