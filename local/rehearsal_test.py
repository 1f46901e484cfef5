"""`make deploy` as an operator runs it, against MiniStack: the first time, again with settings changed, on hold, back,
a first time that fails, and the end. The functions' code is a stub, for none of it is called. Settings of every kind are
changed on the stack as it is, and what AWS then has is looked at."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import boto3
from template_model import ROOT, parsed

ENVIRONMENT = {
    "ACCOUNT": "000000000000",
    "REGION": "eu-west-1",
    "STACK": "trial",
    "ServiceNowUrl": "https://example.service-now.com",
    "Sender": "access@example.com",
    "OrganizationName": "Brightwater & Sons, \"Ltd\"",
    "OutcomeFields": '{"granted":{"state":"3","close_notes":"a = b"},"denied":{},"expired":{},"undeliverable":{},'
    '"withdrawn":{},"failed":{},"refused":{}}',
    "UserPool": "true",
}


# Settings that are changed on the stack, one of each kind: of an API's document, of a condition on resources, of a
# function, of logs, of what is protected.
SWITCHED = {
    "RequireApiKey": "false",
    "UserPool": "false",
    "TokenIssuer": "https://issuer.example",
    "SenderName": "Access approvals",
    "ApprovalUrl": "https://access.example.com",
    "FormerApprovalUrls": "https://old.example.com",
    "MailSandbox": "true",
    "PendingFor": "PT48H",
    "Tracing": "true",
    "ReserveConcurrency": "true",
    "LogRetentionDays": "30",
    "ManageDashboard": "false",
    "AlarmEmail": "operators@example.com",
    "RecoveryDays": "7",
}
# What the account has before and after.
BEFORE = {
    "asks for a key": True, "keys": 1, "pools": 1, "dashboards": 1, "issuer of tokens": "the pool", "sender":
    "access@example.com", "links begin with": "the API", "accepted origins": ["", ""], "waits": "PT72H", "hold": "true",
    "traced": "PassThrough", "retention": 90, "subscribers": 0, "mail to": 0,
}
AFTER = BEFORE | {
    "asks for a key": False, "keys": 0, "pools": 0, "dashboards": 0, "issuer of tokens": "https://issuer.example", "sender":
    '"Access approvals" <access@example.com>', "links begin with": "https://access.example.com", "accepted origins":
    ["https://access.example.com", "https://old.example.com"], "waits": "PT48H", "traced": "Active",
    "retention": 30, "subscribers": 1, "mail to": 1,
}

# Python reads it when it starts: SAM CLI and botocore wait up to 30 seconds between two looks at a stack that fails or goes.
HURRY = "import time\n_sleep = time.sleep\ntime.sleep = lambda seconds: _sleep(min(seconds, 0.2))\n"


class Rehearsal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="snowgate-rehearsal-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        cls.endpoint = f"http://127.0.0.1:{port}"
        cls.environment = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": str(cls.folder), "TMPDIR": str(cls.folder),
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": cls.endpoint,
            "PYTHONPATH": str(cls.folder / "hurry"),
        }
        (cls.folder / "hurry").mkdir()
        (cls.folder / "hurry/sitecustomize.py").write_text(HURRY, encoding="utf-8")
        own = {"GATEWAY_PORT": str(port), "AUTH": "true", "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1",
               "MINISTACK_REGION": "eu-west-1", "IOT_MTLS_ENABLED": "0"}
        log = open(cls.folder / "ministack.log", "wb")
        cls.addClassCleanup(log.close)
        server = subprocess.Popen(
            [ROOT / ".tools/ministack/bin/python", ROOT / "local/ministack_launcher.py"],
            env=cls.environment | own, stdout=log, stderr=log,
        )
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.send_signal, signal.SIGTERM)
        cls.wait_for(server)
        cls.template = cls.localised()

    @classmethod
    def wait_for(cls, server):
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{cls.endpoint}/_ministack/health", timeout=2).close()
                return
            except OSError:
                if server.poll() is not None:
                    raise AssertionError((cls.folder / "ministack.log").read_text()) from None
                time.sleep(0.2)
        raise AssertionError("MiniStack did not start")

    @classmethod
    def localised(cls):
        """The template with a stub in the place of each function, as the local stack has it."""
        functions = cls.folder / "functions"
        for resource in parsed("template.yaml")["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                binary = functions / resource["Metadata"]["BuildProperties"]["Binary"] / "bootstrap"
                binary.parent.mkdir(parents=True)
                binary.write_text("#!/bin/sh\n")
        output = cls.folder / "template.yaml"
        order = {"template": str(ROOT / "template.yaml"), "output": str(output), "functions": str(functions)}
        subprocess.run([sys.executable, ROOT / "local/template.py"], input=json.dumps(order), text=True, check=True)
        return output

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name="eu-west-1",
                            aws_access_key_id="test", aws_secret_access_key="test")

    def file(self, **values):
        """An environment's file; a value that is None is left out."""
        path = self.folder / "trial.env"
        lines = (f"{name}={value}" for name, value in (ENVIRONMENT | values).items() if value is not None)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def operate(self, command, *words, fails=False):
        done = subprocess.run(
            [sys.executable, ROOT / "deploy/deploy.py", command, *map(str, words)],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )
        self.assertEqual(done.returncode != 0, fails, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def deploy(self, path, *words, fails=False, template=None):
        return self.operate("deploy", path, "--built", template or self.template, *words, fails=fails)

    def stack(self, name="trial"):
        (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {entry["ParameterKey"]: entry["ParameterValue"] for entry in found["Parameters"]}

    def api(self):
        """The service API's deployment, and whether it asks for a key."""
        gateway = self.client("apigateway")
        (api,) = [one for one in gateway.get_rest_apis()["items"] if one["name"] == "trial-service"]
        stage = gateway.get_stage(restApiId=api["id"], stageName="live")
        for resource in gateway.get_resources(restApiId=api["id"], limit=500)["items"]:
            if resource["path"] == "/v1/requests":
                method = gateway.get_method(restApiId=api["id"], resourceId=resource["id"], httpMethod="GET")
                return stage["deploymentId"], method["apiKeyRequired"]
        raise AssertionError("no such resource")

    def effects(self):
        """What settings come to, as AWS has it."""
        functions = self.client("lambda")
        listed = {one["FunctionName"]: one for one in functions.list_functions()["Functions"]}
        of = {name: listed[f"trial-{name}"]["Environment"]["Variables"] for name in ("authorizer", "dispatcher", "approval", "provisioner")}
        issuer, links = of["authorizer"]["TOKEN_ISSUER"], of["dispatcher"]["APPROVAL_URL"]
        pools = self.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]
        groups = self.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/trial-")["logGroups"]
        (topic,) = self.client("sns").list_topics()["Topics"]
        rights = self.client("iam").get_role_policy(RoleName="trial-dispatcher", PolicyName="rights")["PolicyDocument"]
        return {
            "asks for a key": self.api()[1],
            "keys": len(self.client("apigateway").get_api_keys()["items"]),
            "pools": len(pools),
            "dashboards": len(self.client("cloudwatch").list_dashboards()["DashboardEntries"]),
            "issuer of tokens": "the pool" if any(issuer.endswith(pool["Id"]) for pool in pools) else issuer,
            "sender": of["dispatcher"]["SENDER"],
            "links begin with": "the API" if ".execute-api." in links else links,
            "accepted origins": [of["approval"]["APPROVAL_URL"], of["approval"]["FORMER_APPROVAL_URLS"]],
            "waits": of["dispatcher"]["PENDING_FOR"],
            "hold": of["provisioner"]["HOLD"],
            "traced": listed["trial-intake"].get("TracingConfig", {}).get("Mode", "PassThrough"),
            "retention": min(group["retentionInDays"] for group in groups),
            "subscribers": len(self.client("sns").list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]),
            "mail to": json.dumps(rights).count(":identity/*"),
        }

    def test_the_life_of_a_stack(self):
        with self.subTest("nothing is done without somebody who agrees"):
            self.assertIn("--yes", self.deploy(self.file(), fails=True))
            self.assertIn("there is no stack", self.operate("rollback", self.file(), fails=True))
        with self.subTest("another account's credentials"):
            self.assertIn("111122223333", self.deploy(self.file(ACCOUNT="111122223333"), "--yes", fails=True))
        with self.subTest("the first time"):
            said = self.deploy(self.file(), "--yes")
            self.assertIn("CREATE_COMPLETE", said)
            release = re.search(r"Release (\S+)\. Next", said)[1]
            first = self.stack()
            for name, value in ENVIRONMENT.items():
                if not name.isupper():
                    self.assertEqual(first[name], value)
            self.assertEqual((first["ProtectData"], first["Hold"]), ("true", "false"))
        deployment, asks = self.api()
        self.assertTrue(asks)

        with self.subTest("a plan changes nothing, and is nothing to go back to"):
            self.deploy(self.file(RequireApiKey="false"), "--plan", "--yes")
            self.assertEqual(self.stack(), first)
        with self.subTest("on hold"):
            self.operate("hold", self.file(), "on", "--yes")
            self.assertEqual(self.stack(), first | {"Hold": "true"})
        before = self.effects()
        with self.subTest("again, with settings changed and a line taken out"):
            said = self.deploy(self.file(**SWITCHED, OrganizationName=None), "--yes")
            self.assertIn("RequireApiKey: true -> false", said)
            self.assertIn("Hold is on and stays on", said)
            given = {name: value for name, value in SWITCHED.items() if value is not None}
            second = first | given | {"Hold": "true"}
            self.assertEqual(self.stack(), second, "every other value is kept")
            self.assertNotEqual(self.api()[0], deployment, "the stage serves what was set")
            self.assertEqual(self.effects(), AFTER)
            self.assertEqual(before, BEFORE)
        with self.subTest("back, without a build; values stay"):
            said = self.operate("rollback", self.file(), "--yes")
            self.assertRegex(said, rf"Back from .* to {release}\.")
            self.assertEqual(self.stack(), second)
        with self.subTest("there is nothing before the first"):
            self.assertIn("no release to go back to", self.operate("rollback", self.file(), "--yes", fails=True))

        with self.subTest("the end"):
            said = self.operate("remove", self.file(), "--yes")
            for name in ("RequestsTable", "TokensTable", "DataKey", "ApprovalKey"):
                self.assertIn(name, said)
            with self.assertRaises(Exception):
                self.stack()
            self.assertEqual(self.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"], [])
            tables = self.client("dynamodb").list_tables()["TableNames"]
            self.assertEqual(len([name for name in tables if name.startswith("trial-")]), 2)

    def test_a_first_time_that_fails_leaves_nothing(self):
        broken = self.folder / "broken.yaml"
        text = self.template.read_text(encoding="utf-8")
        sabotage = "  Broken:\n    Type: AWS::Nothing::There\n    DependsOn: [RequestsTable, TokensTable, DataKey]\n"
        head, middle, rest = text.partition("\nResources:\n")
        broken.write_text(head + middle + sabotage + rest, encoding="utf-8")
        tables = self.client("dynamodb").list_tables()["TableNames"]
        self.deploy(self.file(STACK="broken"), "--yes", fails=True, template=broken)
        with self.assertRaises(Exception):
            self.stack("broken")
        self.assertEqual(self.client("dynamodb").list_tables()["TableNames"], tables)


if __name__ == "__main__":
    unittest.main()
