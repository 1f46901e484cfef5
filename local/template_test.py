"""What the templates promise, under every setting of their switches."""

import collections
import json
import re
import unittest

from template_model import NEEDED, ROOT, Model, named, parsed
from template_settings import ON, dimensions, everywhere, model, target

# Functions that see neither review links nor credentials of callers.
TRACED = {"Intake", "Directory", "Provisioner", "Reporter", "Sweeper"}
METRICS = json.loads((ROOT / "crates/shell/metrics.json").read_text(encoding="utf-8"))
TEXT = (ROOT / "template.yaml").read_text(encoding="utf-8")
# Where the resources of these services are, and nowhere else. All are in part 2.
SECTIONS = {
    "CloudTrail": "Trail (option)",
    "CloudWatch::Alarm": "Alarms",
    "CloudWatch::Dashboard": "Dashboard (option)",
    "S3": "Trail (option)",
    "SNS": "Alarms",
    "WAFv2": "Web firewall (option)",
}
# What part 1 may refer to in part 2.
SHARED = {"Logs", "Options of the functions: network, traces, code signing"}


class Whole(unittest.TestCase):
    def test_every_switch_is_tried(self):
        switched = {name for name, entry in model().declared.items() if entry.get("AllowedValues") == ["true", "false"]}
        optional = {name for name, entry in model().declared.items() if entry.get("Default") == ""}
        self.assertEqual((switched | optional) - {"Hold"} - set(ON), set())

    @everywhere
    def test_nothing_names_what_is_not_there(self, found):
        self.assertEqual(found.missing, [])

    def test_every_parameter_is_used(self):
        for name in model().declared:
            self.assertTrue(re.search(rf"!Ref {name}\b|\$\{{{name}\}}", TEXT), f"nothing uses {name}")

    def test_what_is_needed_has_no_default(self):
        without = {name for name, entry in model().declared.items() if "Default" not in entry}
        self.assertEqual(without, set(NEEDED))


class Layout(unittest.TestCase):
    """Functions and queues first, what observes and protects them after (decision 0060)."""

    def headings(self):
        """Every part and section, in order."""
        return re.findall(r"^  # (Part \d: .*|(?<=  # )-{10,} .*)$", TEXT, re.M)

    def placed(self):
        """The part and section of every resource."""
        part = section = None
        for line in TEXT.split("\nResources:\n")[1].split("\nOutputs:\n")[0].splitlines():
            if heading := re.fullmatch(r"  # (Part \d): .*", line):
                part, section = heading[1], None
            elif heading := re.fullmatch(r"  # -{10,} (.*)", line):
                section = heading[1]
            elif name := re.fullmatch(r"  (\w+):", line):
                yield name[1], (part, section)

    def test_the_contents_are_the_headings(self):
        contents = re.findall(r"^#   (?:  )?(\S.*)$", TEXT.split("\nMetadata:")[0], re.M)
        self.assertEqual(contents[0], "Parameters, conditions")
        self.assertEqual(contents[-1], "Outputs")
        self.assertEqual(contents[1:-1], [heading.lstrip("- ") for heading in self.headings()])

    def test_every_resource_is_in_its_section(self):
        placed = dict(self.placed())
        resources = parsed("template.yaml")["Resources"]
        self.assertEqual(set(placed), set(resources))
        for name, resource in resources.items():
            kind = resource["Type"].removeprefix("AWS::")
            section = SECTIONS.get(kind, SECTIONS.get(kind.split("::")[0]))
            if section is not None:
                self.assertEqual(placed[name], ("Part 2", section), name)

    def test_part_1_does_without_part_2(self):
        placed = dict(self.placed())
        for name, resource in parsed("template.yaml")["Resources"].items():
            others = {placed[other] for other in named(resource) if other in placed}
            if placed[name][0] == "Part 1":
                foreign = {section for part, section in others if part == "Part 2"}
                self.assertLessEqual(foreign, SHARED, name)


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
        drawn = collections.Counter()
        for mapping in found.of("Lambda::EventSourceMapping").values():
            most = mapping["ScalingConfig"]["MaximumConcurrency"]
            drawn[target(mapping["FunctionName"])] += most
        for name, most in drawn.items():
            self.assertGreaterEqual(reserved[name], most, f"all event sources of {name} at once")


    @everywhere
    def test_what_a_schedule_starts_is_not_tried_again(self, found):
        scheduled = {
            target(rule["Targets"][0]["Arn"])
            for rule in found.of("Events::Rule").values()
            if "ScheduleExpression" in rule
        }
        self.assertLessEqual({"Provisioner", "Sweeper"}, scheduled)
        tries = {
            target(config["FunctionName"]): config["MaximumRetryAttempts"]
            for config in found.of("Lambda::EventInvokeConfig").values()
        }
        self.assertEqual({name: tries.get(name) for name in scheduled}, dict.fromkeys(scheduled, 0))


class Queues(unittest.TestCase):
    @everywhere
    def test_what_a_consumer_gives_up_is_kept_and_fires_an_alarm(self, found):
        queues, functions = found.of("SQS::Queue"), found.of("Lambda::Function")
        alarming = {
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
            self.assertIn(dead, alarming)
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
        self.assertFalse(keys["ApprovalKey"].get("MultiRegion", False), "decision 0073")
        for name, key in keys.items():
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
            self.assertTrue(trail["IsMultiRegionTrail"] and trail["IncludeGlobalServiceEvents"], "IAM is in us-east-1")
            self.assertEqual(target(trail["KMSKeyId"]), "DataKey")
            fields = [field for selector in trail["AdvancedEventSelectors"] for field in selector["FieldSelectors"]]
            seen = next(field["Equals"] for field in fields if field["Field"] == "resources.ARN")
            self.assertEqual({target(arn) for arn in seen}, {"RequestsTable", "TokensTable"})
            bucket = found.of("S3::Bucket")[target(trail["S3BucketName"])]
            self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
            self.assertEqual(bucket["VersioningConfiguration"], {"Status": "Enabled"})


    @everywhere
    def test_what_holds_data_stays_and_a_failed_first_deployment_leaves_nothing(self, found):
        kept = {name for name, resource in found.resources.items() if resource.get("DeletionPolicy", "Delete") != "Delete"}
        wanted = {"RequestsTable", "TokensTable", "DataKey", "ApprovalKey"}
        wanted |= {"TrailBucket"} if found.values["Trail"] == "true" else set()
        wanted |= {"ApiLoggingRole", "ApiLoggingAccount"} if found.values["ManageApiLogging"] == "true" else set()
        self.assertEqual(kept, wanted)
        for name in kept:
            self.assertEqual(found.resources[name]["DeletionPolicy"], "RetainExceptOnCreate", name)
            self.assertEqual(found.resources[name]["UpdateReplacePolicy"], "Retain", name)

    @everywhere
    def test_protection_against_deletion_is_one_setting(self, found):
        on = found.values["ProtectData"] == "true"
        for name, table in found.of("DynamoDB::Table").items():
            self.assertEqual(table.get("DeletionProtectionEnabled", False), on and name != "CacheTable", name)
        for pool in found.of("Cognito::UserPool").values():
            self.assertEqual(pool["DeletionProtection"], "ACTIVE" if on else "INACTIVE")

    @everywhere
    def test_no_api_key_has_a_name(self, found):
        for key in found.of("ApiGateway::ApiKey").values():
            self.assertNotIn("Name", key, "CloudFormation would not replace it for another value")


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


class Endpoints(unittest.TestCase):
    NEEDED = {"VpcId": "vpc-1", "SubnetIds": "subnet-1", "SecurityGroupId": "sg-1", "RouteTableIds": "rtb-1"}

    def found(self, region="eu-west-1", **more):
        found = Model("templates/endpoints.yaml", self.NEEDED | more, sam=False, pseudo={"AWS::Region": region})
        self.assertEqual(found.missing, [])
        return found

    def test_iam_has_one_where_there_is_one(self):
        named = [endpoint["ServiceName"] for endpoint in self.found().of("EC2::VPCEndpoint").values()]
        self.assertNotIn("com.amazonaws.iam", named)
        iam = self.found("us-east-1").of("EC2::VPCEndpoint")["Iam"]
        self.assertEqual(iam["ServiceName"], "com.amazonaws.iam")
        # Sessions of target accounts: not this account's.
        (statement,) = iam["PolicyDocument"]["Statement"]
        roles = ["arn:aws:iam::*:role/SnowgateRead", "arn:aws:iam::*:role/SnowgateMember"]
        self.assertEqual(statement["Condition"], {"ArnLike": {"aws:PrincipalArn": roles}})

    def test_flows_are_recorded_where_asked_for(self):
        self.assertEqual(self.found().of("EC2::FlowLog"), {})
        found = self.found(FlowLogs="true", FlowLogDays="30")
        (flows,) = found.of("EC2::FlowLog").values()
        self.assertEqual((flows["TrafficType"], flows["ResourceId"]), ("ALL", "vpc-1"))
        self.assertEqual(found.of("Logs::LogGroup")[target(flows["LogGroupName"])]["RetentionInDays"], "30")

    def test_the_way_out_of_a_network_of_its_own_has_fixed_addresses(self):
        for gateways in ("1", "2"):
            found = Model("templates/network.yaml", {"NatGateways": gateways}, sam=False)
            self.assertEqual(found.missing, [])
            addresses, nats = found.of("EC2::EIP"), found.of("EC2::NatGateway")
            self.assertEqual((len(addresses), len(nats)), (int(gateways), int(gateways)))
            said = found.outputs["EgressAddresses"]
            self.assertEqual(set(named(said)), set(addresses), "all of them, and nothing else")
            self.assertEqual({target(nat["AllocationId"]) for nat in nats.values()}, set(addresses))
            for name in addresses:
                self.assertEqual(found.resources[name]["DeletionPolicy"], "RetainExceptOnCreate")
            # The subnets that are given to the functions lead out through a gateway, and only there.
            private = set(named(found.outputs["SubnetIds"]))
            tables = {target(one["SubnetId"]): target(one["RouteTableId"])
                      for one in found.of("EC2::SubnetRouteTableAssociation").values()}
            routes = {target(route["RouteTableId"]): route for route in found.of("EC2::Route").values()}
            self.assertEqual({tables[subnet] for subnet in private}, set(named(found.outputs["RouteTableIds"])))
            for subnet in private:
                self.assertIn(target(routes[tables[subnet]]["NatGatewayId"]), nats)
            for nat in nats.values():
                self.assertNotIn(target(nat["SubnetId"]), private)
                self.assertEqual(target(routes[tables[target(nat["SubnetId"])]]["GatewayId"]), "Internet")
            (group,) = found.of("EC2::SecurityGroup").values()
            self.assertNotIn("SecurityGroupIngress", group)
            self.assertEqual([(rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]], [(443, 443)])

    def test_every_service_of_the_functions_has_one(self):
        found = self.found()
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
