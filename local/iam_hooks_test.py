"""What tests may set of the local IAM: pages, quotas, last use, delays; on a running MiniStack."""

import datetime
import json
import time
import unittest

from botocore.exceptions import ClientError
from ministack_server import Server

ACCOUNT = "210987654321"
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
UTC = datetime.timezone.utc


class Hooks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.end)
        cls.iam = cls.server.client("iam", ACCOUNT)

    def setUp(self):
        self.assertEqual(self.server.post("/_ministack/reset"), 200)

    def refused(self, code, call, message=None, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        found = caught.exception.response["Error"]
        self.assertEqual(found["Code"], code, found)
        if message:
            self.assertEqual(found["Message"], message)

    def users(self, count):
        names = [f"user{n:03}" for n in range(count)]
        for name in names:
            self.iam.create_user(UserName=name)
        return names

    def names(self, **more):
        pages = self.iam.get_paginator("list_users").paginate(**more)
        return [user["UserName"] for page in pages for user in page["Users"]]

    def test_lists_have_pages(self):
        names = self.users(105)
        first = self.iam.list_users()
        self.assertEqual((len(first["Users"]), first["IsTruncated"]), (100, True))
        second = self.iam.list_users(Marker=first["Marker"])
        self.assertEqual((len(second["Users"]), second["IsTruncated"]), (5, False))
        self.assertNotIn("Marker", second)
        self.assertEqual([user["UserName"] for page in (first, second) for user in page["Users"]], names)
        self.assertEqual(len(self.iam.list_users(MaxItems=1000)["Users"]), 105)
        self.assertEqual(self.names(PaginationConfig={"PageSize": 7}), names)
        self.refused("ValidationError", self.iam.list_users, "Invalid Marker.", Marker="none of ours")
        # A marker is of one list alone.
        self.refused("ValidationError", self.iam.list_roles, "Invalid Marker.", Marker=first["Marker"])
        self.refused("ValidationError", self.iam.list_users, MaxItems=1001)

    def test_what_is_deleted_between_two_pages_hides_nothing(self):
        names = self.users(6)
        page = self.iam.list_users(MaxItems=2)
        for user in page["Users"]:
            self.iam.delete_user(UserName=user["UserName"])
        page = self.iam.list_users(MaxItems=2, Marker=page["Marker"])
        self.assertEqual([user["UserName"] for user in page["Users"]], names[2:4])
        # Neither the last one shown nor the next is there: all is shown again.
        for name in names[3:5]:
            self.iam.delete_user(UserName=name)
        page = self.iam.list_users(MaxItems=2, Marker=page["Marker"])
        self.assertEqual([user["UserName"] for user in page["Users"]], [names[2], names[5]])

    def test_every_list_is_cut_at_what_a_test_says(self):
        self.server.hook(page=2)
        of = {"UserName": "ada"}
        self.iam.create_user(**of, Tags=[{"Key": f"key{n}", "Value": "v"} for n in range(5)])
        roles = {"AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]})}
        for n in range(5):
            policy = self.iam.create_policy(PolicyName=f"policy{n}", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
            self.iam.create_user(UserName=f"user{n}")
            self.iam.create_role(RoleName=f"role{n}", **roles)
            self.iam.create_group(GroupName=f"group{n}")
            for kind in ("user", "role", "group"):
                name = {f"{kind.title()}Name": {"user": "ada"}.get(kind, f"{kind}0")}
                getattr(self.iam, f"attach_{kind}_policy")(**name, PolicyArn=policy)
                put = getattr(self.iam, f"put_{kind}_policy")
                put(**name, PolicyName=f"inline{n}", PolicyDocument=DOCUMENT)
            self.iam.add_user_to_group(**of, GroupName=f"group{n}")
            self.iam.add_user_to_group(UserName=f"user{n}", GroupName="group0")
            device = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"d{n}")["VirtualMFADevice"]
            codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
            self.iam.enable_mfa_device(**of, SerialNumber=device["SerialNumber"], **codes)
        self.iam.tag_role(RoleName="role0", Tags=[{"Key": f"key{n}", "Value": "v"} for n in range(5)])
        group, role = {"GroupName": "group0"}, {"RoleName": "role0"}
        for operation, member, count, arguments in (
            ("list_users", "Users", 6, {}), ("list_roles", "Roles", 5, {}), ("list_groups", "Groups", 5, {}),
            ("list_user_tags", "Tags", 5, of), ("list_role_tags", "Tags", 5, role),
            ("list_user_policies", "PolicyNames", 5, of), ("list_role_policies", "PolicyNames", 5, role),
            ("list_group_policies", "PolicyNames", 5, group),
            ("list_attached_user_policies", "AttachedPolicies", 5, of),
            ("list_attached_role_policies", "AttachedPolicies", 5, role),
            ("list_attached_group_policies", "AttachedPolicies", 5, group),
            ("list_groups_for_user", "Groups", 5, of), ("list_mfa_devices", "MFADevices", 5, of),
            ("get_group", "Users", 6, group), ("list_policies", "Policies", 5, {"Scope": "Local"}),
        ):
            with self.subTest(operation):
                one = getattr(self.iam, operation)(**arguments)
                self.assertEqual((len(one[member]), one["IsTruncated"]), (2, True))
                pages = self.iam.get_paginator(operation).paginate(**arguments)
                shown = [str(item) for page in pages for item in page[member]]
                self.assertEqual((len(shown), len(set(shown))), (count, count))
        self.server.hook(page=1)
        for _ in range(2):
            self.iam.create_access_key(**of)
            self.iam.create_service_specific_credential(**of, ServiceName="codecommit.amazonaws.com")
        for operation, member in (
            ("list_access_keys", "AccessKeyMetadata"),
            ("list_service_specific_credentials", "ServiceSpecificCredentials"),
        ):
            one = getattr(self.iam, operation)(**of)
            two = getattr(self.iam, operation)(**of, Marker=one["Marker"])
            self.assertEqual((one["IsTruncated"], two["IsTruncated"]), (True, False))
            self.assertNotEqual(one[member], two[member])
        self.assertEqual(self.iam.list_ssh_public_keys(**of)["SSHPublicKeys"], [])
        self.assertEqual(self.iam.list_signing_certificates(**of)["Certificates"], [])
        details = self.iam.get_paginator("get_account_authorization_details").paginate()
        found = [user["UserName"] for page in details for user in page["UserDetailList"]]
        self.assertEqual(len(found), 6)

    def test_quotas_are_shown_and_hold(self):
        shown = self.iam.get_account_summary()["SummaryMap"]
        wanted = {
            "Users": 0, "UsersQuota": 5000, "GroupsPerUserQuota": 10, "AttachedPoliciesPerUserQuota": 10,
            "UserPolicySizeQuota": 2048, "AccessKeysPerUserQuota": 2, "RolePolicySizeQuota": 10_240,
            "GroupPolicySizeQuota": 5120, "SigningCertificatesPerUserQuota": 2, "Policies": 0,
        }
        self.assertEqual({key: shown.get(key) for key in wanted}, wanted)
        quotas = {"UsersQuota": 2, "GroupsPerUserQuota": 1, "AccessKeysPerUserQuota": None}
        self.server.hook(account=ACCOUNT, quotas=quotas)
        self.users(2)
        shown = self.iam.get_account_summary()["SummaryMap"]
        self.assertEqual((shown["Users"], shown["UsersQuota"], shown["GroupsPerUserQuota"]), (2, 2, 1))
        self.assertNotIn("AccessKeysPerUserQuota", shown)
        words = "Cannot exceed quota for UsersPerAccount: 2"
        self.refused("LimitExceeded", self.iam.create_user, words, UserName="one-more")
        of = {"UserName": "user000"}
        for n in range(2):
            self.iam.create_group(GroupName=f"group{n}")
            self.iam.create_access_key(**of)
        words = "Cannot exceed quota for AccessKeysPerUser: 2"
        self.refused("LimitExceeded", self.iam.create_access_key, words, **of)
        self.iam.add_user_to_group(**of, GroupName="group0")
        self.iam.add_user_to_group(**of, GroupName="group0")
        words = "Cannot exceed quota for GroupsPerUser: 1"
        self.refused("LimitExceeded", self.iam.add_user_to_group, words, **of, GroupName="group1")
        arns = [f"arn:aws:iam::{ACCOUNT}:policy/p{n}" for n in range(11)]
        for arn in arns[:10] * 2:
            self.iam.attach_user_policy(**of, PolicyArn=arn)
        words = "Cannot exceed quota for PoliciesPerUser: 10"
        self.refused("LimitExceeded", self.iam.attach_user_policy, words, **of, PolicyArn=arns[10])
        # Another account has quotas of its own.
        other = self.server.client("iam", "310987654321").get_account_summary()["SummaryMap"]
        self.assertEqual((other["Users"], other["UsersQuota"]), (0, 5000))

    def test_inline_policies_have_a_size_together(self):
        self.users(1)

        def document(size):
            made = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": ""}]}
            free = size - len(json.dumps(made, separators=(",", ":")))
            made["Statement"][0]["Resource"] = "x" * free
            # White space is not counted.
            return json.dumps(made, indent=8)

        put = self.iam.put_user_policy
        put(UserName="user000", PolicyName="one", PolicyDocument=document(1000))
        words = "Maximum policy size of 2048 bytes exceeded for user user000"
        two = {"UserName": "user000", "PolicyName": "two"}
        self.refused("LimitExceeded", put, words, **two, PolicyDocument=document(1049))
        put(**two, PolicyDocument=document(1048))
        put(**two, PolicyDocument=document(1048))
        self.refused("MalformedPolicyDocument", put, **two, PolicyDocument="{}")

    def test_last_use_and_dates_are_what_a_test_says(self):
        self.users(1)
        of = {"UserName": "user000"}
        key = self.iam.create_access_key(**of)["AccessKey"]["AccessKeyId"]
        used = self.iam.get_access_key_last_used(AccessKeyId=key)
        self.assertEqual(used["AccessKeyLastUsed"], {"Region": "N/A", "ServiceName": "N/A"})
        self.assertNotIn("PasswordLastUsed", self.iam.get_user(**of)["User"])
        last = {"date": "2026-11-30T10:00:00Z", "region": "eu-west-1", "service": "s3"}
        self.server.hook(
            account=ACCOUNT,
            users={"user000": {"created": "2024-01-02T03:04:05Z", "password_last_used": "2026-01-02T03:04:05Z"}},
            keys={key: {"created": "2025-01-02T03:04:05Z", "last_used": last}},
        )
        used = self.iam.get_access_key_last_used(AccessKeyId=key)
        date = datetime.datetime(2026, 11, 30, 10, tzinfo=UTC)
        self.assertEqual(used["UserName"], "user000")
        self.assertEqual(used["AccessKeyLastUsed"], {"LastUsedDate": date, "Region": "eu-west-1", "ServiceName": "s3"})
        for user in (self.iam.get_user(**of)["User"], self.iam.list_users()["Users"][0]):
            self.assertEqual(user["CreateDate"], datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))
            self.assertEqual(user["PasswordLastUsed"], datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        (listed,) = self.iam.list_access_keys(**of)["AccessKeyMetadata"]
        self.assertEqual(listed["CreateDate"], datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))
        self.server.hook(account=ACCOUNT, keys={key: {"last_used": None}})
        self.assertNotIn("LastUsedDate", self.iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"])

    def test_changes_show_late_by_reads(self):
        self.users(1)
        self.server.hook(account=ACCOUNT, delay={"reads": 2})
        self.iam.create_user(UserName="late")
        self.refused("NoSuchEntity", self.iam.get_user, UserName="late")
        # What is there is there, for all that reads say.
        self.refused("EntityAlreadyExists", self.iam.create_user, UserName="late")
        self.assertEqual(self.names(), ["user000"])
        self.assertEqual(self.names(), ["user000", "late"])
        self.iam.delete_user(UserName="late")
        self.iam.create_user(UserName="later")
        self.assertEqual([self.names() for _ in range(3)], [["user000", "late"]] * 2 + [["user000", "later"]])
        # Somebody else's account is not late.
        other = self.server.client("iam", "310987654321")
        other.create_user(UserName="elsewhere")
        other.get_user(UserName="elsewhere")

    def test_changes_show_one_after_the_other(self):
        self.server.hook(account=ACCOUNT, delay={"reads": 2})
        self.iam.create_user(UserName="one")
        self.assertEqual(self.names(), [])
        self.iam.create_user(UserName="two")
        self.assertEqual([self.names() for _ in range(3)], [[], ["one"], ["one", "two"]])

    def test_changes_show_late_by_time(self):
        self.server.hook(account=ACCOUNT, delay={"seconds": 1})
        self.iam.create_user(UserName="late")
        self.assertEqual(self.names(), [])
        time.sleep(1.1)
        self.assertEqual(self.names(), ["late"])
        self.iam.delete_user(UserName="late")
        self.assertEqual(self.names(), ["late"])
        self.server.hook(account=ACCOUNT, delay=None)
        self.assertEqual(self.names(), [])

    def test_some_reads_are_late_alone(self):
        self.users(1)
        of = {"UserName": "user000"}
        self.server.hook(account=ACCOUNT, delay={"reads": 1, "of": ["ListSSHPublicKeys", "ListAccessKeys"]})
        self.iam.create_access_key(**of)
        self.iam.create_user(UserName="at-once")
        self.iam.get_user(UserName="at-once")
        self.assertEqual(self.iam.list_access_keys(**of)["AccessKeyMetadata"], [])
        self.assertEqual(len(self.iam.list_access_keys(**of)["AccessKeyMetadata"]), 1)

    def test_what_is_wrong_is_refused_and_a_reset_forgets(self):
        for order in (
            {"pages": 2}, {"page": 0}, {"page": "2"}, {"users": {"ada": {}}}, {"account": "1", "quotas": {}},
            {"account": ACCOUNT, "users": {"nobody": {}}}, {"account": ACCOUNT, "keys": {"AKIA": {}}},
            {"account": ACCOUNT, "delay": {"days": 1}}, {"account": ACCOUNT, "delay": {"seconds": 1, "reads": 1}},
            {"account": ACCOUNT, "quotas": {"UsersQuota": "many"}}, {"ahead_seconds": "soon"}, [1],
        ):
            with self.subTest(order):
                self.assertEqual(self.server.post("/_ministack/iam", order), 400)
        self.server.hook(account=ACCOUNT, page=1, quotas={"UsersQuota": 1}, delay={"seconds": 600})
        self.users(1)
        self.assertEqual(self.server.post("/_ministack/reset"), 200)
        self.users(2)
        page = self.iam.list_users()
        self.assertEqual((len(page["Users"]), page["IsTruncated"]), (2, False))


if __name__ == "__main__":
    unittest.main()
