"""template.yaml as CloudFormation sees it under some parameters.

SAM's own translator expands it; then conditions, `Fn::If` and references to parameters are resolved, and what
a setting leaves out is left out. References to resources stay as they are. A reference to a resource that the
setting leaves out is an error: CloudFormation would refuse the stack.
"""

import copy
import functools
import logging
import os
import pathlib
import re

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

logging.disable(logging.WARNING)  # of SAM, which has none of its own settings here
ROOT = pathlib.Path(__file__).resolve().parent.parent
PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "snowgate",
    "AWS::URLSuffix": "amazonaws.com",
}
NEEDED = {"ServiceNowUrl": "https://example.service-now.com", "Sender": "snowgate@example.com"}
_NOTHING = object()


class NoPolicies:
    """The template names no managed policy by SAM's short names."""

    def load(self):
        return {}


@functools.cache
def _read(path):
    return yaml_parse((ROOT / path).read_text(encoding="utf-8"))


def parsed(path):
    """A template as it is written."""
    return copy.deepcopy(_read(path))


def translated(path, given=None):
    """A template without SAM's resources, as SAM makes it of some parameters' values."""
    document = parsed(path)
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/code"
    return transform(document, dict(given or {}), NoPolicies())


@functools.cache
def expanded(path):
    """The same, once. Never changed afterwards."""
    return translated(path)


class Model:
    """The resources, outputs and parameters of one setting."""

    def __init__(self, path="template.yaml", given=None, sam=True, pseudo=None):
        self.pseudo = PSEUDO | (pseudo or {})
        document = expanded(path) if sam else parsed(path)
        self.declared = document["Parameters"]
        self.values = {
            name: self._typed(name, (given or {}).get(name, NEEDED.get(name, entry.get("Default"))))
            for name, entry in self.declared.items()
        }
        self.conditions = document.get("Conditions", {})
        self.resources = {}
        for name, resource in document["Resources"].items():
            if self.holds(resource.get("Condition")):
                self.resources[name] = self.resolve({k: v for k, v in resource.items() if k != "Condition"})
        self.outputs = {
            name: self.resolve(output["Value"])
            for name, output in document.get("Outputs", {}).items()
            if self.holds(output.get("Condition"))
        }
        self.missing = sorted(self._missing())

    def _typed(self, name, value):
        if self.declared[name]["Type"] == "CommaDelimitedList":
            return [part for part in str(value or "").split(",") if part]
        return value

    def holds(self, name):
        """Whether a condition holds; none always does."""
        return name is None or self._truth(self.conditions[name])

    def _truth(self, condition):
        ((kind, body),) = condition.items()
        if kind == "Condition":
            return self.holds(body)
        if kind == "Fn::Not":
            return not self._truth(body[0])
        if kind == "Fn::And":
            return all(self._truth(part) for part in body)
        if kind == "Fn::Or":
            return any(self._truth(part) for part in body)
        if kind == "Fn::Equals":
            first, second = (self.resolve(part) for part in body)
            return first == second
        raise ValueError(f"condition function {kind}")

    def resolve(self, value):
        """A value without conditions and references to parameters."""
        if isinstance(value, list):
            items = (self.resolve(item) for item in value)
            return [item for item in items if item is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((kind, body),) = value.items()
            if kind == "Ref":
                return self._reference(body)
            if kind == "Fn::If":
                return self.resolve(body[1] if self.holds(body[0]) else body[2])
            if kind == "Fn::Join":
                parts = self.resolve(body[1])
                if all(isinstance(part, str) for part in parts):
                    return body[0].join(parts)
            if kind == "Fn::Sub":
                return self._substituted(body)
        members = ((key, self.resolve(item)) for key, item in value.items())
        return {key: item for key, item in members if item is not _NOTHING}

    def _reference(self, name):
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self.pseudo:
            return self.pseudo[name]
        return self.values[name] if name in self.values else {"Ref": name}

    def _substituted(self, body):
        text, own = (body, {}) if isinstance(body, str) else (body[0], self.resolve(body[1]))

        def known(match):
            name = match.group(1)
            value = own.get(name, self.pseudo.get(name, self.values.get(name)))
            return str(value) if isinstance(value, (str, int)) else match.group(0)

        return {"Fn::Sub": text} if (text := re.sub(r"\$\{([A-Za-z0-9:.]+)\}", known, text)).count("${") else text

    def _missing(self):
        for name, resource in self.resources.items():
            for other in named(resource):
                if other not in self.resources:
                    yield f"{name} names {other}"
        for name, value in self.outputs.items():
            for other in named(value):
                if other not in self.resources:
                    yield f"output {name} names {other}"

    def of(self, kind):
        """Resources of one type: logical id and properties."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == f"AWS::{kind}"
        }


def named(value):
    """Every resource that a value refers to."""
    if isinstance(value, list):
        for item in value:
            yield from named(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("Ref", "Condition") and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "DependsOn":
                yield from [item] if isinstance(item, str) else item
            elif key == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                yield from (part.split(".")[0] for part in re.findall(r"\$\{([A-Za-z0-9.]+)\}", text))
            else:
                yield from named(item)
