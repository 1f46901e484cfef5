"""What template.yaml promises of the two APIs: routes, credentials, keys, limits, answers and logs."""

import itertools
import json
import pathlib
import re
import unittest
from unittest import mock

from template_model import NEEDED, ROOT, translated
from template_settings import ON, everywhere, model, target

DESCRIBED = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
RESPONSES = "x-amazon-apigateway-gateway-responses"
# What an access log may name: nothing that the caller chose freely.
LOGGED = {
    "authorizer.client",
    "authorizer.integrationLatency",
    "error.responseType",
    "httpMethod",
    "requestId",
    "resourcePath",
    "responseLatency",
    "status",
}


def body(found, api):
    return found.of("ApiGateway::RestApi")[api]["Body"]


def operations(found):
    """Path, method and operation of the service API."""
    for path, item in body(found, "ServiceApi")["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


class Routes(unittest.TestCase):
    def test_they_are_those_that_the_document_describes(self):
        routed = {(path, method) for path, method, _ in operations(model()) if method != ANY}
        described = {(path, method) for path, item in DESCRIBED["paths"].items() for method in item}
        self.assertEqual(routed, described)

    @everywhere
    def test_what_is_served_needs_credentials_and_the_rest_reaches_nothing(self, found):
        for path, method, operation in operations(found):
            kind = operation[INTEGRATION]["type"]
            if method in ("options", ANY):
                self.assertEqual((kind, operation.get("security")), ("mock", None), (path, method))
                continue
            self.assertEqual(kind, "aws_proxy", (path, method))
            (wanted,) = operation["security"]
            key = found.values["RequireApiKey"] == "true"
            self.assertEqual(set(wanted), {"Clients", "ApiKey"} if key else {"Clients"}, (path, method))

    def test_another_method_hears_which_there_are(self):
        for path, item in body(model(), "ServiceApi")["paths"].items():
            allowed = sorted(method.upper() for method in item if method != ANY)
            for method, status in ((ANY, "405"), ("options", "204")):
                operation = item[method]
                (answer,) = operation[INTEGRATION]["responses"].values()
                self.assertEqual(answer["statusCode"], status)
                said = answer["responseParameters"]["method.response.header.Allow"]
                self.assertEqual(said, f"'{', '.join(allowed)}'", path)
                declared = {f"method.response.header.{name}" for name in operation["responses"][status]["headers"]}
                self.assertEqual(set(answer["responseParameters"]), declared, "API Gateway refuses others")
                for template in operation[INTEGRATION]["requestTemplates"].values():
                    self.assertEqual(json.loads(template), {"statusCode": int(status)})

    @everywhere
    def test_another_media_type_is_415_and_no_server_error(self, found):
        integrations = [operation[INTEGRATION] for _, _, operation in operations(found)]
        mocked = [integration for integration in integrations if integration["type"] == "mock"]
        self.assertGreaterEqual(len(mocked), 8)
        for integration in mocked:
            self.assertEqual(integration["passthroughBehavior"], "never", "API Gateway's default makes it 500")
        self.assertEqual(body(found, "ServiceApi")[RESPONSES]["UNSUPPORTED_MEDIA_TYPE"]["statusCode"], "415")

    @everywhere
    def test_the_authorizer_is_asked_and_soon_again(self, found):
        scheme = body(found, "ServiceApi")["components"]["securitySchemes"]["Clients"]
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        self.assertEqual(authorizer["type"], "request")
        self.assertEqual(authorizer["identitySource"], "method.request.header.Authorization")
        self.assertLessEqual(authorizer["authorizerResultTtlInSeconds"], 60)

    @everywhere
    def test_each_function_is_called_by_its_own_api_alone(self, found):
        granted = {
            target(permission["FunctionName"]): permission["SourceArn"]["Fn::Sub"].rpartition(":")[2]
            for permission in found.of("Lambda::Permission").values()
            if permission["Principal"] == "apigateway.amazonaws.com"
        }
        wanted = {
            "Authorizer": "${ServiceApi}/authorizers/*",
            "Intake": "${ServiceApi}/*/*/v1/*",
            "Directory": "${ServiceApi}/*/*/v1/users*",
            "Approval": "${__ApiId__}/${__Stage__}/*/r/*",
        }
        self.assertEqual(granted, wanted)

    def test_the_approval_page_hears_every_method(self):
        paths = body(model(), "ApprovalApi")["paths"]
        self.assertEqual({path: set(item) for path, item in paths.items()}, {"/r/{token}": {ANY}})


class Deployments(unittest.TestCase):
    """An API's stage serves a deployment, which is made of the API as it was then."""

    def deployed(self, given=None):
        """The deployment of each stage, by the API."""
        resources = translated("template.yaml", given)["Resources"]
        stages = [entry["Properties"] for entry in resources.values() if entry["Type"] == "AWS::ApiGateway::Stage"]
        found = {target(stage["RestApiId"]): target(stage["DeploymentId"]) for stage in stages}
        for api, deployment in found.items():
            self.assertEqual(target(resources[deployment]["Properties"]["RestApiId"]), api)
        return found

    def test_every_setting_makes_a_new_one_of_both(self):
        # SAM tells deployments that always happen apart by the second.
        with mock.patch("samtranslator.model.apigateway.time.time", side_effect=itertools.count(1_700_000_000)):
            before = self.deployed(NEEDED)
            found = {name: self.deployed(NEEDED | {name: value}) for name, value in ON.items()}
        self.assertEqual(set(before), {"ServiceApi", "ApprovalApi"})
        for name, after in found.items():
            for api, deployment in after.items():
                self.assertNotEqual(before[api], deployment, f"{name} would change {api} and not its stage")


class Domain(unittest.TestCase):
    @everywhere
    def test_it_is_whole_where_it_is_named(self, found):
        name, zone = found.values["ApprovalDomainName"], found.values["ApprovalHostedZoneId"]
        domains = found.of("ApiGateway::DomainName")
        self.assertEqual([domain["DomainName"] for domain in domains.values()], [name] if name else [])
        for domain in domains.values():
            self.assertEqual(domain["RegionalCertificateArn"], found.values["ApprovalCertificateArn"])
            self.assertEqual(domain["EndpointConfiguration"], {"Types": ["REGIONAL"]})
            self.assertEqual(domain["SecurityPolicy"], "TLS_1_2")
        mapped = found.of("ApiGateway::BasePathMapping").values()
        self.assertEqual([target(entry["RestApiId"]) for entry in mapped], ["ApprovalApi"] if name else [])
        for entry in mapped:
            self.assertNotIn("BasePath", entry, "links begin at the domain")
            self.assertEqual(target(found.of("ApiGateway::Stage")[target(entry["Stage"])]["RestApiId"]), "ApprovalApi")
        records = found.of("Route53::RecordSet").values()
        self.assertEqual([(entry["Name"], entry["HostedZoneId"]) for entry in records], [(name, zone)] if name and zone else [])

    @everywhere
    def test_links_lead_where_forms_may_come_from(self, found):
        functions = found.of("Lambda::Function")
        linked = functions["Dispatcher"]["Environment"]["Variables"]["APPROVAL_URL"]
        accepted = functions["Approval"]["Environment"]["Variables"]["APPROVAL_URL"]
        configured = found.values["ApprovalUrl"]
        domain = found.values["ApprovalDomainName"] and f"https://{found.values['ApprovalDomainName']}"
        self.assertEqual(accepted, configured or domain)
        own = {"Fn::Sub": "https://${ApprovalApi}.execute-api.eu-west-1.amazonaws.com/live"}
        self.assertEqual(linked, configured or domain or own)
        former = functions["Approval"]["Environment"]["Variables"]["FORMER_APPROVAL_URLS"]
        self.assertEqual(former, ",".join(found.values["FormerApprovalUrls"]))

    @everywhere
    def test_links_that_are_out_stay_good(self, found):
        for api in found.of("ApiGateway::RestApi").values():
            self.assertFalse(api.get("DisableExecuteApiEndpoint", False))


class Answers(unittest.TestCase):
    @everywhere
    def test_every_error_of_the_service_api_is_a_problem(self, found):
        responses = body(found, "ServiceApi")[RESPONSES]
        for name, response in responses.items():
            status = int(response["statusCode"])
            headers = response["responseParameters"]
            self.assertEqual(headers["gatewayresponse.header.Content-Type"], "'application/problem+json'", name)
            self.assertEqual(headers["gatewayresponse.header.Cache-Control"], "'no-store'", name)
            problem = json.loads(response["responseTemplates"]["application/json"])
            self.assertEqual(set(problem), {"type", "title", "status", "detail"}, name)
            self.assertEqual((problem["type"], problem["status"]), ("about:blank", status), name)
            self.assertEqual("gatewayresponse.header.Retry-After" in headers, status in (429, 503), name)
        wanted = {
            "MISSING_AUTHENTICATION_TOKEN": "404", "RESOURCE_NOT_FOUND": "404", "UNAUTHORIZED": "401",
            "ACCESS_DENIED": "403", "INVALID_API_KEY": "403", "WAF_FILTERED": "403", "REQUEST_TOO_LARGE": "413",
            "UNSUPPORTED_MEDIA_TYPE": "415", "THROTTLED": "429", "QUOTA_EXCEEDED": "429",
            "INTEGRATION_TIMEOUT": "503", "DEFAULT_4XX": "400", "DEFAULT_5XX": "500",
        }
        for name, status in wanted.items():
            self.assertEqual(responses[name]["statusCode"], status, name)

    @everywhere
    def test_the_challenge_names_the_schemes_that_are_accepted(self, found):
        headers = body(found, "ServiceApi")[RESPONSES]["UNAUTHORIZED"]["responseParameters"]
        challenge = headers["gatewayresponse.header.WWW-Authenticate"]
        basic = 'Basic realm="snowgate", charset="UTF-8"'
        tokens = found.values["UserPool"] == "true" or found.values["TokenIssuer"]
        self.assertEqual(challenge, f"'{basic}, Bearer realm=\"snowgate\"'" if tokens else f"'{basic}'")

    @everywhere
    def test_pages_of_the_approval_api_are_pages(self, found):
        for name, response in body(found, "ApprovalApi")[RESPONSES].items():
            headers = response["responseParameters"]
            self.assertEqual(headers["gatewayresponse.header.Content-Type"], "'text/html; charset=utf-8'", name)
            self.assertEqual(headers["gatewayresponse.header.Content-Security-Policy"], "'sandbox'", name)
            page = response["responseTemplates"]["application/json"]
            self.assertRegex(page, r'^<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" ')
            title, heading = re.search(r"<title>(.*)</title>.*<main><h1>(.*)</h1><p>.*</p></main></body></html>$", page).groups()
            self.assertEqual(title, heading, name)
            # API Gateway reads `$` as a variable, and `#` nowhere does any good.
            self.assertNotRegex(page, r"[$#]", name)


class Limits(unittest.TestCase):
    @everywhere
    def test_both_stages_are_throttled(self, found):
        for stage in found.of("ApiGateway::Stage").values():
            (setting,) = stage["MethodSettings"]
            self.assertEqual((setting["HttpMethod"], setting["ResourcePath"]), ("*", "/*"))
            self.assertFalse(setting["MetricsEnabled"], "nothing uses metrics of single methods, and each costs")
            self.assertTrue(0 < setting["ThrottlingRateLimit"] <= setting["ThrottlingBurstLimit"] <= 100)

    @everywhere
    def test_keys_have_a_plan_where_they_are_needed(self, found):
        needed = found.values["RequireApiKey"] == "true"
        plans, keys = found.of("ApiGateway::UsagePlan"), found.of("ApiGateway::ApiKey")
        self.assertEqual((len(plans), len(keys)), (int(needed), int(needed)))
        for plan in plans.values():
            self.assertEqual(plan["Throttle"], {"RateLimit": found.values["ClientRate"],
                                                "BurstLimit": found.values["ClientBurst"]})
            self.assertEqual(plan["Quota"], {"Limit": found.values["ClientDailyQuota"], "Period": "DAY"})
            (stage,) = plan["ApiStages"]
            self.assertEqual(target(stage["ApiId"]), "ServiceApi")
            self.assertEqual(target(found.of("ApiGateway::Stage")[target(stage["Stage"])]["RestApiId"]), "ServiceApi")
        self.assertTrue(found.declared["ServiceNowApiKeyValue"]["NoEcho"])


class Logs(unittest.TestCase):
    @everywhere
    def test_access_logs_name_resources_and_never_paths(self, found):
        for stage in found.of("ApiGateway::Stage").values():
            named = set(re.findall(r"\$context\.([A-Za-z.]+)", stage["AccessLogSetting"]["Format"]))
            # Programs call the service API; people open links.
            programs = target(stage["RestApiId"]) == "ServiceApi"
            self.assertEqual("identity.sourceIp" in named, programs)
            self.assertLessEqual(named, LOGGED | {"identity.sourceIp"})
            self.assertLessEqual({"requestId", "resourcePath", "status"}, named)


class Tokens(unittest.TestCase):
    @everywhere
    def test_the_issuer_is_configuration(self, found):
        variables = found.of("Lambda::Function")["Authorizer"]["Environment"]["Variables"]
        pool = found.values["UserPool"] == "true"
        self.assertEqual(len(found.of("Cognito::UserPool")), int(pool))
        if pool:
            self.assertEqual(variables["TOKEN_ISSUER"], {"Fn::Sub": "https://${ClientsUserPool.ProviderName}"})
            self.assertEqual((variables["TOKEN_ALGORITHMS"], variables["TOKEN_AUDIENCE"]), ("RS256", ""))
        else:
            self.assertEqual(variables["TOKEN_ISSUER"], found.values["TokenIssuer"])
            self.assertEqual(variables["TOKEN_KEYS_URL"], found.values["TokenKeysUrl"])

    @everywhere
    def test_programs_get_tokens_and_nobody_signs_up(self, found):
        for pool in found.of("Cognito::UserPool").values():
            self.assertTrue(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"])
        servers = found.of("Cognito::UserPoolResourceServer").values()
        scopes = {f"{server['Identifier']}/{scope['ScopeName']}" for server in servers for scope in server["Scopes"]}
        for client in found.of("Cognito::UserPoolClient").values():
            self.assertEqual(client["AllowedOAuthFlows"], ["client_credentials"])
            self.assertTrue(client["GenerateSecret"])
            self.assertEqual(set(client["AllowedOAuthScopes"]), scopes)

    @everywhere
    def test_the_authorizer_may_read_its_secret_and_nothing_else(self, found):
        role = found.of("IAM::Role")["AuthorizerRole"]
        actions = set()
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                listed = statement["Action"]
                actions.update([listed] if isinstance(listed, str) else listed)
        allowed = {"logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:GetSecretValue", "kms:Decrypt"}
        self.assertLessEqual(actions, allowed)


if __name__ == "__main__":
    unittest.main(module=pathlib.Path(__file__).stem)
