"""Renaming and moving users and groups, which MiniStack lacks (IAM API, UpdateUser and UpdateGroup)."""

import ministack_credentials
from ministack_guards import add
from ministack_users import taken, wrong_name, wrong_path


def _named(record, kind, name, path):
    """Gives a user or group another name or path: its ARN follows, its unique id stays."""
    key = f"{kind}Name"
    name, path = name or record[key], path or record["Path"]
    account = record["Arn"].split(":")[4]
    record.update({key: name, "Path": path, "Arn": f"arn:aws:iam::{account}:{kind.lower()}{path}{name}"})


def _follow_user(iam, old, new):
    """What is kept under the user's name follows it: keys, memberships, inline policies, password, devices."""
    for key in iam._access_keys.values():
        if key["UserName"] == old:
            key["UserName"] = new
    for group in iam._groups.values():
        group["Users"] = [new if user == old else user for user in group["Users"]]
    for device in iam._mfa_devices.values():
        if device["User"] == old:
            device["User"] = new
    for store in (iam._user_inline_policies, iam._login_profiles):
        if old in store:
            store[new] = store.pop(old)
    if new in iam._login_profiles:
        iam._login_profiles[new]["UserName"] = new
    ministack_credentials.renamed(old, new)


def _follow_group(iam, old, new):
    """The group's inline policies follow it; its members are kept within it."""
    if old in iam._group_inline_policies:
        iam._group_inline_policies[new] = iam._group_inline_policies.pop(old)


def add_updates(iam):
    """UpdateUser and UpdateGroup: another name, another path, or both."""
    kinds = (
        ("UpdateUser", "User", iam._users, 64, _follow_user),
        ("UpdateGroup", "Group", iam._groups, 128, _follow_group),
    )
    add(iam, "updates", {kind[0]: _updater(iam, *kind) for kind in kinds})


def _updater(iam, action, kind, store, most, follow):
    def update(p):
        old = iam._p(p, f"{kind}Name")
        new, path = iam._p(p, f"New{kind}Name") or old, iam._p(p, "NewPath")
        if old not in store:
            return iam._error(404, "NoSuchEntity", f"The {kind.lower()} with name {old} cannot be found.", ns="iam")
        refused = wrong_name(iam, f"new{kind}Name", new, most) or wrong_path(iam, path)
        # A name that only changes its case is taken too: AWS was seen to say so (noobaa-core, pull request 9323).
        refused = refused or (new != old and taken(iam, kind, new, store))
        if refused:
            return refused
        record = store.pop(old)
        _named(record, kind, new, path)
        store[new] = record
        if new != old:
            follow(iam, old, new)
        return iam._xml(200, f"{action}Response", "", ns="iam")

    return update
