"""What every patch of MiniStack is guarded by: it fits what it replaces, and is still needed."""

import functools
import inspect

MINISTACK_VERSION = "1.5.33"


class PatchError(RuntimeError):
    """What a patch was written for is no longer there."""


def require(condition, patch, reason):
    """Stops the start with the name of the patch that needs attention."""
    if not condition:
        raise PatchError(f"patch `{patch}` does not fit ministack {MINISTACK_VERSION}: {reason}")


def require_signature(function, names, patch):
    """Checks that a function still takes the parameters that its patch passes on."""
    found = tuple(inspect.signature(function).parameters)
    require(found == names, patch, f"{function.__qualname__} takes {found}, not {names}")


def require_answers(iam, patch):
    """Checks what handlers of IAM read parameters with, and answer with."""
    require_signature(iam._p, ("params", "key", "default"), patch)
    require_signature(iam._error, ("status", "code", "message", "ns"), patch)
    require_signature(iam._xml, ("status", "root_tag", "inner", "ns"), patch)


def surround(iam, action, patch, lacks, around):
    """Puts `around(inner, p)` around the handler of an IAM action, where MiniStack's own lacks these words still."""
    require(action in iam._IAM_HANDLERS, patch, f"{action} is gone")
    inner = iam._IAM_HANDLERS[action]
    require(patch not in getattr(inner, "patches", ()), patch, f"{action} has it already")
    own = inspect.unwrap(inner)
    require_signature(own, ("p",), patch)
    source = inspect.getsource(own)
    for word in lacks:
        require(word not in source, patch, f"{action} knows {word} now")

    @functools.wraps(inner)
    def handler(p):
        return around(inner, p)

    handler.patches = (*getattr(inner, "patches", ()), patch)
    iam._IAM_HANDLERS[action] = handler


def add(iam, patch, handlers):
    """Adds handlers of IAM actions that MiniStack lacks."""
    require_answers(iam, patch)
    for action, handler in handlers.items():
        require(action not in iam._IAM_HANDLERS, patch, f"{action} is there now")
        iam._IAM_HANDLERS[action] = handler
