"""`verify`: is this directory, tar or zip a whole release, and the one that was meant? Offline, read only."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from release_tasks.errors import ConfigError, FormatError, IntegrityError, ReleaseError
from release_tasks.formats.markdown import printable
from release_tasks.policy.release_check import check_release
from release_tasks.policy.tag_message import stated_roots
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.release_contents import REBUILD, Problem
from release_tasks.records.yank import YANK
from release_tasks.system.git import tag_commit, tag_message
from release_tasks.system.release_archive import read_release_archive
from release_tasks.system.release_tree import read_release_tree

if TYPE_CHECKING:  # only who asks for a tag needs what writes tags
    from release_tasks.system.git_tag import Signature

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TAG = re.compile(
    r"[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*"
)  # git-check-ref-format(1), one name
_SHOWN = 50  # problems in the text; --json has all


Recomputed = Literal["recomputed", "as stated"]


@frozen
class VerifyReport:
    """What verification found; `anchor` says what the root was compared with, None: nothing.

    `sha256` and `tensors` are "as stated" when only the BLAKE3 of files was recomputed. `level` is what a
    rebuild report beside the release earns, None without one; `rebuild` says who claims it, or why the report
    does not count. `signature` is that of the tag that was asked for; `yanked` says why nobody should take
    the release any more, as the mark beside it has it. `files` and `bytes` count what is there, MANIFEST.json
    and checksum.txt too.
    """

    ok: bool
    version: str | None
    root: Digest | None
    exact_root: Digest | None
    anchor: Literal["root", "tag"] | None
    level: int | None
    problems: tuple[Problem, ...]
    sha256: Recomputed
    tensors: Recomputed
    name: str | None
    files: int
    bytes: int
    rebuild: str | None = None
    signature: Signature | None = None
    yanked: str | None = None

    def to_json(self) -> JSONObject:
        """Write the report as the one object that `--json` prints."""
        problems: list[JSON] = [problem.to_json() for problem in self.problems]
        return {
            "ok": self.ok,
            "version": self.version,
            "root": None if self.root is None else str(self.root),
            "exact_root": None if self.exact_root is None else str(self.exact_root),
            "anchor": self.anchor,
            "level": self.level,
            "problems": problems,
            "sha256": self.sha256,
            "tensors": self.tensors,
            "name": self.name,
            "files": self.files,
            "bytes": self.bytes,
            "rebuild": self.rebuild,
            "signature": None
            if self.signature is None
            else {"state": self.signature.state, "text": self.signature.text},
            "yanked": self.yanked,
        }


def verify(
    path: Path, *, root: str | None, tag: str | None, full: bool, cwd: Path, tensors: bool = False
) -> VerifyReport:
    """Verify the release at `path`, relative to `cwd`; `tag` is looked up in the repository around `cwd`.

    `full` recomputes SHA-256 as well as BLAKE3, `tensors` also the digest of each tensor, which `load` checks
    in any case. Raises ConfigError for a path that is not there and for anchors that say nothing,
    IntegrityError for a tag without a root, StorageError when the system refuses. Everything else that is
    wrong is a problem of the report. Never writes, never extracts, never imports or runs anything of the
    release.
    """
    place = cwd / path
    anchor = _anchor(root, tag, cwd)
    if place.is_file():
        contents = read_release_archive(place, full=full or tensors, tensors=tensors)
    else:
        contents = read_release_tree(place, full=full or tensors, tensors=tensors)
    checked = check_release(contents, anchor=anchor)
    manifest = checked.manifest
    level, rebuild = (None, None) if manifest is None else _rebuilt(place, manifest.version, checked.root)
    return VerifyReport(
        ok=checked.ok,
        version=None if manifest is None else manifest.version,
        root=checked.root,
        exact_root=checked.exact_root,
        anchor=None if anchor is None else "root" if tag is None else "tag",
        level=level,
        rebuild=rebuild,
        signature=None if tag is None else _signature(cwd, tag),
        yanked=None if manifest is None else _yanked(place, manifest.version),
        problems=checked.problems,
        sha256="recomputed" if full or tensors else "as stated",
        tensors="recomputed" if tensors else "as stated",
        name=None if manifest is None else manifest.name,
        files=len(contents.files),
        bytes=sum(file.size for file in contents.files),
    )


def _rebuilt(place: Path, version: str, root: Digest | None) -> tuple[int | None, str | None]:
    """What a rebuild report beside the release claims; the level is drawn from its steps and files."""
    file = place.parent / f"{version}.attestations" / REBUILD
    if "/" in version or not file.is_file():
        return None, None
    from release_tasks.verbs.rebuild_evidence import read_attested  # noqa: PLC0415 - only where there is one

    attested = read_attested(file, root=root)
    if attested is None or attested.report is None or attested.level is None:
        return None, f"not counted: {attested.why}" if attested is not None else None
    report = attested.report
    machine = report.machine.id.removeprefix("sha256:")[:12]
    by = f"claimed by an unsigned report of machine {machine}, {report.finished_at}"
    return attested.level.number, by


def _signature(cwd: Path, tag: str) -> Signature:
    from release_tasks.system.git_tag import tag_signature  # noqa: PLC0415 - only where there is a tag

    return tag_signature(cwd, tag)


def _yanked(place: Path, version: str) -> str | None:
    """Why and since when the release is yanked, or that the mark beside it cannot be read."""
    attestations = place.parent / f"{version}.attestations"
    if "/" in version or not os.path.lexists(attestations / YANK):
        return None
    from release_tasks.system.yank_file import read_yank  # noqa: PLC0415 - only where there is a mark

    try:
        mark = read_yank(attestations)
    except ReleaseError as error:
        return f"perhaps: {error.what}, found {error.found}"
    return None if mark is None else f"since {mark.at}: {mark.reason}"


def _anchor(root: str | None, tag: str | None, cwd: Path) -> Digest | None:
    if root is not None and tag is not None:
        raise ConfigError("two anchors were given", wanted="--root or --tag", found="both")
    if tag is not None:
        return root_of_tag(cwd, tag)
    return None if root is None else parse_root(root)


def parse_root(text: str) -> Digest:
    """Read a root as a person gives it: 64 hex digits, with or without `sha256:`; else ConfigError."""
    digits = text.strip().removeprefix("sha256:")
    if not _HEX.fullmatch(digits):
        raise ConfigError(
            "--root is not a root", wanted="64 lower-case hex digits", found=ascii(text)[1:-1][:100]
        )
    return Digest("sha256", digits)


def root_of_tag(cwd: Path, tag: str) -> Digest:
    """Read the line `root: sha256:<hex>` of an annotated tag in the repository around `cwd`.

    Raises ConfigError when there is no such tag, IntegrityError when it is lightweight or names no root.
    """
    if not _TAG.fullmatch(tag):
        raise ConfigError("--tag is not the name of a tag", wanted="a name as v1.0.0", found=ascii(tag)[:100])
    if tag_commit(cwd, tag) is None:
        raise ConfigError(
            f"no tag {tag}",
            wanted="an annotated tag of a release",
            found="no such tag, or no git repository",
            where=str(cwd),
            hint="run inside the clone that has the tag; 'git fetch --tags' brings them",
        )
    message = tag_message(cwd, tag)
    if not message:
        raise IntegrityError(
            f"tag {tag} is no anchor",
            wanted="an annotated tag with a line 'root: sha256:<hex>'",
            found="a lightweight tag",
            where=str(cwd),
            hint="only 'doit tag' makes tags that bind a release",
        )
    roots = sorted(stated_roots(message))
    try:
        (text,) = roots
        digest = parse_digest(text)
    except (ValueError, FormatError):
        digest = None
    if digest is None or digest.algorithm != "sha256":
        raise IntegrityError(
            f"tag {tag} is no anchor",
            wanted="one line 'root: sha256:<hex>' in its message",
            found=ascii(", ".join(roots))[1:-1][:200] or "no such line",
            where=str(cwd),
        )
    return digest


def render_text(report: VerifyReport) -> str:
    """Render the report for people: one line of outcome, then facts, then each problem; ends with a newline.

    Control characters of hostile names are escaped, so that they cannot paint over the terminal.
    """
    lines = [f"{_title(report)}: {_outcome(report)}"]
    if report.root is not None:
        lines.append(f"  root        {report.root}")
    if report.exact_root is not None:
        lines.append(f"  exact_root  {report.exact_root}")
    lines.append(f"  files       {report.files}, {report.bytes} bytes")
    tensors = ", tensors: recomputed" if report.tensors == "recomputed" else ""
    lines.append(f"  digests     blake3: recomputed, sha256: {report.sha256}{tensors}")
    if report.rebuild is not None:
        number = "none" if report.level is None else str(report.level)
        lines.append(f"  level       {number}, {report.rebuild}")
    if report.signature is not None:
        lines.append(f"  tag         {report.signature.text}")
    if report.yanked is not None:
        lines.append(f"  YANKED      {report.yanked}")
    for problem in report.problems[:_SHOWN]:
        lines.append(f"{problem.code} {problem.path}")
        lines.append(f"  wanted: {problem.wanted}")
        lines.append(f"  found:  {problem.found}")
    if len(report.problems) > _SHOWN:
        lines.append(f"and {len(report.problems) - _SHOWN} more problems; --json lists all")
    return "".join(f"{printable(line)}\n" for line in lines)


def _title(report: VerifyReport) -> str:
    return "release" if report.name is None else f"{report.name} {report.version}"


def _outcome(report: VerifyReport) -> str:
    if not report.ok:
        count = len(report.problems)
        return f"NOT VERIFIED, {count} problem{'s' if count != 1 else ''}"
    match report.anchor:
        case None:
            return "consistent, origin unproven"
        case "root":
            return "verified, root as given"
        case "tag":
            return "verified, root as tagged"
