"""Quotas of IAM: MiniStack shows some and enforces none.

What GetAccountSummary shows is what is enforced, and tests may set it. What a test leaves out is enforced as before.
"""

import xml.etree.ElementTree as ET

from ministack_guards import require_answers, surround
from ministack_hooks import hooks

from ministack.core.responses import get_account_id

# Keys that GetAccountSummary names (IAM API Reference) and MiniStack leaves out; the numbers are those of the IAM User
# Guide, "IAM and AWS STS quotas".
LEFT_OUT = {"RolePolicySizeQuota": 10_240, "InstanceProfilesQuota": 1_000}
# IAM User Guide, the same page: "MFA devices in use by a user". GetAccountSummary has no key for it.
MFA_DEVICES = 8


def _summary(body):
    root = ET.fromstring(body)
    space = root.tag[: root.tag.index("}") + 1]
    entries = root.iter(f"{space}entry")
    return {entry.findtext(f"{space}key"): int(entry.findtext(f"{space}value")) for entry in entries}


class Quotas:
    """What each call may add."""

    def __init__(self, iam, defaults):
        self.iam, self.defaults = iam, defaults

    def of(self, key):
        """The number that holds in this account."""
        set_to = hooks.quotas.get(get_account_id(), {}).get(key)
        return self.defaults[key] if set_to is None else set_to

    def exceeded(self, what, most):
        """AWS's words."""
        return self.iam._error(409, "LimitExceeded", f"Cannot exceed quota for {what}: {most}", ns="iam")

    def count(self, what, key, held):
        """The refusal of one more than may be."""
        most = self.of(key)
        return self.exceeded(what, most) if held >= most else None

    def users(self, _p):
        return self.count("UsersPerAccount", "UsersQuota", len(self.iam._users))

    def groups(self, _p):
        return self.count("GroupsPerAccount", "GroupsQuota", len(self.iam._groups))

    def keys(self, p):
        name = self.iam._p(p, "UserName")
        held = [key for key in self.iam._access_keys.values() if key["UserName"] == name]
        return self.count("AccessKeysPerUser", "AccessKeysPerUserQuota", len(held))

    def memberships(self, p):
        name, group = self.iam._p(p, "UserName"), self.iam._p(p, "GroupName")
        joined = [one["GroupName"] for one in self.iam._groups.values() if name in one["Users"]]
        return None if group in joined else self.count("GroupsPerUser", "GroupsPerUserQuota", len(joined))

    def attached(self, kind, store, p):
        record = getattr(self.iam, store).get(self.iam._p(p, f"{kind}Name")) or {}
        held = record.get("AttachedPolicies", [])
        if self.iam._p(p, "PolicyArn") in held:
            return None
        return self.count(f"PoliciesPer{kind}", f"AttachedPoliciesPer{kind}Quota", len(held))

    def inline(self, kind, held, p):
        """All inline policies together, white space not counted (IAM User Guide, "IAM and AWS STS quotas")."""
        name, most = self.iam._p(p, f"{kind}Name"), self.of(f"{kind}PolicySizeQuota")
        documents = {**held(name), self.iam._p(p, "PolicyName"): self.iam._p(p, "PolicyDocument")}
        if sum(len("".join(str(document).split())) for document in documents.values()) <= most:
            return None
        message = f"Maximum policy size of {most} bytes exceeded for {kind.lower()} {name}"
        return self.iam._error(409, "LimitExceeded", message, ns="iam")

    def devices(self, p):
        name = self.iam._p(p, "UserName")
        held = [device for device in self.iam._mfa_devices.values() if device["User"] == name]
        return self.exceeded("MFADevicesPerUser", MFA_DEVICES) if len(held) >= MFA_DEVICES else None


def add_quotas(iam):
    """GetAccountSummary shows what is enforced, and calls that add something refuse what is too much."""
    require_answers(iam, "quotas")
    status, _headers, body = iam._IAM_HANDLERS["GetAccountSummary"]({})
    defaults = {key: value for key, value in _summary(body).items() if key.endswith("Quota")} | LEFT_OUT
    quotas = Quotas(iam, defaults)

    def summary(inner, p):
        status, headers, body = inner(p)
        shown = _summary(body) | LEFT_OUT | {"InstanceProfiles": len(iam._instance_profiles)}
        shown |= {"Providers": len(iam._oidc_providers) + len(iam._saml_providers)}
        shown |= hooks.quotas.get(get_account_id(), {})
        shown = {key: value for key, value in shown.items() if value is not None}
        entries = "".join(f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in shown.items())
        inner_xml = f"<GetAccountSummaryResult><SummaryMap>{entries}</SummaryMap></GetAccountSummaryResult>"
        return iam._xml(200, "GetAccountSummaryResponse", inner_xml, ns="iam")

    surround(iam, "GetAccountSummary", "quotas", ('"RolePolicySizeQuota"', '"InstanceProfilesQuota"'), summary)
    inline_of = {
        "User": lambda name: iam._user_inline_policies.get(name) or {},
        "Group": lambda name: iam._group_inline_policies.get(name) or {},
        "Role": lambda name: (iam._roles.get(name) or {}).get("InlinePolicies") or {},
    }
    checks = {
        "CreateUser": quotas.users, "CreateGroup": quotas.groups, "CreateAccessKey": quotas.keys,
        "AddUserToGroup": quotas.memberships, "EnableMFADevice": quotas.devices,
    }
    for kind, store in (("User", "_users"), ("Group", "_groups"), ("Role", "_roles")):
        checks[f"Attach{kind}Policy"] = lambda p, kind=kind, store=store: quotas.attached(kind, store, p)
        checks[f"Put{kind}Policy"] = lambda p, kind=kind: quotas.inline(kind, inline_of[kind], p)
    for action, check in checks.items():
        def around(inner, p, check=check):
            return check(p) or inner(p)

        surround(iam, action, "quotas", ("LimitExceeded",), around)
