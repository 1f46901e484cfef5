"""What documents repeat of code and templates, and what holds them together: links, tables, commands."""

import functools
import json
import re
import unittest

from template_model import ROOT, parsed
from template_settings import dimensions, model, target

WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
# Values that would not fit into a table.
SHORTENED = {"OutcomeFields"}
SKIPPED = {".aws-sam", ".git", ".local", ".tools", "node_modules", "target"}


@functools.cache
def text(path):
    """A file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def section(path, heading):
    """What stands below a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text(path), re.M | re.S)
    assert found, f"{path} has no heading `{heading}`"
    return found[1]


def rows(markdown):
    """The cells of every table row, without headers."""
    for block in re.findall(r"(?:^\|.*\n)+", markdown, re.M):
        for line in block.splitlines()[2:]:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def names(cell):
    """What a cell writes as code."""
    return re.findall(r"`([^`]+)`", cell)


def short(name):
    """A physical name without the stack's."""
    return name.removeprefix("snowgate-")


def allowed(role, action):
    """The resources on which a role's policies allow an action."""
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions, resources = statement["Action"], statement["Resource"]
            if action in (actions if isinstance(actions, list) else [actions]):
                yield from resources if isinstance(resources, list) else [resources]


@functools.cache
def rust(folder):
    """All Rust sources below a folder, without their tests at the end of a file."""
    sources = sorted((ROOT / folder).rglob("*.rs"))
    assert sources, f"no sources in {folder}"
    return "\n".join(
        source.read_text(encoding="utf-8").partition("\n#[cfg(test)]\nmod tests")[0]
        for source in sources
        if "tests" not in source.relative_to(ROOT).parts and source.name != "tests.rs"
    )


class Manual(unittest.TestCase):
    """docs/operating.md against the template."""

    PATH = "docs/operating.md"

    def test_parameters(self):
        said, group = {}, None
        for name, default, meaning in rows(section(self.PATH, "2. The hub")):
            if bold := re.fullmatch(r"\*\*(.*)\*\*", name):
                group = said.setdefault(bold[1], {})
            else:
                (parameter,) = names(name)
                self.assertTrue(meaning, parameter)
                group[parameter] = default
        declared = parsed("template.yaml")
        wanted = {}
        for entry in declared["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
            group = wanted.setdefault(entry["Label"]["default"], {})
            for name in entry["Parameters"]:
                default = declared["Parameters"][name].get("Default")
                group[name] = {None: "–", "": "empty"}.get(default, f"`{default}`")
        for name in SHORTENED:
            said["ServiceNow"][name] = wanted["ServiceNow"][name]
        self.assertEqual(json.dumps(said, indent=1), json.dumps(wanted, indent=1), "names, order or defaults differ")
        grouped = {name for group in wanted.values() for name in group}
        self.assertEqual(grouped, set(declared["Parameters"]))

    def test_reserved_concurrency(self):
        (meaning,) = (row[2] for row in rows(text(self.PATH)) if row[0] == "`ReserveConcurrency`")
        description = model().declared["ReserveConcurrency"]["Description"]
        said = re.search(r"reserves (\d+) .* needs (\d+)", meaning)
        wanted = re.search(r"(\d+) altogether.*needs (\d+)", description, re.S)
        self.assertEqual(said.groups(), wanted.groups())

    def test_every_alarm_has_its_paragraph(self):
        headings = re.findall(r"\n#### ([^\n]*)", text(self.PATH))
        listed = [name for line in headings for name in re.findall(r"`(\w+Alarm)`", line)]
        self.assertEqual(sorted(listed), sorted(model().of("CloudWatch::Alarm")))

    def test_alarms_of_dead_letters_say_after_how_many_receives(self):
        queues = model().of("SQS::Queue")
        receives = {
            target(queue["RedrivePolicy"]["deadLetterTargetArn"]): queue["RedrivePolicy"]["maxReceiveCount"]
            for queue in queues.values()
            if "RedrivePolicy" in queue
        }
        for name, alarm in model().of("CloudWatch::Alarm").items():
            if name.endswith("DeadLettersAlarm"):
                count = receives[target(dimensions(alarm)["QueueName"])]
                self.assertIn(f"{count} times", section(self.PATH, f"`{name}`"), name)

    def counted(self, pattern):
        """The number before some words; it stands once."""
        found = re.findall(rf"\b(\w+) {pattern}", text(self.PATH))
        self.assertEqual(len(found), 1, f"{pattern}: {found}")
        return WORDS[found[0]] if found[0] in WORDS else int(found[0])

    def test_counts(self):
        mappings = model().of("Lambda::EventSourceMapping")
        self.assertEqual(self.counted(r"alarms \|"), len(model().of("CloudWatch::Alarm")))
        self.assertEqual(self.counted(r"queues \(five pollers"), len(mappings))
        self.assertEqual(self.counted(r"KMS keys \("), len(model().of("KMS::Key")))
        self.assertEqual(self.counted(r"secrets \|"), len(model().of("SecretsManager::Secret")))
        self.assertEqual(self.counted(r"secrets without values"), len(model().of("SecretsManager::Secret")))
        self.assertEqual(self.counted(r"event source mappings"), len(mappings))
        restoring = section(self.PATH, "Restoring the tables")
        self.assertEqual({name for name in mappings if f"`{name}`" in restoring}, set(mappings))

    def test_metrics(self):
        emitted = json.loads(text("crates/shell/metrics.json"))
        said = {names(row[0])[0]: ["Stack", *names(row[1])] for row in rows(section(self.PATH, "Metrics"))}
        wanted = {name: metric["dimensions"] for name, metric in emitted["metrics"].items()}
        self.assertEqual(said, wanted)
        self.assertIn(f"Namespace `{emitted['namespace']}`", section(self.PATH, "Metrics"))

    def test_outputs_and_logged_messages_exist(self):
        outputs = set(parsed("template.yaml")["Outputs"])
        for output in re.findall(r"OutputKey=='(\w+)'|output `(\w+)`", text(self.PATH)):
            self.assertIn(output[0] or output[1], outputs)
        breaker = re.search(r"`ServiceNow failed (\d+) times in a row`", text(self.PATH))
        self.assertIn(f"OPENS_AFTER: u32 = {breaker[1]};", rust("crates/servicenow/src"))
        self.assertIn("ServiceNow failed {OPENS_AFTER} times in a row", rust("crates/servicenow/src"))


class Architecture(unittest.TestCase):
    """docs/architecture.md and docs/recovery.md against the template."""

    def mappings(self):
        """Queue and function of every event source mapping, by their names without the stack's."""
        functions, queues = model().of("Lambda::Function"), model().of("SQS::Queue")
        for mapping in model().of("Lambda::EventSourceMapping").values():
            queue = queues[target(mapping["EventSourceArn"])]
            function = functions[target(mapping["FunctionName"])]
            yield short(queue["QueueName"]).removesuffix(".fifo"), short(function["FunctionName"]), queue

    def test_what_wakes_each_function_and_whom_it_wakes(self):
        woken, wakes = {}, {}
        for function, by, _, whom, _ in rows(section("docs/architecture.md", "What each function may touch")):
            woken[function] = set(names(by))
            wakes[function] = set() if whom == "–" else set(whom.split(", "))
        consumers = {queue: function for queue, function, _ in self.mappings()}
        queues = model().of("SQS::Queue")
        for name, function in model().of("Lambda::Function").items():
            own = short(function["FunctionName"])
            self.assertEqual(woken.pop(own), {queue for queue, consumer in consumers.items() if consumer == own}, own)
            sent = {target(arn) for arn in allowed(model().of("IAM::Role")[f"{name}Role"], "sqs:SendMessage")}
            reached = {consumers[short(queues[queue]["QueueName"]).removesuffix(".fifo")] for queue in sent}
            self.assertEqual(wakes[own], reached, own)
        self.assertEqual(woken, {}, "no such function")

    def test_queues(self):
        said = {names(row[0])[0]: row[1:] for row in rows(section("docs/recovery.md", "Queues"))}
        for name, function, queue in self.mappings():
            kind, wakes, visibility, tries = said.pop(name)
            self.assertEqual(kind.split()[0].strip(","), "FIFO" if queue.get("FifoQueue") else "standard", name)
            self.assertEqual(wakes, function, name)
            self.assertEqual(visibility, f"{queue['VisibilityTimeout']} s", name)
            self.assertEqual(tries, str(queue["RedrivePolicy"]["maxReceiveCount"]), name)
        self.assertEqual(said, {}, "no such queue")

    def test_indexes(self):
        table = model().of("DynamoDB::Table")["RequestsTable"]
        said = {names(row[0])[0]: row for row in rows(section("docs/architecture.md", "Data")) if len(row) == 4}
        wanted = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
        self.assertEqual(set(said), set(wanted))
        for name, index in wanted.items():
            _, keys, _, projection = said[name]
            self.assertEqual(re.findall(r"`(\w+)`", keys), [key["AttributeName"] for key in index["KeySchema"]], name)
            self.assertEqual(names(projection), index["Projection"].get("NonKeyAttributes", []), name)


class Guardrails(unittest.TestCase):
    def keys(self):
        """The keys of guardrails.toml, as the code reads them."""
        structs = dict(re.findall(r"\nstruct (\w+) \{\n(.*?)\n\}", text("crates/core/src/guardrails/file.rs"), re.S))
        structs |= dict(re.findall(r"\npub\(super\) struct (\w+) \{\n(.*?)\n\}", text("crates/core/src/guardrails/items.rs"), re.S))
        for field, kind in re.findall(r"^    (\w+): (.*),$", structs["File"], re.M):
            inner = re.fullmatch(r"(?:Vec<)?(\w+?)>?", kind)
            below = structs.get(inner[1]) if inner else None
            if below is None:
                yield field
            else:
                yield from (f"{field}.{name}" for name in re.findall(r"^    (?:pub\(super\) )?(\w+): ", below, re.M))

    def test_every_key_is_explained(self):
        table = [row for row in rows(section("docs/operating.md", "1. Guardrails"))]
        said = [name for row in table for name in names(row[0])]
        self.assertEqual(sorted(said), sorted(self.keys()))


class AccessControl(unittest.TestCase):
    """The least that the integration users' ACLs must allow, against what the code asks for."""

    def test_every_table_and_field_is_listed(self):
        said = {}
        for _, table, fields in rows(section("docs/operating.md", "4. ServiceNow")):
            for name in names(table):
                said[name] = set(names(fields))
        code = rust("crates/servicenow/src")
        tables = set(re.findall(r'table: "(\w+)"', code)) | set(re.findall(r'Self::\w+ => "(\w+)"', code))
        self.assertEqual(set(said), {table for table in tables if "_" in table or table == "incident"})
        lists = dict(re.findall(r'const (\w+): &\[&str\] = &\[(.*?)\];', code, re.S))
        for table, fields in re.findall(r'table: "(\w+)".*?fields: (&\[.*?\]|\w+)', code, re.S):
            wanted = set(re.findall(r'"([\w.]+)"', lists.get(fields, fields))) - {"sys_id"}
            self.assertTrue(wanted, table)
            self.assertLessEqual(wanted, said[table] | {"account_id"}, table)
        tickets = re.search(r"fn opened_for.*?\n    \}", code, re.S)[0]
        for field in re.findall(r'"([\w.]+)"', tickets) + ["number", "active", "opened_by"]:
            self.assertTrue(any(field in said[table] for table in ("sc_req_item", "sc_task", "incident")), field)

    def test_the_emulator_allows_them(self):
        allowed = json.loads(text("dev/servicenow-emulator/seed/access.json"))
        listed = {name for row in rows(section("docs/operating.md", "4. ServiceNow")) for name in names(row[1])}
        reading, writing = allowed["snowgate_read"], allowed["snowgate_write"]
        self.assertLessEqual(listed - {"sys_journal_field"}, set(reading))
        self.assertIn("sys_journal_field", writing)


def documents():
    """Every Markdown file of the repository."""
    for path in sorted(ROOT.rglob("*.md")):
        if not SKIPPED & set(path.relative_to(ROOT).parts):
            yield path


def prose(path):
    """A document without its blocks of code."""
    return re.sub(r"^ *(```|~~~).*?^ *\1$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(path):
    """The fragments that GitHub makes of the headings."""
    seen = {}
    for heading in re.findall(r"^#+ (.*)$", prose(path), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        count = seen[slug] = seen.get(slug, -1) + 1
        yield f"{slug}-{count}" if count else slug


class Documents(unittest.TestCase):
    def test_links_lead_somewhere(self):
        broken = []
        for path in documents():
            for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
                file, _, fragment = link.partition("#")
                if re.match(r"[a-z]+:", link):
                    continue
                goal = (path.parent / file).resolve() if file else path
                if not goal.exists() or fragment and fragment not in anchors(goal):
                    broken.append(f"{path.relative_to(ROOT)}: {link}")
        self.assertEqual(broken, [])

    def test_tables_are_whole(self):
        for path in documents():
            for block in re.findall(r"(?:^\|.*\n)+", prose(path), re.M):
                lines = block.splitlines()
                with self.subTest(document=str(path.relative_to(ROOT)), table=lines[0]):
                    self.assertRegex(lines[1] if len(lines) > 1 else "", r"^\|[ :|-]+\|$", "split by a blank line?")
                    widths = {len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", line))) for line in lines}
                    self.assertEqual(len(widths), 1, "rows differ in their number of cells")

    def test_commands_exist(self):
        targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.M))
        commands = {
            re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
            for body in re.findall(r"enum Command \{(.*?)\n\}", rust("xtask/src"), re.S)
            for name in re.findall(r"^    ([A-Z]\w+)", body, re.M)
        }
        for path in documents():
            if path.name == "CHANGELOG.md" or "decisions" in path.parts:
                continue
            written = path.read_text(encoding="utf-8")
            code = "\n".join(re.findall(r"`([^`\n]+)`", written) + re.findall(r"```sh\n(.*?)```", written, re.S))
            with self.subTest(document=str(path.relative_to(ROOT))):
                self.assertLessEqual(set(re.findall(r"^make ([a-z]+)", code, re.M)), targets)
                self.assertLessEqual(set(re.findall(r"cargo xtask ([a-z][a-z-]+)", code)), commands)

    def test_paths_exist(self):
        folders = "crates|dev|docs|events|examples|local|templates|tests/src|tests/tests|xtask"
        for path in documents():
            if path.name == "CHANGELOG.md" or "decisions" in path.parts:
                continue
            for name in names(prose(path)):
                if re.fullmatch(rf"(?:{folders})/[\w./-]+", name):
                    with self.subTest(document=str(path.relative_to(ROOT)), path=name):
                        self.assertTrue((ROOT / name).exists())

    def test_decisions_are_listed(self):
        listed = {}
        for number, title in rows(text("docs/decisions/README.md")):
            listed[re.search(r"\((.*)\)", number)[1]] = title
        wanted = {}
        for path in (ROOT / "docs/decisions").glob("[0-9]*.md"):
            heading = path.read_text(encoding="utf-8").splitlines()[0]
            wanted[path.name] = re.fullmatch(r"# \d+[.:] (.*)", heading)[1]
        self.assertEqual(listed, wanted)

    def test_local_files_are_described(self):
        said = {name for row in rows(text("local/README.md")) for name in names(row[0])}
        there = {path.name for path in (ROOT / "local").iterdir() if path.is_file()}
        pinned = {name for name in there if name.endswith(".txt") and name.replace(".txt", ".in") in there}
        self.assertEqual(said, there - pinned - {"README.md"})

    def test_versions(self):
        (version,) = re.findall(r"ministack==([\d.]+)|ministack\[.*\]==([\d.]+)", text("local/ministack.in"))
        self.assertIn(f"MiniStack {version[0] or version[1]},", text("docs/local.md"))


if __name__ == "__main__":
    unittest.main()
