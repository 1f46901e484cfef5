"""All patches of what IAM knows of users, in the order in which they are put around each other."""

import ministack_credentials
from ministack_credentials import add_credentials
from ministack_delay import add_delays
from ministack_guards import require, require_signature
from ministack_hooks import add_hooks, hooks, patch_clock
from ministack_identity import add_updates
from ministack_paging import add_pages
from ministack_quotas import add_quotas
from ministack_users import add_delete_conflicts, add_hardware, add_missing_users, add_names, add_tags, add_use


def add_reset(iam):
    """A reset of MiniStack forgets what tests have set, and the credentials that are kept beside it."""
    original = iam.reset
    require_signature(original, (), "reset")
    require(original.__module__ == iam.__name__, "reset", "it is another module's now")

    def reset():
        original()
        ministack_credentials.forget()
        hooks.forget()

    iam.reset = reset


# Quotas are looked at after names and tags, and pages are cut of what a delay shows.
OF_IAM = (
    add_reset, add_updates, add_credentials, add_quotas, add_tags, add_names, add_delete_conflicts, add_missing_users,
    add_hardware, add_use, add_pages, add_delays,
)


def patch_iam(app, iam, iam_evaluator):
    """All of them."""
    add_hooks(app, iam)
    patch_clock(iam_evaluator)
    for patch in OF_IAM:
        patch(iam)
