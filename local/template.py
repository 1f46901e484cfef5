"""Writes the local form of template.yaml: built binaries instead of a build.

The rest of the template is untouched, so that what runs here is what is deployed. Reads one JSON object on
stdin: `template` and `output` (paths) and `functions` (a folder that holds one folder per binary).
"""

import json
import pathlib
import sys
import zipfile

from samcli.yamlhelper import yaml_dump, yaml_parse


def package(folder):
    """The function's archive, made anew only for a new binary.

    Stored rather than compressed: `sam deploy` sends an archive as it is, and compressing what never leaves
    the machine took longer than everything else together.
    """
    binary = folder / "bootstrap"
    archive = folder.with_suffix(".zip")
    if archive.is_file() and archive.stat().st_mtime_ns > binary.stat().st_mtime_ns:
        return archive
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        # A fixed date: the same binary makes the same archive.
        entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100755 << 16
        target.writestr(entry, binary.read_bytes())
    return archive


def localise(document, functions):
    """Points every function to the archive of its binary."""
    for name, resource in document["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        folder = functions / resource.pop("Metadata")["BuildProperties"]["Binary"]
        if not (folder / "bootstrap").is_file():
            sys.exit(f"function `{name}`: {folder}/bootstrap is missing")
        resource["Properties"]["CodeUri"] = str(package(folder))
    return document


def main():
    order = json.load(sys.stdin)
    document = yaml_parse(pathlib.Path(order["template"]).read_text(encoding="utf-8"))
    local = localise(document, pathlib.Path(order["functions"]))
    pathlib.Path(order["output"]).write_text(yaml_dump(local), encoding="utf-8")


if __name__ == "__main__":
    main()
