"""A MiniStack of a test's own: started by the launcher on a free port, ended by its process."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

HERE = pathlib.Path(__file__).parent
REGION = "eu-west-1"
# A refusal is what is looked for: nothing is tried again.
ONCE = Config(retries={"total_max_attempts": 1})


class Server:
    """One running MiniStack."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="snowgate-ministack-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{port}"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": self.folder.name, "TMPDIR": self.folder.name,
            "GATEWAY_PORT": str(port), "AUTH": "true", "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION, "AWS_ENDPOINT_URL": self.endpoint, "IOT_MTLS_ENABLED": "0",
        }
        self.log = pathlib.Path(self.folder.name) / "ministack.log"
        command = [sys.executable, str(HERE / "ministack_launcher.py")]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, env=environment, cwd=self.folder.name, stdout=log, stderr=log)
        self._wait()

    def _wait(self):
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.end()
        raise AssertionError("MiniStack did not start")

    def end(self):
        """Ends the process, and shows what it said where it ended by itself."""
        if self.process.poll() is not None:
            print(self.log.read_text(), file=sys.stderr)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.folder.cleanup()

    def client(self, service, key_id, secret=None, token=None):
        """A client; an account's number as key is its root."""
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, config=ONCE, aws_access_key_id=key_id,
            aws_secret_access_key=secret or key_id, aws_session_token=token,
        )

    def post(self, path, order=None):
        """A call of MiniStack's own, and its status."""
        body = json.dumps({} if order is None else order).encode()
        request = urllib.request.Request(f"{self.endpoint}{path}", data=body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def hook(self, **order):
        """Sets what ministack_hooks.py describes."""
        status = self.post("/_ministack/iam", order)
        if status != 200:
            raise AssertionError(f"{order} is answered with {status}")
