"""Renaming and moving users and groups, which MiniStack lacks (IAM API, UpdateUser and UpdateGroup)."""

from ministack_guards import require, require_signature


def _named(record, kind, name, path):
    """Gives a user or group another name or path: its ARN follows, its unique id stays."""
    key = f"{kind}Name"
    name, path = name or record[key], path or record["Path"]
    account = record["Arn"].split(":")[4]
    record.update({key: name, "Path": path, "Arn": f"arn:aws:iam::{account}:{kind.lower()}{path}{name}"})


def _follow_user(iam, old, new):
    """What is kept under the user's name follows it: keys, memberships, inline policies, the password."""
    for key in iam._access_keys.values():
        if key["UserName"] == old:
            key["UserName"] = new
    for group in iam._groups.values():
        group["Users"] = [new if user == old else user for user in group["Users"]]
    for store in (iam._user_inline_policies, iam._login_profiles):
        if old in store:
            store[new] = store.pop(old)


def _follow_group(iam, old, new):
    """The group's inline policies follow it; its members are kept within it."""
    if old in iam._group_inline_policies:
        iam._group_inline_policies[new] = iam._group_inline_policies.pop(old)


def add_updates(iam):
    """UpdateUser and UpdateGroup: another name, another path, or both."""
    for action, kind, store, follow in (
        ("UpdateUser", "User", iam._users, _follow_user),
        ("UpdateGroup", "Group", iam._groups, _follow_group),
    ):
        require(action not in iam._IAM_HANDLERS, action, "it is there now")
        require_signature(iam._p, ("params", "key", "default"), action)
        require_signature(iam._error, ("status", "code", "message", "ns"), action)
        require_signature(iam._xml, ("status", "root_tag", "inner", "ns"), action)
        iam._IAM_HANDLERS[action] = _updater(iam, action, kind, store, follow)


def _updater(iam, action, kind, store, follow):
    def update(p):
        old = iam._p(p, f"{kind}Name")
        new = iam._p(p, f"New{kind}Name") or old
        if old not in store:
            return iam._error(404, "NoSuchEntity", f"The {kind.lower()} with name {old} cannot be found.", ns="iam")
        # Names are unique whatever their case (IAM User Guide, "IAM identifiers").
        taken = [name for name in store if name != old and name.lower() == new.lower()]
        if taken:
            return iam._error(409, "EntityAlreadyExists", f"{kind} with name {new} already exists.", ns="iam")
        record = store.pop(old)
        _named(record, kind, new, iam._p(p, "NewPath"))
        store[new] = record
        if new != old:
            follow(iam, old, new)
        return iam._xml(200, f"{action}Response", "", ns="iam")

    return update
