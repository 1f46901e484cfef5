"""Documents and sources as tests compare them: sections, rows of tables, what is written as code."""

import functools
import re

from template_model import ROOT


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
