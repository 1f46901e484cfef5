"""Starts MiniStack with its model of IAM, API Gateway and CloudFormation corrected where Snowgate needs it.

MiniStack 1.5.33 enforces each function's role, but some facts that AWS's authorization uses are missing
from its requests, so that correctly scoped policies are denied. Each patch supplies one of them and
says which; those of CloudFormation, and of what IAM knows of users, are in modules of their own. Nothing here
allows anything by itself:
every decision is still made by MiniStack's evaluator on the policies that were deployed. It remains a model
of AWS, not AWS.

Every patch is guarded twice: the signature that it replaces must be the one it was written for, and the
shortcoming must still be there. Otherwise the start fails, rather than running with other rules.
"""

import contextvars
import copy
import email.utils
import importlib.metadata
import inspect
import json
import os
import sys

from ministack_cloudformation import add_groups, patch_conditions, patch_role_boundary
from ministack_facts import Facts, first, iam_facts, tags_of
from ministack_guards import MINISTACK_VERSION, require, require_signature

# What the request under way names beyond its resource.
_named = contextvars.ContextVar("snowgate_named", default=None)


def _mail_facts(body, region, account):
    """The identity that an e-mail is sent from and the configuration set: both must be allowed."""
    from ministack.services import ses_v2

    try:
        message = json.loads(body or b"{}")
    except ValueError:
        message = {}
    sender = email.utils.parseaddr(message.get("FromEmailAddress") or "")[1]
    # AWS uses the identity of the address where there is one, else that of its domain.
    identity = sender if sender in ses_v2._identities else sender.rpartition("@")[2]
    base = f"arn:aws:ses:{region}:{account}"
    further = []
    if message.get("ConfigurationSetName"):
        further.append(f"{base}:configuration-set/{message['ConfigurationSetName']}")
    return Facts(f"{base}:identity/{identity}", {"ses:FromAddress": sender}, further)


def _key_facts(body, resource):
    """The algorithm of a GenerateMac or VerifyMac call."""
    try:
        algorithm = json.loads(body or b"{}").get("MacAlgorithm")
    except (AttributeError, ValueError):
        algorithm = None
    return Facts(resource, {"kms:MacAlgorithm": algorithm} if algorithm else {})


def patch_resource_arn(iam_actions):
    """IAM: the path of a user, role or group belongs to its ARN, and a membership is authorized on the group.
    SES: an e-mail's resource is its identity."""
    name = "extract_resource_arn"
    original = iam_actions.extract_resource_arn
    require_signature(
        original,
        ("service", "method", "path", "headers", "body", "query_params", "region", "account_id"),
        name,
    )
    probe = original("iam", "POST", "/", {}, b"", {"UserName": ["probe"]}, "eu-west-1", "000000000000")
    require(probe == "arn:aws:iam::000000000000:user/probe", name, "users are named differently now")
    both = {"Action": ["AddUserToGroup"], "UserName": ["probe"], "GroupName": ["probe"]}
    probe = original("iam", "POST", "/", {}, b"", both, "eu-west-1", "000000000000")
    require(probe == "arn:aws:iam::000000000000:user/probe", name, "memberships are authorized differently now")
    mail = "/v2/email/outbound-emails"
    probe = original("ses", "POST", mail, {}, b'{"FromEmailAddress":"a@example.com"}', {}, "eu-west-1", "0" * 12)
    require(probe == "*", name, "e-mails have a resource now")

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        resource = original(service, method, path, headers, body, query_params, region, account_id)
        facts = None
        if service == "iam":
            facts = iam_facts(first(query_params, "Action"), query_params, account_id, resource)
        elif service == "ses" and method == "POST" and path == mail:
            facts = _mail_facts(body, region, account_id)
        elif service == "kms":
            facts = _key_facts(body, resource)
        _named.set(facts)
        return facts.resource if facts else resource

    iam_actions.extract_resource_arn = extract_resource_arn


def patch_enforce(iam_evaluator):
    """The condition keys iam:PolicyARN, iam:PermissionsBoundary, iam:ResourceTag, aws:ResourceTag of users and roles,
    ses:FromAddress and kms:MacAlgorithm, the second resource of an e-mail and of a user that gets another name, and
    the tagging that CreateUser does, reach the evaluator."""
    name = "enforce"
    original = iam_evaluator.enforce
    require_signature(
        original,
        ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"),
        name,
    )
    source = inspect.getsource(iam_evaluator).lower()
    for key in ("iam:policyarn", "iam:permissionsboundary", "iam:resourcetag", "ses:fromaddress", "kms:macalgorithm"):
        require(key not in source, name, f"it knows {key} now")

    def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        facts = _named.get()
        if facts is None or facts.resource != resource_arn or service not in ("iam", "kms", "ses", "sesv2"):
            return original(access_key_id, iam_action, service, region, resource_arn, service_context)
        context = {**(service_context or {}), **facts.keys}
        checks = [(iam_action, checked, context) for checked in (resource_arn, *facts.further)]
        tags = {**(service_context or {}), **tags_of(facts)}
        checks += [(action, resource_arn, tags) for action in facts.implied]
        for action, checked, keys in checks:
            denied = original(access_key_id, action, service, region, checked, keys)
            if denied:
                return denied
        return None

    iam_evaluator.enforce = enforce


def patch_principal_arn(iam_evaluator):
    """aws:PrincipalArn of an assumed role is the role's ARN, path included, not the session's."""
    name = "_resolve_condition_key"
    original = iam_evaluator._resolve_condition_key
    require_signature(original, ("key", "ctx"), name)
    session = "arn:aws:sts::000000000000:assumed-role/probe/session"
    context = iam_evaluator.EvalContext(session, "AssumedRole", "000000000000", "sts:AssumeRole", "*", "")
    require(original("aws:PrincipalArn", context) == session, name, "it resolves the role's ARN now")

    def resolve(key, ctx):
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in ctx.principal_arn:
            return original(key, ctx)
        from ministack.services import iam

        account, role = ctx.principal_account, ctx.principal_arn.split("/")[1]
        record = iam._roles.get_scoped(account, None, role) or {}
        return record.get("Arn") or f"arn:aws:iam::{account}:role/{role}"

    iam_evaluator._resolve_condition_key = resolve


def patch_gateway_responses(apigateway):
    """SAM writes GatewayResponses into the API's document; importing it must keep them."""
    name = "_import_rest_api"
    original = apigateway._import_rest_api
    require_signature(original, ("spec", "base_data"), name)
    require_signature(apigateway._put_gateway_response, ("api_id", "response_type", "data"), name)
    key = "x-amazon-apigateway-gateway-responses"
    require(key not in inspect.getsource(apigateway), name, "it imports gateway responses now")

    def import_rest_api(spec, base_data=None):
        api = original(spec, base_data)
        for response_type, response in (spec.get(key) or {}).items():
            data = copy.deepcopy(response)
            if data.get("statusCode") is not None:
                data["statusCode"] = str(data["statusCode"])
            status, _headers, body = apigateway._put_gateway_response(api, response_type, data)
            if status >= 400:
                raise ValueError(f"gateway response {response_type} refused: {body!r}")
        return api

    apigateway._import_rest_api = import_rest_api


ANY_METHOD = "x-amazon-apigateway-any-method"


def patch_import_operation(apigateway):
    """Importing an API's document must keep the method ANY, and what a mock integration reads and answers."""
    name = "_import_operation"
    original = apigateway._import_operation
    parameters = ("api_id", "resource_id", "http_method", "operation", "scheme_map", "default_security")
    require_signature(original, parameters, name)
    require(ANY_METHOD not in apigateway._OPENAPI_HTTP_METHODS, name, "it imports the method ANY now")
    require("responses" not in inspect.getsource(original), name, "it imports integration responses now")

    def import_operation(api_id, resource_id, http_method, operation, scheme_map=None, default_security=None):
        method = "ANY" if http_method == ANY_METHOD.upper() else http_method
        original(api_id, resource_id, method, operation, scheme_map, default_security)
        integration = (operation or {}).get("x-amazon-apigateway-integration") or {}
        if str(integration.get("type")).lower() != "mock":
            return
        kept = apigateway._resources[api_id][resource_id]["resourceMethods"][method]["methodIntegration"]
        kept["requestTemplates"] = integration.get("requestTemplates") or {}
        kept["passthroughBehavior"] = integration.get("passthroughBehavior") or "WHEN_NO_MATCH"
        for pattern, response in (integration.get("responses") or {}).items():
            data = dict(response) | {"selectionPattern": "" if pattern == "default" else pattern}
            apigateway._put_integration_response(api_id, resource_id, method, response["statusCode"], data)

    apigateway._OPENAPI_HTTP_METHODS.add(ANY_METHOD)
    apigateway._import_operation = import_operation


def patch_mock_integration(apigateway):
    """A mock integration that answers 204 has no body (RFC 9110, 15.3.5)."""
    name = "_invoke_mock_v1"
    original = apigateway._invoke_mock_v1
    require_signature(original, ("integration",), name)
    probe = original({"integrationResponses": {"204": {"statusCode": "204"}}})
    require(probe[2] == b"{}", name, "it sends no body with 204 now")

    def invoke_mock(integration):
        status, headers, body = original(integration)
        return (status, headers, b"") if status == 204 else (status, headers, body)

    apigateway._invoke_mock_v1 = invoke_mock


def patch_passthrough(apigateway):
    """A mock integration gets a body of a media type without a template as it is, unless its passthroughBehavior says
    never; what it needs, a status code, is not in there, and the answer is 500. Here it would be answered as if the
    type were known."""
    name = "_check_passthrough_behavior"
    original = apigateway._check_passthrough_behavior
    require_signature(original, ("integration", "headers"), name)
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode":204}'}}
    xml = {"content-type": "text/xml"}
    require(original(mock, xml) is None, name, "it refuses other media types of mocks now")
    require(original({**mock, "passthroughBehavior": "NEVER"}, xml) is not None, name, "it does not know NEVER now")

    def check_passthrough_behavior(integration, headers):
        refused = original(integration, headers)
        if refused is not None or str(integration.get("type")).upper() != "MOCK":
            return refused
        if original({**integration, "passthroughBehavior": "NEVER"}, headers) is None:
            return None
        return apigateway._gw_error("API_CONFIGURATION_ERROR", "Internal server error")

    apigateway._check_passthrough_behavior = check_passthrough_behavior


# Policies of AWS that the local tickets ask for and MiniStack does not bring, cut down to what they mean.
MANAGED_POLICIES = {
    "CloudWatchReadOnlyAccess": [
        "cloudwatch:Describe*",
        "cloudwatch:Get*",
        "cloudwatch:List*",
        "logs:Describe*",
        "logs:FilterLogEvents",
        "logs:Get*",
        "logs:List*",
    ],
}


def add_managed_policies(iam):
    """Tickets of the local organisation name policies that MiniStack does not bring."""
    for name, actions in MANAGED_POLICIES.items():
        arn = f"arn:aws:iam::aws:policy/{name}"
        require(arn not in iam._aws_managed_policies, name, "it is there now")
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam._aws_managed_policies[arn] = iam._make_aws_managed_record(name, document)


def main():
    found = importlib.metadata.version("ministack")
    require(found == MINISTACK_VERSION, "all", f"version {found} is installed")
    require(os.environ.get("AUTH") == "true", "all", "AUTH=true must be set, or nothing is enforced")
    require(os.environ.get("BIND_HOST") == "127.0.0.1", "all", "BIND_HOST must be 127.0.0.1")

    from ministack import app
    from ministack.core import iam_actions, iam_evaluator
    from ministack.services import apigateway_v1, iam, sts
    from ministack.services.cloudformation import engine, provisioners
    from ministack_iam import patch_iam
    from ministack_sts import patch_source_identity

    patch_resource_arn(iam_actions)
    patch_enforce(iam_evaluator)
    patch_principal_arn(iam_evaluator)
    patch_source_identity(sts, iam_actions, iam_evaluator)
    patch_gateway_responses(apigateway_v1)
    patch_import_operation(apigateway_v1)
    patch_mock_integration(apigateway_v1)
    patch_passthrough(apigateway_v1)
    patch_role_boundary(provisioners)
    add_groups(provisioners)
    patch_conditions(engine)
    add_managed_policies(iam)
    patch_iam(app, iam, iam_evaluator)
    sys.argv = sys.argv[:1]
    app.main()


if __name__ == "__main__":
    main()
