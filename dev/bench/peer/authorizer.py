"""The authorizer once more, as it would be written in Python: the same secret, the same checks, the
same answer. Only for comparing what the two cost."""

import base64
import hashlib
import hmac
import json
import os
import time

import boto3

FRESH = 30.0
ARN = os.environ["CLIENTS_SECRET_ARN"]
manager = boto3.client("secretsmanager")


def read():
    held = json.loads(manager.get_secret_value(SecretId=ARN)["SecretString"])
    clients = [
        (
            entry["id"],
            [base64.b64decode(text, validate=True) for text in entry["hashes"]],
            [route.replace(" ", "", 1) for route in entry["routes"]],
        )
        for entry in held["clients"]
    ]
    return time.monotonic(), base64.b64decode(held["key"], validate=True), clients


known = read()


def credentials(event):
    values = event["multiValueHeaders"].get("Authorization", [])
    if len(values) != 1:
        return None
    scheme, _, rest = event["headers"]["Authorization"].partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(" "), validate=True).decode()
    except ValueError:
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon and text.isprintable() else None


def policy(principal, effect, resources, context):
    statement = {"Action": ["execute-api:Invoke"], "Effect": effect, "Resource": resources}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def handler(event, _):
    global known
    given = credentials(event)
    if given is None:
        raise Exception("Unauthorized")
    if time.monotonic() - known[0] >= FRESH:
        known = read()
    _, key, clients = known
    user, password = given
    proof = hmac.new(key, user.encode() + b"\0" + password.encode(), hashlib.sha256).digest()
    found = None
    for name, hashes, routes in clients:
        proved = [hmac.compare_digest(held, proof) for held in hashes]
        if any(proved) & hmac.compare_digest(name.encode(), user.encode()):
            found = name, routes
    if found is None:
        raise Exception("Unauthorized")
    api, stage, *_ = event["methodArn"].split("/")
    name, routes = found
    heads = ["HEAD" + route[3:] for route in routes if route.startswith("GET")]
    routes = [*routes, *heads, "GET/v1/openapi.json", "HEAD/v1/openapi.json"]
    return policy(name, "Allow", [f"{api}/{stage}/{route}" for route in routes], {"client": name})
