"""What every patch of MiniStack is guarded by: it fits what it replaces, and is still needed."""

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
