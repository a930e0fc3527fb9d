"""What the rebuild report beside a release shows, as evidence of the seal point."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.policy.rebuild_level import earned_level
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.likeness import LIKENESSES
from release_tasks.system.attested_report import Attested, read_attested, read_report

__all__ = ["Attested", "read_attested", "rebuild_evidence"]


def rebuild_evidence(file: Path) -> JSON:
    """What the report at `file` shows, as evidence of the seal point; None without a sound report."""
    try:
        report, claimed = read_report(file)
    except (FormatError, OSError):
        return None
    if claimed != earned_level(report).to_json():
        return None
    levels: JSONObject = {name: earned_level(report, least=name).number for name in LIKENESSES[:-1]}
    return {"root": str(report.root), "weights": report.weights, "levels": levels}
