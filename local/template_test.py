"""What the templates promise, under every setting of their switches."""

import functools
import json
import re
import unittest

from template_model import NEEDED, ROOT, Model, named

ON = {
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:ours",
    "AlarmEmail": "ops@example.com",
    "ManageDashboard": "false",
    "ManageApiLogging": "false",
    "ProtectData": "false",
    "Tracing": "true",
    "Trail": "true",
    "ReserveConcurrency": "true",
    "SigningProfileVersionArn": "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/ours/abc",
    "SubnetIds": "subnet-1,subnet-2",
    "SecurityGroupIds": "sg-1",
    "Waf": "true",
    "ServiceApiCidrs": "192.0.2.0/24",
    "ApprovalUrl": "https://approve.example.com",
    "SenderIdentity": "example.com",
    "RequireApiKey": "false",
    "ServiceNowApiKeyValue": "0123456789abcdefghij",
    "UserPool": "true",
    "UserPoolDomainPrefix": "ours",
    "UserPoolKeysOrigin": "http://127.0.0.1:4566",
    "TokenIssuer": "https://issuer.example",
    "TokenKeysUrl": "https://issuer.example/keys",
    "TokenAudience": "snowgate",
}
# Functions that see neither review links nor credentials of callers.
TRACED = {"Intake", "Provisioner", "Reporter", "Sweeper"}
METRICS = json.loads((ROOT / "crates/shell/metrics.json").read_text(encoding="utf-8"))
MANUAL = (ROOT / "docs/operating.md").read_text(encoding="utf-8")


@functools.cache
def model(*names):
    """The model with these switches away from their defaults."""
    return Model(given={name: ON[name] for name in names})


def settings():
    """The defaults, each switch by itself, pairs that depend on each other, and all together."""
    yield ()
    for name in ON:
        yield (name,)
    yield ("SubnetIds", "SecurityGroupIds")
    yield ("Waf", "ServiceApiCidrs")
    yield ("UserPool", "UserPoolKeysOrigin")
    yield ("TokenIssuer", "TokenKeysUrl", "TokenAudience")
    yield tuple(ON)


def everywhere(test):
    """Runs a test under every setting."""

    @functools.wraps(test)
    def run(self):
        for names in settings():
            with self.subTest(switched=names):
                test(self, model(*names))

    return run


def target(reference):
    """The resource that a reference names."""
    return next(named({"x": reference}))


def dimensions(metric):
    return {entry["Name"]: entry["Value"] for entry in metric.get("Dimensions", [])}


class Whole(unittest.TestCase):
    def test_every_switch_is_tried(self):
        switched = {name for name, entry in model().declared.items() if entry.get("AllowedValues") == ["true", "false"]}
        optional = {name for name, entry in model().declared.items() if entry.get("Default") == ""}
        self.assertEqual((switched | optional) - {"Hold"} - set(ON), set())

    @everywhere
    def test_nothing_names_what_is_not_there(self, found):
        self.assertEqual(found.missing, [])

    def test_every_parameter_is_used_and_in_the_manual(self):
        text = (ROOT / "template.yaml").read_text(encoding="utf-8")
        for name in model().declared:
            self.assertTrue(re.search(rf"!Ref {name}\b|\$\{{{name}\}}", text), f"nothing uses {name}")
            self.assertTrue(f"`{name}`" in MANUAL, f"docs/operating.md does not explain {name}")

    def test_what_is_needed_has_no_default(self):
        without = {name for name, entry in model().declared.items() if "Default" not in entry}
        self.assertEqual(without, set(NEEDED))


class Functions(unittest.TestCase):
    @everywhere
    def test_each_has_a_log_group_that_ends(self, found):
        for name, function in found.of("Lambda::Function").items():
            group = target(function["LoggingConfig"]["LogGroup"])
            self.assertEqual(found.resources[group]["Type"], "AWS::Logs::LogGroup", name)
            self.assertEqual(function["LoggingConfig"]["LogFormat"], "JSON", name)
            suffix = function["FunctionName"].removeprefix("snowgate-")
            self.assertEqual(found.resources[group]["Properties"]["LogGroupName"], f"/aws/lambda/snowgate-{suffix}")

    @everywhere
    def test_every_log_group_has_a_retention_and_the_key(self, found):
        groups = found.of("Logs::LogGroup")
        self.assertGreaterEqual(len(groups), 9)
        for name, group in groups.items():
            self.assertEqual(group["RetentionInDays"], found.values["LogRetentionDays"], name)
            self.assertEqual(target(group["KmsKeyId"]), "DataKey", name)

    @everywhere
    def test_each_knows_its_stack(self, found):
        for name, function in found.of("Lambda::Function").items():
            self.assertEqual(function["Environment"]["Variables"]["STACK"], "snowgate", name)
            self.assertIn(function["FunctionName"].removeprefix("snowgate-"), METRICS["functions"])

    @everywhere
    def test_only_those_without_tokens_are_traced(self, found):
        on = found.values["Tracing"] == "true"
        for name, function in found.of("Lambda::Function").items():
            mode = "Active" if on and name in TRACED else "PassThrough"
            self.assertEqual(function["TracingConfig"]["Mode"], mode, name)
            policies = found.of("IAM::Role")[f"{name}Role"].get("ManagedPolicyArns", [])
            self.assertEqual({"Ref": "TracingPolicy"} in policies, on and name in TRACED, name)

    @everywhere
    def test_the_approval_stage_is_never_traced(self, found):
        stages = found.of("ApiGateway::Stage")
        approval = [stage for stage in stages.values() if target(stage["RestApiId"]) == "ApprovalApi"]
        self.assertEqual([stage.get("TracingEnabled") for stage in approval], [False])
        for stage in stages.values():
            for setting in stage["MethodSettings"]:
                self.assertFalse(setting["DataTraceEnabled"])
                self.assertEqual(setting["LoggingLevel"], "OFF")
            for field in ("$context.path", "$context.identity.caller", "$context.requestOverride", "$input"):
                self.assertNotIn(field, stage["AccessLogSetting"]["Format"])

    @everywhere
    def test_all_or_none_are_in_the_vpc(self, found):
        inside = bool(found.values["SubnetIds"])
        for name, function in found.of("Lambda::Function").items():
            self.assertEqual("VpcConfig" in function, inside, name)
            policies = found.of("IAM::Role")[f"{name}Role"].get("ManagedPolicyArns", [])
            self.assertEqual({"Ref": "NetworkPolicy"} in policies, inside, name)
        if inside:
            allow, deny = found.of("IAM::ManagedPolicy")["NetworkPolicy"]["PolicyDocument"]["Statement"]
            self.assertEqual((allow["Effect"], deny["Effect"]), ("Allow", "Deny"))
            self.assertEqual(allow["Action"], deny["Action"])
            self.assertEqual(deny["Condition"], {"Null": {"lambda:SourceFunctionArn": "false"}})

    @everywhere
    def test_code_is_checked_where_a_profile_is_named(self, found):
        checked = bool(found.values["SigningProfileVersionArn"])
        for name, function in found.of("Lambda::Function").items():
            self.assertEqual(function.get("CodeSigningConfigArn"), {"Ref": "CodeSigning"} if checked else None, name)
        for signing in found.of("Lambda::CodeSigningConfig").values():
            self.assertEqual(signing["CodeSigningPolicies"], {"UntrustedArtifactOnDeployment": "Enforce"})

    @everywhere
    def test_reserved_concurrency_is_what_the_parameter_says(self, found):
        reserved = {
            name: function["ReservedConcurrentExecutions"]
            for name, function in found.of("Lambda::Function").items()
            if "ReservedConcurrentExecutions" in function
        }
        if found.values["ReserveConcurrency"] != "true":
            self.assertEqual(reserved, {})
            return
        said = re.search(r"(\d+) altogether.*needs (\d+)", found.declared["ReserveConcurrency"]["Description"], re.S)
        self.assertEqual(sum(reserved.values()), int(said[1]))
        self.assertEqual(int(said[2]), 100 + int(said[1]), "Lambda keeps 100 for the rest of the account")
        for mapping in found.of("Lambda::EventSourceMapping").values():
            most = mapping["ScalingConfig"]["MaximumConcurrency"]
            self.assertGreaterEqual(reserved[target(mapping["FunctionName"])], most)


class Queues(unittest.TestCase):
    @everywhere
    def test_what_a_consumer_gives_up_is_kept_and_rings(self, found):
        queues, functions = found.of("SQS::Queue"), found.of("Lambda::Function")
        ringing = {
            target(dimensions(alarm)["QueueName"])
            for alarm in found.of("CloudWatch::Alarm").values()
            if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        }
        mappings = found.of("Lambda::EventSourceMapping")
        self.assertGreaterEqual(len(mappings), 3)
        for mapping in mappings.values():
            queue = queues[target(mapping["EventSourceArn"])]
            function = functions[target(mapping["FunctionName"])]
            self.assertGreaterEqual(queue["VisibilityTimeout"], 6 * function["Timeout"])
            self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
            dead = target(queue["RedrivePolicy"]["deadLetterTargetArn"])
            self.assertIn(dead, ringing)
            self.assertEqual(queues[dead]["MessageRetentionPeriod"], 14 * 24 * 3600)
            self.assertEqual(queues[dead].get("FifoQueue"), queue.get("FifoQueue"))

    @everywhere
    def test_every_queue_is_encrypted_with_the_key(self, found):
        for name, queue in found.of("SQS::Queue").items():
            self.assertEqual(target(queue["KmsMasterKeyId"]), "DataKey", name)


class Data(unittest.TestCase):
    @everywhere
    def test_tables_can_be_restored_and_stay(self, found):
        kept = found.values["ProtectData"] == "true"
        for name, table in found.of("DynamoDB::Table").items():
            self.assertTrue(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name)
            self.assertEqual(target(table["SSESpecification"]["KMSMasterKeyId"]), "DataKey", name)
            self.assertEqual(table["BillingMode"], "PAY_PER_REQUEST", name)
            if name != "CacheTable":
                self.assertEqual(table["DeletionProtectionEnabled"], kept, name)
                self.assertEqual(found.resources[name]["DeletionPolicy"], "Retain", name)
                days = table["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"]
                self.assertEqual(days, found.values["RecoveryDays"], name)

    @everywhere
    def test_secrets_and_topics_are_encrypted_with_the_key(self, found):
        for kind, member in (("SecretsManager::Secret", "KmsKeyId"), ("SNS::Topic", "KmsMasterKeyId")):
            for name, resource in found.of(kind).items():
                self.assertEqual(target(resource[member]), "DataKey", name)
        for name, secret in found.of("SecretsManager::Secret").items():
            self.assertNotIn("SecretString", secret, f"the value of {name} never passes through a template")

    @everywhere
    def test_keys_rotate_where_kms_can_and_are_kept(self, found):
        keys = found.of("KMS::Key")
        self.assertEqual(set(keys), {"DataKey", "ApprovalKey"})
        self.assertTrue(keys["DataKey"]["EnableKeyRotation"])
        self.assertNotIn("EnableKeyRotation", keys["ApprovalKey"], "KMS cannot rotate HMAC keys")
        for name, key in keys.items():
            self.assertEqual(found.resources[name]["DeletionPolicy"], "Retain")
            for statement in key["KeyPolicy"]["Statement"]:
                actions = statement["Action"]
                self.assertNotIn("kms:*", actions if isinstance(actions, list) else [actions])
                if statement["Principal"] == {"AWS": "*"}:
                    equal = statement["Condition"]["StringEquals"]
                    self.assertEqual(equal["kms:CallerAccount"], "111122223333")
                    self.assertTrue(equal["kms:ViaService"])
                    self.assertIn("aws:PrincipalArn", statement["Condition"]["ArnLike"])

    @everywhere
    def test_the_trail_sees_both_tables_and_hides_its_files(self, found):
        trails = found.of("CloudTrail::Trail")
        self.assertEqual(bool(trails), found.values["Trail"] == "true")
        for trail in trails.values():
            self.assertTrue(trail["IsLogging"] and trail["EnableLogFileValidation"])
            self.assertEqual(target(trail["KMSKeyId"]), "DataKey")
            fields = [field for selector in trail["AdvancedEventSelectors"] for field in selector["FieldSelectors"]]
            seen = next(field["Equals"] for field in fields if field["Field"] == "resources.ARN")
            self.assertEqual({target(arn) for arn in seen}, {"RequestsTable", "TokensTable"})
            bucket = found.of("S3::Bucket")[target(trail["S3BucketName"])]
            self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
            self.assertEqual(bucket["VersioningConfiguration"], {"Status": "Enabled"})


class Firewall(unittest.TestCase):
    @everywhere
    def test_it_stands_before_both_apis_or_neither(self, found):
        on = found.values["Waf"] == "true"
        before = {re.search(r"restapis/\$\{(\w+)\}", link["ResourceArn"]["Fn::Sub"])[1]
                  for link in found.of("WAFv2::WebACLAssociation").values()}
        self.assertEqual(before, {"ServiceApi", "ApprovalApi"} if on else set())
        acls = found.of("WAFv2::WebACL")
        for name, acl in acls.items():
            rules = {rule["Name"]: rule for rule in acl["Rules"]}
            limit = rules["rate"]["Statement"]["RateBasedStatement"]
            self.assertEqual(limit["Limit"], found.values["WafRateLimit"])
            self.assertIn("common", rules)
            self.assertEqual(len({rule["Priority"] for rule in acl["Rules"]}), len(rules))
            known = name == "ServiceAcl" and bool(found.values["ServiceApiCidrs"])
            self.assertEqual("known-addresses" in rules, known)
            for visible in [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])]:
                self.assertFalse(visible["SampledRequestsEnabled"], "samples show paths and headers")

    @everywhere
    def test_its_logs_hold_no_token(self, found):
        for logging in found.of("WAFv2::LoggingConfiguration").values():
            redacted = {
                next(iter(field.values())).get("Name", next(iter(field)))
                for field in logging["RedactedFields"]
            }
            wanted = {
                "ApprovalAcl": {"UriPath", "QueryString", "referer", "cookie"},
                "ServiceAcl": {"authorization", "x-api-key", "cookie"},
            }
            self.assertEqual(redacted, wanted[target(logging["ResourceArn"])])


class Alarms(unittest.TestCase):
    @everywhere
    def test_all_ring_at_the_topic(self, found):
        own = found.values["AlarmTopicArn"] == ""
        topic = {"Ref": "AlarmTopic"} if own else found.values["AlarmTopicArn"]
        self.assertEqual(bool(found.of("SNS::Topic")), own)
        alarms = found.of("CloudWatch::Alarm")
        for name, alarm in alarms.items():
            self.assertEqual(alarm["AlarmActions"], [topic], name)
            self.assertEqual(alarm["OKActions"], [topic], name)
            self.assertIn(alarm["TreatMissingData"], ("breaching", "notBreaching"), name)
        mailed = found.of("SNS::Subscription")
        self.assertEqual(len(mailed), int(own and found.values["AlarmEmail"] != ""))

    def test_every_alarm_has_its_paragraph(self):
        said = re.findall(r"\n#### ([^\n]*)", MANUAL)
        listed = {name for line in said for name in re.findall(r"`(\w+Alarm)`", line)}
        self.assertEqual(listed, set(model().of("CloudWatch::Alarm")))

    def test_every_function_rings(self):
        found = model()
        alarms = found.of("CloudWatch::Alarm").values()
        for name, function in found.of("Lambda::Function").items():
            lambdas = {a["MetricName"] for a in alarms if dimensions(a).get("FunctionName") == {"Ref": name}}
            # A wrong password is an error of the authorizer.
            self.assertLessEqual({"Throttles"} if name == "Authorizer" else {"Throttles", "Errors"}, lambdas)
            own = function["FunctionName"].removeprefix("snowgate-")
            trouble = [a for a in alarms if a["MetricName"] == "Trouble" and dimensions(a)["Function"] == own]
            self.assertEqual(len(trouble), 1, name)

    def test_every_api_rings(self):
        alarms = model().of("CloudWatch::Alarm").values()
        for api in model().of("ApiGateway::RestApi").values():
            rung = {a["MetricName"] for a in alarms if dimensions(a).get("ApiName") == api["Name"]}
            self.assertEqual(rung, {"4XXError", "5XXError"})

    def test_a_missing_sweeper_rings(self):
        alarm = model().of("CloudWatch::Alarm")["SweeperMissingAlarm"]
        self.assertEqual((alarm["MetricName"], alarm["TreatMissingData"]), ("Invocations", "breaching"))
        self.assertEqual(alarm["ComparisonOperator"], "LessThanThreshold")
        rules = [rule for rule in model().of("Events::Rule").values()]
        self.assertEqual([rule["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule], ["rate(1 minute)"])


class Metrics(unittest.TestCase):
    """The names in alarms, filters and dashboard are those that the code emits."""

    def points(self):
        found = model()
        for name, alarm in found.of("CloudWatch::Alarm").items():
            if alarm["Namespace"] == METRICS["namespace"]:
                yield name, alarm["MetricName"], dimensions(alarm), alarm["Statistic"]
        for widget in self.widgets():
            for metric in widget["properties"]["metrics"]:
                if isinstance(metric[0], dict):
                    yield "dashboard", *self.searched(metric[0]["expression"])
                elif metric[0] == METRICS["namespace"]:
                    options = metric.pop() if isinstance(metric[-1], dict) else {}
                    pairs = dict(zip(metric[2::2], metric[3::2], strict=True))
                    yield "dashboard", metric[1], pairs, options.get("stat")

    def searched(self, expression):
        """A search finds all values of a dimension, those of later states and functions too."""
        found = re.fullmatch(
            r"SEARCH\('\{Snowgate,Stack,(\w+)\} MetricName=\"(\w+)\" Stack=\"snowgate\"', '(\w+)', 300\)", expression
        )
        self.assertIsNotNone(found, expression)
        return found[2], {"Stack": "snowgate", found[1]: None}, found[3]

    def widgets(self):
        body = model().of("CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]
        return json.loads(body["Fn::Sub"])["widgets"]

    def test_all_are_emitted(self):
        states = set(re.findall(r"^    ([A-Z]\w+),$", self.enum("State"), re.M))
        for where, name, found, stat in self.points():
            entry = METRICS["metrics"].get(name)
            self.assertIsNotNone(entry, f"{where}: nothing emits `{name}`")
            self.assertEqual(list(found), entry["dimensions"], f"{where}: `{name}`")
            self.assertEqual(found["Stack"], "snowgate")
            self.assertIn(found.get("Function"), (None, *METRICS["functions"]))
            self.assertIn(found.get("State"), (None, *states))
            self.assertIn(found.get("Verdict"), (None, "approve", "deny"))
            self.assertIn(stat, ("Sum",) if entry["unit"] == "Count" else ("Maximum", "p50", "p90"))

    def enum(self, name):
        text = (ROOT / "crates/core/src/lifecycle.rs").read_text(encoding="utf-8")
        return re.search(rf"pub enum {name} \{{(.*?)\n\}}", text, re.S)[1]

    def test_all_that_is_emitted_is_shown(self):
        shown = {name for where, name, _, _ in self.points() if where == "dashboard"}
        self.assertEqual(shown, set(METRICS["metrics"]))

    def test_filters_feed_metrics_that_alarms_use(self):
        fed = {
            (to["MetricNamespace"], to["MetricName"])
            for entry in model().of("Logs::MetricFilter").values()
            for to in entry["MetricTransformations"]
        }
        used = {(a["Namespace"], a["MetricName"]) for a in model().of("CloudWatch::Alarm").values()}
        self.assertEqual(fed - used, set())
        known = {(METRICS["namespace"], name) for name in METRICS["metrics"]}
        own = {pair for pair in used if not pair[0].startswith("AWS/")}
        self.assertEqual(own - known - fed, set())

    def test_the_dashboard_names_what_is_there(self):
        body = model().of("CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]
        for name in named(body):
            self.assertIn(name, model().resources)


class Endpoints(unittest.TestCase):
    def test_every_service_of_the_functions_has_one(self):
        found = Model("templates/endpoints.yaml", {"VpcId": "vpc-1", "SubnetIds": "subnet-1",
                                                   "SecurityGroupId": "sg-1", "RouteTableIds": "rtb-1"}, sam=False)
        self.assertEqual(found.missing, [])
        services = {
            endpoint["ServiceName"].rsplit(".", 1)[-1]: endpoint for endpoint in found.of("EC2::VPCEndpoint").values()
        }
        self.assertLessEqual({"dynamodb", "kms", "secretsmanager", "sqs", "sts"}, set(services))
        self.assertEqual(services["dynamodb"]["VpcEndpointType"], "Gateway")
        for name, endpoint in services.items():
            for statement in endpoint["PolicyDocument"]["Statement"]:
                account = statement["Condition"]["StringEquals"]["aws:PrincipalAccount"]
                self.assertEqual(account, "111122223333", name)


if __name__ == "__main__":
    unittest.main()
