"""Pages of lists, which MiniStack answers whole.

IAM's lists take `MaxItems` and `Marker` and answer `IsTruncated` and `Marker`: 100 items where no number is given, and
sometimes fewer than asked for although there are more (IAM API Reference, ListUsers). Which actions are lists, and
under which names, is in AWS's own description of the API, which botocore brings.
"""

import base64
import binascii
import json
import xml.etree.ElementTree as ET

from botocore.loaders import Loader
from ministack_guards import surround
from ministack_hooks import hooks

DEFAULT_ITEMS = 100
MOST_ITEMS = 1000
# What an item is known by from one page to the next, in this order.
KNOWN_BY = (
    "UserId", "RoleId", "GroupId", "PolicyId", "PolicyArn", "InstanceProfileId", "AccessKeyId", "SSHPublicKeyId",
    "CertificateId", "ServiceSpecificCredentialId", "SerialNumber", "VersionId", "Key",
)
# "This operation does not return the following attributes" (IAM API Reference, ListUsers and ListRoles).
NOT_IN_LISTS = {"ListUsers": ("Users", ("PermissionsBoundary", "Tags")), "ListRoles": ("Roles", ("Tags",))}


def lists_of_api():
    """The actions that answer page by page, and the names of their lists."""
    model = Loader().load_service_model("iam", "service-2")
    shapes = model["shapes"]
    found = {}
    for action, operation in model["operations"].items():
        members = shapes.get(operation.get("output", {}).get("shape"), {}).get("members", {})
        if "IsTruncated" in members and (action.startswith("List") or action in WHOLE_LISTS):
            found[action] = [name for name, member in members.items() if shapes[member["shape"]]["type"] == "list"]
    return found


WHOLE_LISTS = ("GetGroup", "GetAccountAuthorizationDetails")


def _key(item, space):
    """What an item is known by: its id, or what it says."""
    for name in KNOWN_BY:
        found = item.findtext(f"{space}{name}")
        if found:
            return found
    return "".join(item.itertext())


def _limit(iam, p):
    """How many items the request asks for, or the refusal."""
    asked = iam._p(p, "MaxItems") or str(DEFAULT_ITEMS)
    if not asked.isdigit() or not 1 <= int(asked) <= MOST_ITEMS:
        bound = "greater than or equal to 1" if not asked.isdigit() or int(asked) < 1 else "less than or equal to 1000"
        message = f"1 validation error detected: Value '{asked}' at 'maxItems' failed to satisfy constraint: " \
            f"Member must have value {bound}"
        return 0, iam._error(400, "ValidationError", message, ns="iam")
    return min(int(asked), hooks.page or MOST_ITEMS), None


def _start(marker, action, keys):
    """Where the page begins: at the item that was next, else after the one that was last, else all is shown again.
    `None` where the marker is not one of this list's."""
    if not marker:
        return 0
    try:
        of, following, last = json.loads(base64.urlsafe_b64decode(marker))
    except (binascii.Error, TypeError, ValueError):
        return None
    if of != action:
        return None
    if following in keys:
        return keys.index(following)
    return keys.index(last) + 1 if last in keys else 0


def _page(iam, action, lists, inner, p):
    limit, refused = _limit(iam, p)
    if refused:
        return refused
    status, headers, body = inner(p)
    if status != 200:
        return status, headers, body
    root = ET.fromstring(body)
    space = root.tag[: root.tag.index("}") + 1]
    result = root.find(f"{space}{action}Result")
    found = [found for name in lists if (found := result.find(f"{space}{name}")) is not None]
    items = [(holder, item) for holder in found for item in holder]
    keys = [_key(item, space) for _, item in items]
    start = _start(iam._p(p, "Marker"), action, keys)
    if start is None:
        return iam._error(400, "ValidationError", "Invalid Marker.", ns="iam")
    end = start + limit
    for holder, item in items[:start] + items[end:]:
        holder.remove(item)
    _leave_out(action, result, space)
    truncated = result.find(f"{space}IsTruncated")
    truncated.text = "true" if end < len(items) else "false"
    if end < len(items):
        marker = json.dumps([action, keys[end], keys[end - 1]]).encode()
        ET.SubElement(result, f"{space}Marker").text = base64.urlsafe_b64encode(marker).decode()
    ET.register_namespace("", space.strip("{}"))
    text = b'<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root)
    return status, headers, text


def _leave_out(action, result, space):
    name, left_out = NOT_IN_LISTS.get(action, ("", ()))
    for item in result.iterfind(f"{space}{name}/{space}member") if name else ():
        for member in left_out:
            found = item.find(f"{space}{member}")
            if found is not None:
                item.remove(found)


def add_pages(iam):
    """Every list that is there answers page by page."""
    for action, lists in lists_of_api().items():
        if action not in iam._IAM_HANDLERS:
            continue

        def around(inner, p, action=action, lists=lists):
            return _page(iam, action, lists, inner, p)

        surround(iam, action, "pages", ("MaxItems", "Marker"), around)
