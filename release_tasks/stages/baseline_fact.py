"""Which release is the last one, and which baseline of it is committed: a fact that costs no git process."""

from __future__ import annotations

from pathlib import Path

from release_tasks.config.schema import Release
from release_tasks.records.baseline import baseline_path
from release_tasks.records.frozen_record import frozen
from release_tasks.records.version import previous_tag
from release_tasks.system.git import committed_blobs, head_id, tag_id, tag_names, tags_unknown
from release_tasks.system.state import StateDatabase

_FIRST = "none"
_UNKNOWN = "unknown"
_UNCOMMITTED = "uncommitted"


@frozen
class LastRelease:
    """Tag and version of the release before this one, where its baseline is, and the blob HEAD has of it."""

    tag: str
    version: str
    path: str
    blob: str | None


def baseline_fact(root: Path, release: Release, memory: StateDatabase | None) -> str:
    """Tag, its id, version and committed blob in one line; `none` for a first release, else `unknown`.

    What HEAD has is looked up in `memory` when it was asked of this commit before.
    """
    tag = previous_tag(tag_names(root), release.version, release.name)
    if tag is None:
        return _UNKNOWN if tags_unknown(root) else _FIRST
    prefix = release.version.tag_name(release.name).removesuffix(release.version.text)
    found = tag.removeprefix(prefix)
    path = baseline_path(found)
    return (
        f"{tag} {tag_id(root, tag)} {found} {committed_blobs(root, [path], memory).get(path, _UNCOMMITTED)}"
    )


def history_fact(root: Path, release: Release) -> str:
    """HEAD and the last release's tag in one line: git is asked for the log only when one of them moved."""
    tag = previous_tag(tag_names(root), release.version, release.name)
    last = "unknown" if tags_unknown(root) else "none" if tag is None else f"{tag} {tag_id(root, tag)}"
    return f"{head_id(root)} {last}"


def read_fact(fact: str) -> tuple[LastRelease | None, bool]:
    """The last release, and whether this clone can know that."""
    if fact in {_FIRST, _UNKNOWN}:
        return None, fact == _FIRST
    tag, _, version, blob = fact.split(" ")
    committed = None if blob == _UNCOMMITTED else blob
    return LastRelease(tag=tag, version=version, path=baseline_path(version), blob=committed), True
