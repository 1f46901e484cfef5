#!/usr/bin/env python3
"""A second opinion on `iam-policy prove`: Z3 answers the same questions.

    pip install z3-solver
    python3 second_opinion.py --engine target/release/iam-policy --pairs 10000

Pairs of identity policies are made by small changes: versions, case, wildcards, variables with
defaults, elements turned into their opposites, operators of texts, numbers, dates, addresses and truths
with IfExists, ForAllValues, ForAnyValue and Null. Each is written as a formula over one request, from the
documents and without the engine's code. Ends with 1 when the engine passes a pair for which Z3 finds a
request, or fails one for which Z3 shows that there is none, or leaves more than one in fifty undecided.
"""

import argparse
import ipaddress
import json
import multiprocessing
import random
import subprocess
import sys
import time

import z3

ACTIONS = ["s3:GetObject", "s3:Get*", "s3:*", "S3:getobject", "s3:ListBucket", "*", "sqs:SendMessage",
           "sqs:*Message", "dynamodb:?etItem", "ec2:RunInstances", "*:*Object", "s3:PutObject"]
RESOURCES = ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b", "arn:aws:s3:::*/x", "arn:aws:s3:::b/${aws:username}/*",
             "arn:aws:s3:::b/${aws:username, 'all'}/*", "arn:aws:s3:::b/${k:a}*", "arn:aws:s3:::b/?",
             "arn:aws:s3:::b/${*}", "arn:*:s3:*:*:b/*", "arn:aws:sqs:*:*:q", "arn:aws:sqs:eu-west-1:111111111111:q*",
             "arn:aws:sqs:${aws:PrincipalTag/r}:111111111111:q", "arn:aws:sqs:*:111111111111:q", "arn:aws:sqs",
             "arn:aws:ec2:*:*:instance/*", "arn:aws:s3:::B/*"]
TEXTS = ["a", "A", "ab", "a*", "*", "?", "*b", "", "${aws:username}", "${aws:username}/*", "${k:b, 'a'}", "${*}", "true"]
NUMBERS = ["5", "5.0", "0", "-1", "1000", "ten"]
DATES = ["2026-05-02", "1777680000", "999999999999", "tomorrow"]
MOMENTS = {"2026-05-02": 1777680000, "1777680000": 1777680000, "999999999999": 999999999999}
ADDRESSES = ["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "0.0.0.0/0", "::/0", "2001:db8::/32", "10.1.2.3"]
TRUTHS = ["true", "false", "TRUE"]
TEXT_KEYS = ["aws:username", "aws:TagKeys", "s3:prefix", "k:a", "k:b"]
SINGLE = {"aws:username", "aws:principaltag/r", "s3:prefix", "s3:max-keys", "aws:currenttime", "aws:sourceip",
          "aws:securetransport"}
ANY = z3.AllChar(z3.ReSort(z3.StringSort()))
STAR = z3.Star(ANY)
PLAIN = z3.Intersect(ANY, z3.Complement(z3.Re(":")))


def some(dice, pool):
    return [dice.choice(pool) for _ in range(dice.randint(1, 3))]


def condition(dice):
    kind = dice.randrange(8)
    if kind == 0:
        name = dice.choice(["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"])
        return "Numeric" + name + dice.choice(["", "IfExists"]), "s3:max-keys", some(dice, NUMBERS)
    if kind == 1:
        name = dice.choice(["Equals", "NotEquals", "LessThan", "GreaterThanEquals"])
        return "Date" + name + dice.choice(["", "IfExists"]), "aws:CurrentTime", some(dice, DATES)
    if kind == 6:
        return dice.choice(["IpAddress", "NotIpAddress"]) + dice.choice(["", "IfExists"]), "aws:SourceIp", \
            some(dice, ADDRESSES)
    if kind == 7:
        return "Bool" + dice.choice(["", "IfExists"]), "aws:SecureTransport", some(dice, TRUTHS)
    key = dice.choice(TEXT_KEYS)
    if kind == 2:
        return "Null", key, [dice.choice(["true", "false"])]
    name = dice.choice(["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"])
    pool = [t for t in TEXTS if "${" not in t] if name.endswith("Case") else TEXTS
    return (dice.choice(["", "", "", "ForAllValues:", "ForAnyValue:"]) + name + dice.choice(["", "", "IfExists"]),
            key, some(dice, pool))


def statement(dice):
    made = {"Effect": dice.choice(["Allow", "Allow", "Deny"]),
            dice.choice(["Action"] * 3 + ["NotAction"]): some(dice, ACTIONS),
            dice.choice(["Resource"] * 3 + ["NotResource"]): some(dice, RESOURCES)}
    if dice.random() < 0.6:
        made["Condition"] = {}
        for _ in range(dice.randint(1, 2)):
            operator, key, values = condition(dice)
            made["Condition"][operator] = {key: values}
    return made


def policy(dice):
    made = {"Statement": [statement(dice) for _ in range(dice.randint(1, 3))]}
    version = dice.choice([None, "2008-10-17"] + ["2012-10-17"] * 6)
    return {"Version": version, **made} if version else made


def change(policy, dice):
    policy = json.loads(json.dumps(policy))
    if dice.random() < 0.2:
        policy["Version"] = dice.choice(["2008-10-17", "2012-10-17"])
        return policy
    at = dice.randrange(len(policy["Statement"]))
    one = policy["Statement"][at]
    what = dice.randrange(7)
    if what == 0:
        policy["Statement"].append(statement(dice))
    elif what == 1 and len(policy["Statement"]) > 1:
        del policy["Statement"][at]
    elif what == 2:
        one.pop("Condition", None)
    elif what == 3:
        for a, b in (("Action", "NotAction"), ("Resource", "NotResource")):
            if a in one and dice.random() < 0.5:
                one[b] = one.pop(a)
    elif what == 4:
        operator, key, values = condition(dice)
        one["Condition"] = {operator: {key: values}}
    else:
        element, pool = dice.choice([("Action", ACTIONS), ("NotAction", ACTIONS), ("Resource", RESOURCES),
                                     ("NotResource", RESOURCES)])
        if element in one:
            one[element][dice.randrange(len(one[element]))] = dice.choice(pool)
    return policy


def pair(dice):
    one = policy(dice)
    other = policy(dice) if dice.random() < 0.1 else one
    for _ in range(dice.randint(0, 2)):
        other = change(other, dice)
    return (one, other) if dice.random() < 0.5 else (other, one)


class Key:
    """What a request has for a key: nothing, one value, or one or two values of several."""

    def __init__(self, name, several):
        self.state = z3.Int("state " + name)
        self.one = z3.String("one " + name)
        self.many = [z3.String("first " + name), z3.String("second " + name)]
        self.number = z3.Real("number " + name)
        self.broken = z3.Bool("broken " + name)
        self.address, self.six = z3.Int("address " + name), z3.Bool("six " + name)
        self.limits = [self.state >= 0, self.state <= (2 if several else 1), self.address >= 0,
                       self.address < z3.If(self.six, z3.IntVal(2 ** 128), z3.IntVal(2 ** 32))]

    def each(self, quantifier, holds):
        first, second = (holds(value) for value in self.many)
        both = z3.And(first, second) if quantifier == "ForAllValues" else z3.Or(first, second)
        return z3.If(self.state == 1, holds(self.one), both)


class Request:
    def __init__(self, policies):
        quantified, names = set(), {"aws:username", "aws:principaltag/r", "k:a", "k:b"}
        for one in policies:
            for made in one["Statement"]:
                for operator, entry in made.get("Condition", {}).items():
                    for key in entry:
                        names.add(key.lower())
                        if operator.startswith("For"):
                            quantified.add(key.lower())
        self.action, self.resource = z3.String("action"), z3.String("resource")
        self.keys = {name: Key(name, name not in SINGLE or name in quantified) for name in names}
        more = z3.Plus(ANY)
        colon = z3.Re(":")
        lower = z3.Complement(z3.Concat(STAR, z3.Range("A", "Z"), STAR))
        form = z3.Concat(z3.Re("arn:"), more, colon, more, colon, STAR, colon, STAR, colon, more)
        self.limits = [z3.InRe(self.action, z3.Intersect(z3.Concat(more, colon, more), lower)),
                       z3.Or(self.resource == "*", z3.InRe(self.resource, form))]
        for key in self.keys.values():
            self.limits += key.limits

    def variable(self, name, default):
        key = self.keys[name.lower()]
        there = z3.And(key.state == 1, z3.Length(key.one) > 0)
        if default is None:
            return there, key.one
        return z3.BoolVal(True), z3.If(there, key.one, z3.StringVal(default))


def cut(text, variables):
    """The parts of a pattern: texts and (name, default)."""
    parts, rest = [], text
    while variables and "${" in rest:
        before, rest = rest.split("${", 1)
        inner, rest = rest.split("}", 1)
        parts.append(before)
        if inner in "*?$":
            parts.append(("literal", inner))
            continue
        name, _, default = inner.partition(",")
        parts.append((name.strip(), default.strip().strip("'") if default else None))
    return parts + [rest]


def regex(text, segmented=False, fold=False):
    pieces, colons = [z3.Re("")], 0
    for letter in text:
        within = segmented and colons < 5
        if letter == "*":
            pieces.append(z3.Star(PLAIN) if within else STAR)
        elif letter == "?":
            pieces.append(PLAIN if within else ANY)
        elif fold and letter.lower() != letter.upper():
            pieces.append(z3.Union(z3.Re(letter.lower()), z3.Re(letter.upper())))
        else:
            colons += letter == ":"
            pieces.append(z3.Re(letter))
    return z3.Concat(*pieces) if len(pieces) > 1 else pieces[0]


def matches(value, text, request, variables, wildcards=True, resource=False, fold=False):
    """(whether every variable has a value, whether the value matches)."""
    if resource and text.startswith("arn:") and len(text.split(":")) < 6 and "${" not in text:
        text += "*"
    parts = cut(text, variables)
    if any(isinstance(part, tuple) and part[0] != "literal" for part in parts):
        star = wildcards and parts[-1].endswith("*")
        known, pieces = [], []
        for nth, part in enumerate(parts):
            if isinstance(part, tuple):
                there, piece = (z3.BoolVal(True), z3.StringVal(part[1])) if part[0] == "literal" else \
                    request.variable(*part)
                known.append(there)
                pieces.append(piece)
            else:
                pieces.append(z3.StringVal(part[:-1] if star and nth == len(parts) - 1 else part))
        whole = z3.Concat(*pieces)
        there = z3.And(*known)
        return there, z3.And(there, z3.PrefixOf(whole, value) if star else value == whole)
    true = z3.BoolVal(True)
    if any(isinstance(part, tuple) for part in parts):
        pieces = [z3.Re(part[1]) if isinstance(part, tuple) else regex(part) for part in parts]
        return true, z3.InRe(value, z3.Concat(*pieces))
    if not wildcards:
        return true, z3.InRe(value, regex_literal(text, fold))
    segments = text.split(":", 5)
    aligned = resource and len(segments) == 6 and segments[0] == "arn" and "${" not in ":".join(segments[:3]) and \
        all(c in "abcdefghijklmnopqrstuvwxyz0123456789-*?" for c in segments[3]) and \
        (segments[4] == "aws" or all(c in "0123456789*?" for c in segments[4]))
    return true, z3.InRe(value, regex(text, segmented=aligned))


def regex_literal(text, fold):
    pieces = [z3.Re("")]
    for letter in text:
        both = fold and letter.lower() != letter.upper()
        pieces.append(z3.Union(z3.Re(letter.lower()), z3.Re(letter.upper())) if both else z3.Re(letter))
    return z3.Concat(*pieces) if len(pieces) > 1 else pieces[0]


def ordered(operator, key, values, read):
    """Numbers and dates: what cannot be read matches nothing, negated or not."""
    tests = {"Equals": lambda a, b: a == b, "NotEquals": lambda a, b: a == b, "LessThan": lambda a, b: a < b,
             "LessThanEquals": lambda a, b: a <= b, "GreaterThan": lambda a, b: a > b,
             "GreaterThanEquals": lambda a, b: a >= b}
    bounds = [read(value) for value in values]
    if operator == "NotEquals":
        if None in bounds:
            return z3.BoolVal(False)
        return z3.And(z3.Not(key.broken), *[z3.Not(key.number == bound) for bound in bounds])
    found = [tests[operator](key.number, bound) for bound in bounds if bound is not None]
    return z3.And(z3.Not(key.broken), z3.Or(*found)) if found else z3.BoolVal(False)


def within(key, values):
    """Whether the address is in one of the ranges; ranges of one version hold none of the other."""
    ranges = [ipaddress.ip_network(value) for value in values]
    return z3.Or(*[z3.And(key.six == (one.version == 6), key.address >= int(one.network_address),
                          key.address <= int(one.broadcast_address)) for one in ranges])


def holds(operator, name, values, request, variables):
    key = request.keys[name.lower()]
    if operator == "Null":
        return z3.Or(*[(key.state == 0) == z3.BoolVal(value == "true") for value in values])
    quantifier, _, base = operator.rpartition(":")
    optional = base.endswith("IfExists")
    base = base[:-8] if optional else base
    negated = "Not" in base
    if base.startswith(("Numeric", "Date")):
        read = (lambda text: float(text) if text != "ten" else None) if base.startswith("Numeric") else MOMENTS.get
        if base.startswith("Numeric"):
            bound = lambda text: None if read(text) is None else z3.RealVal(str(float(text)))
        else:
            bound = lambda text: None if read(text) is None else z3.RealVal(read(text))
        rest = base.removeprefix("Numeric").removeprefix("Date")
        one = ordered(rest, key, values, bound)
        return z3.If(key.state == 0, z3.BoolVal(optional or negated), z3.And(key.state == 1, one))

    if base.endswith("IpAddress"):
        found = within(key, values)
        one = z3.And(z3.Not(key.broken), z3.Not(found) if negated else found)
        return z3.If(key.state == 0, z3.BoolVal(optional or negated), z3.And(key.state == 1, one))
    if base == "Bool":
        one = z3.Or(*[z3.InRe(key.one, regex_literal(value, True)) for value in values])
        return z3.If(key.state == 0, z3.BoolVal(optional), z3.And(key.state == 1, one))

    def element(value):
        wild = base.endswith("Like")
        fold = base.endswith("IgnoreCase")
        found = [matches(value, text, request, variables, wildcards=wild, fold=fold)[1] for text in values]
        return z3.Not(z3.Or(*found)) if negated else z3.Or(*found)

    if quantifier == "ForAllValues":
        return z3.Or(key.state == 0, key.each(quantifier, element))
    if quantifier == "ForAnyValue":
        return z3.And(key.state != 0, key.each(quantifier, element))
    return z3.If(key.state == 0, z3.BoolVal(optional or negated), z3.And(key.state == 1, element(key.one)))


def applies(made, request, variables):
    actions = made.get("Action") or made["NotAction"]
    named = z3.Or(*[z3.InRe(request.action, regex(text.lower())) for text in actions])
    resources = made.get("Resource") or made["NotResource"]
    found = [matches(request.resource, text, request, variables, resource=True) for text in resources]
    about = z3.Or(*[match for _, match in found])
    if "NotResource" in made:
        about = z3.Not(about)
        if made["Effect"] == "Allow":
            # What it leaves out must be known.
            about = z3.And(about, *[known for known, _ in found])
    conditions = [holds(operator, key, values, request, variables)
                  for operator, entry in made.get("Condition", {}).items() for key, values in entry.items()]
    return z3.And(z3.Not(named) if "NotAction" in made else named, about, *conditions)


def allows(policy, request):
    variables = policy.get("Version") == "2012-10-17"
    made = [(one["Effect"], applies(one, request, variables)) for one in policy["Statement"]]
    return z3.And(z3.Or(*[f for effect, f in made if effect == "Allow"] or [z3.BoolVal(False)]),
                  z3.Not(z3.Or(*[f for effect, f in made if effect == "Deny"] or [z3.BoolVal(False)])))


def opinion(task):
    """What Z3 says of a pair: `sat` for a request that only the candidate allows, with the request."""
    (reference, candidate), steps = task
    request = Request([reference, candidate])
    solver = z3.Solver()
    # Counted, not timed: the same answer on every machine.
    solver.set("rlimit", steps)
    solver.add(*request.limits, allows(candidate, request), z3.Not(allows(reference, request)))
    found = str(solver.check())
    return found, str(solver.model()) if found == "sat" else ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--engine", required=True)
    arguments.add_argument("--pairs", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--steps", type=int, default=400_000, help="of Z3's resources, for one question")
    arguments.add_argument("--jobs", type=int, default=1, help="questions to Z3 at once")
    options = arguments.parse_args()
    dice = random.Random(options.seed)
    pairs = [pair(dice) for _ in range(options.pairs)]
    lines = [json.dumps({"id": nth, "reference": one, "candidate": other, "policy_type": "identity"})
             for nth, (one, other) in enumerate(pairs)]
    begun = time.time()
    done = subprocess.run([options.engine, "--batch", "prove"], input="\n".join(lines) + "\n", capture_output=True,
                          text=True, check=True)
    ours = time.time() - begun
    counts = {"both pass": 0, "both fail": 0, "undecided": 0, "z3 unknown": 0, "unsound": 0, "not confirmed": 0}
    begun = time.time()
    with multiprocessing.Pool(options.jobs) as pool:
        opinions = pool.map(opinion, [(one, options.steps) for one in pairs], chunksize=20)
    for (reference, candidate), line, (found, model) in zip(pairs, done.stdout.splitlines(), opinions, strict=True):
        result = json.loads(line)
        passed = result["result"] == "pass"
        if result["undecided"]:
            counts["undecided"] += 1
        elif found == "unknown":
            counts["z3 unknown"] += 1
        elif passed and found == "sat":
            counts["unsound"] += 1
            print("unsound:", json.dumps(reference), json.dumps(candidate), model, sep="\n")
        elif not passed and found == "unsat":
            counts["not confirmed"] += 1
            print("a witness that Z3 refuses:", json.dumps(reference), json.dumps(candidate), line, sep="\n")
        else:
            counts["both pass" if passed else "both fail"] += 1
    theirs = time.time() - begun
    print(json.dumps(counts), f"engine {ours:.2f} s, Z3 {theirs:.1f} s for {len(pairs)} pairs")
    doubtful = counts["undecided"] * 50 > len(pairs)
    return 1 if counts["unsound"] or counts["not confirmed"] or doubtful else 0


if __name__ == "__main__":
    sys.exit(main())
