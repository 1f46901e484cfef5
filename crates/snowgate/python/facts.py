"""What the preflight asks AWS. Reads only, but for two e-mails to SES's simulator where it is told to.

Reads one JSON object on stdin: `region`, `stack`, `accounts`, `boundary`, `try_mail`, and either `endpoint` (the local AWS,
where an account's id is the access key of its root) or nothing (credentials as boto3 finds them) with
`inspect_role` for the target accounts. Writes one object on stdout, secrets among it: it goes through a pipe
into the process that judges it, and no further. A call that is refused leaves `{"refused": code}`.
"""

import email.utils
import json
import secrets as randomness
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"})


def tried(call, **arguments):
    """What a call answers, or why it was refused."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        return {"refused": error.response.get("Error", {}).get("Code", "unknown")}
    except BotoCoreError as error:
        return {"refused": type(error).__name__}
    answer.pop("ResponseMetadata", None)
    return answer


class Aws:
    """Clients for the hub and for the target accounts."""

    def __init__(self, order):
        self.order = order
        self.session = boto3.Session(region_name=order["region"])
        self.account = None

    def local(self, service, account):
        return self.session.client(
            service,
            endpoint_url=self.order["endpoint"],
            aws_access_key_id=account,
            aws_secret_access_key=account,
            config=CONFIG,
        )

    def hub(self, service):
        if self.order.get("endpoint"):
            return self.local(service, "test")
        return self.session.client(service, config=CONFIG)

    def of(self, account):
        """IAM of a target account; none where there is no way to it, with the reason."""
        if self.order.get("endpoint"):
            return self.local("iam", account), None
        if account == self.account:
            return self.hub("iam"), None
        role = self.order.get("inspect_role")
        if not role:
            return None, "no inspect role"
        partition = self.session.get_partition_for_region(self.order["region"])
        taken = tried(
            self.hub("sts").assume_role,
            RoleArn=f"arn:{partition}:iam::{account}:role/{role}",
            RoleSessionName="snowgate-preflight",
        )
        if "refused" in taken:
            return None, taken["refused"]
        keys = taken["Credentials"]
        return self.session.client(
            "iam",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=CONFIG,
        ), None


def document(iam, arn):
    """The version of a managed policy that is in force."""
    policy = tried(iam.get_policy, PolicyArn=arn)
    if "refused" in policy:
        return policy
    version = policy["Policy"]["DefaultVersionId"]
    found = tried(iam.get_policy_version, PolicyArn=arn, VersionId=version)
    return found if "refused" in found else {"document": found["PolicyVersion"]["Document"]}


def role(iam, name):
    """A role with its trust and all its policies."""
    found = tried(iam.get_role, RoleName=name)
    if "refused" in found:
        return found
    policies = []
    for policy in tried(iam.list_role_policies, RoleName=name).get("PolicyNames", []):
        policies.append(tried(iam.get_role_policy, RoleName=name, PolicyName=policy).get("PolicyDocument"))
    for policy in tried(iam.list_attached_role_policies, RoleName=name).get("AttachedPolicies", []):
        policies.append(document(iam, policy["PolicyArn"]).get("document"))
    found = found["Role"]
    return {
        "arn": found["Arn"],
        "trust": found["AssumeRolePolicyDocument"],
        "policies": [policy for policy in policies if policy],
    }


def described(stack):
    """Parameters and outputs of a stack by name."""
    stack = stack["Stacks"][0]
    return {
        "status": stack["StackStatus"],
        "parameters": {entry["ParameterKey"]: entry.get("ParameterValue", "") for entry in stack.get("Parameters", [])},
        "outputs": {entry["OutputKey"]: entry["OutputValue"] for entry in stack.get("Outputs", [])},
    }


def mail(aws, stack):
    """The sender, SES itself, and the configuration set of the stack's e-mail."""
    ses = aws.hub("sesv2")
    parameters = stack["parameters"]
    identity = parameters.get("SenderIdentity") or parameters.get("Sender", "")
    name = stack["outputs"].get("ConfigurationSetName", "")
    return {
        "identity": tried(ses.get_email_identity, EmailIdentity=identity),
        "account": tried(ses.get_account),
        "configuration_set": tried(ses.get_configuration_set, ConfigurationSetName=name),
        "destinations": tried(ses.get_configuration_set_event_destinations, ConfigurationSetName=name),
    }


# What SES's simulator answers with (SES Developer Guide, "Using the mailbox simulator").
SIMULATOR = {"bounce": "bounce@simulator.amazonses.com", "complaint": "complaint@simulator.amazonses.com"}
# What the dispatcher logs of a report about a request that is not there.
REPORTED = "a report names a request that the ledger does not have"
# How long reports may take, and how long until the next look, in seconds.
PATIENCE, PAUSE = 120, 5


def mail_trial(aws, stack, name):
    """Sends two e-mails, as the functions do, to mailboxes that bounce and complain, and waits until the dispatcher
    has read both reports; what was sent and when each came, in seconds."""
    ses, logs = aws.hub("sesv2"), aws.hub("logs")
    begun = time.time()
    found = {}
    for case, mailbox in SIMULATOR.items():
        # No request has this id.
        request = f"req-{randomness.token_hex(16)}"
        sent = tried(
            ses.send_email,
            FromEmailAddress=stack["parameters"].get("Sender", ""),
            ConfigurationSetName=stack["outputs"].get("ConfigurationSetName", ""),
            Destination={"ToAddresses": [mailbox]},
            EmailTags=[{"Name": "request_id", "Value": request}, {"Name": "approver", "Value": "0" * 32}],
            Content={"Simple": {"Subject": {"Data": "Trial"}, "Body": {"Text": {"Data": "Trial"}}}},
        )
        found[case] = {"request": request, "refused": sent["refused"]} if "refused" in sent else {"request": request}
    while time.time() - begun < PATIENCE:
        waiting = [entry for entry in found.values() if not {"refused", "after"} & set(entry)]
        for entry in waiting:
            events = tried(
                logs.filter_log_events,
                logGroupName=f"/aws/lambda/{name}-dispatcher",
                startTime=int(begun * 1000),
                filterPattern=f'"{REPORTED}" "{entry["request"]}"',
            )
            if "refused" in events:
                entry["refused"] = f"logs: {events['refused']}"
            elif events.get("events"):
                entry["after"] = round(time.time() - begun)
        if not waiting:
            break
        time.sleep(PAUSE)
    return found


def seconds(answer, name):
    """The answer with a time in it in seconds since 1970."""
    if name in answer:
        answer[name] = answer[name].timestamp()
    return answer


def api_keys(aws, stack):
    """The API keys of the stack's usage plan: their names, and since when there is each."""
    gateway = aws.hub("apigateway")
    plans = tried(gateway.get_usage_plans, limit=500).get("items", [])
    found = []
    for plan in plans:
        if plan.get("name") != f"{stack}-clients":
            continue
        for key in tried(gateway.get_usage_plan_keys, usagePlanId=plan["id"], limit=500).get("items", []):
            known = seconds(tried(gateway.get_api_key, apiKey=key["id"]), "createdDate")
            found.append({"name": known.get("name", key["id"]), "createdDate": known.get("createdDate")})
    return found


def secrets(aws, outputs):
    """The values of the three secrets, and since when there is each value."""
    manager = aws.hub("secretsmanager")
    names = {"clients": "ClientsSecretArn", "read": "ServiceNowReadSecretArn", "write": "ServiceNowWriteSecretArn"}
    return {
        name: seconds(tried(manager.get_secret_value, SecretId=outputs[output]), "CreatedDate")
        for name, output in names.items()
        if output in outputs
    }


def subscribers(aws, stack):
    """How many were asked for by the topic of the alarms, and how many of them have confirmed."""
    topic = stack["outputs"].get("AlarmTopicName", "")
    found = tried(aws.hub("sns").get_topic_attributes, TopicArn=topic)
    if "refused" in found:
        return found
    attributes = found["Attributes"]
    return {
        "confirmed": int(attributes.get("SubscriptionsConfirmed", 0)),
        "pending": int(attributes.get("SubscriptionsPending", 0)),
    }


def account(aws, number, parameters, boundary):
    """The two roles and the boundary of a target account."""
    iam, why = aws.of(number)
    if iam is None:
        return {"refused": why}
    partition = aws.session.get_partition_for_region(aws.order["region"])
    return {
        "read": role(iam, parameters.get("ReadRoleName", "")),
        "member": role(iam, parameters.get("MemberRoleName", "")),
        "boundary": document(iam, f"arn:{partition}:iam::{number}:policy/{boundary}"),
    }


def gathered(order):
    """Everything; less where there is no stack."""
    aws = Aws(order)
    sts = aws.hub("sts")
    facts = {}
    try:
        caller = sts.get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        return {"caller": {"refused": type(error).__name__}}
    aws.account = caller["Account"]
    facts["caller"] = {"account": caller["Account"]}
    date = caller["ResponseMetadata"]["HTTPHeaders"].get("date")
    facts["aws_time"] = email.utils.parsedate_to_datetime(date).timestamp() if date else None
    found = tried(aws.hub("cloudformation").describe_stacks, StackName=order["stack"])
    facts["stack"] = found if "refused" in found else described(found)
    if "refused" in found:
        return facts
    stack = facts["stack"]
    organisation = tried(aws.hub("organizations").describe_organization)
    facts["organisation"] = organisation.get("Organization", {}).get("Id")
    facts["mail"] = mail(aws, stack)
    facts["secrets"] = secrets(aws, stack["outputs"])
    if stack["parameters"].get("RequireApiKey") == "true":
        facts["api_keys"] = api_keys(aws, order["stack"])
    facts["alarms"] = subscribers(aws, stack)
    facts["lambda"] = tried(aws.hub("lambda").get_account_settings)
    facts["access_logs"] = tried(aws.hub("apigateway").get_account)
    if order.get("try_mail"):
        facts["mail_trial"] = mail_trial(aws, stack, order["stack"])
    hub = aws.hub("iam")
    facts["roles"] = {
        name: role(hub, stack["outputs"].get(output, "").rpartition("/")[2])
        for name, output in (
            ("directory", "DirectoryRoleArn"),
            ("dispatcher", "DispatcherRoleArn"),
            ("provisioner", "ProvisionerRoleArn"),
        )
    }
    facts["accounts"] = {
        number: account(aws, number, stack["parameters"], order["boundary"]) for number in order["accounts"]
    }
    return facts


if __name__ == "__main__":
    json.dump(gathered(json.load(sys.stdin)), sys.stdout, default=str)
