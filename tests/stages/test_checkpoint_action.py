from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.stages.checkpoint_action import check_selection
from tests.fakes.release_tree import WEIGHTS
from tests.fakes.small_project import SmallProject, small_project

MORE = '[checkpoint]\nrecord = "run.json"\nmetric = "loss"\ndirection = "lower"\n'
RELEASED = hashlib.sha256(WEIGHTS).hexdigest()


def project_with(folder: Path, record: bytes) -> SmallProject:
    return small_project(folder, more=MORE, files={"run.json": record})


def evidence(project: SmallProject) -> dict[str, Any]:
    project.run("checkpoint", check_selection)
    record: dict[str, Any] = json.loads((project.root / ".release/records/checkpoint.json").read_text())
    assert set(record["subjects"]) == {"run.json", "model.safetensors"}
    data: dict[str, Any] = record["data"]
    return data


def row(**changed: Any) -> dict[str, Any]:
    return {"step": 1, "sha256": RELEASED, "loss": 0.5, **changed}


def record(*rows: Any) -> bytes:
    return json.dumps({"checkpoints": rows, "seed": 1}).encode()


def test_every_checkpoint_is_written_down(tmp_path: Path) -> None:
    rows = (row(), row(step=2, sha256=f"sha256:{'a' * 64}", loss=1))
    assert evidence(project_with(tmp_path, record(*rows))) == {
        "record": "run.json",
        "metric": "loss",
        "direction": "lower",
        "corrupt": False,
        "problem": None,
        "released": f"sha256:{RELEASED}",
        "checkpoints": [
            {"step": 1, "sha256": f"sha256:{RELEASED}", "value": 0.5},
            {"step": 2, "sha256": f"sha256:{'a' * 64}", "value": 1},
        ],
    }


@pytest.mark.parametrize(
    ("data", "problem", "corrupt"),
    [
        (record(row(step=-1)), "checkpoints[0].step is -1", False),
        (record(row(step=True)), "checkpoints[0].step is True", False),
        (record(row(), row(sha256="md5")), "checkpoints[1].sha256 is 'md5'", False),
        (record(row(loss=None)), "checkpoints[0].loss is None", False),
        (record(row(loss=True)), "checkpoints[0].loss is True", False),
        (record(1), "checkpoints[0] is not an object", False),
        (b"[]", "no list under the key checkpoints", False),
        (b'{"checkpoints": 1}', "no list under the key checkpoints", False),
        (record(row(loss=float("nan"))), "NaN", True),
        (b'{"checkpoints": [', "Expecting value", True),
    ],
)
def test_r7_a_record_that_selects_nothing_is_told_to_the_gate(
    tmp_path: Path, data: bytes, problem: str, corrupt: Any
) -> None:
    found = evidence(project_with(tmp_path, data))
    assert problem in found["problem"]
    assert (found["checkpoints"], found["corrupt"]) == ([], corrupt)
