"""What template.yaml promises of alarms, dashboard and metrics."""

import json
import re
import unittest

from template_model import ROOT, named
from template_settings import dimensions, everywhere, model

METRICS = json.loads((ROOT / "crates/shell/metrics.json").read_text(encoding="utf-8"))


class Alarms(unittest.TestCase):
    @everywhere
    def test_all_notify_the_topic(self, found):
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

    def test_every_function_has_its_alarms(self):
        found = model()
        alarms = found.of("CloudWatch::Alarm").values()
        for name, function in found.of("Lambda::Function").items():
            lambdas = {a["MetricName"] for a in alarms if dimensions(a).get("FunctionName") == {"Ref": name}}
            # A wrong password is an error of the authorizer.
            self.assertLessEqual({"Throttles"} if name == "Authorizer" else {"Throttles", "Errors"}, lambdas)
            own = function["FunctionName"].removeprefix("snowgate-")
            logged = [a for a in alarms if a["MetricName"] == "LoggedErrors" and dimensions(a)["Function"] == own]
            self.assertEqual(len(logged), 1, name)

    def test_every_api_has_its_alarms(self):
        alarms = model().of("CloudWatch::Alarm").values()
        for api in model().of("ApiGateway::RestApi").values():
            watched = {a["MetricName"] for a in alarms if dimensions(a).get("ApiName") == api["Name"]}
            self.assertEqual(watched, {"4XXError", "5XXError"})

    def test_a_missing_sweeper_fires_an_alarm(self):
        alarm = model().of("CloudWatch::Alarm")["SweeperMissingAlarm"]
        self.assertEqual((alarm["MetricName"], alarm["TreatMissingData"]), ("Invocations", "breaching"))
        self.assertEqual(alarm["ComparisonOperator"], "LessThanThreshold")
        rules = [rule for rule in model().of("Events::Rule").values()]
        schedules = sorted(rule["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule)
        self.assertEqual(schedules, ["rate(1 minute)", "rate(15 minutes)", "rate(15 minutes)"])


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
            entry = METRICS["metrics"].get(name) or self.fed().get(name)
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
        self.assertEqual(shown, {*METRICS["metrics"], *self.fed()})

    def fed(self):
        """What filters make of logs: the dimensions and the unit by the name of the metric."""
        made = [to for entry in model().of("Logs::MetricFilter").values() for to in entry["MetricTransformations"]]
        self.assertEqual({to["MetricNamespace"] for to in made}, {METRICS["namespace"]})
        return {
            to["MetricName"]: {"dimensions": [one["Key"] for one in to["Dimensions"]], "unit": to["Unit"]} for to in made
        }

    def test_what_alarms_use_is_emitted(self):
        used = {(a["Namespace"], a["MetricName"]) for a in model().of("CloudWatch::Alarm").values()}
        known = {(METRICS["namespace"], name) for name in METRICS["metrics"]}
        own = {pair for pair in used if not pair[0].startswith("AWS/")}
        self.assertEqual(own - known, set())

    def test_the_dashboard_names_what_is_there(self):
        body = model().of("CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]
        for name in named(body):
            self.assertIn(name, model().resources)


if __name__ == "__main__":
    unittest.main()
