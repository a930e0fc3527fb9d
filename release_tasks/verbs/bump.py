"""`bump`: the next version into release.toml, and the baseline of the last release beside it (R12, B4).

Nothing is committed: what was written is for the person to look at.
"""

from __future__ import annotations

import datetime as dt
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from release_tasks.config.parse import parse_release
from release_tasks.config.schema import Release
from release_tasks.errors import ConfigError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.bump_choice import Choice, choose_version
from release_tasks.policy.version_advice import Promise, Reason, corrected, reasons_of
from release_tasks.policy.version_text import mentions, occurrences, replace_version, replaced_once
from release_tasks.records.baseline import Baseline, baseline_path
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lock import LOCK
from release_tasks.records.model_contract import DatasetContract, ModelContract
from release_tasks.records.verdict import Mode
from release_tasks.records.version import Version, previous_tag, release_tags
from release_tasks.stages.changes_action import commit_entries, current_contract, declared_metrics, metrics_of
from release_tasks.stages.dataset_digest import dataset_digest
from release_tasks.stages.plan import RELEASES, make_plan
from release_tasks.stages.workspace import MissingInputError, Workspace
from release_tasks.system.disk import remove_unfinished, rewrite_atomic
from release_tasks.system.git import tag_message, tag_names, tags_unknown
from release_tasks.system.seal import read_seal
from release_tasks.system.storage import storage_errors
from release_tasks.verbs.released_baseline import read_baseline, released_baseline

_NO_ARTIFACTS = "the artifacts are not all there, so commits alone were judged: 'doit release' makes them"
_NO_CONTRACT = "the last release left no contract, so commits alone were judged"


@frozen
class Bump:
    """What `bump` does or would do: files as they shall be, by path, in the order in which they are written.

    `last` is the tag of the last release. `elsewhere` are lines of release.toml that still name the old
    version, with their numbers; `notes` what the advice could not look at.
    """

    old: Version
    choice: Choice
    last: str | None
    reasons: tuple[Reason, ...]
    files: tuple[tuple[str, bytes], ...]
    elsewhere: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]

    def to_json(self) -> JSONObject:
        """Write what was done as the one object that `--json` prints."""
        return {
            "old": self.old.text,
            "new": self.choice.version.text,
            "part": self.choice.part,
            "demanded": None if self.choice.demanded is None else self.choice.demanded.text,
            "last": self.last,
            "reasons": [
                {"level": reason.level, "subject": reason.subject, "text": reason.text}
                for reason in self.reasons
            ],
            "files": list[JSON](path for path, _ in self.files),
            "elsewhere": [{"line": number, "text": text} for number, text in self.elsewhere],
            "notes": list[JSON](self.notes),
        }


def plan_bump(release: Release, wish: str, *, today: dt.date) -> Bump:
    """Find the next version and every file that carries it; nothing is written.

    `wish` is major, minor, patch, auto or a version. Raises ConfigError for a wish that cannot be had and for
    files that do not hold the version, IntegrityError when the last release is not what its tag seals.
    """
    _refuse_override(release)
    root, current = release.root, release.version
    if tags_unknown(root):
        raise ConfigError(
            "this clone may lack release tags, so nobody knows the last release",
            wanted="a clone with its tags and history",
            found="a shallow clone, or one without tags",
            where=str(root),
            hint="git fetch --unshallow --tags",
        )
    tags = dict(release_tags(tag_names(root), current, release.name))
    last = _last_tag(tags, release)
    notes: list[str] = []
    baseline = None if last is None else _baseline(release, last, tags[last], notes)
    reasons = () if last is None else _reasons(release, last, baseline, notes)
    choice = choose_version(
        wish,
        current=current,
        last=None if last is None else tags[last],
        taken=[version.text for version in tags.values()],
        reasons=reasons,
        rules=release.versioning,
        today=today,
    )
    files, elsewhere = _edits(release, choice.version)
    if baseline is not None:
        path, data = baseline_path(baseline.version), dump_canonical(baseline.to_json())
        if _bytes(root / path) != data:
            files = ((path, data), *files)
    return Bump(
        old=current,
        choice=choice,
        last=last,
        reasons=reasons,
        files=files,
        elsewhere=elsewhere,
        notes=tuple(notes),
    )


def write_bump(bump: Bump, root: Path) -> None:
    """Write every file, release.toml last; when one cannot be written, those before it are as they were.

    The caller holds the lock of the project: what a killed run has left is removed. Raises StorageError when
    the system refuses.
    """
    for path, _ in bump.files:
        remove_unfinished((root / path).parent, (root / path).name)
    before = [(path, _bytes(root / path)) for path, _ in bump.files]
    done = 0
    try:
        for path, data in bump.files:
            with storage_errors(root / path):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
            rewrite_atomic(root / path, data)
            done += 1
    except BaseException:
        for path, old in before[:done]:
            if old is None:
                (root / path).unlink()
            else:
                rewrite_atomic(root / path, old)
        raise


def _refuse_override(release: Release) -> None:
    override = dict(release.overrides).get("RELEASE_VERSION")
    if override is not None:
        raise ConfigError(
            "RELEASE_VERSION is in force, so release.toml is not what says the version",
            wanted="no such variable",
            found=override,
            where="environment variable RELEASE_VERSION",
            hint="unset it",
        )


def _last_tag(tags: Mapping[str, Version], release: Release) -> str | None:
    """The tag of the version in release.toml once that is released, else of the release before it."""
    own = release.version.tag_name(release.name)
    if own in tags and not release.version.prerelease:
        return own
    found = previous_tag(tags, release.version, release.name)
    return own if own in tags and (found is None or tags[found].prerelease) else found


def _baseline(release: Release, tag: str, version: Version, notes: list[str]) -> Baseline | None:
    """The baseline of a sealed release: from its directory, else the one that is there already."""
    folder = release.root / RELEASES / version.text
    seal = read_seal(release.root, tag, folder.with_name(f"{version.text}.attestations"))
    if seal is None or seal.exact_root is None or "root:" not in tag_message(release.root, tag):
        notes.append(f"{tag} is no seal of release_tasks: no baseline is written of it")
        return None
    if folder.is_dir():
        return released_baseline(folder, tag=tag, root=release.root)
    path = baseline_path(version.text)
    found = read_baseline(release.root / path, version=version.text, where=path)
    if found is None:
        raise ConfigError(
            f"neither the release {version} nor its baseline is here",
            wanted=f"the sealed release in {RELEASES}/{version}, or {path}",
            found="neither",
            where=str(release.root),
            hint="get the release from where it was published, or the baseline from whoever released it",
        )
    return found


def _reasons(release: Release, last: str, baseline: Baseline | None, notes: list[str]) -> tuple[Reason, ...]:
    entries = commit_entries(release, last=last)
    before = None if baseline is None else baseline.contract
    after = _current(release) if before is not None else None
    if baseline is None or before is None or after is None:
        notes.append(_NO_CONTRACT if before is None else _NO_ARTIFACTS)
        nothing = Promise(contract=ModelContract(), metrics=())
        return reasons_of(nothing, nothing, entries, release.versioning)
    if release.type != "dataset":  # its data have the version that is being raised
        notes += _versions_to_raise(before, after)
    reasons = reasons_of(
        Promise(contract=before, metrics=metrics_of(baseline)),
        Promise(contract=after, metrics=declared_metrics(release)),
        entries,
        release.versioning,
    )
    return corrected(reasons) if release.type == "patch" else reasons


def _versions_to_raise(before: ModelContract, after: ModelContract) -> Iterator[str]:
    """What has other bytes under its old version, which `doit freeze` refuses."""
    old, new = before.dataset, after.dataset
    if old and new and old.version == new.version and old.digest != new.digest:
        yield f"the data changed, and dataset.version is still {new.version}: raise it too"


def _current(release: Release) -> ModelContract | None:
    """The contract of the artifacts as they are on disk, None when one is not there."""
    workspace = Workspace(release)
    try:
        found = current_contract(make_plan(release, Mode(), None), workspace, None)
        if release.dataset is None:
            return found
        digest = str(dataset_digest(release.dataset, workspace))
    except MissingInputError:
        return None
    dataset = DatasetContract(version=release.dataset.version, digest=digest, records=None, size=0)
    return replace(found, dataset=dataset)


def _edits(
    release: Release, new: Version
) -> tuple[tuple[tuple[str, bytes], ...], tuple[tuple[int, str], ...]]:
    """The files that carry the version, as they shall be, and the lines of release.toml that stay."""
    name, old = release.file.name, release.version.text
    files = [
        _replaced(release.root, path, old, new.text) for path in release.versioning.files if path != name
    ]
    text = release.file.read_bytes().decode("utf-8")
    tables = ("release", "dataset") if release.type == "dataset" else ("release",)
    changed = text
    for table in tables if old != new.text else ():
        changed = _with_version(changed, old, new.text, table=table, where=name)
    if name in release.versioning.files:
        changed = replace_version(changed, old, new.text)[0]
    _check(changed, release)
    edits = [(path, data) for path, data in files if _bytes(release.root / path) != data]
    relative = release.file.relative_to(release.root).as_posix()
    if changed != text:
        edits.append((relative, changed.encode("utf-8")))
    elsewhere = () if old == new.text else tuple(mentions(changed, old))
    return tuple(edits), elsewhere


def _with_version(text: str, old: str, new: str, *, table: str = "release", where: str) -> str:
    """release.toml with another version in a table and not one other character.

    Raises ConfigError where the version is spelt oddly.
    """
    document = tomllib.loads(text)
    wanted = {**document, table: {**document[table], "version": new}}
    for changed in replaced_once(text, old, new):
        try:
            if tomllib.loads(changed) == wanted:
                return changed
        except tomllib.TOMLDecodeError:
            continue
    raise ConfigError(
        "the version cannot be replaced where it stands",
        wanted=f"{table}.version, written as {old}",
        found="other characters that mean the same",
        where=where,
        hint=f'write version = "{old}"',
    )


def _replaced(root: Path, path: str, old: str, new: str) -> tuple[str, bytes]:
    data = _bytes(root / path)
    try:
        text = None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise ConfigError(
            "a file of versioning.files cannot be read as text",
            wanted="a file in UTF-8",
            found="no such file" if data is None else "other bytes",
            where=path,
        )
    changed, count = replace_version(text, old, new)
    if not count and not any(occurrences(text, new)):
        raise ConfigError(
            "a file of versioning.files does not hold the version",
            wanted=f"{old}, to be replaced",
            found="no such text",
            where=path,
            hint="correct the file, or remove it from versioning.files",
        )
    return path, changed.encode("utf-8")


def _check(text: str, release: Release) -> None:
    """What is written must be a release.toml; raises ConfigErrors."""
    document: Mapping[str, object] = tomllib.loads(text)
    parse_release(document, root=release.root, file=release.file, environ={})


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def next_commands(bump: Bump, root: Path) -> Sequence[str]:
    """What a person runs next, in this order (B4): inputs that are frozen already have to be frozen anew."""
    paths = shlex.join(path for path, _ in bump.files)
    version = bump.choice.version.text
    return (
        "doit freeze --update" if (root / LOCK).is_file() else "doit freeze",
        f"git add {paths} release.lock",
        f"git commit -m 'chore(release): {version}'",
        "doit release",
    )
