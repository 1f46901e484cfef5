"""Writes the local form of template.yaml: built binaries instead of a build.

The rest of the template is untouched, so that what runs here is what is deployed. Reads one JSON object on
stdin: `template` and `output` (paths) and `functions` (a folder that holds one folder per binary).
"""

import json
import pathlib
import sys

from samcli.yamlhelper import yaml_dump, yaml_parse


def localise(document, functions):
    """Points every function to the folder of its binary."""
    for name, resource in document["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
        folder = functions / binary
        if not (folder / "bootstrap").is_file():
            sys.exit(f"function `{name}`: {folder}/bootstrap is missing")
        resource["Properties"]["CodeUri"] = str(folder)
    return document


def main():
    order = json.load(sys.stdin)
    document = yaml_parse(pathlib.Path(order["template"]).read_text(encoding="utf-8"))
    local = localise(document, pathlib.Path(order["functions"]))
    pathlib.Path(order["output"]).write_text(yaml_dump(local), encoding="utf-8")


if __name__ == "__main__":
    main()
