"""What IAM asks of users and MiniStack does not: names that differ by more than case, tags within their limits, nothing
left when a user is deleted; and what is known of their use."""

import inspect
import re
import unicodedata

from ministack_credentials import held_by
from ministack_guards import require, require_answers, require_signature, surround

NAMED = {
    "CreateUser": ("User", "UserName", "_users", 64),
    "CreateGroup": ("Group", "GroupName", "_groups", 128),
    "CreateRole": ("Role", "RoleName", "_roles", 64),
}
MOST_TAGS, TAG_KEY, TAG_VALUE = 50, 128, 256


def _failed(iam, message):
    return iam._error(400, "ValidationError", message, ns="iam")


def _too_long(iam, member, most):
    message = f"1 validation error detected: Value at '{member}' failed to satisfy constraint: " \
        f"Member must have length less than or equal to {most}"
    return _failed(iam, message)


def wrong_name(iam, member, name, most):
    """The refusal of a name that IAM does not accept (IAM User Guide, "IAM name requirements")."""
    if not re.fullmatch(r"[\w+=,.@-]+", name, re.ASCII):
        message = f"The specified value for {member} is invalid. It must contain only alphanumeric characters and/or " \
            "the following: +=,.@_-"
        return _failed(iam, message)
    return _too_long(iam, member, most) if len(name) > most else None


def wrong_path(iam, path):
    """The refusal of a path that IAM does not accept."""
    if not path or re.fullmatch(r"/|/[\x21-\x7e]+/", path) and len(path) <= 512:
        return None
    return _failed(iam, "The specified value for path is invalid. It must begin and end with / and contain only "
                        "alphanumeric characters and/or / characters.")


def taken(iam, kind, name, names):
    """The refusal of a name that somebody has: "names are not distinguished by case" (CreateUser, UpdateUser)."""
    if name.lower() not in {one.lower() for one in names}:
        return None
    return iam._error(409, "EntityAlreadyExists", f"{kind} with name {name} already exists.", ns="iam")


def _is_tag_text(text):
    return all(unicodedata.category(c)[0] in "LZN" or c in "_.:/=+-@" for c in text)


def wrong_tags(iam, p, held):
    """The refusal of tags beyond IAM's limits: 50 on a user, keys of 128 and values of 256 characters, none in AWS's
    own name (IAM User Guide, "Tags for IAM resources" and "IAM and AWS STS quotas"). All or none are taken."""
    tags = iam._extract_tags(p)
    if len(tags) > MOST_TAGS:
        return _too_long(iam, "tags", MOST_TAGS)
    for tag in tags:
        for member, most in (("Key", TAG_KEY), ("Value", TAG_VALUE)):
            if len(tag[member]) > most:
                return _too_long(iam, f"tags.member.{member.lower()}", most)
            if not _is_tag_text(tag[member]):
                return _failed(iam, f"1 validation error detected: Value at 'tags.member.{member.lower()}' failed to "
                                    "satisfy constraint: Member must satisfy regular expression pattern")
        if tag["Key"].lower().startswith("aws:"):
            return iam._error(400, "InvalidInput", "Tag keys that begin with aws: are reserved.", ns="iam")
    keys = {tag["Key"].lower() for tag in [*held, *tags]}
    if len(keys) > MOST_TAGS:
        return iam._error(409, "LimitExceeded", "The number of tags has reached the maximum limit.", ns="iam")
    return None


def add_names(iam):
    """CreateUser, CreateGroup and CreateRole: a name within IAM's rules that nobody has in another case."""
    require_answers(iam, "names")
    for action, (kind, member, store, most) in NAMED.items():

        def around(inner, p, kind=kind, member=member, store=store, most=most):
            name = iam._p(p, member)
            spelled = member[0].lower() + member[1:]
            refused = wrong_name(iam, spelled, name, most) or wrong_path(iam, iam._p(p, "Path"))
            return refused or taken(iam, kind, name, getattr(iam, store)) or inner(p)

        surround(iam, action, "names", ("lower()",), around)


def add_tags(iam):
    """CreateUser and TagUser: tags within IAM's limits."""
    require_answers(iam, "tags")
    require_signature(iam._extract_tags, ("p",), "tags")
    for action in ("CreateUser", "TagUser"):

        def around(inner, p):
            user = iam._users.get(iam._p(p, "UserName")) or {}
            return wrong_tags(iam, p, user.get("Tags", [])) or inner(p)

        surround(iam, action, "tags", ("LimitExceeded",), around)


def delete_conflict(iam, name):
    """Why a user cannot be deleted yet: the list of DeleteUser (IAM API Reference), in the words that AWS was seen to
    use; in which order it looks is not documented."""
    user = iam._users[name]
    reasons = (
        (user.get("AttachedPolicies"), "must detach all policies first."),
        (iam._user_inline_policies.get(name), "must delete policies first."),
        (any(name in group["Users"] for group in iam._groups.values()), "must remove users from group first."),
        (any(key["UserName"] == name for key in iam._access_keys.values()), "must delete access keys first."),
        (name in iam._login_profiles, "must delete login profile first."),
        (any(device["User"] == name for device in iam._mfa_devices.values()), "must delete MFA device first."),
        (held_by("SigningCertificate", name), "must delete certificates first."),
        (held_by("SSHPublicKey", name), "must remove referenced objects first."),
        (held_by("ServiceSpecificCredential", name), "must remove referenced objects first."),
    )
    for found, reason in reasons:
        if found:
            return iam._error(409, "DeleteConflict", f"Cannot delete entity, {reason}", ns="iam")
    return None


def add_delete_conflicts(iam):
    """DeleteUser: all that must be gone before."""
    require_answers(iam, "DeleteUser")

    def around(inner, p):
        name = iam._p(p, "UserName")
        refused = delete_conflict(iam, name) if name in iam._users else None
        return refused or inner(p)

    surround(iam, "DeleteUser", "DeleteUser", ("_login_profiles", "_user_inline_policies", "_groups"), around)


def add_missing_users(iam):
    """Lists of what a user has, and changes of it, know whether there is such a user, and whose it is."""
    require_answers(iam, "missing users")

    def listed(inner, p):
        name = iam._p(p, "UserName")
        if name and name not in iam._users:
            return iam._error(404, "NoSuchEntity", f"The user with name {name} cannot be found.", ns="iam")
        return inner(p)

    for action in ("ListAccessKeys", "ListMFADevices"):
        surround(iam, action, "missing users", ("NoSuchEntity",), listed)

    def key_deleted(inner, p):
        name, key_id = iam._p(p, "UserName"), iam._p(p, "AccessKeyId")
        if name and (iam._access_keys.get(key_id) or {}).get("UserName") != name:
            return iam._error(404, "NoSuchEntity", f"The Access Key with id {key_id} cannot be found.", ns="iam")
        return inner(p)

    surround(iam, "DeleteAccessKey", "missing users", ("UserName",), key_deleted)


def add_hardware(iam):
    """Devices that are not virtual: who enables one names its serial number, which IAM did not give, and it is nobody's
    once it is deactivated (IAM API Reference, EnableMFADevice). ListVirtualMFADevices shows them too, here."""
    require_answers(iam, "hardware")

    def enabled(inner, p):
        serial = iam._p(p, "SerialNumber")
        if serial.startswith("arn:") or serial in iam._mfa_devices:
            return inner(p)
        iam._mfa_devices[serial] = {
            "SerialNumber": serial, "Path": "/", "CreateDate": iam._now(), "User": None, "EnableDate": None,
            "Base32StringSeed": "", "Tags": [],
        }
        answer = inner(p)
        if answer[0] != 200:
            del iam._mfa_devices[serial]
        return answer

    def deactivated(inner, p):
        answer = inner(p)
        serial = iam._p(p, "SerialNumber")
        if answer[0] == 200 and not serial.startswith("arn:"):
            del iam._mfa_devices[serial]
        return answer

    surround(iam, "EnableMFADevice", "hardware", ("CreateDate",), enabled)
    surround(iam, "DeactivateMFADevice", "hardware", ("del ", "pop"), deactivated)


def add_use(iam):
    """When a key and a password were last used, where a test says so."""
    name = "_user_xml"
    original = iam._user_xml
    require_answers(iam, name)
    require_signature(original, ("name", "boundary"), name)
    require("PasswordLastUsed" not in inspect.getsource(original), name, "it shows when a password was used now")

    def user_xml(name, boundary=True):
        used = iam._users[name].get("PasswordLastUsed")
        return original(name, boundary) + (f"<PasswordLastUsed>{used}</PasswordLastUsed>" if used else "")

    iam._user_xml = user_xml

    def around(inner, p):
        record = iam._access_keys.get(iam._p(p, "AccessKeyId")) or {}
        if not record.get("LastUsed"):
            return inner(p)
        date, region, service = record["LastUsed"]
        used = f"<LastUsedDate>{date}</LastUsedDate><Region>{region}</Region><ServiceName>{service}</ServiceName>"
        return iam._xml(200, "GetAccessKeyLastUsedResponse", "<GetAccessKeyLastUsedResult>"
                        f"<UserName>{record['UserName']}</UserName><AccessKeyLastUsed>{used}</AccessKeyLastUsed>"
                        "</GetAccessKeyLastUsedResult>", ns="iam")

    surround(iam, "GetAccessKeyLastUsed", "last use", ("<LastUsedDate>",), around)
