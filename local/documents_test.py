"""What documents repeat of code and template, and what holds them together: tables, codes, links, commands."""

import json
import re
import unittest

from document_model import names, rows, rust, section, text
from template_model import ROOT
from template_settings import model, target

WORDS = {"six": 6, "seven": 7, "eight": 8, "nine": 9}
SKIPPED = {".aws-sam", ".git", ".local", ".tools", "node_modules", "target"}


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


class Codes(unittest.TestCase):
    """The codes in docs/api.md against docs/openapi.json, which the code is compared with."""

    def test_all_are_listed_and_no_other(self):
        schemas = json.loads(text("docs/openapi.json"))["components"]["schemas"]
        api = text("docs/api.md")
        said = {
            "ErrorCode": re.search(r"Codes of `errors`: (.*?)\.", api, re.S)[1],
            "FindingCode": re.search(r"that refuse here: (.*?)\n\n", api, re.S)[1],
            "RefusalCode": re.search(r"- `Refused`: (.*?); with", api, re.S)[1],
            "FailureCode": re.search(r"- `Failed`: (.*?)\n-", api, re.S)[1],
        }
        for schema, listed in said.items():
            self.assertEqual(sorted(names(listed)), sorted(schemas[schema]["enum"]), schema)
        finding = re.search(r'"code": "(\w+)"', section("docs/operating.md", "What the reference policy proves"))[1]
        self.assertIn(finding, schemas["FindingCode"]["enum"])


class Grants(unittest.TestCase):
    """The kinds of grants in documents, against the table in the code."""

    def test_every_kind_is_documented_and_no_other(self):
        kinds = sorted(re.findall(r'wire: "(\w+)"', text("crates/core/src/kind.rs")))
        schemas = json.loads(text("docs/openapi.json"))["components"]["schemas"]
        described = [schemas[one["$ref"].rpartition("/")[2]] for one in schemas["Grant"]["oneOf"]]
        listed = re.search(r"^\| `grants` \|.*?: (.*) \|$", text("docs/api.md"), re.M)[1]
        in_iam = re.search(r"^\| grant \| in IAM \|\n(?:\|.*\n)+", text("README.md"), re.M)[0]
        said = {
            "docs/openapi.json": [schema["properties"]["type"]["const"] for schema in described],
            "docs/api.md": names(listed),
            "README.md": [kind for cells in rows(in_iam) for kind in names(cells[0])],
            "docs/approvals.md": [
                kind for cells in rows(section("docs/approvals.md", "What is granted")) for kind in names(cells[0])
            ],
        }
        for document, of_document in said.items():
            self.assertEqual(sorted(of_document), kinds, document)


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


def subcommands(folder):
    """What a command line of ours can do."""
    (body,) = re.findall(r"enum Command \{(.*?)\n\}", rust(folder), re.S)
    return {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in re.findall(r"^    ([A-Z]\w+)", body, re.M)}


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
        tools = {"cargo xtask": subcommands("xtask/src"), "snowgate": subcommands("crates/snowgate/src")}
        for path in documents():
            if path.name == "CHANGELOG.md" or "decisions" in path.parts:
                continue
            written = path.read_text(encoding="utf-8")
            code = "\n".join(re.findall(r"`([^`\n]+)`", written) + re.findall(r"```sh\n(.*?)```", written, re.S))
            with self.subTest(document=str(path.relative_to(ROOT))):
                self.assertLessEqual(set(re.findall(r"^make ([a-z]+)", code, re.M)), targets)
                for tool, commands in tools.items():
                    used = set(re.findall(rf"(?:^|[^\w/-]){tool} ([a-z][a-z-]*[a-z])(?=[\s)]|$)", code, re.M))
                    self.assertLessEqual(used, commands, tool)

    def test_paths_exist(self):
        folders = "crates|dev|docs|events|examples|local|templates|tests/src|tests/tests|xtask"
        missing = []
        for path in documents():
            if path.name != "CHANGELOG.md" and "decisions" not in path.parts:
                for name in names(prose(path)):
                    if re.fullmatch(rf"(?:{folders})/[\w./-]+", name) and not (ROOT / name).exists():
                        missing.append(f"{path.relative_to(ROOT)}: {name}")
        self.assertEqual(missing, [])

    def test_transitions(self):
        # The snapshot is what the test beside the transition function holds against it.
        snapshot = text("crates/core/src/snapshots/snowgate_core__lifecycle__tests__the_whole_table.snap")
        there = [line.split() for line in snapshot.split("---\n")[2].strip().splitlines()]
        said = [row[:3] for row in rows(section("docs/architecture.md", "Life of a request")) if len(row) == 4]
        self.assertEqual(said, there)

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

    def test_what_the_readme_and_the_local_stack_count(self):
        functions = re.findall(r"(\w+) small\s+Rust Lambdas", text("README.md"))
        self.assertEqual([WORDS[word] for word in functions], [len(model().of("Lambda::Function"))])
        accounts = re.findall(r"in (\w+) local accounts", text("docs/local.md"))
        members = json.loads(text("local/organisation.json"))["member_accounts"]
        self.assertEqual([WORDS[word] for word in accounts], [len(members)])
        times = [re.search(r"\d+ min \d+ s", text(path))[0] for path in ("README.md", "docs/local.md")]
        self.assertEqual(times[0], times[1], "the first build takes as long in both")

    def test_versions(self):
        (version,) = re.findall(r"ministack==([\d.]+)|ministack\[.*\]==([\d.]+)", text("local/ministack.in"))
        self.assertIn(f"MiniStack {version[0] or version[1]},", text("docs/local.md"))


if __name__ == "__main__":
    unittest.main()
