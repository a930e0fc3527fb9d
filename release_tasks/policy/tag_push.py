"""May this tag be pushed? The rules of C7 and R16 over facts that somebody else has looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.errors import ConfigError, GateRefused, ReleaseError
from release_tasks.formats.pre_push import PushedRef
from release_tasks.records.frozen_record import frozen
from release_tasks.records.version import Version, parse_version

_CALENDAR_TAG = re.compile(r".+_(?=[0-9]{4}\.[0-9]{2}\.[0-9]{2}_)")
_WORKSPACE_TAG = re.compile(r"[^@]+@(?=v)")


@frozen
class TaggedCommit:
    """What a tag leads to: whether it is an object of its own, and what release.toml says in its commit."""

    annotated: bool
    tag_name: str
    release_type: str


def tagged_version(tag: str) -> Version | None:
    """The version that a tag of the grammar names (`v1.2.3`, `<name>_2026.01.31_build1`, `<package>@v1.2.3`).

    None for any other tag.
    """
    calendar = _CALENDAR_TAG.match(tag)
    try:
        if calendar is not None:
            return parse_version(tag[calendar.end() :], "calendar")
        package = _WORKSPACE_TAG.match(tag)
        rest = tag[package.end() :] if package is not None else tag
        return parse_version(rest.removeprefix("v")) if rest.startswith("v") else None
    except ConfigError:
        return None


def refused_by_name(ref: PushedRef) -> ReleaseError | None:
    """What is wrong with a tag before anybody looks at its commit; None when nothing is."""
    tag = ref.tag or ""
    named = tagged_version(tag)
    if ref.local_id is None:
        return _deleted(tag) if named is not None else None
    if named is None:
        return GateRefused(
            f"tag {tag} names no release",
            wanted="v and a SemVer 2.0.0 version as v1.2.3, or <name>_YYYY.MM.DD_buildN",
            found=tag,
            hint="a tag of another kind is let through by --allow PATTERN",
        )
    if ref.remote_id is not None and ref.remote_id != ref.local_id:
        return GateRefused(
            f"tag {tag} would move on the remote",
            wanted=f"tag object {ref.remote_id}",
            found=f"tag object {ref.local_id}",
            hint="a release tag never moves: raise release.version in release.toml",
        )
    return None


def _deleted(tag: str) -> ReleaseError:
    return GateRefused(
        f"tag {tag} would be deleted on the remote",
        wanted="a release tag that stays",
        found="a deletion",
        hint="'doit yank' marks a release that nobody should use; nothing is deleted",
    )


def refused_by_commit(tag: str, commit: TaggedCommit) -> Iterator[ReleaseError]:
    """Everything that is wrong with a tag of the grammar and what it leads to."""
    if not commit.annotated:
        yield GateRefused(
            f"tag {tag} is lightweight",
            wanted="an annotated tag, whose message holds the root digest",
            found="a name for a commit",
            hint=f"git tag --delete {tag}, then 'doit tag'",
        )
    if commit.release_type == "experimental":
        yield GateRefused(
            f"tag {tag} names an experiment",
            wanted="a release of another type",
            found='type = "experimental" in the release.toml of its commit',
        )
    elif commit.tag_name != tag:
        yield GateRefused(
            f"tag {tag} is not the release of its commit",
            wanted=f"{commit.tag_name}, by the release.toml of that commit",
            found=tag,
        )
