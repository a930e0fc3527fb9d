"""Which words of a changelog say nothing: "misc", "various fixes", one word alone (R17)."""

from __future__ import annotations

import re

# A description that has no other word than these names no change.
EMPTY_WORDS = frozenset(
    {
        "a", "all", "also", "an", "and", "another", "at", "bug", "bugfix", "bugfixes", "bugs", "change",
        "changed", "changes", "clean", "cleaned", "cleanup", "cleanups", "code", "commit", "edit",
        "edits", "etc", "few", "file", "files", "final", "fix", "fixed", "fixes", "fixing", "fixup",
        "for", "general", "hotfix", "hotfixes", "i", "improve", "improved", "improvement",
        "improvements", "improves", "in", "initial", "is", "issue", "issues", "it", "latest", "little",
        "maintenance", "minor", "misc", "miscellaneous", "modification", "modifications", "modified",
        "modify", "more", "my", "new", "now", "of", "on", "other", "patch", "polish", "problem",
        "problems", "progress", "quick", "random", "refactor", "refactoring", "release", "several",
        "small", "some", "stuff", "temp", "temporary", "test", "that", "the", "thing", "things", "this",
        "tmp", "to", "todo", "tweak", "tweaked", "tweaks", "up", "update", "updated", "updates",
        "updating", "various", "version", "wip", "with", "work",
    }
)  # fmt: skip
_REFERENCE = re.compile(r"\(?(?:#|[A-Z][A-Z0-9]+-)[0-9]+\)?")  # (#12), ABC-7: where, not what
_EDGE = re.compile(r"^\W+|\W+$")
_FIRST_WITHOUT_SPACES = 0x2E80  # from here on scripts write words without spaces between them


def vagueness(description: str) -> str | None:
    """Why a description says nothing, None for one that does; references to issues do not count as words."""
    words = [_EDGE.sub("", word) for word in _REFERENCE.sub(" ", description).split()]
    words = [word for word in words if word]
    if not words:
        return "no word"
    if all(word.casefold() in EMPTY_WORDS for word in words):
        return "words that name no change"
    if len(words) == 1 and all(ord(char) < _FIRST_WITHOUT_SPACES for char in words[0]):
        return "one word"
    return None
