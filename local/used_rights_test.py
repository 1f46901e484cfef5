"""deploy/used_rights.py: what is said of roles, on records as CloudTrail writes them."""

import datetime
import gzip
import io
import json
import pathlib
import sys
import tempfile
import unittest

from template_model import ROOT
from template_settings import everywhere

sys.path.insert(0, str(ROOT / "deploy"))
import used_rights  # noqa: E402

# Whose calls the trail records: management events, and data events of the two tables.
RECORDED = {"dynamodb", "kms", "secretsmanager", "sts"}


def record(role, service, name, **more):
    issuer = {"type": "Role", "userName": role, "arn": f"arn:aws:iam::111122223333:role/{role}"}
    identity = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}
    return {"eventSource": f"{service}.amazonaws.com", "eventName": name, "userIdentity": identity} | more


class Iam:
    """A role with an inline policy and a managed one."""

    INLINE = {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:GetItem"], "Resource": "*"}]}
    MANAGED = {"Statement": [{"Effect": "Allow", "Action": "kms:VerifyMac", "Resource": "*"},
                             {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}]}

    def get_paginator(self, name):
        page = {"list_role_policies": {"PolicyNames": ["rights"]},
                "list_attached_role_policies": {"AttachedPolicies": [{"PolicyArn": "arn"}]}}[name]
        return type("Pages", (), {"paginate": lambda _, RoleName: [page]})()

    def get_role_policy(self, RoleName, PolicyName):
        return {"PolicyDocument": self.INLINE}

    def get_policy(self, PolicyArn):
        return {"Policy": {"DefaultVersionId": "v3"}}

    def get_policy_version(self, PolicyArn, VersionId):
        assert VersionId == "v3"
        return {"PolicyVersion": {"Document": self.MANAGED}}


class Rights(unittest.TestCase):
    def test_all_that_the_policies_of_a_role_allow(self):
        self.assertEqual(used_rights.allowed(Iam(), "snowgate-x"), {"dynamodb:GetItem", "dynamodb:PutItem", "kms:VerifyMac"})

    @everywhere
    def test_every_right_of_the_functions_is_recorded_or_known_not_to_be(self, found):
        policies = [entry for role in found.of("IAM::Role").values() for entry in role.get("Policies", [])]
        policies += list(found.of("IAM::ManagedPolicy").values())
        for policy in policies:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    known = action in used_rights.UNRECORDED or action.partition(":")[0] in RECORDED
                    self.assertTrue(known and "*" not in action, action)


class Calls(unittest.TestCase):
    RECORDS = [
        record("snowgate-intake", "dynamodb", "TransactWriteItems"),
        record("snowgate-intake", "dynamodb", "PutItem"),
        record("snowgate-intake", "dynamodb", "Query", errorCode="AccessDenied"),
        record("snowgate-approval", "kms", "GenerateMac"),
        record("somebody", "kms", "GenerateMac"),
        {"eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "userIdentity": {"type": "AWSService"}},
    ]

    def test_they_count_for_their_role(self):
        found = used_rights.used(self.RECORDS)
        self.assertEqual(found["snowgate-intake", "dynamodb:PutItem"], 2)
        self.assertEqual(found["snowgate-intake", "dynamodb:DeleteItem"], 1)
        self.assertEqual(found["snowgate-intake", "dynamodb:Query"], 0, "it was denied")
        self.assertEqual(found["snowgate-approval", "kms:GenerateMac"], 1)

    def test_what_is_never_used_and_what_no_policy_allows_are_told(self):
        calls = used_rights.used(self.RECORDS)
        rights = {"snowgate-approval": {"kms:GenerateMac", "kms:VerifyMac", "sqs:SendMessage"}}
        lines, found = used_rights.report(rights, calls)
        self.assertEqual(lines, ["snowgate-approval", "  kms:GenerateMac: 1 times", "  kms:VerifyMac: NEVER USED",
                                 "  sqs:SendMessage: not in the trail's records"])
        self.assertTrue(found)
        lines, found = used_rights.report({"snowgate-approval": set()}, calls)
        self.assertEqual(lines[1:], ["  kms:GenerateMac: 1 times, and no policy of the role allows it"])
        self.assertTrue(found)
        self.assertFalse(used_rights.report({"snowgate-approval": {"kms:GenerateMac"}}, calls)[1])

    def test_records_are_read_from_a_folder_and_from_the_bucket(self):
        text = json.dumps({"Records": self.RECORDS}).encode()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "a.json").write_bytes(text)
            (folder / "b").mkdir()
            (folder / "b/c.json.gz").write_bytes(gzip.compress(text))
            self.assertEqual(len(list(used_rights.in_folder(folder))), 2 * len(self.RECORDS))
        asked = []

        class Bucket:
            def get_paginator(self, _):
                return self

            def paginate(self, Bucket, Prefix):
                asked.append(Prefix)
                return [{"Contents": [{"Key": "one"}]} if Prefix.endswith("/2026/11/30/") else {}]

            def get_object(self, Bucket, Key):
                return {"Body": io.BytesIO(gzip.compress(text))}

        found = used_rights.in_bucket(Bucket(), "b", "111122223333", ["us-east-1"], 3, datetime.date(2026, 12, 1))
        self.assertEqual(list(found), self.RECORDS)
        days = ("2026/12/01", "2026/11/30", "2026/11/29")
        self.assertEqual(asked, [f"AWSLogs/111122223333/CloudTrail/us-east-1/{day}/" for day in days])


if __name__ == "__main__":
    unittest.main()
