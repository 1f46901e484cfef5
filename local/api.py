"""Holds the running service API against docs/openapi.json, with Schemathesis.

Every operation is called with good and bad data: no answer may be a server error, be missing from the
document, or differ from it. The seed is fixed and the number of calls bounded, so that a run says the same
twice and ends soon. Credentials travel by the environment, never on a command line.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Calls for each operation and phase.
EXAMPLES = 15
SEED = 20261122
MINUTES = 5
CONFIGURATION = """
[auth.openapi.basic]
username = "${SNOWGATE_CLIENT_ID}"
password = "${SNOWGATE_CLIENT_SECRET}"

[auth.openapi.apiKey]
api_key = "${SNOWGATE_API_KEY}"
"""


def main():
    stack = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder, "schemathesis.toml")
        configuration.write_text(CONFIGURATION, encoding="utf-8")
        command = [
            str(pathlib.Path(sys.executable).with_name("schemathesis")),
            f"--config-file={configuration}",
            "--no-color",
            "run",
            str(ROOT / "docs/openapi.json"),
            f"--url={stack['service_api']}",
            "--checks=all",
            # A well-formed request may be outside the guardrails.
            "--exclude-checks=positive_data_acceptance",
            f"--max-examples={EXAMPLES}",
            f"--seed={SEED}",
            "--generation-database=none",
            "--continue-on-failure",
            *sys.argv[2:],
        ]
        environment = os.environ | {
            "SNOWGATE_CLIENT_ID": stack["client_id"],
            "SNOWGATE_CLIENT_SECRET": stack["client_secret"],
            "SNOWGATE_API_KEY": stack["api_key"],
            "NO_PROXY": "127.0.0.1",
        }
        ended = subprocess.run(command, env=environment, cwd=folder, timeout=60 * MINUTES, check=False)
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
