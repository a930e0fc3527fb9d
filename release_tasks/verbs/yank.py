"""`yank`: mark a released version as one that nobody should take any more; nothing is deleted (R23)."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import ConfigError, GateRefused, IntegrityError
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.records.version import parse_version
from release_tasks.records.yank import YANK, Act, Yank, YankEvent
from release_tasks.stages.own_schema import check_own
from release_tasks.stages.plan import RELEASES, Plan
from release_tasks.system.clock import now
from release_tasks.system.seal import read_seal
from release_tasks.system.yank_file import read_yank_history, write_yank
from release_tasks.verbs.verify import verify


@frozen
class YankReport:
    """What stands now; `changed` is false when it stood already."""

    version: str
    sealed_by: str
    event: YankEvent
    changed: bool

    def to_json(self) -> JSONObject:
        """Write the report as the one object that `--json` prints."""
        return {
            "schema_version": 1,
            "version": self.version,
            "sealed_by": self.sealed_by,
            "yanked": self.event.act == "yank",
            "reason": self.event.reason,
            "at": self.event.at,
            "changed": self.changed,
        }


def yank_release(plan: Plan, version: str, *, reason: str, act: Act) -> YankReport:
    """Yank `version` of the project, or undo that; the same reason again changes nothing.

    Raises ConfigError for an empty reason and a version that is not there, GateRefused for one that is not
    sealed or, to undo, not yanked, IntegrityError for a directory that does not verify.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise ConfigError(
            "a yank without a reason", wanted="--reason TEXT that tells users what is wrong", found="nothing"
        )
    root = plan.release.root
    folder = root / RELEASES / version
    if not version or "/" in version or version.startswith(".") or not folder.is_dir():
        raise ConfigError(
            f"no release {version or 'without a name'}",
            wanted="a version that was released from here",
            found=", ".join(_versions(root)) or "no release at all",
            where=RELEASES,
        )
    tag = parse_version(version, plan.release.scheme).tag_name(plan.release.name)
    attestations = folder.with_name(f"{version}.attestations")
    seal = read_seal(root, tag, attestations)
    if seal is None:
        raise GateRefused(
            f"{version} is not sealed: there is nothing to yank",
            wanted=f"the tag {tag}, or a receipt",
            found="neither",
            where=f"{RELEASES}/{version}",
            hint="a candidate is replaced by the next 'doit release'",
        )
    history = read_yank_history(attestations)
    last = None if history is None else history.events[-1]
    if act == "undo" and (last is None or last.act == "undo"):
        raise GateRefused(f"{version} is not yanked", where=f"{attestations.name}/{YANK}")
    if last is not None and (last.act, last.reason) == (act, reason):
        return YankReport(version=version, sealed_by=seal.name, event=last, changed=False)
    root_here = _root(root, folder)
    if history is not None and history.root != root_here:
        raise IntegrityError(
            f"{YANK} speaks of another release",
            wanted=f"root {root_here}",
            found=f"root {history.root}",
            where=f"{attestations.name}/{YANK}",
            hint="find out which of the two was published; nothing was changed",
        )
    event = YankEvent(act=act, reason=reason, at=now())
    events = (*(history.events if history is not None else ()), event)
    yank = Yank(version=version, root=root_here, events=events)
    check_own("yank", yank.to_json())
    write_yank(attestations, yank)
    return YankReport(version=version, sealed_by=seal.name, event=event, changed=True)


def _versions(root: Path) -> list[str]:
    return sorted(file.parent.name for file in (root / RELEASES).glob("*/MANIFEST.json"))


def _root(root: Path, folder: Path) -> Digest:
    """The root of the release that is marked; raises IntegrityError when it is not whole."""
    report = verify(folder, root=None, tag=None, full=False, cwd=root)
    if report.root is None or not report.ok:
        raise IntegrityError(
            f"{folder.name} does not verify: a mark would speak of other bytes",
            wanted="the release as it was sealed",
            found=", ".join(sorted({str(problem.code) for problem in report.problems})),
            where=f"{RELEASES}/{folder.name}",
            hint="get the release again from where it was published",
        )
    return report.root


def render_yank(report: YankReport) -> str:
    """Say what stands now, in words; ends with a newline."""
    state = "yanked" if report.event.act == "yank" else "not yanked any more"
    word = "is" if report.changed else "was already"
    return f"{report.version} {word} {state}, since {report.event.at}: {report.event.reason}\n"
