"""Who may do what with users, decided by the running MiniStack on policies such as Snowgate's."""

import json
import pathlib
import unittest

from botocore.exceptions import ClientError
from ministack_server import Server

ACCOUNT = "210987654321"
FRAME = f"arn:aws:iam::{ACCOUNT}:policy/Frame"
USERS = f"arn:aws:iam::{ACCOUNT}:user/snowgate/*"
MADE = {"StringEquals": {"aws:ResourceTag/snowgate:made": "yes"}}
OWNER = "0" * 32
KEYS = ["snowgate:made", "snowgate:owner", "snowgate:request", "team"]
TAGS = {"snowgate:made": "yes", "snowgate:owner": OWNER, "snowgate:request": "req-1"}


SHIPPED = pathlib.Path(__file__).parent.parent / "crates/iam-policy/tests/shipped/member-role-users.json"


def allow(actions, resource=USERS, **condition):
    """A statement."""
    made = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


CREATE = allow(
    "iam:CreateUser",
    ArnEquals={"iam:PermissionsBoundary": FRAME},
    StringEquals={"aws:RequestTag/snowgate:made": "yes"},
    StringLike={"aws:RequestTag/snowgate:request": "req-*", "aws:RequestTag/snowgate:owner": "?" * 32},
    **{"ForAllValues:StringEquals": {"aws:TagKeys": KEYS}},
)
TAG = allow(
    "iam:TagUser",
    Null={"aws:ResourceTag/snowgate:owner": "true"},
    StringEquals={"aws:RequestTag/snowgate:made": "yes"},
    **{"ForAllValues:StringEquals": {"aws:TagKeys": KEYS}},
)


def listed(tags):
    """Tags as IAM takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Rights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.end)

    def setUp(self):
        self.assertEqual(self.server.post("/_ministack/reset"), 200)
        self.root = self.server.client("iam", ACCOUNT)
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        for name in ("Frame", "Other"):
            self.root.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))

    def who_may(self, *statements, boundary=None):
        """A user's client, with these statements, within a boundary of these."""
        self.root.create_user(UserName="deputy")
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        self.root.put_user_policy(UserName="deputy", PolicyName="may", PolicyDocument=json.dumps(policy))
        if boundary:
            document = json.dumps({"Version": "2012-10-17", "Statement": boundary})
            arn = self.root.create_policy(PolicyName="limit", PolicyDocument=document)["Policy"]["Arn"]
            self.root.put_user_permissions_boundary(UserName="deputy", PermissionsBoundary=arn)
        key = self.root.create_access_key(UserName="deputy")["AccessKey"]
        return self.server.client("iam", key["AccessKeyId"], key["SecretAccessKey"])

    def who_may_what_is_shipped(self):
        """A user's client, with the policy that the member role has for users, and its right to delete inline ones."""
        text = SHIPPED.read_text(encoding="utf-8").replace("444455556666", ACCOUNT)
        text = json.dumps(json.loads(text.replace("policy/SnowgateBoundary", "policy/Frame")))
        policy = self.root.create_policy(PolicyName="users", PolicyDocument=text)["Policy"]["Arn"]
        deputy = self.who_may(allow("iam:DeleteUserPolicy"))
        self.root.attach_user_policy(UserName="deputy", PolicyArn=policy)
        return deputy

    def made(self, name, path="/snowgate/", tags=TAGS, boundary=FRAME):
        """A user."""
        more = {"PermissionsBoundary": boundary} if boundary else {}
        self.root.create_user(UserName=name, Path=path, Tags=listed(tags), **more)

    def denied(self, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDenied")

    def test_a_user_is_made_with_boundary_path_and_tags_alone(self):
        deputy = self.who_may(CREATE, TAG)
        good = {"Path": "/snowgate/", "PermissionsBoundary": FRAME, "Tags": listed(TAGS)}
        for name, other in (
            ("no boundary", {"PermissionsBoundary": None}),
            ("another boundary", {"PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/Other"}),
            ("no path", {"Path": None}),
            ("another path", {"Path": "/other/"}),
            ("a path below another", {"Path": "/other/snowgate/"}),
            ("no tags", {"Tags": None}),
            ("not made", {"Tags": listed(TAGS | {"snowgate:made": "no"})}),
            ("no owner", {"Tags": listed({k: v for k, v in TAGS.items() if k != "snowgate:owner"})}),
            ("another key", {"Tags": listed(TAGS | {"cost-center": "1"})}),
        ):
            with self.subTest(name):
                arguments = {key: value for key, value in (good | other).items() if value is not None}
                self.denied(deputy.create_user, UserName="ada", **arguments)
        deputy.create_user(UserName="ada", **good)
        # Whom somebody has cannot be made: that is no question of rights.
        with self.assertRaises(deputy.exceptions.EntityAlreadyExistsException):
            deputy.create_user(UserName="ADA", **good)
        with self.assertRaises(deputy.exceptions.EntityAlreadyExistsException):
            deputy.create_user(UserName="ada", **good)
        # What AWS's conditions see of whom somebody has is not documented: a caller must live with either answer.
        self.server.hook(create_sees_tags=True)
        self.denied(deputy.create_user, UserName="ada", **good)

    def test_who_makes_with_tags_must_be_allowed_to_tag(self):
        deputy = self.who_may(allow("iam:CreateUser"))
        self.denied(deputy.create_user, UserName="ada", Path="/snowgate/", Tags=listed(TAGS))
        deputy.create_user(UserName="ada", Path="/snowgate/")

    def test_whom_somebody_owns_is_not_tagged(self):
        deputy = self.who_may(TAG, allow("iam:UntagUser", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}))
        self.made("owned")
        self.made("free", tags={"team": "blue"})
        self.denied(deputy.tag_user, UserName="owned", Tags=listed({"snowgate:made": "yes"}))
        self.denied(deputy.tag_user, UserName="free", Tags=listed({"team": "red"}))
        self.denied(deputy.tag_user, UserName="free", Tags=listed({"snowgate:made": "yes", "more": "x"}))
        deputy.tag_user(UserName="free", Tags=listed({"snowgate:made": "yes", "team": "red"}))
        self.denied(deputy.untag_user, UserName="free", TagKeys=["team", "snowgate:made"])
        deputy.untag_user(UserName="free", TagKeys=["team"])

    def test_what_was_made_here_is_ended_here(self):
        calls = ["iam:DeleteUser", "iam:CreateLoginProfile", "iam:CreateAccessKey", "iam:UpdateAccessKey"]
        deputy = self.who_may(allow(calls, **MADE))
        self.made("ours")
        self.made("theirs", tags={"team": "blue"})
        self.made("elsewhere", path="/other/")
        for name in ("theirs", "elsewhere"):
            key = self.root.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
            self.denied(deputy.delete_user, UserName=name)
            self.denied(deputy.create_access_key, UserName=name)
            self.denied(deputy.update_access_key, UserName=name, AccessKeyId=key, Status="Inactive")
            self.denied(deputy.update_access_key, AccessKeyId=key, Status="Inactive")
        key = deputy.create_access_key(UserName="ours")["AccessKey"]["AccessKeyId"]
        deputy.update_access_key(UserName="ours", AccessKeyId=key, Status="Inactive")
        deputy.create_login_profile(UserName="ours", Password="not-secret-1A!")
        with self.assertRaises(deputy.exceptions.DeleteConflictException):
            deputy.delete_user(UserName="ours")

    def test_the_shipped_rights_make_a_user_and_end_it(self):
        deputy, of = self.who_may_what_is_shipped(), {"UserName": "ada"}
        good = {"Path": "/snowgate/", "PermissionsBoundary": FRAME, "Tags": listed(TAGS)}
        for other in (
            {"Path": "/other/"}, {"PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/Other"}, {"Tags": []},
            {"Tags": listed(TAGS | {"snowgate:owner": "ada"})}, {"Tags": listed(TAGS | {"cost-center": "1"})},
        ):
            self.denied(deputy.create_user, **of, **(good | other))
        deputy.create_user(**of, **(good | {"Tags": listed(TAGS | {"Team": "x"})}))
        life = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
        deputy.put_user_policy(**of, PolicyName="snowgate-life", PolicyDocument=json.dumps(life))
        self.denied(deputy.create_access_key, **of)
        self.denied(deputy.create_login_profile, **of, Password="not-secret-1A!")
        self.denied(deputy.tag_user, **of, Tags=listed(TAGS))
        self.denied(deputy.untag_user, **of, TagKeys=["snowgate:made"])
        self.denied(deputy.update_user, **of, NewPath="/snowgate/b/")
        key = {"AccessKeyId": self.root.create_access_key(**of)["AccessKey"]["AccessKeyId"]}
        self.root.create_login_profile(**of, Password="not-secret-1A!")
        self.root.attach_user_policy(**of, PolicyArn=FRAME)
        for read in (deputy.get_login_profile, deputy.list_access_keys, deputy.list_mfa_devices,
                     deputy.list_ssh_public_keys, deputy.list_signing_certificates,
                     deputy.list_service_specific_credentials):
            read(**of)
        deputy.update_access_key(**of, **key, Status="Inactive")
        deputy.delete_access_key(**of, **key)
        deputy.delete_login_profile(**of)
        deputy.detach_user_policy(**of, PolicyArn=FRAME)
        deputy.delete_user_policy(**of, PolicyName="snowgate-life")
        deputy.delete_user(**of)
        self.made("theirs", tags={"team": "blue"})
        self.denied(deputy.delete_user, UserName="theirs")

    def test_tags_have_two_names_in_conditions(self):
        deputy = self.who_may(allow("iam:GetUser", StringEquals={"iam:ResourceTag/SNOWGATE:made": "yes"}))
        self.made("ours")
        self.made("theirs", tags={"team": "blue"})
        deputy.get_user(UserName="ours")
        self.denied(deputy.get_user, UserName="theirs")

    def test_tags_count_in_a_boundary_too(self):
        within = [allow("*", "*", **MADE)]
        deputy = self.who_may(allow("iam:*", "*"), boundary=within)
        self.made("ours")
        self.made("theirs", tags={"team": "blue"})
        deputy.get_user(UserName="ours")
        self.denied(deputy.get_user, UserName="theirs")

    def test_boundaries_are_set_and_taken_away_as_the_condition_says(self):
        within = {"ArnEquals": {"iam:PermissionsBoundary": FRAME}}
        calls = ["iam:PutUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary", "iam:PutUserPolicy"]
        deputy = self.who_may(allow(calls, **within))
        other = f"arn:aws:iam::{ACCOUNT}:policy/Other"
        self.made("framed")
        self.made("otherwise", boundary=other)
        self.made("bare", boundary=None)
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:Get*", "*")]})
        for name in ("otherwise", "bare"):
            self.denied(deputy.put_user_policy, UserName=name, PolicyName="p", PolicyDocument=document)
            self.denied(deputy.delete_user_permissions_boundary, UserName=name)
        deputy.put_user_policy(UserName="framed", PolicyName="p", PolicyDocument=document)
        self.denied(deputy.put_user_permissions_boundary, UserName="bare", PermissionsBoundary=other)
        deputy.put_user_permissions_boundary(UserName="bare", PermissionsBoundary=FRAME)
        deputy.delete_user_permissions_boundary(UserName="framed")

    def test_every_call_is_decided_on_the_user_with_its_path(self):
        reads = ["iam:Get*", "iam:List*"]
        deputy = self.who_may(allow(reads))
        self.made("inside")
        self.made("outside", path="/other/")
        for name, try_it in (("inside", lambda call, **of: call(**of)), ("outside", self.denied)):
            key = self.root.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
            self.root.create_login_profile(UserName=name, Password="not-secret-1A!")
            for call in (
                deputy.get_user, deputy.get_login_profile, deputy.list_access_keys, deputy.list_user_policies,
                deputy.list_attached_user_policies, deputy.list_groups_for_user, deputy.list_mfa_devices,
                deputy.list_ssh_public_keys, deputy.list_signing_certificates,
                deputy.list_service_specific_credentials, deputy.list_user_tags,
            ):
                try_it(call, UserName=name)
            # This one names the key alone.
            try_it(deputy.get_access_key_last_used, AccessKeyId=key)
        # These have no resource: "*" must be allowed.
        self.denied(deputy.get_account_summary)
        self.denied(deputy.list_users)

    def test_credentials_are_decided_on_the_user_too(self):
        deputy = self.who_may(allow("iam:*", **MADE))
        self.made("theirs", tags={"team": "blue"})
        of = {"UserName": "theirs"}
        self.denied(deputy.upload_ssh_public_key, **of, SSHPublicKeyBody="ssh-rsa AAAA")
        self.denied(deputy.delete_ssh_public_key, **of, SSHPublicKeyId="A" * 20)
        self.denied(deputy.delete_signing_certificate, **of, CertificateId="A" * 24)
        self.denied(deputy.delete_service_specific_credential, **of, ServiceSpecificCredentialId="A" * 20)
        self.denied(deputy.deactivate_mfa_device, **of, SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/theirs")
        device = self.root.create_virtual_mfa_device(VirtualMFADeviceName="theirs")["VirtualMFADevice"]
        self.denied(deputy.delete_virtual_mfa_device, SerialNumber=device["SerialNumber"])

    def test_who_is_renamed_must_be_allowed_under_both_names(self):
        deputy = self.who_may(allow("iam:UpdateUser"))
        self.made("ada")
        self.made("bob", path="/other/")
        self.denied(deputy.update_user, UserName="ada", NewPath="/other/")
        self.denied(deputy.update_user, UserName="bob", NewPath="/snowgate/")
        deputy.update_user(UserName="ada", NewUserName="ada.lovelace")

    def test_a_life_policy_ends_all_at_its_time(self):
        self.made("ada")
        may = {"Version": "2012-10-17", "Statement": [allow("iam:GetUser", "*")]}
        self.root.put_user_policy(UserName="ada", PolicyName="may", PolicyDocument=json.dumps(may))
        end = {"DateGreaterThanEquals": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}
        life = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": end}]}
        self.root.put_user_policy(UserName="ada", PolicyName="life", PolicyDocument=json.dumps(life))
        key = self.root.create_access_key(UserName="ada")["AccessKey"]
        ada = self.server.client("iam", key["AccessKeyId"], key["SecretAccessKey"])
        ada.get_user(UserName="ada")
        self.server.hook(ahead_seconds=100 * 366 * 86_400)
        self.denied(ada.get_user, UserName="ada")
        self.server.hook(ahead_seconds=0)
        ada.get_user(UserName="ada")

    def test_who_names_a_source_identity_needs_the_right_to_on_both_sides(self):
        arn, named = f"arn:aws:iam::{ACCOUNT}:role/Taken", {"SourceIdentity": "req-1"}
        both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
        for own, trusted, bare, identified in (
            (both, both, True, True), (both[:1], both, True, False), (both, both[:1], True, False),
            (both[1:], both, False, False),
        ):
            with self.subTest(own=own, trusted=trusted):
                self.setUp()
                trust = allow(trusted) | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
                del trust["Resource"]
                document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
                self.root.create_role(RoleName="Taken", AssumeRolePolicyDocument=document)
                self.who_may(allow(own, arn))
                key = self.root.create_access_key(UserName="deputy")["AccessKey"]
                sts = self.server.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
                for more, wanted in (({}, bare), (named, identified)):
                    try:
                        sts.assume_role(RoleArn=arn, RoleSessionName="req-1", **more)
                    except ClientError as error:
                        self.assertEqual(error.response["Error"]["Code"], "AccessDenied")
                        self.assertFalse(wanted, more)
                    else:
                        self.assertTrue(wanted, more)


if __name__ == "__main__":
    unittest.main()
