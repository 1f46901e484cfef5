"""crates/snowgate/python/facts.py where the local AWS has nothing to show: the trial of bounces and complaints, and who
hears of alarms."""

import sys
import unittest
from unittest import mock

from botocore.exceptions import ClientError
from template_model import ROOT

sys.path.insert(0, str(ROOT / "crates/snowgate/python"))
import facts  # noqa: E402

STACK = {"parameters": {"Sender": "access@example.com"}, "outputs": {"ConfigurationSetName": "snowgate-emails", "AlarmTopicName": "arn"}}


def refusal(code):
    return ClientError({"Error": {"Code": code}}, "Any")


class Aws:
    """SES, the dispatcher's log and the topic of an account."""

    def __init__(self, comes_after=None, mail=None, logs=None):
        self.sent, self.now, self.comes_after, self.mail, self.logs = [], 1_800_000_000.0, comes_after or {}, mail, logs

    def hub(self, service):
        return self

    def send_email(self, **message):
        if self.mail:
            raise self.mail
        self.sent.append(message)
        return {"MessageId": "m", "ResponseMetadata": {}}

    def filter_log_events(self, logGroupName, startTime, filterPattern):
        if self.logs:
            raise self.logs
        assert logGroupName == "/aws/lambda/snowgate-dispatcher" and startTime == 1_800_000_000_000
        for message in self.sent:
            request = message["EmailTags"][0]["Value"]
            case = message["Destination"]["ToAddresses"][0].partition("@")[0]
            if request in filterPattern:
                after = self.comes_after.get(case)
                return {"events": ["line"] if after is not None and self.now - 1_800_000_000 >= after else []}
        raise AssertionError(filterPattern)

    def get_topic_attributes(self, TopicArn):
        return {"Attributes": {"SubscriptionsConfirmed": "2", "SubscriptionsPending": "1"}}

    def sleep(self, seconds):
        self.now += seconds

    def trial(self):
        with mock.patch.object(facts, "time", mock.Mock(time=lambda: self.now, sleep=self.sleep)):
            found = facts.mail_trial(self, STACK, "snowgate")
        return {case: {key: value for key, value in entry.items() if key != "request"} for case, entry in found.items()}


class Trial(unittest.TestCase):
    def test_both_reports_are_waited_for(self):
        aws = Aws({"bounce": 5, "complaint": 30})
        self.assertEqual(aws.trial(), {"bounce": {"after": 5}, "complaint": {"after": 30}})
        self.assertEqual(len(aws.sent), 2)
        for message in aws.sent:
            self.assertTrue(message["Destination"]["ToAddresses"][0].endswith("@simulator.amazonses.com"))
            self.assertEqual(message["ConfigurationSetName"], "snowgate-emails")
            tags = {tag["Name"]: tag["Value"] for tag in message["EmailTags"]}
            # As the dispatcher's own e-mails have them: another form would be a dead letter.
            self.assertRegex(tags["request_id"], r"^req-[0-9a-f]{32}$")
            self.assertRegex(tags["approver"], r"^[0-9a-f]{32}$")

    def test_one_that_does_not_come_is_given_up(self):
        aws = Aws({"complaint": 0})
        self.assertEqual(aws.trial(), {"bounce": {}, "complaint": {"after": 0}})
        self.assertLessEqual(aws.now - 1_800_000_000, facts.PATIENCE + facts.PAUSE)

    def test_what_is_refused_is_told_and_not_waited_for(self):
        aws = Aws(mail=refusal("MessageRejected"))
        self.assertEqual(aws.trial(), dict.fromkeys(("bounce", "complaint"), {"refused": "MessageRejected"}))
        aws = Aws(logs=refusal("AccessDeniedException"))
        self.assertEqual(aws.trial()["bounce"], {"refused": "logs: AccessDeniedException"})
        self.assertLessEqual(aws.now - 1_800_000_000, facts.PAUSE)

    def test_the_words_looked_for_are_those_that_the_dispatcher_logs(self):
        code = (ROOT / "crates/dispatcher/src/bounced.rs").read_text(encoding="utf-8")
        self.assertIn(f'warn!("{facts.REPORTED}");', code)


class Alarms(unittest.TestCase):
    def test_who_has_confirmed_is_counted(self):
        self.assertEqual(facts.subscribers(Aws(), STACK), {"confirmed": 2, "pending": 1})


if __name__ == "__main__":
    unittest.main()
