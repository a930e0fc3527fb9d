"""`check-tag`: what git is about to push, judged before it leaves (C7): release tags are what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from release_tasks.config.load import parse_release_text
from release_tasks.errors import GateRefused, ReleaseError
from release_tasks.formats.pre_push import PushedRef
from release_tasks.policy.tag_push import TaggedCommit, refused_by_commit, refused_by_name, tagged_version
from release_tasks.system.git import file_of, find_commit, object_type
from release_tasks.verbs.check_version import static_versions


def check_push(
    refs: Sequence[PushedRef],
    *,
    root: Path,
    config: str,
    files: Sequence[str],
    allowed: Sequence[str],
    environ: Mapping[str, str],
) -> tuple[ReleaseError, ...]:
    """Everything that is wrong with the tags of a push to any remote; branches are nobody's business here.

    `config` and `files` are paths from `root`, read in the commit that a tag leads to, never from the disk;
    a tag that matches a pattern of `allowed` is of another kind and passes.
    """
    return tuple(
        problem
        for ref in sorted(refs, key=lambda ref: ref.remote_ref)
        if ref.tag is not None and not any(fnmatchcase(ref.tag, pattern) for pattern in allowed)
        for problem in _problems(ref, root=root, config=config, files=files, environ=environ)
    )


def _problems(
    ref: PushedRef, *, root: Path, config: str, files: Sequence[str], environ: Mapping[str, str]
) -> Iterator[ReleaseError]:
    tag, refused = ref.tag or "", refused_by_name(ref)
    if refused is not None:
        yield refused
    if refused is not None or ref.local_id is None:
        return
    commit = find_commit(root, ref.local_id)
    text = None if commit is None else file_of(root, commit, config)
    if commit is None or text is None:
        yield GateRefused(
            f"tag {tag} leads to no release",
            wanted=f"a commit with {config}",
            found="something that is no commit" if commit is None else f"commit {commit[:16]} without it",
        )
        return
    try:
        release = parse_release_text(
            text.decode("utf-8", "replace"), file=root / config, environ=environ, root=root
        )
        yield from refused_by_commit(
            tag,
            TaggedCommit(
                annotated=object_type(root, ref.local_id) == "tag",
                tag_name=release.version.tag_name(release.name),
                release_type=release.type,
            ),
        )
        version = tagged_version(tag)
        if version is not None:
            found = static_versions(
                lambda name: file_of(root, commit, name), files, version.text, whose=f"tag {tag}"
            )
            yield from found.problems
    except ReleaseError as error:
        yield GateRefused(
            f"what tag {tag} leads to cannot be judged", found=str(error), where=f"commit {commit}"
        )
