"""Makes a secret for a client of the service API, and the hash of it that goes into the clients' secret.

    deploy/client_secret.py servicenow < key        # KEY: base64 of 32 random bytes or more, the same for all clients
    deploy/client_secret.py --check < found         # whether a text is such a secret, whole

A secret says what it is, for scanners (deploy/gitleaks.toml), and ends in a checksum, so that what merely looks like
one is known without asking anybody. Needs Python alone.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import re
import secrets
import sys
import zlib

FORM = re.compile(r"snowgate_([A-Za-z0-9_-]{43})_([0-9a-f]{8})")


def checksum(random):
    """Of the random part."""
    return f"{zlib.crc32(random.encode()):08x}"


def made():
    """A new secret: 256 random bits."""
    random = secrets.token_urlsafe(32)
    return f"snowgate_{random}_{checksum(random)}"


def is_whole(text):
    """Whether a text is a secret of this form, and not a part of one or something like it."""
    found = FORM.fullmatch(text)
    return bool(found) and checksum(found[1]) == found[2]


def hashed(key, client, secret):
    """What the authorizer compares (crates/core/src/caller.rs)."""
    mac = hmac.new(key, client.encode() + b"\0" + secret.encode(), hashlib.sha256).digest()
    return base64.b64encode(mac).decode()


def key_of(text):
    """The key, from its base64."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        sys.exit("error: the key is no base64")
    if len(key) < 32:
        sys.exit("error: the key is shorter than 32 bytes: openssl rand -base64 32")
    return key


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("client", nargs="?", help="the client's id")
    what.add_argument("--check", action="store_true")
    order = parser.parse_args()
    if order.check:
        sys.exit(0 if is_whole(sys.stdin.read().strip()) else 1)
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,63}", order.client):
        sys.exit("error: a client's id is 1 to 64 of a-z 0-9 -, starting with a letter")
    key, secret = key_of(sys.stdin.read()), made()
    print("secret for the client:", secret)
    print("hash for Secrets Manager:", hashed(key, order.client, secret))


if __name__ == "__main__":
    main()
