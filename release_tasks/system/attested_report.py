"""The rebuild report beside a release, read: what it shows is drawn anew, what it claims is only compared."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.policy.rebuild_level import Level, earned_level
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON
from release_tasks.records.rebuild import RebuildReport, report_from_json
from release_tasks.system.record_file import read_record_file


@frozen
class Attested:
    """A sound report about the bytes in question, and the level that it earns; else why it does not count."""

    report: RebuildReport | None
    level: Level | None
    why: str | None = None


def read_attested(file: Path, *, root: Digest | None) -> Attested | None:
    """Read the report at `file` for the release of this root; None when there is no such file."""
    if not os.path.lexists(file):
        return None
    try:
        report, claimed = read_report(file)
    except FormatError as error:
        return Attested(report=None, level=None, why=f"it is damaged: {error.what}, found {error.found}")
    except OSError as error:
        return Attested(report=None, level=None, why=f"it cannot be read: {error.strerror}")
    if report.root != root:
        return Attested(report=None, level=None, why=f"it speaks of another release, root {report.root}")
    level = earned_level(report)
    if claimed != level.to_json():
        return Attested(
            report=None, level=None, why="the level that it claims is not what its steps and files show"
        )
    return Attested(report=report, level=level)


def read_report(file: Path) -> tuple[RebuildReport, JSON]:
    """Read a report and the level that it claims; raises FormatError for any other file, OSError."""
    value = parse_canonical(read_record_file(file, where=file.name), where=file.name)
    return report_from_json(value, where=file.name), value.get("level") if isinstance(value, dict) else None
