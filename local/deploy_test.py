"""What `make deploy` refuses before anything is built, and that deploy/example.env says all that can be said."""

import base64
import hmac
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib
import unittest
from unittest import mock

from samcli.yamlhelper import yaml_parse
from template_model import ROOT, parsed
from template_settings import ON

sys.path.insert(0, str(ROOT / "deploy"))
import client_secret  # noqa: E402
from cloud import Stack  # noqa: E402
import deploy  # noqa: E402
import parameters  # noqa: E402

EXAMPLE = ROOT / "deploy/example.env"
DECLARED = parsed("template.yaml")["Parameters"]
WHERE = {"ACCOUNT": "111122223333", "REGION": "eu-central-1", "STACK": "snowgate"}
NEEDED = {"ServiceNowUrl": "https://example.service-now.com", "Sender": "access@example.com"}


def found(**values):
    """All problems of a file with these lines beside what is needed, and of the values together."""
    settings, own, problems = parameters.split(WHERE | NEEDED | values, DECLARED, {})
    return [*problems, *parameters.together(own, DECLARED)]


def read(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "some.env"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return parameters.read(path)


class Example(unittest.TestCase):
    def test_it_is_accepted_as_it_is(self):
        settings, values, problems = parameters.split(parameters.read(EXAMPLE), DECLARED, {})
        self.assertEqual([*problems, *parameters.together(values, DECLARED)], [])

    def test_it_has_every_parameter_with_its_default_in_the_order_of_the_groups(self):
        lines = re.findall(r"^(#?)(\w+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.M)
        said = [(name, value) for mark, name, value in lines if not name.isupper() and mark]
        groups = parsed("template.yaml")["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        wanted = [
            (name, str(DECLARED[name]["Default"]))
            for group in groups
            for name in group["Parameters"]
            if name != "Hold" and "Default" in DECLARED[name] and not DECLARED[name].get("NoEcho")
        ]
        self.assertEqual(said, wanted)
        self.assertEqual({name for _, name, _ in lines if name.isupper()}, set(parameters.SETTINGS))
        self.assertEqual({name for mark, name, _ in lines if not mark and not name.isupper()}, set(NEEDED))


class Lines(unittest.TestCase):
    def test_values_are_taken_as_they_are(self):
        text = """
            # a comment
            Sender = a@example.com
            OutcomeFields={"granted":{"state":"3"}}
            ApprovalUrl=
        """
        wanted = {"Sender": "a@example.com", "OutcomeFields": '{"granted":{"state":"3"}}', "ApprovalUrl": ""}
        self.assertEqual(read(text), wanted)

    def test_what_is_no_line_of_it_is_refused(self):
        for text in ("Sender", "two words=1", "export Sender=a@example.com", "Sender=a\nSender=b"):
            with self.subTest(text), self.assertRaises(parameters.Refused):
                read(text)


class Values(unittest.TestCase):
    def refused(self, about, **values):
        problems = found(**values)
        self.assertTrue(any(about in problem for problem in problems), problems)

    def test_every_switch_that_tests_try_is_accepted(self):
        for name, value in ON.items():
            if DECLARED[name].get("NoEcho"):
                continue
            more = {
                "SubnetIds": {"SecurityGroupIds": "sg-1"},
                "SecurityGroupIds": {"SubnetIds": "subnet-1"},
                "ApprovalDomainName": {"ApprovalCertificateArn": ON["ApprovalCertificateArn"]},
                "ApprovalHostedZoneId": {name: ON[name] for name in ("ApprovalDomainName", "ApprovalCertificateArn")},
                "ServiceApiCidrs": {"Waf": "true"},
                "SenderIdentity": {"Sender": "access@example.com"},
            }
            self.assertEqual(found(**{name: value}, **more.get(name, {})), [], name)

    def test_what_cloudformation_would_refuse(self):
        self.refused("Sender", Sender="nobody")
        self.refused("Sender is needed", Sender="")
        self.refused("ServiceNowUrl", ServiceNowUrl="https://example.service-now.com/")
        self.refused("UserPool: must be one of", UserPool="yes")
        self.refused("ClientRate: must be a whole number", ClientRate="ten")
        self.refused("RecoveryDays: must be 1 to 35", RecoveryDays="36")
        self.refused("OrganizationName: is longer", OrganizationName="x" * 61)
        self.refused("SenderName: must be up to 60", SenderName='A "name"')
        self.refused("Nothing is no parameter", Nothing="1")
        self.refused("ACCOUNT", ACCOUNT="1234")
        self.refused("TEAM is no setting", TEAM="ours")

    def test_what_it_would_take_and_should_not(self):
        self.refused("ApprovalCertificateArn", ApprovalDomainName="access.example.com")
        self.refused("ApprovalDomainName", ApprovalHostedZoneId="Z0123456789")
        self.refused("SecurityGroupIds", SubnetIds="subnet-1,subnet-2")
        self.refused("SubnetIds", SecurityGroupIds="sg-1")
        self.refused("ServiceApiCidrs needs Waf", ServiceApiCidrs="192.0.2.0/24")
        self.refused("exclude each other", UserPool="true", TokenIssuer="https://issuer.example")
        self.refused("AlarmEmail", AlarmEmail="a@example.com", AlarmTopicArn=ON["AlarmTopicArn"])
        self.refused("SenderIdentity", SenderIdentity="other.example")
        self.refused("OutcomeFields is no JSON", OutcomeFields='{"granted":}')
        self.refused("what denied sets", OutcomeFields='{"granted":{}}')
        self.refused("no outcome allowed", OutcomeFields='{"allowed":{}}')
        for region in ("cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"):
            self.refused("REGION", REGION=region)

    def test_secrets_and_the_hold_are_never_in_the_file(self):
        self.refused("ServiceNowApiKeyValue is a secret", ServiceNowApiKeyValue="0123456789abcdefghij")
        self.refused("Hold is no part", Hold="false")
        environment = {"ServiceNowApiKeyValue": "0123456789abcdefghij"}
        _, values, problems = parameters.split(WHERE | NEEDED, DECLARED, environment)
        self.assertEqual((values["ServiceNowApiKeyValue"], problems), ("0123456789abcdefghij", []))
        _, values, problems = parameters.split(WHERE | NEEDED, DECLARED, {"ServiceNowApiKeyValue": "short"})
        self.assertEqual(len(problems), 1)
        self.assertNotIn("short", problems[0], "not even a refused secret is shown")


class Secrets(unittest.TestCase):
    def test_a_secret_is_found_and_told_from_what_looks_like_one(self):
        (rule,) = tomllib.loads((ROOT / "deploy/gitleaks.toml").read_text(encoding="utf-8"))["rules"]
        for _ in range(200):
            secret = client_secret.made()
            found = re.search(rule["regex"], f'password = "{secret}"\n')
            self.assertEqual(found[0], secret)
            self.assertTrue(client_secret.is_whole(secret))
            self.assertTrue(all(word in secret for word in rule["keywords"]))
            changed = secret[:20] + ("A" if secret[20] != "A" else "B") + secret[21:]
            for other in (changed, secret[:-1], secret[1:], secret + "0", f" {secret}"):
                self.assertFalse(client_secret.is_whole(other))

    def test_its_hash_is_what_the_authorizer_compares(self):
        done = subprocess.run([sys.executable, ROOT / "deploy/client_secret.py", "servicenow"], text=True, check=True,
                              input=base64.b64encode(b"k" * 32).decode() + "\n", capture_output=True)
        secret, digest = (line.split(": ")[1] for line in done.stdout.splitlines())
        wanted = hmac.digest(b"k" * 32, b"servicenow\0" + secret.encode(), "sha256")
        self.assertEqual(base64.b64decode(digest), wanted)
        for client, key in (("ServiceNow", "a" * 44), ("servicenow", "short"), ("servicenow", "no base64!")):
            refused = subprocess.run([sys.executable, ROOT / "deploy/client_secret.py", client], text=True, check=False,
                                     input=key, capture_output=True)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))


class FakeCloud:
    """An account with a role for API Gateway's logs, and so much concurrency."""

    def __init__(self, role=None, free=1000):
        self.logging_role, self.concurrency = lambda: role, lambda: free


class Account(unittest.TestCase):
    """What an account would refuse halfway, or would lose."""

    ROLE = "arn:aws:iam::111122223333:role/{}"

    def problems(self, cloud, before=None, **values):
        work = deploy.Deployment.__new__(deploy.Deployment)
        work.declared, work.values, work.stack, work.cloud = DECLARED, NEEDED | values, "snowgate", cloud
        work.found = before and Stack("UPDATE_COMPLETE", NEEDED | before, None, {"ApiLoggingRole": "snowgate-ApiLoggingRole-A"})
        try:
            work.check()
        except parameters.Refused as refused:
            return refused.problems
        return []

    def test_the_accounts_role_for_logs_is_never_replaced(self):
        theirs, ours = self.ROLE.format("their-gateway-logs"), self.ROLE.format("snowgate-ApiLoggingRole-A")
        self.assertEqual(self.problems(FakeCloud()), [])
        self.assertIn(theirs, self.problems(FakeCloud(theirs))[0])
        self.assertEqual(self.problems(FakeCloud(theirs), ManageApiLogging="false"), [])
        self.assertEqual(self.problems(FakeCloud(ours)), [], "what a removed stack of this name left")
        self.assertEqual(self.problems(FakeCloud(ours), {"ManageApiLogging": "true"}), [])
        self.assertIn("no role", self.problems(FakeCloud(), ManageApiLogging="false")[0])

    def test_there_is_as_much_concurrency_as_is_reserved(self):
        self.assertEqual(self.problems(FakeCloud(free=150), ReserveConcurrency="true"), [])
        self.assertIn("150", self.problems(FakeCloud(free=149), ReserveConcurrency="true")[0])
        self.assertEqual(self.problems(FakeCloud(free=100), {"ReserveConcurrency": "true"}), [], "it has it already")
        said = re.search(r"(\d+) altogether.*needs (\d+)", DECLARED["ReserveConcurrency"]["Description"], re.S)
        self.assertEqual((deploy.RESERVED, deploy.RESERVED + deploy.UNRESERVED), (int(said[1]), int(said[2])))

    def test_the_preflight_reckons_with_the_same_concurrency(self):
        code = (ROOT / "crates/snowgate/src/preflight/hub.rs").read_text(encoding="utf-8")
        self.assertIn(f"const AT_ONCE: i64 = {deploy.RESERVED};", code)

    def test_values_that_the_stack_has_count_too(self):
        before = {"Waf": "true", "UserPool": "true"}
        self.assertEqual(self.problems(FakeCloud(), before, ServiceApiCidrs="192.0.2.0/24"), [])
        self.assertIn("exclude", self.problems(FakeCloud(), before, TokenIssuer="https://issuer.example")[0])
        self.assertEqual(self.problems(FakeCloud(), {"ServiceNowApiKeyValue": "****"}), [])


# Stands for cargo: says how it was called, and what it was told, and makes what would be built.
CARGO = """#!/bin/sh
if [ "$1" = metadata ]; then
  echo '{"packages":[],"target_directory":"'"$CARGO_TARGET_DIR"'"}'
  exit
fi
echo "$SNOWGATE_GUARDRAILS $*" >> "$CALLS"
for word in "$@"; do binary=$word; done
mkdir -p "$CARGO_TARGET_DIR/lambda/$binary"
echo "$*" > "$CARGO_TARGET_DIR/lambda/$binary/bootstrap"
"""


class Build(unittest.TestCase):
    def built(self, architecture):
        """How cargo was called for each function, and the template that was built."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            cargo, calls = folder / "bin/cargo", folder / "calls"
            cargo.parent.mkdir()
            for program in (cargo, cargo.with_name("cargo-lambda")):
                program.write_text(CARGO, encoding="utf-8")
                program.chmod(0o755)
            more = {
                "PATH": f"{cargo.parent}{os.pathsep}{os.environ['PATH']}", "CALLS": str(calls), "CARGO_TARGET_DIR": str(folder / "target"), "HOME": name,
            }
            with mock.patch.dict(os.environ, more), mock.patch.object(deploy, "say"):
                deploy.build(architecture, "/some/guardrails.toml", "eu-central-1", folder / "built")
            template = yaml_parse((folder / "built/template.yaml").read_text(encoding="utf-8"))
            return calls.read_text(encoding="utf-8").splitlines(), template

    def test_every_function_is_built_for_the_architecture_of_the_stack(self):
        binaries = {
            resource["Metadata"]["BuildProperties"]["Binary"]
            for resource in parsed("template.yaml")["Resources"].values()
            if resource["Type"] == "AWS::Serverless::Function"
        }
        for architecture in DECLARED["Architecture"]["AllowedValues"]:
            calls, template = self.built(architecture)
            self.assertEqual({call.split()[-1] for call in calls}, binaries)
            for call in calls:
                self.assertEqual("--arm64" in call, architecture == "arm64", call)
                self.assertIn("--release", call)
                self.assertTrue(call.startswith("/some/guardrails.toml "), call)
            # What it was built for is what is deployed.
            self.assertEqual(template["Globals"]["Function"]["Architectures"], [{"Ref": "Architecture"}])


if __name__ == "__main__":
    unittest.main()
