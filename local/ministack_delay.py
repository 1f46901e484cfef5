"""Reads that show what was before: IAM is eventually consistent (IAM User Guide, "Troubleshooting IAM: changes that I
make are not always immediately visible"), MiniStack is consistent at once. Off unless a test sets `delay`."""

import collections
import contextlib
import copy
import inspect
import time

import ministack_credentials
from ministack_guards import require, surround
from ministack_hooks import hooks

READS = ("Get", "List")


class Unseen:
    """One change that reads do not show yet, and what they show instead."""

    def __init__(self, before, delay):
        self.before = before
        self.until = time.monotonic() + delay["seconds"] if "seconds" in delay else None
        self.reads = delay.get("reads")

    def is_over(self):
        return time.monotonic() >= self.until if self.reads is None else self.reads <= 0


def _stores(iam):
    from ministack.core.responses import AccountScopedDict

    own = [store for store in vars(iam).values() if isinstance(store, AccountScopedDict)]
    return own + list(ministack_credentials.STORES.values())


def _kept(iam, account):
    """All that IAM holds of one account."""
    return [
        (store, {key: copy.deepcopy(value) for key, value in store._data.items() if key[0] == account})
        for store in _stores(iam)
    ]


@contextlib.contextmanager
def _shown(before, account):
    """IAM as it was. Handlers run one after the other, and none waits for anything."""
    now = [(store, store._data) for store, _ in before]
    try:
        for store, kept in before:
            store._data = {key: value for key, value in store._data.items() if key[0] != account} | kept
        yield
    finally:
        for store, data in now:
            store._data = data


def _read(account, action, inner, p):
    delay, unseen = hooks.delays.get(account), hooks.unseen.get(account)
    if not delay or not unseen or action not in delay.get("of", [action]):
        return inner(p)
    while unseen and unseen[0].is_over():
        unseen.popleft()
    if not unseen:
        return inner(p)
    with _shown(unseen[0].before, account):
        answer = inner(p)
    for change in unseen:
        if change.reads is not None:
            change.reads -= 1
    return answer


def _change(iam, account, inner, p):
    delay = hooks.delays.get(account)
    if not delay:
        return inner(p)
    before = _kept(iam, account)
    answer = inner(p)
    if answer[0] == 200:
        hooks.unseen.setdefault(account, collections.deque()).append(Unseen(before, delay))
    return answer


def add_delays(iam):
    """What a test delays shows late, in the order in which it was changed."""
    from ministack.core.responses import get_account_id

    require(" await " not in inspect.getsource(iam.handle_request), "delays", "handlers wait for something now")
    for action in list(iam._IAM_HANDLERS):

        def around(inner, p, action=action):
            account = get_account_id()
            if action.startswith(READS):
                return _read(account, action, inner, p)
            return _change(iam, account, inner, p)

        surround(iam, action, "delays", (), around)
