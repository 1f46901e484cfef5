"""What an IAM request is authorized on, and the condition keys that it has, where MiniStack does not say."""

from typing import NamedTuple

from ministack_hooks import hooks

# The user guide of IAM names these, and the Service Authorization Reference: what iam:PermissionsBoundary and
# iam:PolicyARN are set on.
BOUNDARY_OF_ENTITY = {
    f"{verb}{kind}{what}"
    for kind in ("User", "Role")
    for verb, what in (
        ("Attach", "Policy"), ("Detach", "Policy"), ("Put", "Policy"), ("Delete", "Policy"),
        ("Delete", "PermissionsBoundary"),
    )
}
BOUNDARY_OF_REQUEST = {
    "CreateUser",
    "CreateRole",
    "PutUserPermissionsBoundary",
    "PutRolePermissionsBoundary",
}
# Of the two that they name, IAM authorizes these on the group (Service Authorization Reference, IAM).
ON_THE_GROUP = {"AddUserToGroup", "RemoveUserFromGroup"}
# These name a key, and are authorized on the user that has it (the same).
ON_THE_KEYS_USER = {"DeleteAccessKey", "GetAccessKeyLastUsed", "UpdateAccessKey"}
POLICY_OF_REQUEST = {f"{verb}{kind}Policy" for verb in ("Attach", "Detach") for kind in ("User", "Role", "Group")}
# These make what they name, so that it has no tags yet: the Service Authorization Reference gives CreateUser the tags
# of the request alone. What AWS's conditions see where the name is taken is not documented.
MAKES = {"CreateUser", "CreateRole"}
RESOURCE_TAGS = ("aws:ResourceTag", "iam:ResourceTag")
RENAMES = {"UpdateUser": "User", "UpdateGroup": "Group"}


class Facts(NamedTuple):
    """Of one request: its resource, condition keys, further resources that must be allowed, further actions on it."""

    resource: str
    keys: dict
    further: list = []
    implied: tuple = ()


def tags_of(facts):
    """The condition keys of the resource's tags."""
    return {key: value for key, value in facts.keys.items() if key.startswith(RESOURCE_TAGS)}


def first(params, key):
    """A parameter's value, or nothing."""
    value = (params or {}).get(key, "")
    return (value[0] if value else "") if isinstance(value, list) else (value or "")


def _entity(action, params, account):
    """The user, role or group that an IAM request is authorized on: (collection, name, record)."""
    from ministack.services import iam

    for key, collection, store in (
        ("RoleName", "role", iam._roles),
        ("UserName", "user", iam._users),
        ("GroupName", "group", iam._groups),
    ):
        name = "" if collection == "user" and action in ON_THE_GROUP else first(params, key)
        if key == "UserName" and not name and action in ON_THE_KEYS_USER:
            name = (iam._access_keys.get_scoped(account, None, first(params, "AccessKeyId")) or {}).get("UserName", "")
        if name:
            return collection, name, store.get_scoped(account, None, name) or {}
    return "", "", {}


def _device(action, params, account):
    """The ARN of a virtual MFA device that is made or deleted."""
    if action == "CreateVirtualMFADevice":
        path = first(params, "Path") or "/"
        return f"arn:aws:iam::{account}:mfa{path}{first(params, 'VirtualMFADeviceName')}"
    return first(params, "SerialNumber") if action == "DeleteVirtualMFADevice" else ""


def _renamed(action, params, record):
    """Who is renamed or moved must be allowed under both names (IAM API Reference, UpdateUser and UpdateGroup)."""
    kind = RENAMES.get(action)
    if not kind or not record.get("Arn"):
        return []
    name = first(params, f"New{kind}Name") or record[f"{kind}Name"]
    path = first(params, "NewPath") or record["Path"]
    account = record["Arn"].split(":")[4]
    return [arn for arn in [f"arn:aws:iam::{account}:{kind.lower()}{path}{name}"] if arn != record["Arn"]]


def _tags_asked(params):
    return any(name.startswith("Tags.member.") for name in params or {})


def iam_facts(action, params, account, fallback):
    """The resource with its path, and the condition keys, of an IAM request."""
    collection, name, record = _entity(action, params, account)
    resource = _device(action, params, account) or fallback
    if record.get("Arn") and action not in MAKES:
        resource = record["Arn"]
    elif action in ON_THE_GROUP:
        resource = f"arn:aws:iam::{account}:group/{name}"
    elif collection and action.startswith("Create"):
        path = first(params, "Path") or "/"
        resource = f"arn:aws:iam::{account}:{collection}{path}{name}"
    keys = {}
    if action in BOUNDARY_OF_ENTITY and record.get("PermissionsBoundary"):
        keys["iam:PermissionsBoundary"] = record["PermissionsBoundary"]
    if action in BOUNDARY_OF_REQUEST and first(params, "PermissionsBoundary"):
        keys["iam:PermissionsBoundary"] = first(params, "PermissionsBoundary")
    if action in POLICY_OF_REQUEST and first(params, "PolicyArn"):
        keys["iam:PolicyARN"] = first(params, "PolicyArn")
    for tag in record.get("Tags") or []:
        # `None` is no value: the evaluator would look for it itself.
        value = None if action in MAKES and not hooks.create_sees_tags else tag["Value"]
        keys |= {f"{prefix}/{tag['Key']}": value for prefix in RESOURCE_TAGS}
    # "to create a user with tags … iam:CreateUser and iam:TagUser" (IAM User Guide, "Tag IAM users").
    implied = ("iam:TagUser",) if action == "CreateUser" and _tags_asked(params) else ()
    return Facts(resource, keys, _renamed(action, params, record), implied)
