"""docs/operating.md against the template and the code: parameters, alarms, metrics, guardrails, ACLs."""

import json
import re
import unittest

from document_model import names, rows, rust, section, text
from template_model import parsed
from template_settings import dimensions, model, target

WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
# Values that would not fit into a table.
SHORTENED = {"OutcomeFields"}


class Manual(unittest.TestCase):
    """docs/operating.md against the template."""

    PATH = "docs/operating.md"

    def test_parameters(self):
        said, group = {}, None
        for name, default, meaning in rows(section(self.PATH, "2. The hub")):
            if bold := re.fullmatch(r"\*\*(.*)\*\*", name):
                group = said.setdefault(bold[1], {})
            else:
                (parameter,) = names(name)
                self.assertTrue(meaning, parameter)
                group[parameter] = default
        declared = parsed("template.yaml")
        wanted = {}
        for entry in declared["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
            group = wanted.setdefault(entry["Label"]["default"], {})
            for name in entry["Parameters"]:
                default = declared["Parameters"][name].get("Default")
                group[name] = {None: "–", "": "empty"}.get(default, f"`{default}`")
        for name in SHORTENED:
            said["ServiceNow"][name] = wanted["ServiceNow"][name]
        self.assertEqual(json.dumps(said, indent=1), json.dumps(wanted, indent=1), "names, order or defaults differ")
        grouped = {name for group in wanted.values() for name in group}
        self.assertEqual(grouped, set(declared["Parameters"]))

    def test_reserved_concurrency(self):
        (meaning,) = (row[2] for row in rows(text(self.PATH)) if row[0] == "`ReserveConcurrency`")
        description = model().declared["ReserveConcurrency"]["Description"]
        said = re.search(r"reserves (\d+) .* needs (\d+)", meaning)
        wanted = re.search(r"(\d+) altogether.*needs (\d+)", description, re.S)
        self.assertEqual(said.groups(), wanted.groups())

    def test_every_alarm_has_its_paragraph(self):
        headings = re.findall(r"\n#### ([^\n]*)", text(self.PATH))
        listed = [name for line in headings for name in re.findall(r"`(\w+Alarm)`", line)]
        self.assertEqual(sorted(listed), sorted(model().of("CloudWatch::Alarm")))

    def paragraph(self, alarm):
        """What the manual says of an alarm."""
        (heading,) = (line for line in re.findall(r"^#### (.*)$", text(self.PATH), re.M) if f"`{alarm}`" in line)
        return section(self.PATH, heading)

    def test_alarms_say_when_they_fire(self):
        receives = {
            target(queue["RedrivePolicy"]["deadLetterTargetArn"]): queue["RedrivePolicy"]["maxReceiveCount"]
            for queue in model().of("SQS::Queue").values()
            if "RedrivePolicy" in queue
        }
        said = set()
        for name, alarm in model().of("CloudWatch::Alarm").items():
            minutes = alarm["Period"] * alarm["EvaluationPeriods"] // 60
            for suffix, phrase in {
                "DeadLettersAlarm": lambda: f"{receives[target(dimensions(alarm)['QueueName'])]} times",
                "AgeAlarm": lambda: f"more than {alarm['Threshold'] // 60} minutes",
                "ThrottlesAlarm": lambda: f"for {minutes} minutes in a row",
                "ServerErrorsAlarm": lambda: f"5xx for {minutes} minutes",
                "SweeperMissingAlarm": lambda: f"for {minutes} minutes",
                "FailuresAlarm": lambda: f"More than {alarm['Threshold']} requests",
                "BouncesAlarm": lambda: f"More than {alarm['Threshold'] * 100:g} %",
            }.items():
                if name.endswith(suffix):
                    said.add(suffix)
                    self.assertIn(phrase(), " ".join(self.paragraph(name).split()), name)
        self.assertEqual(len(said), 7)

    def counted(self, pattern):
        """The number before some words; it stands once."""
        found = re.findall(rf"\b(\w+) {pattern}", text(self.PATH))
        self.assertEqual(len(found), 1, f"{pattern}: {found}")
        return WORDS[found[0]] if found[0] in WORDS else int(found[0])

    def test_counts(self):
        mappings = model().of("Lambda::EventSourceMapping")
        self.assertEqual(self.counted(r"alarms \|"), len(model().of("CloudWatch::Alarm")))
        self.assertEqual(self.counted(r"queues \(five pollers"), len(mappings))
        self.assertEqual(self.counted(r"KMS keys \("), len(model().of("KMS::Key")))
        self.assertEqual(self.counted(r"secrets \|"), len(model().of("SecretsManager::Secret")))
        self.assertEqual(self.counted(r"secrets without values"), len(model().of("SecretsManager::Secret")))
        self.assertEqual(self.counted(r"event source mappings"), len(mappings))
        restoring = section(self.PATH, "Restoring the tables")
        self.assertEqual({name for name in mappings if f"`{name}`" in restoring}, set(mappings))

    def test_costs_of_options(self):
        said = {names(row[0])[0].split("=")[0]: row for row in rows(section(self.PATH, "Costs")) if row[0].startswith("`")}
        # What costs by itself, and the switch that it is there for.
        priced = {"CloudTrail::Trail": "Trail", "Cognito::UserPoolClient": "UserPool", "WAFv2::WebACL": "Waf",
                  "WAFv2::IPSet": "ServiceApiCidrs"}
        free = {"ApiGateway::DomainName", "ApiGateway::BasePathMapping", "Route53::RecordSet", "SNS::Subscription",
                "Lambda::CodeSigningConfig"}
        whole = model("Waf", "ServiceApiCidrs", "UserPool", "Trail")
        self.assertEqual(set(said), {*priced.values(), "Tracing", "SubnetIds"})
        for kind in priced:
            self.assertTrue(whole.of(kind), kind)
            self.assertFalse(model().of(kind), kind)
        for kind in free:
            self.assertFalse(model().of(kind), f"{kind} is an option")
        acls = model("Waf").of("WAFv2::WebACL").values()
        price = 5 * len(acls) + sum(len(acl["Rules"]) for acl in acls)
        self.assertEqual(float(said["Waf"][2]), price)
        more = sum(len(acl["Rules"]) for acl in whole.of("WAFv2::WebACL").values())
        self.assertEqual(float(said["ServiceApiCidrs"][2]), 10 + more - price)
        self.assertEqual(float(said["UserPool"][2]), 6 * len(whole.of("Cognito::UserPoolClient")) + round(730 * 2.25 / 1000, 2))

    def test_metrics(self):
        emitted = json.loads(text("crates/shell/metrics.json"))
        said = {names(row[0])[0]: ["Stack", *names(row[1])] for row in rows(section(self.PATH, "Metrics"))}
        wanted = {name: metric["dimensions"] for name, metric in emitted["metrics"].items()}
        self.assertEqual(said, wanted)
        self.assertIn(f"Namespace `{emitted['namespace']}`", section(self.PATH, "Metrics"))

    def test_checks_of_the_preflight(self):
        code = rust("crates/snowgate/src/preflight")
        constants = dict(re.findall(r'const (\w+): &str = "(.*?)";', code))
        checks = set(re.findall(r'PreflightResult::\w+\(\s*"(.*?)"', code))
        checks |= {constants[name] for name in ("READS", "WRITES")}
        said = {name for row in rows(section(self.PATH, "7. Preflight")) for name in names(row[0])}
        self.assertEqual(said, checks)

    def test_outputs_and_logged_messages_exist(self):
        outputs = set(parsed("template.yaml")["Outputs"])
        for output in re.findall(r"OutputKey=='(\w+)'|output `(\w+)`", text(self.PATH)):
            self.assertIn(output[0] or output[1], outputs)
        breaker = re.search(r"`ServiceNow failed (\d+) times in a row`", text(self.PATH))
        self.assertIn(f"OPENS_AFTER: u32 = {breaker[1]};", rust("crates/servicenow/src"))
        self.assertIn("ServiceNow failed {OPENS_AFTER} times in a row", rust("crates/servicenow/src"))


class Guardrails(unittest.TestCase):
    def keys(self):
        """The keys of guardrails.toml, as the code reads them."""
        structs = dict(re.findall(r"\nstruct (\w+) \{\n(.*?)\n\}", text("crates/core/src/guardrails/file.rs"), re.S))
        rows_of = (
            ("super", "guardrails/items.rs"),
            ("crate", "volume.rs"),
            ("crate", "guardrails/seen.rs"),
            ("crate", "guardrails/users.rs"),
        )
        for seen, path in rows_of:
            found = re.findall(rf"\npub\({seen}\) struct (\w+) \{{\n(.*?)\n\}}", text(f"crates/core/src/{path}"), re.S)
            structs |= dict(found)
        for field, kind in re.findall(r"^    (\w+): (.*),$", structs["File"], re.M):
            inner = re.fullmatch(r"(?:(?:Vec|Option)<)?(\w+?)>?", kind)
            below = structs.get(inner[1]) if inner else None
            if below is None:
                yield field
            else:
                yield from (f"{field}.{name}" for name in re.findall(r"^    (?:pub\(\w+\) )?(\w+): ", below, re.M))

    def test_every_key_is_explained(self):
        table = [row for row in rows(section("docs/operating.md", "1. Guardrails"))]
        said = [name for row in table for name in names(row[0])]
        self.assertEqual(sorted(said), sorted(self.keys()))


class AccessControl(unittest.TestCase):
    """The least that the integration users' ACLs must allow, against what the code asks for."""

    def test_every_table_and_field_is_listed(self):
        said = {}
        for _, table, fields in rows(section("docs/operating.md", "4. ServiceNow")):
            for name in names(table):
                said[name] = set(names(fields))
        # What entitlements are judged by is listed when a function reads it (docs/decisions/0095).
        code = rust("crates/servicenow/src").replace(rust("crates/servicenow/src/cmdb"), "")
        tables = set(re.findall(r'table: "(\w+)"', code)) | set(re.findall(r'Self::\w+ => "(\w+)"', code))
        self.assertEqual(set(said), {table for table in tables if "_" in table or table == "incident"})
        lists = dict(re.findall(r'const (\w+): &\[&str\] = &\[(.*?)\];', code, re.S))
        for table, fields in re.findall(r'table: "(\w+)".*?fields: (&\[.*?\]|\w+)', code, re.S):
            wanted = set(re.findall(r'"([\w.]+)"', lists.get(fields, fields))) - {"sys_id"}
            self.assertTrue(wanted, table)
            self.assertLessEqual(wanted, said[table] | {"account_id"}, table)
        tickets = re.search(r"fn opened_for.*?\n    \}", code, re.S)[0]
        for field in re.findall(r'"([\w.]+)"', tickets) + ["number", "active", "opened_by"]:
            self.assertTrue(any(field in said[table] for table in ("sc_req_item", "sc_task", "incident")), field)

    def test_the_emulator_allows_them(self):
        allowed = json.loads(text("dev/servicenow-emulator/seed/access.json"))
        listed = {name for row in rows(section("docs/operating.md", "4. ServiceNow")) for name in names(row[1])}
        reading, writing = allowed["snowgate_read"], allowed["snowgate_write"]
        self.assertLessEqual(listed - {"sys_journal_field"}, set(reading))
        self.assertIn("sys_journal_field", writing)


if __name__ == "__main__":
    unittest.main()
