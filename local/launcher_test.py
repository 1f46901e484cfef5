"""The launcher's guards: each patch fits the pinned MiniStack, and fails on one that changed."""

import json
import types
import unittest

import ministack_guards as guards
import ministack_hooks
import ministack_iam
import ministack_launcher as launcher
import ministack_sts
from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import apigateway_v1, iam, ses_v2, sts
from ministack.services.cloudformation import engine, handlers, provisioners

ACCOUNT = "210987654321"


def named(action, **params):
    """Resource and condition keys of an IAM request."""
    query = {"Action": [action]} | {name: [value] for name, value in params.items()}
    found = iam_actions.extract_resource_arn("iam", "POST", "/", {}, b"", query, "eu-west-1", ACCOUNT)
    return found, launcher._named.get()[1]


class Guards(unittest.TestCase):
    """Runs in name order: the patches are applied once, by the first test."""

    PATCHES = (
        (launcher.patch_resource_arn, iam_actions),
        (launcher.patch_enforce, iam_evaluator),
        (launcher.patch_principal_arn, iam_evaluator),
        (lambda module: ministack_sts.patch_source_identity(module, iam_actions, iam_evaluator), sts),
        (launcher.patch_role_boundary, provisioners),
        (launcher.add_groups, provisioners),
        (launcher.patch_conditions, engine),
        (launcher.add_managed_policies, iam),
        (ministack_hooks.patch_clock, iam_evaluator),
        (lambda module: ministack_hooks.add_hooks(module, iam), app),
        *((patch, iam) for patch in ministack_iam.OF_IAM),
        (launcher.patch_gateway_responses, apigateway_v1),
        (launcher.patch_import_operation, apigateway_v1),
        (launcher.patch_mock_integration, apigateway_v1),
        (launcher.patch_passthrough, apigateway_v1),
    )

    def test_1_every_patch_fits_the_pinned_version(self):
        for patch, module in self.PATCHES:
            patch(module)

    def test_2_a_patch_refuses_what_needs_no_patch(self):
        for patch, module in self.PATCHES:
            # The enforcer and the importer look the same after the patch; their guards read sources.
            if patch in (launcher.patch_enforce, launcher.patch_gateway_responses):
                continue
            with self.subTest(patch.__name__), self.assertRaises(guards.PatchError):
                patch(module)

    def test_2_a_changed_signature_is_refused(self):
        with self.assertRaises(guards.PatchError):
            guards.require_signature(lambda changed: None, ("key", "ctx"), "test")

    def test_2_a_handler_that_changed_is_refused(self):
        def knows(p):
            return p["MaxItems"]

        def takes_more(p, account):
            return p, account

        for handlers in ({"ListUsers": knows}, {"ListUsers": takes_more}, {}):
            changed = types.SimpleNamespace(_IAM_HANDLERS=handlers)
            with self.assertRaises(guards.PatchError):
                guards.surround(changed, "ListUsers", "test", ("MaxItems",), lambda inner, p: inner(p))
        answers = {name: getattr(iam, name) for name in ("_p", "_error", "_xml")}
        there = types.SimpleNamespace(_IAM_HANDLERS={"UploadSSHPublicKey": knows}, **answers)
        reads = types.SimpleNamespace(_IAM_HANDLERS={}, **answers | {"_p": lambda params, key: None})
        for changed in (there, reads):
            with self.assertRaises(guards.PatchError):
                guards.add(changed, "test", {"UploadSSHPublicKey": knows})

    def test_3_every_list_that_is_there_has_pages(self):
        lists = {action for action in iam._IAM_HANDLERS if action.startswith("List")}
        paged = {action for action in lists if "pages" in iam._IAM_HANDLERS[action].patches}
        # These two have no pages at AWS either.
        self.assertEqual(lists - paged, {"ListOpenIDConnectProviders", "ListSAMLProviders"})

    def test_3_the_path_and_the_boundary_reach_the_decision(self):
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/Frame"
        arn = f"arn:aws:iam::{ACCOUNT}:user/enrolled/ada"
        iam._users.set_scoped(ACCOUNT, None, "ada", {"Arn": arn, "PermissionsBoundary": boundary})
        policy = f"arn:aws:iam::{ACCOUNT}:policy/reports-read"
        resource, keys = named("AttachUserPolicy", UserName="ada", PolicyArn=policy)
        self.assertEqual(resource, arn)
        self.assertEqual(keys, {"iam:PermissionsBoundary": boundary, "iam:PolicyARN": policy})
        # Neither key exists on CreateAccessKey: a policy that needs one must not match.
        self.assertEqual(named("CreateAccessKey", UserName="ada"), (arn, {}))

    def test_3_another_method_is_answered_by_the_mock(self):
        mock = {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode":405}'},
            "responses": {"default": {
                "statusCode": "405",
                "responseParameters": {"method.response.header.Allow": "'GET'"},
                "responseTemplates": {"application/json": "no"},
            }},
        }
        paths = {"/thing": {launcher.ANY_METHOD: {"x-amazon-apigateway-integration": mock}}}
        api = apigateway_v1._import_rest_api({"info": {"title": "probe"}, "paths": paths})
        resource, _ = apigateway_v1._match_resource_tree(api, ["thing"])
        integration = resource["resourceMethods"]["ANY"]["methodIntegration"]
        status, headers, body = apigateway_v1._invoke_mock_v1(integration)
        self.assertEqual((status, headers["Allow"], body), (405, "GET", b"no"))

    def test_3_a_media_type_that_a_mock_does_not_know(self):
        mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode":204}'}}
        check = apigateway_v1._check_passthrough_behavior
        self.assertIsNone(check(mock, {"Content-Type": "application/json; charset=utf-8"}))
        self.assertIsNone(check({**mock, "type": "AWS_PROXY"}, {"Content-Type": "text/xml"}))
        refused = check(mock, {"Content-Type": "text/xml"})
        self.assertEqual(refused.response_type, "API_CONFIGURATION_ERROR")
        never = check({**mock, "passthroughBehavior": "never"}, {"Content-Type": "text/xml"})
        self.assertEqual(never.response_type, "UNSUPPORTED_MEDIA_TYPE")

    def test_3_a_membership_is_decided_on_the_group(self):
        arn = f"arn:aws:iam::{ACCOUNT}:group/granted/analysts"
        iam._groups.set_scoped(ACCOUNT, None, "analysts", {"Arn": arn})
        self.assertEqual(named("AddUserToGroup", UserName="ada", GroupName="analysts"), (arn, {}))
        unknown = f"arn:aws:iam::{ACCOUNT}:group/none"
        self.assertEqual(named("RemoveUserFromGroup", UserName="ada", GroupName="none"), (unknown, {}))
        # What concerns the user alone is still decided on the user.
        user = f"arn:aws:iam::{ACCOUNT}:user/bob"
        self.assertEqual(named("ListGroupsForUser", UserName="bob"), (user, {}))

    def test_3_inline_policies_are_decided_with_the_boundary(self):
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/Frame"
        arn = f"arn:aws:iam::{ACCOUNT}:role/enrolled/job"
        iam._roles.set_scoped(ACCOUNT, None, "job", {"Arn": arn, "PermissionsBoundary": boundary})
        for action in ("PutRolePolicy", "DeleteRolePolicy"):
            found = named(action, RoleName="job", PolicyName="p")
            self.assertEqual(found, (arn, {"iam:PermissionsBoundary": boundary}))

    def test_3_a_stack_makes_a_group_with_its_policies(self):
        policy = f"arn:aws:iam::{ACCOUNT}:policy/reports-read"
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
        props = {
            "GroupName": "readers",
            "Path": "/granted/",
            "ManagedPolicyArns": [policy],
            "Policies": [{"PolicyName": "more", "PolicyDocument": document}],
        }
        handler = provisioners._RESOURCE_HANDLERS["AWS::IAM::Group"]
        name, attributes = handler["create"]("Readers", props, "stack")
        self.assertTrue(attributes["Arn"].endswith(":group/granted/readers"))
        self.assertEqual(iam._groups[name]["AttachedPolicies"], [policy])
        self.assertEqual(json.loads(iam._group_inline_policies[name]["more"]), document)
        with self.assertRaises(ValueError):
            handler["create"]("Readers", props, "stack")
        handler["delete"](name, props)
        self.assertNotIn(name, iam._groups)

    def test_3_a_user_is_renamed_and_moved_and_keeps_what_it_has(self):
        def call(action, **params):
            status, _, body = iam._IAM_HANDLERS[action]({name: [value] for name, value in params.items()})
            return status, body.decode()

        document = json.dumps({"Version": "2012-10-17", "Statement": []})
        for name in ("carol", "dave"):
            iam._IAM_HANDLERS["CreateUser"]({"UserName": [name], "Path": ["/enrolled/"]})
        unique_id = iam._users["carol"]["UserId"]
        call("CreateGroup", GroupName="staff", Path="/granted/")
        group_id = iam._groups["staff"]["GroupId"]
        call("AddUserToGroup", GroupName="staff", UserName="carol")
        iam._user_inline_policies["carol"] = {"more": document}
        self.assertEqual(call("UpdateUser", UserName="nobody", NewUserName="carla")[0], 404)
        self.assertEqual(call("UpdateUser", UserName="carol", NewUserName="Dave")[0], 409)
        self.assertEqual(call("UpdateUser", UserName="carol", NewUserName="carla")[0], 200)
        self.assertEqual(call("GetUser", UserName="carol")[0], 404)
        self.assertIn("staff", call("ListGroupsForUser", UserName="carla")[1])
        self.assertIn("more", call("ListUserPolicies", UserName="carla")[1])
        self.assertEqual(call("UpdateUser", UserName="carla", NewPath="/left/")[0], 200)
        found = iam._users["carla"]
        self.assertEqual(found["UserId"], unique_id)
        self.assertTrue(found["Arn"].endswith(":user/left/carla"), found["Arn"])
        self.assertEqual(call("UpdateGroup", GroupName="staff", NewGroupName="team")[0], 200)
        listed = call("ListGroupsForUser", UserName="carla")[1]
        self.assertIn(f"<GroupId>{group_id}</GroupId>", listed)
        self.assertIn(":group/granted/team", listed)

    def test_3_a_condition_joins_a_list(self):
        joined = {"Fn::Join": ["", {"Ref": "List"}]}
        template = {"Conditions": {"HasAny": {"Fn::Not": [{"Fn::Equals": [joined, ""]}]}}}
        for module in (engine, handlers):
            for value, expected in (("", False), ("a", True), ("a,b", True)):
                found = module._evaluate_conditions(template, {"List": {"Value": value}})
                self.assertEqual(found, {"HasAny": expected})

    def test_3_an_email_needs_its_identity_and_its_configuration_set(self):
        ses_v2._identities["own@example.com"] = {}
        message = {"FromEmailAddress": "Own <own@example.com>", "ConfigurationSetName": "letters"}
        resource = iam_actions.extract_resource_arn(
            "ses", "POST", "/v2/email/outbound-emails", {}, json.dumps(message).encode(), {}, "eu-west-1", ACCOUNT
        )
        self.assertEqual(resource, f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/own@example.com")
        self.assertEqual(launcher._named.get()[2], [f"arn:aws:ses:eu-west-1:{ACCOUNT}:configuration-set/letters"])


if __name__ == "__main__":
    unittest.main()
