"""What checkov finds in the templates, against the answers in checkov.toml: no finding without an answer, and no answer
without its finding.

    .tools/sam/bin/python local/checkov_test.py [CHECKOV]

CHECKOV is the program, `checkov` unless named (`pip install checkov==3.3.30` in an environment of its own: it brings a
hundred packages, so this is run by hand where templates change, and is no part of `make test`). It looks at the templates as
CloudFormation resolves them, with all defaults and with every option.
"""

import fnmatch
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

from policies_test import ACCOUNT, HUB, MEMBER, ORGANIZATION, USERS
from template_model import ROOT, Model
from template_settings import ON, model

NETWORK = {"VpcId": "vpc-1", "SubnetIds": "subnet-1", "SecurityGroupId": "sg-1", "RouteTableIds": "rtb-1"}
# Options that exclude another.
EXCLUDED = {"AlarmTopicArn", "TokenIssuer"}


def documents():
    """The templates by name, with little and with everything."""
    plain = lambda path, given=None, **pseudo: Model(f"templates/{path}", given, sam=False, pseudo=pseudo)  # noqa: E731
    whole = ACCOUNT | {"AssumableRoleArns": f"arn:aws:iam::{MEMBER}:role/a", "InspectedBy": f"arn:aws:iam::{HUB}:role/operators",
                       "OrganizationId": "o-example1234"}
    whole |= USERS | {f"GrantablePolicyArns{nth}": f"arn:aws:iam::{MEMBER}:policy/{nth}" for nth in "234"}
    return {
        "hub": model(),
        "hub-with-everything": model(*(name for name in ON if name not in EXCLUDED)),
        "member": plain("member-account.yaml", ACCOUNT),
        "member-with-everything": plain("member-account.yaml", whole, **{"AWS::AccountId": HUB}),
        "organization": plain("organization/policies.yaml", ORGANIZATION | {"MakesUsers": "yes"}),
        "deployer": plain("deployer.yaml", {}),
        "endpoints": plain("endpoints.yaml", NETWORK | {"FlowLogs": "true", "Tracing": "true"}, **{"AWS::Region": "us-east-1"}),
        "network": plain("network.yaml", {}),
    }


def findings(program):
    """Every finding: template, check and logical id."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for template, found in documents().items():
            document = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": found.resources}
            (folder / f"{template}.json").write_text(json.dumps(document), encoding="utf-8")
        words = [program, "--framework", "cloudformation", "--skip-download", "--quiet", "--output", "json", "--directory", name]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        results = json.loads(done.stdout)["results"]
    if results.get("parsing_errors"):
        sys.exit(f"error: checkov cannot read {results['parsing_errors']}")
    for one in results["failed_checks"]:
        yield pathlib.Path(one["file_path"]).stem, one["check_id"], one["resource"].partition(".")[2], one["check_name"]


def main():
    answers = tomllib.loads((ROOT / "local/checkov.toml").read_text(encoding="utf-8"))["answers"]
    unused, open_ones = {(entry["check"], pattern) for entry in answers for pattern in entry["resources"]}, []
    for template, check, resource, what in sorted(set(findings(sys.argv[1] if sys.argv[1:] else "checkov"))):
        fits = {(name, pattern) for name, pattern in
                ((entry["check"], pattern) for entry in answers for pattern in entry["resources"])
                if name == check and fnmatch.fnmatchcase(resource, pattern)}
        unused -= fits
        if not fits:
            open_ones.append(f"{check} {template} {resource}: {what}")
    for line in open_ones:
        print(line)
    for check, pattern in sorted(unused):
        print(f"{check} {pattern}: answered, and not found")
    sys.exit(1 if open_ones or unused else 0)


if __name__ == "__main__":
    main()
