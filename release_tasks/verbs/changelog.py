"""`changelog`: the section of the candidate, or a preview of the next one; and the way into CHANGELOG.md."""

from __future__ import annotations

import hashlib
from pathlib import Path

from release_tasks.config.schema import Release
from release_tasks.errors import ConfigError, FormatError, IntegrityError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.policy.changelog_file import with_section
from release_tasks.policy.changelog_text import COMMITS, render_preview, without_traces
from release_tasks.records.digest import short_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import MANIFEST
from release_tasks.records.release_contents import METADATA
from release_tasks.records.verdict import Mode
from release_tasks.records.version import previous_tag
from release_tasks.stages.changes_action import commit_evidence
from release_tasks.stages.plan import make_plan
from release_tasks.stages.release_manifest import read_release_manifest
from release_tasks.system.disk import rewrite_atomic
from release_tasks.system.git import head_id, tag_names, tags_unknown
from release_tasks.system.storage import storage_errors

FILE = "CHANGELOG.md"
DOCUMENT = "docs/CHANGELOG.md"
_TITLE = "# Changelog\n\n"


@frozen
class Section:
    """One section: its version, its text, whether a release has it, and a word on where it is from."""

    version: str
    text: str
    released: bool
    note: str | None
    commits: JSON

    def to_json(self) -> JSONObject:
        """Write the section as the one object that `--json` prints."""
        return {
            "version": self.version,
            "preview": not self.released,
            "note": self.note,
            "text": self.text,
            "commits": self.commits,
        }


def changelog_section(release: Release) -> Section:
    """The section of the release on disk for the version in release.toml, else a preview from commits.

    Once that version is tagged and HEAD has moved on, the preview is of what comes next. Raises ConfigError
    for a reworded commit that names several, IntegrityError for a release that was changed or is damaged.
    """
    folder = release.root / make_plan(release, Mode(), None).folder
    own = release.version.tag_name(release.name)
    tags = tag_names(release.root)
    commit = _commit(folder)
    moved = commit is not None and commit != head_id(release.root)
    if (folder / DOCUMENT).is_file() and not (own in tags and moved):
        text = without_traces(_packaged(folder, DOCUMENT).decode("utf-8")).removeprefix(_TITLE)
        note = f"of the release built from commit {commit[:12]}, not from HEAD" if commit and moved else None
        evidence = parse_canonical(_packaged(folder, COMMITS), where=COMMITS)
        commits = evidence["data"] if isinstance(evidence, dict) else None
        return Section(version=release.version.text, text=text, released=True, note=note, commits=commits)
    last = own if own in tags else previous_tag(tags, release.version, release.name)
    found = commit_evidence(release, last=last, tags_known=not tags_unknown(release.root))
    version = "Unreleased" if own in tags else release.version.text
    return Section(
        version=version,
        text=without_traces(render_preview(version, found)),
        released=False,
        note="a preview from commits alone: 'doit release' adds what changed of model, data and metrics",
        commits=found,
    )


def _packaged(folder: Path, path: str) -> bytes:
    """The bytes of a file as the release was packaged; raises IntegrityError for others, or for none."""
    listed = {file.path: str(file.entry.sha256) for file in read_release_manifest(folder).files}
    with storage_errors(folder / path):
        data = (folder / path).read_bytes()
    found = f"sha256:{hashlib.sha256(data).hexdigest()}"
    if listed.get(path) != found:
        raise IntegrityError(
            "the release on disk is not the one that was packaged",
            wanted=f"{short_digest(listed.get(path), absent='no such file')} in {path}, as {MANIFEST} says",
            found=short_digest(found),
            where=str(folder / path),
            hint=f"run 'release-tasks verify {folder}', then 'doit release' to make it anew",
        )
    return data


def _commit(folder: Path) -> str | None:
    if not (folder / METADATA).is_file():
        return None
    metadata = parse_canonical((folder / METADATA).read_bytes(), where=METADATA)
    commit = metadata.get("git_commit") if isinstance(metadata, dict) else None
    return commit if isinstance(commit, str) else None


def write_changelog(section: Section, root: Path) -> bool:
    """Put the section into the project's CHANGELOG.md; False when it is there already.

    Raises ConfigError for a preview, and for a section that was edited by hand; FormatError for a file
    that is not UTF-8, StorageError when the system refuses.
    """
    if not section.released:
        raise ConfigError(
            "there is no release whose section could be written",
            wanted=f"a release of the version in release.toml, with its {DOCUMENT}",
            found="a preview from commits",
            where=str(root),
            hint="run 'doit release'",
        )
    file = root / FILE
    with storage_errors(file):
        data = file.read_bytes() if file.is_file() else None
    try:
        old = None if data is None else data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
        raise FormatError("not text", wanted="UTF-8", found=found, where=FILE) from None
    new = with_section(old, section.text, section.version, where=FILE)
    if new == old:
        return False
    rewrite_atomic(file, new.encode("utf-8"))
    return True
