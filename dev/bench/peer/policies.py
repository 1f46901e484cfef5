"""Has parliament lint and cloudsplaining judge the policies of a JSON list, for some seconds of CPU each,
and prints as JSON how many a second of CPU each of them manages."""

import json
import sys
import time

import parliament
from cloudsplaining.scan.policy_document import PolicyDocument

SECONDS = 8.0


def lint(text):
    try:
        parliament.analyze_policy_string(text).findings
    except Exception as error:
        # parliament 1.6 gives up on policies that name some newer kinds of keys; that is its answer.
        if not str(error).startswith("Unknown data format"):
            raise


def judge(text):
    document = PolicyDocument(json.loads(text))
    document.allows_privilege_escalation
    document.permissions_management_without_constraints
    document.allows_data_exfiltration_actions
    document.credentials_exposure


def rate(work, policies):
    # Once through the first ones for what is only loaded when it is needed.
    for text in policies[:5]:
        work(text)
    begun, done = time.process_time(), 0
    for text in policies:
        work(text)
        done += 1
        if time.process_time() - begun > SECONDS:
            break
    return done / (time.process_time() - begun)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        policies = json.load(file)
    # The same share of large and small ones, however far it comes.
    policies = policies[::10] + policies[5::10]
    print(json.dumps({"parliament": rate(lint, policies), "cloudsplaining": rate(judge, policies)}))
