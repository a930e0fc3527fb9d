"""A sound project never alarms: fifty rebuilds under full variation, each with other values, all match."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from project import Project, copy_project

from release_tasks.records.rebuild import RebuildReport
from release_tasks.records.variation import DEFAULT
from release_tasks.system.variation import Variation
from release_tasks.verbs.rebuild_steps import Wish
from release_tasks.verbs.reproduce import Request, reproduce

IN_PROCESS, BY_COMMAND = 47, 3


def command(project: Project, *args: str) -> dict[str, Any]:
    done = project.doit("reproduce", "--json", *args)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def in_process(project: Project) -> RebuildReport:
    request = Request(
        path=project.path("release/1.0.0"),
        project=project.root,
        records=project.path(".release/rebuilds"),
        wish=Wish(all=True, spot_check=0, variation=Variation()),
    )
    done = reproduce(request, environ=dict(os.environ), told=lambda _name, _event: None)
    assert done.outcome == "match"
    assert done.report.diagnosis == ()
    return done.report


def test_every_rebuild_takes_the_next_round(released: Project) -> None:
    """Rounds are counted by step, from the records that are there: an emptied folder begins anew."""
    assert rounds(command(released)) == {1}
    assert rounds(command(released)) == {1}  # on record, nothing ran
    assert rounds(command(released, "--all")) == {2}
    record = next(released.path(".release/rebuilds").glob("*/*.json"))
    step = json.loads(record.read_bytes())["step"]
    record.unlink()
    report = command(released, "--all")
    found = {item["name"]: item["variations"]["round"] for item in report["steps"]}
    assert found.pop(step) == 2
    assert set(found.values()) == {3}


def rounds(report: dict[str, Any]) -> set[int]:
    return {step["variations"]["round"] for step in report["steps"]}


@pytest.mark.slow
def test_fifty_rebuilds_under_full_variation_all_match(built: Project, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    seen = set()
    for _ in range(BY_COMMAND):
        report = command(project, "--all")
        assert report["diagnosis"] == []
        seen |= rounds(report)
    for _ in range(IN_PROCESS):
        found = in_process(project)
        for step in found.steps:
            varied = step.variations
            assert not varied.left_out
            assert {*varied.applied, *dict(varied.not_applied)} == DEFAULT
        seen |= {step.variations.round for step in found.steps}
    assert seen == set(range(1, BY_COMMAND + IN_PROCESS + 1))
