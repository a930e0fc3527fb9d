"""Is a version sealed: by its tag, or by a receipt of publication."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.records.frozen_record import frozen
from release_tasks.system.git import tag_commit, tag_message, tags_unknown

RECEIPTS = "receipts"


@frozen
class Seal:
    """What makes a version final: the tag's commit and, where its message has one, its `exact_root`."""

    name: str
    commit: str | None
    exact_root: str | None


def read_seal(root: Path, tag: str, attestations: Path) -> Seal | None:
    """Look for the tag `tag` and for receipts beside the release; None while the version is a candidate."""
    commit = tag_commit(root, tag)
    if commit is not None:
        return Seal(name=tag, commit=commit, exact_root=_line(tag_message(root, tag), "exact_root:"))
    receipts = attestations / RECEIPTS
    if receipts.is_dir() and any(receipts.iterdir()):
        return Seal(name=f"{RECEIPTS} in {attestations.name}", commit=None, exact_root=None)
    return None


def is_sealed(root: Path, tag: str, attestations: Path) -> bool:
    """Tell whether a version may not be changed any more."""
    return read_seal(root, tag, attestations) is not None


def seal_unknown(root: Path, tag: str) -> bool:
    """Tell whether this clone cannot know: it may lack the very tag that seals the version."""
    return tag_commit(root, tag) is None and tags_unknown(root)


def seal_in_doubt(root: Path, tag: str) -> bool:
    """Tell whether a release must not be replaced: under CI, in a clone that may lack the tag that seals it.

    A person who replaces a release that was sealed elsewhere sees it; an unattended job does not (design §4).
    """
    attended = os.environ.get("CI", "").casefold() in {"", "0", "false"}
    return not attended and seal_unknown(root, tag)


def _line(message: str, key: str) -> str | None:
    for line in message.splitlines():
        if line.startswith(key):
            return line.removeprefix(key).strip()
    return None
