from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import FormatError, GateRefused
from release_tasks.formats.lock_file import dump_lock
from release_tasks.records.lock import Lock
from release_tasks.records.step import Tree
from release_tasks.stages.frozen import declared_inputs, written
from release_tasks.stages.frozen_action import (
    check_inputs,
    check_outputs,
    current_inputs,
    current_outputs,
    read_lock,
)
from tests.fakes.small_project import SmallProject, small_project

STEPS = """
[dataset]
version = "1"
files = ["data/*.json"]
[smoke]
command = ["python", "smoke.py"]
reads = ["smoke.py"]
[[step]]
name = "train"
command = ["python", "train.py"]
reads = ["train.py", "data/*.json"]
writes = ["model.safetensors", "data/made.json"]
[[step]]
name = "use"
command = ["python", "train.py"]
reads = ["model.safetensors"]
writes = ["used"]
"""
FILES = {"train.py": b"", "smoke.py": b"", "data/a.json": b"{}", "data/made.json": b"{}", "used": b""}


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return small_project(
        tmp_path, more=STEPS, artifacts='extra = ["notes/*"]', files={**FILES, "notes/n": b""}
    )


def freeze(project: SmallProject, numeric_id: str | None = None) -> None:
    outputs = {numeric_id or project.workspace.numeric_id: current_outputs(project.plan, project.workspace)}
    lock = Lock(inputs=current_inputs(project.plan, project.workspace), outputs=outputs)
    project.write("release.lock", dump_lock(lock))


def evidence(project: SmallProject, kind: str) -> dict[str, Any]:
    record = json.loads((project.root / f".release/records/{kind}.json").read_text())
    data: dict[str, Any] = record["data"]
    return data


def inputs(project: SmallProject) -> dict[str, Any]:
    project.run("frozen:inputs", check_inputs)
    return evidence(project, "frozen-inputs")


def outputs(project: SmallProject) -> dict[str, Any]:
    project.run("frozen:outputs", check_outputs)
    return evidence(project, "frozen-outputs")


def test_inputs_are_what_no_step_writes(project: SmallProject) -> None:
    assert written(project.plan.release) == {"model.safetensors", "data/made.json", "used"}
    assert declared_inputs(project.plan) == (
        "config.json",
        Tree(("data/*.json",)),
        Tree(("notes/*",)),
        "smoke.py",
        "tokenizer.json",
        "train.py",
    )


def test_a_file_that_a_step_writes_into_a_glob_is_no_input(project: SmallProject) -> None:
    before = current_inputs(project.plan, project.workspace)
    project.write("data/made.json", b"made anew")
    assert current_inputs(project.again().plan, project.again().workspace) == before
    project.write("data/b.json", b"{}")
    assert current_inputs(project.again().plan, project.again().workspace) != before


def test_what_is_as_it_was_frozen_passes(project: SmallProject) -> None:
    freeze(project)
    assert inputs(project.again()) == {"lock": True, "differences": []}
    found = outputs(project.again())
    assert (found["known"], found["differences"]) == (True, [])
    assert found["frozen_ids"] == [found["numeric_id"]] == [project.workspace.numeric_id]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("train.py", "train.py"),
        ("smoke.py", "smoke.py"),
        ("config.json", "config.json"),
        ("data/a.json", "data/*.json"),
        ("notes/n", "notes/*"),
    ],
)
def test_an_input_that_changed_is_refused_at_once_and_recorded(
    project: SmallProject, path: str, name: str
) -> None:
    """R6, R7: training on inputs that are not frozen would only waste time."""
    freeze(project)
    project.write(path, b"other")
    with pytest.raises(GateRefused) as caught:
        inputs(project.again())
    assert caught.value.what == "the inputs are not those of release.lock (LOCK_INPUTS_CHANGED)"
    assert str(caught.value.found).startswith(f"{name}: frozen ")
    (difference,) = evidence(project, "frozen-inputs")["differences"]
    assert difference["name"] == name
    assert difference["frozen"] != difference["now"]


def test_a_recipe_that_changed_is_named_as_a_step(project: SmallProject) -> None:
    freeze(project)
    toml = (project.root / "release.toml").read_text()
    (project.root / "release.toml").write_text(
        toml.replace('writes = ["used"]', 'writes = ["used"]\nseed = 1')
    )
    with pytest.raises(GateRefused, match="step use: frozen "):
        inputs(project.again())


def test_every_change_is_counted_and_the_first_ten_are_shown(project: SmallProject) -> None:
    for number in range(14):
        project.write(f"n{number:02}", b"")
    toml = (project.root / "release.toml").read_text()
    names = ", ".join(f'"n{number:02}"' for number in range(14))
    (project.root / "release.toml").write_text(toml.replace('extra = ["notes/*"]', f"extra = [{names}]"))
    project = project.again()
    freeze(project)
    for number in range(14):
        project.write(f"n{number:02}", b"x")
    with pytest.raises(GateRefused) as caught:
        inputs(project.again())
    lines = str(caught.value.found).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "and 4 more"
    assert len(evidence(project, "frozen-inputs")["differences"]) == 14


def test_without_a_lock_a_plain_run_refuses(project: SmallProject) -> None:
    with pytest.raises(GateRefused) as caught:
        inputs(project)
    assert caught.value.what == "there is no release.lock (LOCK_MISSING)"
    assert caught.value.hint == "run 'doit freeze', look at what it wrote, and commit release.lock"
    assert outputs(project)["lock"] is False


@pytest.mark.parametrize("mode", ["soft", "snapshot"])
def test_without_a_lock_a_run_that_cannot_be_sealed_goes_on(project: SmallProject, mode: str) -> None:
    assert inputs(project.again(**{mode: True})) == {"lock": False, "differences": []}


def test_an_output_that_differs_is_evidence_and_decides_nothing_here(project: SmallProject) -> None:
    freeze(project)
    project.write("used", b"other bytes")
    found = outputs(project.again())
    assert [item["name"] for item in found["differences"]] == ["used"]
    assert found["known"] is True


def test_a_kind_of_machine_that_the_lock_does_not_know(project: SmallProject) -> None:
    freeze(project, "another-machine")
    found = outputs(project.again())
    assert (found["known"], found["differences"], found["frozen_ids"]) == (False, [], ["another-machine"])


def test_a_project_without_steps_has_no_outputs_to_know(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    freeze(project, "another-machine")
    assert outputs(project.again())["known"] is True


def test_a_damaged_lock_is_an_error_with_a_way_out(project: SmallProject) -> None:
    project.write("release.lock", b"<<<<<<< HEAD\n")
    with pytest.raises(FormatError) as caught:
        read_lock(project.workspace)
    assert caught.value.hint == "restore it with git, or run 'doit freeze --update' and commit the result"
