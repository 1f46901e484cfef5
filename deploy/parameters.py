"""A deployment's parameter file, held against template.yaml before anything is built.

One `NAME=value` a line; `#` begins a comment line. Names in capitals say where and how; all others are
parameters of the template. What is left out keeps the value that the stack has, or, at first, the default.
"""

import json
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What the file says beside parameters: pattern, and whether it is needed.
SETTINGS = {
    "ACCOUNT": (r"[0-9]{12}", True),
    "REGION": (r"[a-z]{2}(-[a-z]+)+-[0-9]", True),
    "STACK": (r"[A-Za-z][A-Za-z0-9-]{0,50}", True),
    "DEPLOYMENT_ROLE": (r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+", False),
    "GUARDRAILS": (r".+", False),
    "SIGNING_PROFILE": (r"[A-Za-z0-9_]{2,64}", False),
}
# Where the hub works; elsewhere services or their names differ (docs/operating.md, "Where it runs").
REGIONS = re.compile(r"(af|ap|ca|eu|il|me|mx|sa|us)-(?!gov|iso)[a-z]+-[0-9]")
OUTCOMES = {"granted", "denied", "expired", "undeliverable", "withdrawn", "failed", "refused", "revoked"}
OUTCOMES |= {"abandoned", "previewed"}
NEEDED_OUTCOMES = OUTCOMES - {"revoked", "abandoned", "previewed"}


class Refused(Exception):
    """What is wrong, one sentence each."""

    def __init__(self, problems):
        super().__init__("\n".join(problems))
        self.problems = problems


def read(path):
    """The names and values of a file, in its order."""
    found, problems = {}, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not re.fullmatch(r"\w+", name):
            problems.append(f"line {number} is neither NAME=value nor a comment")
        elif name in found:
            problems.append(f"line {number} sets {name} a second time")
        else:
            found[name] = value.strip()
    if problems:
        raise Refused(problems)
    return found


def split(found, declared, environment=os.environ):
    """Settings and parameters, secrets from the environment among them; refuses what does not fit."""
    settings = {name: value for name, value in found.items() if name.isupper()}
    values = {name: value for name, value in found.items() if not name.isupper()}
    problems = list(_settings(settings))
    for name in sorted(set(values) - set(declared)):
        problems.append(f"{name} is no parameter of template.yaml")
    for name, entry in declared.items():
        if entry.get("NoEcho"):
            if name in values:
                problems.append(f"{name} is a secret: leave it out here, and set it in the environment for one run")
            elif environment.get(name):
                values[name] = environment[name]
    if "Hold" in values:
        problems.append("Hold is no part of a deployment: use `make hold`")
    for name in sorted(set(values) & set(declared)):
        problems.extend(f"{name}: {why}" for why in _value(values[name], declared[name]))
    return settings, values, problems


def _settings(settings):
    for name, (pattern, needed) in SETTINGS.items():
        if name not in settings:
            if needed:
                yield f"{name} is missing"
        elif not re.fullmatch(pattern, settings[name]):
            yield f"{name}: `{settings[name]}` does not match {pattern}"
    for name in sorted(set(settings) - set(SETTINGS)):
        yield f"{name} is no setting; there are {', '.join(SETTINGS)}"
    region = settings.get("REGION", "eu-central-1")
    if not REGIONS.fullmatch(region):
        yield f"REGION: {region} is in a partition where this template does not work"


def _value(value, entry):
    """What is wrong with one value, as CloudFormation would find later."""
    for part in value.split(",") if entry["Type"] == "CommaDelimitedList" else [value]:
        if "AllowedPattern" in entry and not re.fullmatch(entry["AllowedPattern"], part):
            yield f"must be {entry['ConstraintDescription']}" if "ConstraintDescription" in entry else (
                f"does not match {entry['AllowedPattern']}"
            )
    if "AllowedValues" in entry and value not in map(str, entry["AllowedValues"]):
        yield f"must be one of {', '.join(map(str, entry['AllowedValues']))}"
    if "MaxLength" in entry and len(value) > int(entry["MaxLength"]):
        yield f"is longer than {entry['MaxLength']} characters"
    if entry["Type"] == "Number":
        if not re.fullmatch(r"[0-9]+", value):
            yield "must be a whole number"
        elif not int(entry.get("MinValue", 0)) <= int(value) <= int(entry.get("MaxValue", 10**12)):
            yield f"must be {entry.get('MinValue', 0)} to {entry.get('MaxValue', 'any number')}"


def together(values, declared):
    """What is wrong with all values that the stack will have, the defaults and those it has among them."""
    said = {name: str(entry.get("Default", "")) for name, entry in declared.items()} | values
    for name, entry in declared.items():
        if "Default" not in entry and not said[name]:
            yield f"{name} is needed"

    def needs(name, other, why, on=None):
        used = said[name] == on if on else bool(said[name])
        if used and not said[other]:
            return [f"{name} needs {other}: {why}"]
        return []

    yield from needs("SubnetIds", "SecurityGroupIds", "functions in a VPC have one")
    yield from needs("SecurityGroupIds", "SubnetIds", "without subnets there is no VPC")
    yield from needs("ApprovalDomainName", "ApprovalCertificateArn", "a domain is served with its certificate")
    yield from needs("ApprovalHostedZoneId", "ApprovalDomainName", "there is nothing to write")
    if said["ServiceApiCidrs"] and said["Waf"] != "true":
        yield "ServiceApiCidrs needs Waf=true: nothing else looks at addresses"
    if said["UserPool"] == "true" and said["TokenIssuer"]:
        yield "UserPool=true and TokenIssuer exclude each other: tokens have one issuer"
    if said["AlarmEmail"] and said["AlarmTopicArn"]:
        yield "AlarmEmail is for the stack's own topic: subscribe it to the topic of AlarmTopicArn yourself"
    if said["SenderIdentity"] and said["SenderIdentity"] not in (said["Sender"], said["Sender"].rpartition("@")[2]):
        yield "SenderIdentity is neither the sender nor its domain"
    yield from _outcomes(said["OutcomeFields"])


def _outcomes(text):
    try:
        fields = json.loads(text)
    except ValueError as error:
        yield f"OutcomeFields is no JSON: {error}"
        return
    if not isinstance(fields, dict) or not all(isinstance(one, dict) for one in fields.values()):
        yield "OutcomeFields is no object of objects"
        return
    for name in sorted(NEEDED_OUTCOMES - set(fields)):
        yield f"OutcomeFields does not say what {name} sets"
    for name in sorted(set(fields) - OUTCOMES):
        yield f"OutcomeFields: there is no outcome {name}"
