"""The patch of STS: who names a source identity needs the right to, from their own policies and from the role's trust
(IAM User Guide, "Monitor and control actions taken with assumed roles")."""

import contextvars
import dataclasses
import inspect

from ministack_guards import require, require_signature

ASSUME, IDENTIFY = "sts:AssumeRole", "sts:SetSourceIdentity"
_identified = contextvars.ContextVar("identified", default=False)


def patch_source_identity(sts, iam_actions, iam_evaluator):
    """`sts:SetSourceIdentity` is asked of both sides where AssumeRole names one."""
    name = "source identity"
    require("SourceIdentity" not in inspect.getsource(sts), name, "STS knows it now")
    resource_of, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce
    trusts = iam_evaluator.evaluate_trust_policy
    require(not hasattr(trusts, "identified"), name, "it is applied already")
    require_signature(
        resource_of, ("service", "method", "path", "headers", "body", "query_params", "region", "account_id"), name
    )
    require_signature(
        enforce, ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"), name
    )
    require_signature(trusts, ("trust_doc", "caller_arn", "ctx"), name)

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        _identified.set(service == "sts" and bool((query_params or {}).get("SourceIdentity")))
        return resource_of(service, method, path, headers, body, query_params, region, account_id)

    def enforced(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if denied or iam_action != ASSUME or not _identified.get():
            return denied
        return enforce(access_key_id, IDENTIFY, service, region, resource_arn, service_context)

    def evaluate_trust_policy(trust_doc, caller_arn, ctx=None):
        if not trusts(trust_doc, caller_arn, ctx):
            return False
        if ctx is None or ctx.action != ASSUME or not _identified.get():
            return True
        return trusts(trust_doc, caller_arn, dataclasses.replace(ctx, action=IDENTIFY))

    evaluate_trust_policy.identified = True
    iam_actions.extract_resource_arn = extract_resource_arn
    iam_evaluator.enforce = enforced
    iam_evaluator.evaluate_trust_policy = evaluate_trust_policy
