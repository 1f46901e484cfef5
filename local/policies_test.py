"""The policies that the templates ship, as IAM gets them: written down for the engine to judge.

crates/iam-policy/tests/shipped.rs judges the files in crates/iam-policy/tests/shipped/. This holds them against the
templates; `--write` renews them. It also holds them to IAM's quotas.
"""

import json
import re
import sys
import unittest

from template_model import ROOT, Model

FOLDER = ROOT / "crates/iam-policy/tests/shipped"
HUB, MEMBER = "111122223333", "444455556666"
KEYS = [f"arn:aws:kms:eu-west-1:{HUB}:key/11111111-1111-1111-1111-111111111111",
        f"arn:aws:kms:eu-west-1:{HUB}:key/22222222-2222-2222-2222-222222222222"]
ACCOUNT = {
    "HubAccountId": HUB,
    "EnrolledArns": ",".join(f"arn:aws:iam::{MEMBER}:{kind}/enrolled/*" for kind in ("role", "user")),
    "GrantablePolicyArns": f"arn:aws:iam::{MEMBER}:policy/reports-read",
    "GrantableGroupArns": f"arn:aws:iam::{MEMBER}:group/granted/analysts",
    "InlinePolicies": "yes",
}
ORGANIZATION = {
    "HubAccountId": HUB,
    "HubKeyArns": ",".join(KEYS),
    "Administrators": "arn:aws:iam::*:role/deploy-snowgate",
    "TargetIds": "r-abcd",
}
# Characters, white space not counted for managed policies (IAM and AWS Organizations quotas).
QUOTAS = {"boundary": 6144, "boundary-of-the-hub": 6144, "member-role": 10240, "member-role-users": 6144,
          "service-control": 5120, "service-control-users": 5120, "resource-control": 5120}
USERS = {
    "EnrolledArns": ",".join(f"arn:aws:iam::{MEMBER}:{kind}{path}*"
                             for path in ("/enrolled/", "/snowgate/") for kind in ("role", "user")),
    "UsersPath": "/snowgate/",
    "UserTagKeys": "snowgate:made,snowgate:owner,snowgate:request,team",
}


def account(pseudo, **more):
    """The member stack in some account."""
    return Model("templates/member-account.yaml", ACCOUNT | more, sam=False, pseudo={"AWS::AccountId": pseudo})


def plain(value, known):
    """A document with the references to resources in the place of which something is known."""
    if isinstance(value, list):
        return [plain(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    if value in known["references"]:
        return known["text"]
    return {key: plain(item, known) for key, item in value.items()}


def rendered():
    """Every policy by its name."""
    elsewhere, in_the_hub = account(MEMBER), account(HUB)
    (member,) = elsewhere.of("IAM::Role")["MemberRole"]["Policies"]
    (read,) = elsewhere.of("IAM::Role")["ReadRole"]["Policies"]
    (reading,) = account(MEMBER, **USERS).of("IAM::Role")["ReadRole"]["Policies"]
    users = account(MEMBER, **USERS).of("IAM::ManagedPolicy")["MakeUsers"]
    boundary = {"references": [{"Ref": "Boundary"}], "text": f"arn:aws:iam::{MEMBER}:policy/SnowgateBoundary"}
    organization, made = (
        Model("templates/organization/policies.yaml", ORGANIZATION | more, sam=False).of("Organizations::Policy")
        for more in ({}, {"EnrolledPath": "/snowgate/", "MakesUsers": "yes"})
    )
    roles = ",".join(("arn:aws:iam::555566667777:role/assumable/reports-reader",))
    return {
        "boundary": elsewhere.of("IAM::ManagedPolicy")["Boundary"]["PolicyDocument"],
        "boundary-of-the-hub": in_the_hub.of("IAM::ManagedPolicy")["Boundary"]["PolicyDocument"],
        "boundary-with-roles": account(MEMBER, AssumableRoleArns=roles).of("IAM::ManagedPolicy")["Boundary"]["PolicyDocument"],
        "read-role": read["PolicyDocument"],
        "read-role-users": reading["PolicyDocument"],
        "member-role": plain(member["PolicyDocument"], boundary),
        "member-role-users": plain(users["PolicyDocument"], boundary),
        "service-control": organization["ServiceControl"]["Content"],
        "service-control-users": made["ServiceControl"]["Content"],
        "resource-control": organization["ResourceControl"]["Content"],
    }


def text(document):
    return json.dumps(document, indent=2) + "\n"


class Shipped(unittest.TestCase):
    def test_what_is_judged_is_what_is_shipped(self):
        self.assertEqual({path.stem for path in FOLDER.glob("*.json")}, set(rendered()))
        for name, document in rendered().items():
            written = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
            self.assertEqual(written, text(document), f"{name}: run local/policies_test.py --write")

    def test_nothing_is_left_open(self):
        for name, document in rendered().items():
            for sign in ("Fn::", '"Ref"', "${"):
                self.assertNotIn(sign, text(document), name)

    def reckoned(self):
        """The sizes that the command reckons with, by name."""
        code = (ROOT / "crates/snowgate/src/member_parameters.rs").read_text(encoding="utf-8")
        return {name: int(size.replace("_", "")) for name, size in re.findall(r"const (\w+): usize = ([\d_]+);", code)}

    def test_frames_are_what_the_command_reckons_with(self):
        """`snowgate member-parameters` refuses lists that would not fit beside the rest of the policies."""
        reckoned = self.reckoned()
        sizes = {name: len(json.dumps(document, separators=(",", ":"))) for name, document in rendered().items()}
        listed = lambda name: sum(len(arn) + 3 for arn in ACCOUNT[name].split(","))  # noqa: E731
        role = sizes["member-role"] - 4 * listed("EnrolledArns") - 2 * listed("GrantablePolicyArns")
        for frame, actual in (("ROLE_FRAME", role - listed("GrantableGroupArns")),
                              ("BOUNDARY_FRAME", sizes["boundary-of-the-hub"])):
            self.assertTrue(actual <= reckoned[frame] <= actual + 300, f"{frame}: {actual}")
        self.assertEqual((reckoned["ROLE"], reckoned["BOUNDARY"]), (QUOTAS["member-role"], QUOTAS["boundary"]))

    def test_a_long_list_goes_on_in_managed_policies(self):
        """Each of the further lists may be as long as a parameter, and stands in two policies of the member role."""
        one = f"arn:aws:iam::{MEMBER}:policy/"
        lists = {f"GrantablePolicyArns{nth}": ",".join(f"{one}{nth}-{n:02}" + "x" * 33 for n in range(57)) for nth in "234"}
        self.assertTrue(all(4_000 < len(value) <= 4_096 for value in lists.values()))
        none, all_of_them = account(MEMBER), account(MEMBER, **lists)
        self.assertEqual(set(none.of("IAM::ManagedPolicy")), {"Boundary"})
        self.assertEqual(all_of_them.missing, [])
        found = {"Attach": set(), "Detach": set()}
        for name, policy in all_of_them.of("IAM::ManagedPolicy").items():
            if name == "Boundary":
                continue
            self.assertEqual(policy["Roles"], [{"Ref": "MemberRole"}])
            (statement,) = policy["PolicyDocument"]["Statement"]
            kind = name[:6]
            self.assertEqual(statement["Action"], [f"iam:{kind}RolePolicy", f"iam:{kind}UserPolicy"])
            self.assertEqual(statement["Resource"], ACCOUNT["EnrolledArns"].split(","))
            condition = statement["Condition"]["ArnEquals"]
            self.assertEqual("iam:PermissionsBoundary" in condition, kind == "Attach")
            found[kind] |= set(condition["iam:PolicyARN"])
            document = plain(policy["PolicyDocument"], {"references": [{"Ref": "Boundary"}],
                                                        "text": f"arn:aws:iam::{MEMBER}:policy/SnowgateBoundary"})
            size = len(json.dumps(document, separators=(",", ":")))
            self.assertLessEqual(size, 6_144, name)
            frame = size - sum(len(arn) + 3 for arn in condition["iam:PolicyARN"])
            frame -= sum(len(arn) + 3 for arn in statement["Resource"])
            self.assertLessEqual(frame, self.reckoned()["MORE_FRAME"], name)
        wanted = {arn for value in lists.values() for arn in value.split(",")}
        self.assertEqual(found, {"Attach": wanted, "Detach": wanted})

    def test_users_are_made_only_where_they_have_a_path(self):
        self.assertNotIn("MakeUsers", account(MEMBER).of("IAM::ManagedPolicy"))
        with_users = account(MEMBER, **USERS)
        self.assertEqual(with_users.missing, [])
        policy = with_users.of("IAM::ManagedPolicy")["MakeUsers"]
        self.assertEqual((policy["Roles"], policy["Path"]), ([{"Ref": "MemberRole"}], "/snowgate/"))
        frame = len(json.dumps(rendered()["member-role-users"], separators=(",", ":")))
        frame -= 5 * len("/snowgate/") + 2 * sum(len(key) + 3 for key in USERS["UserTagKeys"].split(","))
        reckoned = self.reckoned()["USERS_FRAME"]
        self.assertTrue(frame <= reckoned <= frame + 300, f"USERS_FRAME: {frame}")
        # Nothing else of the stack changes with it, but that the read role reads their keys.
        changed, plain_roles = account(MEMBER, UsersPath="/snowgate/").of("IAM::Role"), account(MEMBER).of("IAM::Role")
        (reading,) = changed["ReadRole"]["Policies"]
        gained = reading["PolicyDocument"]["Statement"].pop()
        self.assertEqual(gained["Action"], ["iam:GetAccessKeyLastUsed", "iam:ListAccessKeys"])
        self.assertEqual(changed, plain_roles)

    def test_who_inspects_may_look_and_only_where_the_preflight_does(self):
        self.assertNotIn("InspectRole", account(MEMBER).of("IAM::Role"))
        operators = f"arn:aws:iam::{HUB}:role/operators"
        for more in ({}, {"OrganizationId": "o-example1234"}):
            role = account(MEMBER, InspectedBy=operators, **more).of("IAM::Role")["InspectRole"]
            (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(trust["Principal"], {"AWS": f"arn:aws:iam::{HUB}:root"})
            self.assertEqual(trust["Condition"]["ArnLike"], {"aws:PrincipalArn": [operators]})
            organization = trust["Condition"].get("StringEquals")
            self.assertEqual(organization, {"aws:PrincipalOrgID": "o-example1234"} if more else None)
        (policy,) = role["Policies"]
        may = set()
        for statement in policy["PolicyDocument"]["Statement"]:
            may.update(statement["Action"])
            self.assertNotIn("*", statement["Resource"])
        asks = (ROOT / "crates/snowgate/python/facts.py").read_text(encoding="utf-8")
        asked = set(re.findall(r"\biam\.(\w+)", asks))
        self.assertEqual(may, {"iam:" + name.title().replace("_", "") for name in asked})

    def test_they_fit(self):
        for name, document in rendered().items():
            size = len(json.dumps(document, separators=(",", ":")))
            self.assertLessEqual(size, QUOTAS.get(name, 6144), name)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FOLDER.mkdir(exist_ok=True)
        for name, document in rendered().items():
            (FOLDER / f"{name}.json").write_text(text(document), encoding="utf-8")
    else:
        unittest.main()
