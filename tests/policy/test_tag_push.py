from __future__ import annotations

import pytest

from release_tasks.formats.pre_push import PushedRef
from release_tasks.policy.tag_push import TaggedCommit, refused_by_commit, refused_by_name, tagged_version

A, B = "a" * 40, "b" * 40
SOUND = TaggedCommit(annotated=True, tag_name="v1.0.0", release_type="model")


def pushed(tag: str, *, local: str | None = A, remote: str | None = None) -> PushedRef:
    return PushedRef(
        local_ref=f"refs/tags/{tag}", local_id=local, remote_ref=f"refs/tags/{tag}", remote_id=remote
    )


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v1.2.3", "1.2.3"),
        ("v1.0.0-rc.1+gpu", "1.0.0-rc.1+gpu"),
        ("data_2026.01.31_build1", "2026.01.31_build1"),
        ("two_words_2026.01.31_hotfix2", "2026.01.31_hotfix2"),
        ("core@v1.2.3", "1.2.3"),
        ("1.2.3", None),
        ("v1.2", None),
        ("v01.2.3", None),
        ("vv1.2.3", None),
        ("data_2026.02.31_build1", None),
        ("_2026.01.31_build1", None),
        ("nightly", None),
        ("name#prod#1", None),
    ],
)
def test_grammar_of_tags(tag: str, version: str | None) -> None:
    """C7, R5: `v` and SemVer, or the other names that a release can have."""
    found = tagged_version(tag)
    assert (found and found.text) == version


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        (pushed("v1.0.0"), None),
        (pushed("v1.0.0", remote=A), None),
        (pushed("nightly", local=None, remote=A), None),
        (
            pushed("v1.0"),
            (
                "tag v1.0 names no release\n"
                "  wanted: v and a SemVer 2.0.0 version as v1.2.3, or <name>_YYYY.MM.DD_buildN\n"
                "  found:  v1.0\n"
                "  hint:   a tag of another kind is let through by --allow PATTERN"
            ),
        ),
        (
            pushed("v1.0.0", local=None, remote=A),
            (
                "tag v1.0.0 would be deleted on the remote\n"
                "  wanted: a release tag that stays\n"
                "  found:  a deletion\n"
                "  hint:   'doit yank' marks a release that nobody should use; nothing is deleted"
            ),
        ),
        (
            pushed("v1.0.0", remote=B),
            (
                "tag v1.0.0 would move on the remote\n"
                f"  wanted: tag object {B}\n"
                f"  found:  tag object {A}\n"
                "  hint:   a release tag never moves: raise release.version in release.toml"
            ),
        ),
    ],
)
def test_what_a_name_alone_refuses(ref: PushedRef, message: str | None) -> None:
    """C7, R16."""
    refused = refused_by_name(ref)
    assert (None if refused is None else str(refused)) == message


@pytest.mark.parametrize(
    ("tag", "commit", "messages"),
    [
        ("v1.0.0", SOUND, []),
        (
            "v1.0.0",
            TaggedCommit(annotated=False, tag_name="v1.0.0", release_type="model"),
            [
                (
                    "tag v1.0.0 is lightweight\n"
                    "  wanted: an annotated tag, whose message holds the root digest\n"
                    "  found:  a name for a commit\n"
                    "  hint:   git tag --delete v1.0.0, then 'doit tag'"
                )
            ],
        ),
        (
            "v2.0.0",
            SOUND,
            [
                (
                    "tag v2.0.0 is not the release of its commit\n"
                    "  wanted: v1.0.0, by the release.toml of that commit\n"
                    "  found:  v2.0.0"
                )
            ],
        ),
        (
            "v1.0.0",
            TaggedCommit(annotated=True, tag_name="v1.0.0", release_type="experimental"),
            [
                (
                    "tag v1.0.0 names an experiment\n"
                    "  wanted: a release of another type\n"
                    '  found:  type = "experimental" in the release.toml of its commit'
                )
            ],
        ),
    ],
)
def test_what_its_commit_refuses(tag: str, commit: TaggedCommit, messages: list[str]) -> None:
    """C7, R16, R24."""
    assert [str(problem) for problem in refused_by_commit(tag, commit)] == messages
