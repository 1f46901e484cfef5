"""The calls that concern users, as IAM answers them, on a running MiniStack."""

import base64
import json
import secrets
import struct
import unittest

from botocore.exceptions import ClientError
from ministack_server import Server

ACCOUNT = "210987654321"
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})


def ssh_key(bits=2048):
    """An RSA public key of OpenSSH's form."""
    def part(value):
        return struct.pack(">I", len(value)) + value

    blob = part(b"ssh-rsa") + part(b"\1\0\1") + part(b"\0\xff" + secrets.token_bytes(bits // 8 - 1))
    return "ssh-rsa " + base64.b64encode(blob).decode() + " somebody@example.com"


def certificate():
    """What has the form of a certificate."""
    body = base64.encodebytes(b"\x30\x82" + secrets.token_bytes(600)).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----"


class Users(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.end)
        cls.iam = cls.server.client("iam", ACCOUNT)

    def setUp(self):
        self.assertEqual(self.server.post("/_ministack/reset"), 200)
        self.policy = self.iam.create_policy(PolicyName="reports", PolicyDocument=NOTHING)["Policy"]["Arn"]

    def refused(self, code, status, call, message=None, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        answer = caught.exception.response
        found = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
        self.assertEqual(found, (code, status), answer["Error"])
        if message:
            self.assertEqual(answer["Error"]["Message"], message)

    def test_a_name_is_one_name_in_every_case(self):
        made = self.iam.create_user(UserName="CI-Billing", Path="/snowgate/")["User"]
        self.assertEqual(made["Arn"], f"arn:aws:iam::{ACCOUNT}:user/snowgate/CI-Billing")
        for name in ("CI-Billing", "ci-billing", "CI-BILLING"):
            message = f"User with name {name} already exists."
            self.refused("EntityAlreadyExists", 409, self.iam.create_user, message, UserName=name)
        # Of reads AWS's documents do not say whether they distinguish case: here they do.
        self.refused("NoSuchEntity", 404, self.iam.get_user, UserName="ci-billing")
        self.iam.create_group(GroupName="ADMINS")
        self.refused("EntityAlreadyExists", 409, self.iam.create_group, GroupName="admins")
        self.iam.create_role(RoleName="Job", AssumeRolePolicyDocument=TRUST)
        self.refused("EntityAlreadyExists", 409, self.iam.create_role, RoleName="job", AssumeRolePolicyDocument=TRUST)
        # Another account has names of its own.
        self.server.client("iam", "310987654321").create_user(UserName="ci-billing")

    def test_names_and_paths_that_no_user_has(self):
        for name in ("a b", "a/b", "ä", "a" * 65):
            self.refused("ValidationError", 400, self.iam.create_user, UserName=name)
        self.iam.create_user(UserName="a_+=,.@-" + "a" * 56)
        for path in ("snowgate", "/snowgate", "snowgate/", "/snow gate/"):
            self.refused("ValidationError", 400, self.iam.create_user, UserName="ada", Path=path)

    def test_a_user_is_renamed_and_moved_and_takes_all_along(self):
        made = self.iam.create_user(UserName="carol", Path="/enrolled/")["User"]
        self.iam.create_user(UserName="dave")
        self.fill("carol")
        self.refused("NoSuchEntity", 404, self.iam.update_user, UserName="nobody", NewUserName="carla")
        for taken in ("dave", "Dave", "CAROL"):
            self.refused("EntityAlreadyExists", 409, self.iam.update_user, UserName="carol", NewUserName=taken)
        self.refused("ValidationError", 400, self.iam.update_user, UserName="carol", NewUserName="a b")
        self.refused("ValidationError", 400, self.iam.update_user, UserName="carol", NewPath="left")
        self.iam.update_user(UserName="carol", NewUserName="carla", NewPath="/left/")
        self.refused("NoSuchEntity", 404, self.iam.get_user, UserName="carol")
        user = self.iam.get_user(UserName="carla")["User"]
        self.assertEqual((user["UserId"], user["Arn"].split(":")[5]), (made["UserId"], "user/left/carla"))
        self.assertEqual(self.iam.get_login_profile(UserName="carla")["LoginProfile"]["UserName"], "carla")
        for name, list_of, _ in self.held("carla"):
            self.assertEqual(len(list_of()), 1, name)
        self.iam.update_group(GroupName="team", NewGroupName="crew", NewPath="/granted/")
        (group,) = self.iam.list_groups_for_user(UserName="carla")["Groups"]
        self.assertEqual(group["Arn"].split(":")[5], "group/granted/crew")
        self.iam.create_group(GroupName="team")
        self.refused("EntityAlreadyExists", 409, self.iam.update_group, GroupName="crew", NewGroupName="TEAM")

    def fill(self, name):
        """All that a user can have, once each."""
        self.iam.attach_user_policy(UserName=name, PolicyArn=self.policy)
        self.iam.put_user_policy(UserName=name, PolicyName="life", PolicyDocument=NOTHING)
        self.iam.create_group(GroupName="team")
        self.iam.add_user_to_group(UserName=name, GroupName="team")
        self.iam.create_access_key(UserName=name)
        self.iam.create_login_profile(UserName=name, Password="not-secret-1A!")
        serial = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        self.iam.enable_mfa_device(UserName=name, SerialNumber=serial, **codes)
        self.iam.upload_signing_certificate(UserName=name, CertificateBody=certificate())
        self.iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=ssh_key())
        self.iam.create_service_specific_credential(UserName=name, ServiceName="codecommit.amazonaws.com")

    def held(self, name):
        """What stands in the way of deletion: AWS's words, what is listed, and what takes one away."""
        iam, of = self.iam, {"UserName": name}

        def profile():
            try:
                return [iam.get_login_profile(**of)["LoginProfile"]]
            except iam.exceptions.NoSuchEntityException:
                return []

        return (
            ("must detach all policies first.", lambda: iam.list_attached_user_policies(**of)["AttachedPolicies"],
             lambda one: iam.detach_user_policy(**of, PolicyArn=one["PolicyArn"])),
            ("must delete policies first.", lambda: iam.list_user_policies(**of)["PolicyNames"],
             lambda one: iam.delete_user_policy(**of, PolicyName=one)),
            ("must remove users from group first.", lambda: iam.list_groups_for_user(**of)["Groups"],
             lambda one: iam.remove_user_from_group(**of, GroupName=one["GroupName"])),
            ("must delete access keys first.", lambda: iam.list_access_keys(**of)["AccessKeyMetadata"],
             lambda one: iam.delete_access_key(**of, AccessKeyId=one["AccessKeyId"])),
            ("must delete login profile first.", profile, lambda _: iam.delete_login_profile(**of)),
            ("must delete MFA device first.", lambda: iam.list_mfa_devices(**of)["MFADevices"],
             lambda one: iam.deactivate_mfa_device(**of, SerialNumber=one["SerialNumber"])),
            ("must delete certificates first.", lambda: iam.list_signing_certificates(**of)["Certificates"],
             lambda one: iam.delete_signing_certificate(**of, CertificateId=one["CertificateId"])),
            ("must remove referenced objects first.", lambda: iam.list_ssh_public_keys(**of)["SSHPublicKeys"],
             lambda one: iam.delete_ssh_public_key(**of, SSHPublicKeyId=one["SSHPublicKeyId"])),
            ("must remove referenced objects first.",
             lambda: iam.list_service_specific_credentials(**of)["ServiceSpecificCredentials"],
             lambda one: iam.delete_service_specific_credential(
                 **of, ServiceSpecificCredentialId=one["ServiceSpecificCredentialId"])),
        )

    def test_a_user_is_deleted_when_nothing_is_left(self):
        self.iam.create_user(UserName="carol")
        self.fill("carol")
        for words, list_of, take_away in self.held("carol"):
            (one,) = list_of()
            message = f"Cannot delete entity, {words}"
            self.refused("DeleteConflict", 409, self.iam.delete_user, message, UserName="carol")
            take_away(one)
            self.assertEqual(list_of(), [])
        self.iam.delete_user(UserName="carol")
        self.refused("NoSuchEntity", 404, self.iam.delete_user, UserName="carol")
        # The virtual device is not the user's: it is still there, and can be deleted.
        (device,) = self.iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
        self.iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])

    def test_each_alone_stands_in_the_way(self):
        for n in range(9):
            name = f"user{n}"
            self.iam.create_user(UserName=name)
            self.fill(name)
            for m, (_, list_of, take_away) in enumerate(self.held(name)):
                if m != n:
                    take_away(*list_of())
            words, list_of, take_away = self.held(name)[n]
            self.refused("DeleteConflict", 409, self.iam.delete_user, f"Cannot delete entity, {words}", UserName=name)
            take_away(*list_of())
            self.iam.delete_user(UserName=name)
            self.iam.delete_group(GroupName="team")

    def test_what_is_asked_of_nobody(self):
        for _, list_of, take_away in self.held("nobody")[:4] + self.held("nobody")[5:]:
            with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
                list_of()
        self.refused("NoSuchEntity", 404, self.iam.get_login_profile, UserName="nobody")
        for name in ("carol", "dave"):
            self.iam.create_user(UserName=name)
        self.fill("carol")
        for (_, list_of, _), (_, _, take_away) in zip(self.held("carol"), self.held("dave")):
            (one,) = list_of()
            with self.assertRaises(self.iam.exceptions.NoSuchEntityException):
                take_away(one)
            self.assertEqual(list_of(), [one])

    def test_ssh_public_keys(self):
        self.iam.create_user(UserName="ada")
        body = ssh_key()
        key = self.iam.upload_ssh_public_key(UserName="ada", SSHPublicKeyBody=body)["SSHPublicKey"]
        self.assertRegex(key["SSHPublicKeyId"], r"^APKA\w{16,}$")
        self.assertRegex(key["Fingerprint"], r"^([0-9a-f]{2}:){15}[0-9a-f]{2}$")
        of = {"UserName": "ada", "SSHPublicKeyId": key["SSHPublicKeyId"]}
        self.iam.update_ssh_public_key(**of, Status="Inactive")
        (listed,) = self.iam.list_ssh_public_keys(UserName="ada")["SSHPublicKeys"]
        self.assertEqual((listed["SSHPublicKeyId"], listed["Status"]), (key["SSHPublicKeyId"], "Inactive"))
        self.assertNotIn("SSHPublicKeyBody", listed)
        self.assertEqual(self.iam.get_ssh_public_key(**of, Encoding="SSH")["SSHPublicKey"]["SSHPublicKeyBody"], body)
        upload = self.iam.upload_ssh_public_key
        self.refused("DuplicateSSHPublicKey", 400, upload, UserName="ada", SSHPublicKeyBody=body)
        self.refused("InvalidPublicKey", 400, upload, UserName="ada", SSHPublicKeyBody=ssh_key(1024))
        self.refused("InvalidPublicKey", 400, upload, UserName="ada", SSHPublicKeyBody="ssh-rsa AAAA")
        self.refused("UnrecognizedPublicKeyEncoding", 400, upload, UserName="ada", SSHPublicKeyBody="ssh-ed25519 AAAA")
        for _ in range(4):
            upload(UserName="ada", SSHPublicKeyBody=ssh_key())
        self.refused("LimitExceeded", 409, upload, UserName="ada", SSHPublicKeyBody=ssh_key())

    def test_signing_certificates(self):
        for name in ("ada", "bob"):
            self.iam.create_user(UserName=name)
        upload, body = self.iam.upload_signing_certificate, certificate()
        made = upload(UserName="ada", CertificateBody=body)["Certificate"]
        self.assertRegex(made["CertificateId"], r"^\w{24,128}$")
        of = {"UserName": "ada", "CertificateId": made["CertificateId"]}
        self.iam.update_signing_certificate(**of, Status="Inactive")
        (listed,) = self.iam.list_signing_certificates(UserName="ada")["Certificates"]
        self.assertEqual((listed["Status"], listed["CertificateBody"]), ("Inactive", body))
        self.refused("DuplicateCertificate", 409, upload, UserName="bob", CertificateBody=body)
        self.refused("MalformedCertificate", 400, upload, UserName="bob", CertificateBody="no certificate")
        upload(UserName="ada", CertificateBody=certificate())
        self.refused("LimitExceeded", 409, upload, UserName="ada", CertificateBody=certificate())
        self.refused("ValidationError", 400, self.iam.list_signing_certificates)

    def test_service_specific_credentials(self):
        self.iam.create_user(UserName="ada")
        of = {"UserName": "ada"}
        create, listed = self.iam.create_service_specific_credential, self.iam.list_service_specific_credentials
        made = create(**of, ServiceName="codecommit.amazonaws.com")["ServiceSpecificCredential"]
        self.assertEqual(made["ServiceUserName"], f"ada-at-{ACCOUNT}")
        named = of | {"ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
        again = self.iam.reset_service_specific_credential(**named)["ServiceSpecificCredential"]
        self.assertNotEqual(again["ServicePassword"], made["ServicePassword"])
        self.iam.update_service_specific_credential(**named, Status="Inactive")
        bearer = create(**of, ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30)["ServiceSpecificCredential"]
        self.assertGreater(bearer["ExpirationDate"], bearer["CreateDate"])
        shown = listed(**of)["ServiceSpecificCredentials"]
        self.assertEqual([one["Status"] for one in shown], ["Inactive", "Active"])
        self.assertFalse({"ServicePassword", "ServiceCredentialSecret"} & (shown[0].keys() | shown[1].keys()))
        self.assertEqual(len(listed(**of, ServiceName="bedrock.amazonaws.com")["ServiceSpecificCredentials"]), 1)
        create(**of, ServiceName="codecommit.amazonaws.com")
        self.refused("LimitExceeded", 409, create, **of, ServiceName="codecommit.amazonaws.com")
        self.refused("NotSupportedService", 404, create, **of, ServiceName="ec2.amazonaws.com")

    def test_login_profiles_and_devices(self):
        self.iam.create_user(UserName="ada")
        of = {"UserName": "ada"}
        self.iam.create_login_profile(**of, Password="not-secret-1A!", PasswordResetRequired=True)
        again = self.iam.create_login_profile
        self.refused("EntityAlreadyExists", 409, again, **of, Password="not-secret-1A!")
        self.iam.update_login_profile(**of, PasswordResetRequired=False)
        self.assertFalse(self.iam.get_login_profile(**of)["LoginProfile"]["PasswordResetRequired"])
        self.iam.delete_login_profile(**of)
        self.refused("NoSuchEntity", 404, self.iam.delete_login_profile, **of)
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        for n in range(9):
            device = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"ada{n}")["VirtualMFADevice"]
            serial = {"SerialNumber": device["SerialNumber"]}
            if n < 8:
                self.iam.enable_mfa_device(**of, **serial, **codes)
        self.refused("LimitExceeded", 409, self.iam.enable_mfa_device, **of, **serial, **codes)
        first = {"SerialNumber": self.iam.list_mfa_devices(**of)["MFADevices"][0]["SerialNumber"]}
        self.refused("DeleteConflict", 409, self.iam.delete_virtual_mfa_device, **first)
        self.iam.deactivate_mfa_device(**of, **first)
        self.iam.delete_virtual_mfa_device(**first)
        # A device of hardware: nobody makes or deletes it.
        second = self.iam.list_mfa_devices(**of)["MFADevices"][0]["SerialNumber"]
        self.iam.deactivate_mfa_device(**of, SerialNumber=second)
        hardware = {"SerialNumber": "GAHT12345678"}
        self.refused("NoSuchEntity", 404, self.iam.enable_mfa_device, UserName="nobody", **hardware, **codes)
        self.iam.enable_mfa_device(**of, **hardware, **codes)
        self.refused("EntityAlreadyExists", 409, self.iam.enable_mfa_device, **of, **hardware, **codes)
        self.assertIn("GAHT12345678", [one["SerialNumber"] for one in self.iam.list_mfa_devices(**of)["MFADevices"]])
        self.iam.deactivate_mfa_device(**of, **hardware)
        self.refused("NoSuchEntity", 404, self.iam.deactivate_mfa_device, **of, **hardware)

    def test_tags_and_their_limits(self):
        fifty = [{"Key": f"key{n}", "Value": "v"} for n in range(50)]
        create = self.iam.create_user
        twice = [{"Key": key, "Value": "v"} for key in ("Team", "team")]
        self.refused("InvalidInput", 400, create, UserName="ada", Tags=twice)
        self.refused("InvalidInput", 400, create, UserName="ada", Tags=[{"Key": "aws:mine", "Value": "v"}])
        for wrong in ({"Key": "k" * 129, "Value": "v"}, {"Key": "k", "Value": "v" * 257}, {"Key": "a*b", "Value": "v"}):
            # boto3 itself refuses a key or value that is too short, and sends one that is too long.
            self.refused("ValidationError", 400, create, UserName="ada", Tags=[wrong])
        self.refused("ValidationError", 400, create, UserName="ada", Tags=[*fifty, {"Key": "more", "Value": "v"}])
        # "If any one of the tags is invalid … the entire request fails and the resource is not created" (CreateUser).
        self.refused("NoSuchEntity", 404, self.iam.get_user, UserName="ada")
        made = create(UserName="ada", Tags=fifty, PermissionsBoundary=self.policy)["User"]
        self.assertEqual(made["PermissionsBoundary"]["PermissionsBoundaryArn"], self.policy)
        tag = self.iam.tag_user
        self.refused("LimitExceeded", 409, tag, UserName="ada", Tags=[{"Key": "more", "Value": "v"}])
        tag(UserName="ada", Tags=[{"Key": "KEY0", "Value": "other"}])
        tags = {one["Key"]: one["Value"] for one in self.iam.list_user_tags(UserName="ada")["Tags"]}
        self.assertEqual((len(tags), tags.get("KEY0"), tags.get("key0")), (50, "other", None))
        self.iam.untag_user(UserName="ada", TagKeys=["key0", "Key1", "never"])
        self.assertEqual(len(self.iam.get_user(UserName="ada")["User"]["Tags"]), 48)
        # "This operation does not return … PermissionsBoundary, Tags" (ListUsers).
        (listed,) = self.iam.list_users()["Users"]
        self.assertFalse({"Tags", "PermissionsBoundary"} & listed.keys())

    def test_boundaries(self):
        missing = f"arn:aws:iam::{ACCOUNT}:policy/none"
        self.refused("NoSuchEntity", 404, self.iam.create_user, UserName="ada", PermissionsBoundary=missing)
        self.iam.create_user(UserName="ada")
        self.iam.put_user_permissions_boundary(UserName="ada", PermissionsBoundary=self.policy)
        self.assertIn("PermissionsBoundary", self.iam.get_user(UserName="ada")["User"])
        self.refused("DeleteConflict", 409, self.iam.delete_policy, PolicyArn=self.policy)
        self.iam.delete_user_permissions_boundary(UserName="ada")
        self.assertNotIn("PermissionsBoundary", self.iam.get_user(UserName="ada")["User"])
        self.refused("NoSuchEntity", 404, self.iam.delete_user_permissions_boundary, UserName="ada")


if __name__ == "__main__":
    unittest.main()
