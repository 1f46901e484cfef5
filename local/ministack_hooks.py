"""What tests may set of the local IAM, by `POST /_ministack/iam` with a JSON object; a reset forgets it.

| member | what it does |
|---|---|
| `account` | whose IAM `quotas`, `users`, `keys` and `delay` concern |
| `page` | lists show at most so many items at once, whatever `MaxItems` says; `null`: as AWS |
| `quotas` | members of GetAccountSummary: a number (which is also enforced), `null` leaves it out |
| `users` | by name: `created`, `password_last_used` |
| `keys` | by access key id: `created`, `last_used` (`{"date", "region", "service"}`) |
| `delay` | reads show what was before each change: `{"seconds": n}` or `{"reads": n}`, of all reads or of the actions in `of`; `null`: at once |
| `ahead_seconds` | how far the clock of conditions (`aws:CurrentTime`, `aws:EpochTime`) is ahead of this machine's |
| `create_sees_tags` | whether conditions of CreateUser see the tags of a user that has the name already: AWS does not say |

None of it allows anything: it changes what IAM shows, when a change shows, and how much it takes.
"""

import asyncio
import datetime
import inspect
import json
import re

from ministack_guards import require, require_signature

PATH = "/_ministack/iam"
MEMBERS = {"account", "page", "quotas", "users", "keys", "delay", "ahead_seconds", "create_sees_tags"}
TIME = "%Y-%m-%dT%H:%M:%SZ"


class Hooks:
    """What was set, and the changes that reads do not show yet."""

    def __init__(self):
        self.forget()

    def forget(self):
        """As it is at the start."""
        self.page = None
        self.create_sees_tags = False
        self.ahead_seconds = 0
        self.quotas = {}
        self.delays = {}
        self.unseen = {}


hooks = Hooks()


def _number(value, least=0):
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{value!r} is no number from {least}")
    return value


def _time(value):
    datetime.datetime.strptime(value, TIME)
    return value


def _record(store, account, name):
    record = store.get_scoped(account, None, name)
    if record is None:
        raise ValueError(f"{name!r} is not there")
    return record


def _set_users(iam, account, users):
    for name, facts in users.items():
        record = _record(iam._users, account, name)
        for fact, value in facts.items():
            key = {"created": "CreateDate", "password_last_used": "PasswordLastUsed"}[fact]
            record[key] = _time(value)


def _set_keys(iam, account, keys):
    for key_id, facts in keys.items():
        record = _record(iam._access_keys, account, key_id)
        if "created" in facts:
            record["CreateDate"] = _time(facts["created"])
        if "last_used" in facts:
            used = facts["last_used"]
            record["LastUsed"] = used and (_time(used["date"]), used["region"], used["service"])


def _set_delay(account, delay):
    if delay is None:
        hooks.delays.pop(account, None)
        hooks.unseen.pop(account, None)
        return
    (unit,) = set(delay) - {"of"}
    if unit not in ("seconds", "reads"):
        raise ValueError(f"{unit!r} is neither seconds nor reads")
    _number(delay[unit], 1)
    hooks.delays[account] = delay


def _apply(iam, order):
    if not isinstance(order, dict) or order.keys() - MEMBERS:
        raise ValueError(f"the members are {sorted(MEMBERS)}")
    account = order.get("account")
    if order.keys() & {"quotas", "users", "keys", "delay"} and not re.fullmatch(r"\d{12}", str(account)):
        raise ValueError("an account has twelve digits")
    if "page" in order:
        hooks.page = None if order["page"] is None else _number(order["page"], 1)
    if "create_sees_tags" in order:
        hooks.create_sees_tags = order["create_sees_tags"] is True
    if "ahead_seconds" in order:
        hooks.ahead_seconds = float(order["ahead_seconds"])
    if "quotas" in order:
        quotas = {key: value if value is None else _number(value) for key, value in order["quotas"].items()}
        hooks.quotas.setdefault(account, {}).update(quotas)
    _set_users(iam, account, order.get("users") or {})
    _set_keys(iam, account, order.get("keys") or {})
    if "delay" in order:
        _set_delay(account, order["delay"])


def add_hooks(app, iam):
    """The path under which tests set what is above."""
    name = "_handle_admin_config_request"
    original = app._handle_admin_config_request
    require_signature(original, ("path", "method", "body"), name)
    require(asyncio.run(original(PATH, "POST", b"{}")) is None, name, f"{PATH} is answered now")

    async def handle(path, method, body):
        if path != PATH or method != "POST":
            return await original(path, method, body)
        try:
            _apply(iam, json.loads(body))
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            return 400, {"Content-Type": "application/json"}, json.dumps({"wrong": repr(wrong)}).encode()
        return 200, {"Content-Type": "application/json"}, b"{}"

    app._handle_admin_config_request = handle


def patch_clock(iam_evaluator):
    """Conditions are evaluated at a time that tests set."""
    name = "aws:CurrentTime"
    original = iam_evaluator._resolve_condition_key
    require_signature(original, ("key", "ctx"), name)
    context = iam_evaluator.EvalContext("arn:aws:iam::000000000000:user/a", "User", "0" * 12, "iam:GetUser", "*", "")
    source = inspect.getsource(iam_evaluator)
    require("_dt.datetime.now(_dt.timezone.utc).isoformat()" in source, name, "it takes its time elsewhere now")

    def now():
        ahead = datetime.timedelta(seconds=hooks.ahead_seconds)
        return datetime.datetime.now(datetime.timezone.utc) + ahead

    hooks.ahead_seconds = 86_400
    shown = datetime.datetime.fromisoformat(original(name, context))
    tomorrow = now()
    hooks.ahead_seconds = 0
    require((tomorrow - shown).total_seconds() > 3_600, name, "it follows the clock of tests already")

    def resolve(key, ctx):
        if key.lower() == "aws:currenttime":
            return now().isoformat()
        if key.lower() == "aws:epochtime":
            return str(int(now().timestamp()))
        return original(key, ctx)

    iam_evaluator._resolve_condition_key = resolve
