"""What template.yaml promises of e-mail and of the way of bounces and complaints."""

import email.utils
import re
import unittest

from template_model import ROOT
from template_settings import dimensions, everywhere, model, target

IDENTITY = re.compile(r"arn:aws:ses:eu-west-1:111122223333:identity/(.*)")


def statements(found, role, action):
    """The statements of a role's own policies that name an action."""
    for policy in found.of("IAM::Role")[role]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            if action in (actions if isinstance(actions, list) else [actions]):
                yield statement


class Sending(unittest.TestCase):
    @everywhere
    def test_nothing_rewrites_a_link_or_holds_an_email_back(self, found):
        (letters,) = found.of("SES::ConfigurationSet").values()
        # What is not said here is as the account has it.
        self.assertEqual(letters["VdmOptions"], {
            "DashboardOptions": {"EngagementMetrics": "DISABLED"},
            "GuardianOptions": {"OptimizedSharedDelivery": "DISABLED"},
        })
        self.assertNotIn("TrackingOptions", letters)
        self.assertEqual(letters["DeliveryOptions"], {"TlsPolicy": "REQUIRE"})
        for entry in found.of("SES::ConfigurationSetEventDestination").values():
            self.assertEqual(set(entry["EventDestination"]["MatchingEventTypes"]), {"BOUNCE", "COMPLAINT"})

    @everywhere
    def test_two_functions_send_and_from_one_address(self, found):
        sending = set()
        for role in found.of("IAM::Role"):
            if "Policies" not in found.of("IAM::Role")[role]:
                continue
            for statement in statements(found, role, "ses:SendEmail"):
                sending.add(role)
                self.assertEqual(statement["Condition"], {"StringEquals": {"ses:FromAddress": found.values["Sender"]}})
                identities = {name[1] for name in map(IDENTITY.fullmatch, map(str, statement["Resource"])) if name}
                own = found.values["SenderIdentity"] or found.values["Sender"]
                trial = found.values["MailSandbox"] == "true"
                self.assertEqual(identities, {own, "*"} if trial else {own}, "the sandbox asks for recipients, too")
        self.assertEqual(sending, {"DispatcherRole", "ReporterRole"})


    @everywhere
    def test_the_name_that_readers_see_is_a_quoted_string_before_the_address(self, found):
        name, address = found.values["SenderName"], found.values["Sender"]
        for function in ("Dispatcher", "Reporter"):
            variables = found.of("Lambda::Function")[function]["Environment"]["Variables"]
            self.assertEqual(variables["SENDER"], f'"{name}" <{address}>' if name else address)
            # What an RFC 5322 parser reads: nothing that a name may hold ends the quotation.
            self.assertEqual(email.utils.parseaddr(variables["SENDER"]), (name, address))


class Links(unittest.TestCase):
    def test_ses_is_told_to_leave_each_alone(self):
        """Whatever tracks clicks some day: SES rewrites no link that says so."""
        found = 0
        for path in (ROOT / "crates/core/templates").glob("*.html"):
            text = path.read_text(encoding="utf-8")
            if not re.search(r'extends "email.html"|<table', text):
                continue
            for link in re.findall(r"<a\b[^>]*>", text):
                found += 1
                self.assertRegex(link, r"^<a ses:no-track ", path.name)
        self.assertGreaterEqual(found, 3)


class Bounces(unittest.TestCase):
    """From SES's event bus onto the encrypted queue."""

    def rules(self, found):
        return {name: rule for name, rule in found.of("Events::Rule").items() if "EventPattern" in rule}

    @everywhere
    def test_the_event_bus_may_use_the_key(self, found):
        granted = [
            statement
            for statement in found.of("KMS::Key")["DataKey"]["KeyPolicy"]["Statement"]
            if statement["Principal"] == {"Service": "events.amazonaws.com"}
        ]
        (statement,) = granted
        self.assertEqual(set(statement["Action"]), {"kms:Decrypt", "kms:GenerateDataKey*"})
        # EventBridge sends KMS neither aws:SourceArn nor aws:SourceAccount.
        self.assertNotIn("Condition", statement)

    @everywhere
    def test_no_service_is_held_to_what_it_does_not_send(self, found):
        """Of the services that use the key, CloudTrail and CloudWatch Logs say for what; the others do not."""
        for statement in found.of("KMS::Key")["DataKey"]["KeyPolicy"]["Statement"]:
            service = statement["Principal"].get("Service") if isinstance(statement["Principal"], dict) else None
            if service not in (None, "cloudtrail.amazonaws.com", "logs.eu-west-1.amazonaws.com"):
                self.assertNotIn("Condition", statement, service)

    @everywhere
    def test_both_queues_take_from_the_two_rules_alone(self, found):
        rules = self.rules(found)
        self.assertEqual(set(rules), {"BouncedRule", "ComplainedRule"})
        open_to = {}
        for policy in found.of("SQS::QueuePolicy").values():
            (statement,) = policy["PolicyDocument"]["Statement"]
            self.assertEqual(statement["Principal"], {"Service": "events.amazonaws.com"})
            sources = {target(arn) for arn in statement["Condition"]["ArnEquals"]["aws:SourceArn"]}
            (queue,) = policy["Queues"]
            self.assertEqual(target(statement["Resource"]), target(queue))
            open_to[target(queue)] = sources
        self.assertEqual(open_to, dict.fromkeys(("BouncesQueue", "UndeliveredReports"), set(rules)))

    @everywhere
    def test_what_cannot_be_delivered_is_kept_and_fires_an_alarm(self, found):
        alarms = found.of("CloudWatch::Alarm").values()
        failing = {
            target(dimensions(alarm)["RuleName"])
            for alarm in alarms
            if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "FailedInvocations")
        }
        waiting = {
            target(dimensions(alarm)["QueueName"])
            for alarm in alarms
            if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        }
        for name, rule in self.rules(found).items():
            self.assertIn(name, failing)
            (to,) = rule["Targets"]
            self.assertEqual(target(to["Arn"]), "BouncesQueue", name)
            dead = target(to["DeadLetterConfig"]["Arn"])
            self.assertEqual(dead, "UndeliveredReports", name)
            self.assertIn(dead, waiting)
            self.assertEqual(found.of("SQS::Queue")[dead]["MessageRetentionPeriod"], 14 * 24 * 3600)
            # No role: with one, deliveries to encrypted queues may fail.
            self.assertNotIn("RoleArn", to)

    def test_nobody_reads_what_names_addresses(self):
        found = model()
        for role in found.of("IAM::Role"):
            for action in ("sqs:ReceiveMessage", "sqs:SendMessage"):
                named = list(statements(found, role, action)) if "Policies" in found.of("IAM::Role")[role] else []
                for statement in named:
                    listed = statement["Resource"]
                    listed = listed if isinstance(listed, list) else [listed]
                    self.assertNotIn("UndeliveredReports", {target(arn) for arn in listed}, role)


if __name__ == "__main__":
    unittest.main()
