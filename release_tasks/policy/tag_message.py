"""The message of a release's tag: what it binds first, then the changelog; and the parts read back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.formats.markdown import printable
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen

_FIELD = re.compile(r"([a-z_]+): (.*)")
_ROOT_LINE = re.compile(r"^root: (\S*)[ \t]*\r?$", re.MULTILINE)
_UNTRUE = re.compile(r"[A-Za-z_]+:|-----BEGIN")  # a changelog line that would read as a field or a signature


@frozen
class TagFacts:
    """What a tag binds; `level` is None when no step was rebuilt up to any level."""

    name: str
    version: str
    root: Digest
    exact_root: Digest
    model_hash: str | None
    commit: str
    verdict: str
    level: int | None


def compose_message(facts: TagFacts, changelog: str) -> str:
    """Write the message; `changelog` is that of this version, or empty.

    A line of the changelog that looks like a field or like the begin of a signature is indented: nobody who
    writes a commit message can put a second root into the tag.
    """
    lines = [f"{facts.name} {facts.version}", "", f"root: {facts.root}", f"exact_root: {facts.exact_root}"]
    lines += [f"model: {facts.model_hash}"] if facts.model_hash is not None else []
    level = "none" if facts.level is None else str(facts.level)
    lines += [f"commit: {facts.commit}", f"verdict: {facts.verdict}", f"level: {level} (a claim)"]
    entries = list(_harmless(changelog))
    return "\n".join([*lines, "", *entries] if entries else lines) + "\n"


def _harmless(changelog: str) -> Iterator[str]:
    for line in changelog.strip().splitlines():
        text = printable(line.rstrip())
        yield f"  {text}" if _UNTRUE.match(text) else text


def message_fields(message: str) -> dict[str, str]:
    """The fields in the paragraph after the title, as `compose_message` writes them; the first counts."""
    fields: dict[str, str] = {}
    for paragraph in message.split("\n\n")[1:2]:
        for line in paragraph.splitlines():
            match = _FIELD.fullmatch(line.rstrip())
            if match is not None:
                fields.setdefault(match[1], match[2])
    return fields


def stated_roots(message: str) -> frozenset[str]:
    """Every root that any line of a message names; a tag that names two is no anchor of either."""
    return frozenset(_ROOT_LINE.findall(message))


def binds(message: str, *, root: Digest | None, exact_root: Digest | None) -> bool:
    """Whether the message of a tag is of this very release, and of no other one besides."""
    fields = message_fields(message)
    stated = (fields.get("root"), fields.get("exact_root"))
    return stated == (str(root), str(exact_root)) and stated_roots(message) == {str(root)}


def version_section(changelog: str, version: str) -> str:
    """The part of a CHANGELOG.md about one version: below its heading, up to the next of the same depth.

    Without such a heading the file speaks of this version alone: then it is everything below the title.
    """
    lines = changelog.splitlines()
    heading = re.compile(rf"(#+) .*(?<![\w.]){re.escape(version)}(?![\w.+-])")
    for number, line in enumerate(lines):
        match = heading.match(line)
        if match is not None:
            depth = len(match[1])
            rest = lines[number + 1 :]
            end = next((at for at, text in enumerate(rest) if re.match(rf"#{{1,{depth}}} ", text)), len(rest))
            return "\n".join(rest[:end]).strip()
    return "\n".join(line for line in lines if not line.startswith("# ")).strip()
