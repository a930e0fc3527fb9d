"""Which commits a changelog tells of, and what is wrong with how they say it (R17)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from release_tasks.formats.conventional_commit import CommitMessage, parse_commit_message
from release_tasks.policy.vague_entry import vagueness
from release_tasks.records.change_entry import ChangeEntry
from release_tasks.records.json_value import JSON, JSONObject

# Types that users notice; all others (docs, test, chore, ci, build, style, refactor …) stay out.
TOLD = ("feat", "fix", "perf", "revert")
UNCONVENTIONAL = "not conventional"
_DIGITS = 12  # of a commit that is named: enough to find it, and no scanner takes it for a key
_WIDEST = 500  # characters of a subject and of a text


def commit_row(commit: str, *, parents: int, message: str, reworded: str | None) -> JSONObject:
    """The row of one commit in evidence; `reworded` is the message that it should have had."""
    original = parse_commit_message(message)
    said = original if reworded is None else parse_commit_message(reworded)
    row: JSONObject = {
        "commit": commit,
        "parents": parents,
        "subject": _cut(original.subject),
        "type": None if said.type is None else _cut(said.type),
        "scope": None if said.scope is None else _cut(said.scope),
        "description": _cut(said.description),
        "breaking_text": None if said.breaking_text is None else _cut(said.breaking_text),
        "reverts": list[JSON](_named(original, said)),
        "reworded": reworded,
    }
    return {**row, "problems": list[JSON](problems_of(row))}


def _named(original: CommitMessage, said: CommitMessage) -> tuple[str, ...]:
    found = (said.reverts or original.reverts) if said.type == "revert" else ()
    return tuple(name[:_DIGITS] for name in found)


def _cut(text: str) -> str:
    """One printable line of a bounded length."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= _WIDEST else f"{line[:_WIDEST]}…"


def problems_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with how a commit says what it does: nothing for merges, which bring others in."""
    if row["parents"] > 1:
        return ()
    found = [] if row["type"] is not None else [UNCONVENTIONAL]
    told = row["type"] is None or row["type"] in TOLD or row["breaking_text"] is not None
    why = vagueness(row["description"]) if told else None
    return (*found, *([f"vague: {why}"] if why is not None else []))


def entries_of(rows: Iterable[Mapping[str, Any]]) -> tuple[ChangeEntry, ...]:
    """The commits that users should know of, newest first as they are given.

    A commit of the same range that takes another one back is left out together with it.
    """
    commits = list(rows)
    gone = taken_back(commits)
    return tuple(
        ChangeEntry(
            commit=row["commit"],
            type=row["type"],
            scope=row["scope"],
            description=row["description"],
            breaking_text=row["breaking_text"],
        )
        for row in commits
        if row["parents"] < 2 and row["commit"] not in gone
        if row["type"] in TOLD or row["breaking_text"] is not None
    )


def taken_back(rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The commits that a later one of the range takes back, and those that take back; newest come first.

    A commit that is itself taken back takes nothing back.
    """
    ids = [row["commit"] for row in rows]
    gone: set[str] = set()
    for row in rows:
        if row["commit"] in gone:
            continue
        here = set(_within(row["reverts"], ids))
        if row["reverts"] and here and all(any(_within([name], ids)) for name in row["reverts"]):
            gone |= {row["commit"], *here}
    return frozenset(gone)


def _within(names: Iterable[str], ids: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from (commit for commit in ids if commit.startswith(name))
