"""Is a version sealed: by its tag, or by a receipt of publication."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.receipt import RECEIPTS
from release_tasks.system.git import tag_commit, tag_message, tags_unknown
from release_tasks.system.receipts import read_receipts, receipt_files


@frozen
class Seal:
    """What makes a version final: the tag's commit, None of a receipt, and the `exact_root` that it names.

    `exact_root` is None where a tag of another hand names none, where receipts cannot be read, and where
    they contradict each other.
    """

    name: str
    commit: str | None
    exact_root: str | None


def read_seal(root: Path, tag: str, attestations: Path) -> Seal | None:
    """Look for the tag `tag` and for receipts beside the release; None while the version is a candidate.

    A receipt that cannot be read, or speaks of another release, seals as well: something was published under
    this version. Raises EnvironmentRefused when git cannot tell.
    """
    commit = tag_commit(root, tag)
    if commit is not None:
        return Seal(name=tag, commit=commit, exact_root=_line(tag_message(root, tag), "exact_root:"))
    if receipt_files(attestations):
        name = f"{RECEIPTS} in {attestations.name}"
        return Seal(name=name, commit=None, exact_root=_published_root(attestations))
    return None


def _published_root(attestations: Path) -> str | None:
    try:
        found = {str(receipt.exact_root) for receipt in read_receipts(attestations)}
    except ReleaseError:
        return None
    return found.pop() if len(found) == 1 else None


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
