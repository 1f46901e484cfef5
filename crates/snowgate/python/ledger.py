"""What `snowgate repair` reads of a request, and the two changes that it makes.

Reads one JSON object on stdin: `table`, `region`, `endpoint` (a model of AWS, or nothing) and `request`; and, to change
something, `set_aside` (the sort keys of audit rows, with the items as they were shown) or `look_now` (a second, with
the version that was shown). Writes the items of the request's partition on stdout.
"""

import json
import sys

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"})


def items(client, table, pk):
    """All items of a partition, in the order of their sort keys, read consistently."""
    order = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ConsistentRead": True,
    }
    found = []
    for page in client.get_paginator("query").paginate(**order):
        found.extend(page["Items"])
    return found


def set_aside(client, table, shown):
    """Moves a row out of the trail, if it is the one that was shown. It stays in the table."""
    key = {"pk": shown["pk"], "sk": shown["sk"]}
    aside = shown | {"sk": {"S": "ASIDE#" + shown["sk"]["S"]}}
    names, values, conditions = {}, {}, []
    for n, (name, value) in enumerate(sorted(shown.items())):
        names[f"#n{n}"], values[f":v{n}"] = name, value
        conditions.append(f"#n{n} = :v{n}")
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": aside, "ConditionExpression": "attribute_not_exists(pk)"}},
            {
                "Delete": {
                    "TableName": table,
                    "Key": key,
                    "ConditionExpression": " AND ".join(conditions),
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": values,
                }
            },
        ]
    )


def look_now(client, table, pk, order):
    """Puts a request where the sweeper finds it, if it is the version that was shown."""
    client.update_item(
        TableName=table,
        Key={"pk": {"S": pk}, "sk": {"S": "META"}},
        UpdateExpression="SET due_bucket = :bucket, due_at = :now",
        ConditionExpression="version = :version",
        ExpressionAttributeValues={
            ":bucket": {"S": order["bucket"]},
            ":now": {"N": str(order["second"])},
            ":version": {"N": str(order["version"])},
        },
    )


def main():
    order = json.load(sys.stdin)
    local = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if order["endpoint"] else {}
    session = boto3.Session(region_name=order["region"])
    client = session.client("dynamodb", endpoint_url=order["endpoint"], config=CONFIG, **local)
    pk = "REQ#" + order["request"]
    for row in order.get("set_aside", ()):
        set_aside(client, order["table"], row)
    if order.get("look_now"):
        look_now(client, order["table"], pk, order["look_now"])
    json.dump(items(client, order["table"], pk), sys.stdout)


main()
