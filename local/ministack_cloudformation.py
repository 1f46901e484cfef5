"""Patches of MiniStack's CloudFormation: the boundary of roles, groups, and joined lists in conditions."""

import inspect
import json
import sys

from ministack_guards import require, require_signature


def patch_role_boundary(provisioners):
    """CloudFormation drops the PermissionsBoundary of a role (it keeps that of a user)."""
    name = "AWS::IAM::Role"
    handler = provisioners._RESOURCE_HANDLERS[name]
    original = handler["create"]
    require_signature(original, ("logical_id", "props", "stack_name"), name)
    require("PermissionsBoundary" not in inspect.getsource(original), name, "it keeps the boundary now")

    def create(logical_id, props, stack_name):
        from ministack.services import iam

        physical, attributes = original(logical_id, props, stack_name)
        if props.get("PermissionsBoundary"):
            iam._roles[physical]["PermissionsBoundary"] = props["PermissionsBoundary"]
        return physical, attributes

    handler["create"] = create


def add_groups(provisioners):
    """CloudFormation does not know groups (IAM does)."""
    name = "AWS::IAM::Group"
    require(name not in provisioners._RESOURCE_HANDLERS, name, "it knows groups now")

    def do(call, **params):
        status, _headers, body = call(params)
        if status >= 400:
            raise ValueError(f"{name} {params['GroupName']}: {body!r}")

    def create(logical_id, props, stack_name):
        from ministack.services import iam

        group = props.get("GroupName") or provisioners._physical_name(stack_name, logical_id)
        do(iam._create_group, GroupName=group, Path=props.get("Path", "/"))
        for arn in props.get("ManagedPolicyArns", []):
            do(iam._attach_group_policy, GroupName=group, PolicyArn=arn)
        for policy in props.get("Policies", []):
            document = json.dumps(policy["PolicyDocument"])
            do(iam._put_group_policy, GroupName=group, PolicyName=policy["PolicyName"], PolicyDocument=document)
        return group, {"Arn": iam._groups[group]["Arn"]}

    def delete(physical_id, _props):
        from ministack.services import iam

        if physical_id in iam._groups:
            for arn in list(iam._groups[physical_id]["AttachedPolicies"]):
                do(iam._detach_group_policy, GroupName=physical_id, PolicyArn=arn)
            do(iam._delete_group, GroupName=physical_id)

    provisioners._RESOURCE_HANDLERS[name] = {"create": create, "delete": delete}


def patch_conditions(engine):
    """CloudFormation conditions may join a list, which is how an empty one is known; here a join stays as it is."""
    name = "_evaluate_conditions"
    original = engine._evaluate_conditions
    require_signature(original, ("template", "params"), name)
    joined = {"Fn::Join": ["", {"Ref": "List"}]}
    probe = {"Conditions": {"IsEmpty": {"Fn::Equals": [joined, ""]}}}
    empty = {"List": {"Value": ""}}
    require(original(probe, empty) == {"IsEmpty": False}, name, "conditions join lists now")

    def joins(value, params):
        """The same value, with parameters that are joined in the place of the join."""
        if isinstance(value, list):
            return [joins(one, params) for one in value]
        if not isinstance(value, dict):
            return value
        if "Fn::Join" in value:
            separator, listed = value["Fn::Join"]
            # The value of a list parameter is one string here.
            return separator.join(params[listed["Ref"]]["Value"].split(","))
        return {key: joins(one, params) for key, one in value.items()}

    def evaluate_conditions(template, params):
        conditions = joins(template.get("Conditions") or {}, params)
        return original({**template, "Conditions": conditions}, params)

    # Its users hold it under the same name.
    package = engine.__name__.rpartition(".")[0]
    for known, module in list(sys.modules.items()):
        if known.startswith(package) and getattr(module, name, None) is original:
            setattr(module, name, evaluate_conditions)
