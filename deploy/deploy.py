"""Deploys Snowgate to one account, goes back to a release before, holds it, and removes it.

    deploy.py deploy FILE [--yes] [--plan] [--built TEMPLATE]
    deploy.py rollback FILE [--to RELEASE] [--yes]
    deploy.py hold FILE on|off [--yes]
    deploy.py remove FILE [--yes]

FILE is the parameter file of an environment (example.env). Everything that can be known beforehand is checked
before anything is built. Run by the Python of SAM CLI's environment (tools.sh makes it).
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import boto3
from cloud import Cloud
from parameters import ROOT, Refused, read, split, together
from samcli.yamlhelper import yaml_parse

BUILT = ROOT / ".aws-sam/build/template.yaml"
SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
FUNCTIONS = ("Authorizer", "Intake", "Directory", "Dispatcher", "Approval", "Provisioner", "Reporter", "Sweeper")
# Of all functions' reserved concurrency together, and what Lambda keeps for the rest of the account.
RESERVED, UNRESERVED = 50, 100


def say(text=""):
    print(text, flush=True)


def agree(question, yes):
    """Whether somebody agrees; `--yes` does in CI."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused([f"{question} Nobody can answer here: use --yes"])
    return input(f"{question} [y/N] ").strip().lower() == "y"


def sam(arguments, region, **more):
    """Runs SAM CLI of this environment; its messages are the user's."""
    program = pathlib.Path(sys.executable).parent / "sam"
    # cargo-lambda and its linker (tools.sh).
    path = os.pathsep.join((str(ROOT / ".tools/build/bin"), os.environ.get("PATH", os.defpath)))
    environment = os.environ | {"PATH": path, "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "SAM_CLI_TELEMETRY": "0"}
    environment |= more.pop("environment", {})
    done = subprocess.run([program, *map(str, arguments)], cwd=ROOT, env=environment, check=False, **more)
    if done.returncode:
        raise Refused([f"`sam {arguments[0]}` failed, see above"])


def build(architecture, guardrails, region, folder=BUILT.parent):
    """Builds all functions of the template."""
    words = ["build", "--template-file", ROOT / "template.yaml", "--build-dir", folder]
    with overrides({"Architecture": architecture}) as more:
        sam([*words, *more], region, environment={"SNOWGATE_GUARDRAILS": str(guardrails)})


@contextlib.contextmanager
def overrides(values):
    """Parameters for SAM in a file that only we can read: a secret may be among them."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        # JSON is YAML.
        json.dump(values, file)
        file.flush()
        yield ["--parameter-overrides", f"file://{file.name}"] if values else []


class Deployment:
    """One environment: what its file says, and what is there."""

    def __init__(self, path, needs_stack=False):
        self.declared = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Parameters"]
        self.settings, self.values, problems = split(read(path), self.declared)
        if problems:
            raise Refused(problems)
        self.region, self.stack = self.settings["REGION"], self.settings["STACK"]
        self.cloud = Cloud(boto3.session.Session(region_name=self.region), self.stack)
        account = self.cloud.account()
        if account != self.settings["ACCOUNT"]:
            raise Refused([f"the credentials are of account {account}, the file is for {self.settings['ACCOUNT']}"])
        self.found = self.cloud.look()
        if self.found and self.found.status not in SETTLED:
            raise Refused([f"stack {self.stack} is {self.found.status}: wait, or settle it in CloudFormation first"])
        if needs_stack and not self.found:
            raise Refused([f"there is no stack {self.stack} in {self.region}"])

    def check(self):
        """What CloudFormation or AWS would refuse halfway."""
        before = self.found.parameters if self.found else {}
        known = {name: value for name, value in before.items() if name in self.declared and value != "****"}
        problems = list(together(known | self.values, self.declared))
        said = {name: str(entry.get("Default", "")) for name, entry in self.declared.items()} | known | self.values
        if said["ManageApiLogging"] == "true":
            role = self.cloud.logging_role()
            if role and not self._own(role):
                problems.append(
                    f"ManageApiLogging=true would replace the role with which API Gateway writes all logs of this account "
                    f"({role}): set ManageApiLogging=false"
                )
        elif not self.cloud.logging_role():
            problems.append("ManageApiLogging=false, but API Gateway has no role to write logs with in this account")
        if said["ReserveConcurrency"] == "true":
            free = self.cloud.concurrency()
            if free < RESERVED + UNRESERVED and not (self.found and before.get("ReserveConcurrency") == "true"):
                problems.append(f"ReserveConcurrency=true needs {RESERVED + UNRESERVED} of concurrency; {free} are free")
        if problems:
            raise Refused(problems)

    def _own(self, role):
        """Whether this stack made the role: what it retained when it was removed counts, too."""
        return role.rpartition("/")[2].startswith(f"{self.stack}-ApiLoggingRole-")

    def summary(self):
        """What changes, by parameter."""
        before = self.found.parameters if self.found else {}
        say(f"Stack {self.stack} in {self.settings['ACCOUNT']}, {self.region}: " + (self.found.status if self.found else "new"))
        for name, entry in self.declared.items():
            secret = entry.get("NoEcho")
            old = before.get(name)
            new = self.values.get(name, str(entry.get("Default", "")) if old is None else old)
            if secret and name in self.values:
                say(f"  * {name}: set")
            elif old is None and (name in self.values or not self.found):
                say(f"  + {name}: {new or '(empty)'}")
            elif old is not None and new != old:
                say(f"  * {name}: {old or '(empty)'} -> {new or '(empty)'}")
        if self.found and self.found.parameters.get("Hold") == "true":
            say("  Hold is on and stays on: `make hold` ends it.")

    def guardrails(self):
        """The file that is built in; refuses one that does not parse, or is the demonstration's."""
        named = self.settings.get("GUARDRAILS") or os.environ.get("SNOWGATE_GUARDRAILS") or ROOT / "guardrails.toml"
        path = pathlib.Path(named).expanduser().resolve()
        try:
            text = path.read_text(encoding="utf-8")
            tomllib.loads(text)
        except OSError as error:
            raise Refused([f"GUARDRAILS: {path} cannot be read: {error.strerror}"]) from error
        except tomllib.TOMLDecodeError as error:
            raise Refused([f"GUARDRAILS: {path}: {error}"]) from error
        local = json.loads((ROOT / "local/organisation.json").read_text(encoding="utf-8"))["member_accounts"]
        if named := sorted(account["id"] for account in local if account["id"] in text):
            raise Refused([f"GUARDRAILS: {path} is the demonstration's: it names {', '.join(named)}. Write your own"])
        return path

    def build(self):
        """All functions, for the architecture that the stack will have."""
        before = self.found.parameters if self.found else {}
        architecture = self.values.get("Architecture", before.get("Architecture", self.declared["Architecture"]["Default"]))
        say(f"Building for {architecture} …")
        build(architecture, self.guardrails(), self.region)

    def package(self, built, release):
        """Uploads the built functions and the template that names them; the template's path here."""
        target = pathlib.Path(tempfile.mkdtemp(prefix="snowgate-")) / f"{release}.yaml"
        words = ["package", "--template-file", built, "--output-template-file", target, "--resolve-s3", "--region", self.region]
        if profile := self.settings.get("SIGNING_PROFILE"):
            words += ["--signing-profiles", *(f"{name}={profile}" for name in FUNCTIONS)]
        sam(words, self.region, stdout=subprocess.DEVNULL)
        return target

    def apply(self, template, release, values, yes, plan=False):
        """A change set, shown; then, where somebody agrees, the change. Whether it was made."""
        words = [
            "deploy", "--template-file", template, "--stack-name", self.stack, "--region", self.region, "--resolve-s3",
            "--capabilities", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND",
            "--tags", f"{Cloud.TAG}={release}", "--no-fail-on-empty-changeset",
            "--no-confirm-changeset" if yes else "--confirm-changeset",
        ]
        if role := self.settings.get("DEPLOYMENT_ROLE"):
            words += ["--role-arn", role]
        if plan:
            words.append("--no-execute-changeset")
        elif not self.found:
            # A stack that never worked leaves nothing behind.
            words += ["--on-failure", "DELETE"]
        with overrides(values) as more:
            sam([*words, *more], self.region)
        after = self.cloud.look()
        return not plan and bool(after) and after.status in SETTLED and after.release == release


def deploy(order):
    work = Deployment(order.file)
    work.check()
    if not order.built:
        work.guardrails()
    work.summary()
    if not order.yes and not order.plan and not agree("Build and make a change set?", False):
        return
    if not order.built:
        work.build()
    release = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    template = work.package(order.built or BUILT, release)
    values, protect = dict(work.values), None
    if not work.found:
        # What refuses to be deleted could not be taken back if this fails.
        protect = values.get("ProtectData", work.declared["ProtectData"]["Default"])
        values["ProtectData"] = "false"
    made = work.apply(template, release, values, order.yes, order.plan)
    if made:
        # What was only planned, declined or failed is nothing to go back to.
        work.cloud.keep(release, template)
    if made and protect == "true":
        say("It works, so its data is protected now.")
        work.cloud.change({"ProtectData": "true"})
    if made:
        say(f"Release {release}. Next: `snowgate preflight --stack {work.stack} --region {work.region}`.")


def rollback(order):
    work = Deployment(order.file, needs_stack=True)
    kept, now = work.cloud.releases(), work.found.release
    before = [release for release in kept if now and release < now]
    target = order.to or (before[-1] if before else None)
    if target is None or target not in kept:
        raise Refused([f"there is no release to go back to; there are: {', '.join(kept) or 'none'}; deployed is {now}"])
    say(f"Back from {now} to {target}. Parameters keep their values.")
    template = work.cloud.fetch(target, pathlib.Path(tempfile.mkdtemp(prefix="snowgate-")))
    if work.apply(template, target, {}, order.yes):
        say(f"Release {target} is deployed.")


def hold(order):
    work = Deployment(order.file, needs_stack=True)
    value = {"on": "true", "off": "false"}[order.state]
    if work.found.parameters.get("Hold") == value:
        say(f"Hold is {order.state} already.")
        return
    what = "Decisions and every change of IAM stop, removals too." if value == "true" else "Decisions and changes go on."
    if agree(f"{what} Go on?", order.yes):
        work.cloud.change({"Hold": value})
        say(f"Hold is {order.state}.")


def remove(order):
    work = Deployment(order.file, needs_stack=True)
    stays = work.cloud.retained()
    say(f"Stack {work.stack} is deleted, with its queues, secrets, logs, API keys and user pool. What stays:")
    for line in stays:
        say(f"  {line}")
    say("Access that is still there is removed by nobody afterwards: see docs/operating.md, \"Removing\".")
    if not order.yes:
        if not sys.stdin.isatty():
            raise Refused(["nobody can confirm here: use --yes"])
        if input(f"Type the stack's name to delete it: ").strip() != work.stack:
            say("Nothing was deleted.")
            return
    if work.found.parameters.get("ProtectData") != "false":
        work.cloud.change({"ProtectData": "false"})
    work.cloud.delete()
    say("Deleted.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for action in (deploy, rollback, hold, remove):
        command = commands.add_parser(action.__name__)
        command.set_defaults(action=action)
        command.add_argument("file", type=pathlib.Path)
        command.add_argument("--yes", action="store_true", help="do not ask; for CI")
        if action is deploy:
            command.add_argument("--plan", action="store_true", help="make and show the change set, and leave it there")
            command.add_argument("--built", type=pathlib.Path, help="a template whose functions are built already")
        if action is rollback:
            command.add_argument("--to", help="the release, if not the one before")
        if action is hold:
            command.add_argument("state", choices=("on", "off"))
    order = parser.parse_args()
    try:
        order.action(order)
    except Refused as refused:
        for problem in refused.problems:
            print(f"error: {problem}", file=sys.stderr)
        sys.exit(1)
    except FileNotFoundError as missing:
        sys.exit(f"error: there is no file {missing.filename}")


if __name__ == "__main__":
    main()
