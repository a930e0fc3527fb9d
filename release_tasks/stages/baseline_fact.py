"""Which release is the last one, and which baseline of it is committed: a fact that costs no git process."""

from __future__ import annotations

from pathlib import Path

from release_tasks.config.schema import Release
from release_tasks.records.baseline import baseline_path
from release_tasks.records.frozen_record import frozen
from release_tasks.records.version import previous_tag
from release_tasks.system.git import committed_blobs, tag_names, tags_unknown
from release_tasks.system.state import StateDatabase

_FIRST = "none"
_UNKNOWN = "unknown"
_UNCOMMITTED = "uncommitted"


@frozen
class LastRelease:
    """The tag of the release before this one, where its baseline is, and the blob that HEAD has of it."""

    tag: str
    path: str
    blob: str | None


def baseline_fact(root: Path, release: Release, memory: StateDatabase | None) -> str:
    """Tag, path and committed blob in one line; `none` for a first release, `unknown` without its tags.

    What HEAD has is looked up in `memory` when it was asked of this commit before.
    """
    tag = previous_tag(tag_names(root), release.version, release.name)
    if tag is None:
        return _UNKNOWN if tags_unknown(root) else _FIRST
    prefix = release.version.tag_name(release.name).removesuffix(release.version.text)
    path = baseline_path(tag.removeprefix(prefix))
    return f"{tag} {path} {committed_blobs(root, [path], memory).get(path, _UNCOMMITTED)}"


def read_fact(fact: str) -> tuple[LastRelease | None, bool]:
    """The last release, and whether this clone can know that."""
    if fact in {_FIRST, _UNKNOWN}:
        return None, fact == _FIRST
    tag, path, blob = fact.split(" ")
    return LastRelease(tag=tag, path=path, blob=None if blob == _UNCOMMITTED else blob), True
