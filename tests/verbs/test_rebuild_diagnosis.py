"""How alike what was made is to what is released, within declared limits; and a diagnosis for each step."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.config.schema import Reproduce
from release_tasks.records.diagnosis import Cause
from release_tasks.records.digest import Digest
from release_tasks.records.likeness import Likeness
from release_tasks.records.rebuild import StepResult, Variations
from release_tasks.records.step import Step, Write
from release_tasks.verbs.rebuild_diagnosis import (
    World,
    _standard_errors,
    compare_made,
    diagnose,
    differing_files,
    likenesses,
)
from release_tasks.verbs.rebuild_steps import Made
from release_tasks.verbs.rebuild_trials import Trial
from tests.fakes.small_project import SmallProject, small_project

WORLD = World(packages=(), elsewhere=())


def safetensors(values: list[float], **metadata: str) -> bytes:
    data = struct.pack(f"<{len(values)}f", *values)
    table: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    table["w"] = {"dtype": "F32", "shape": [len(values)], "data_offsets": [0, len(data)]}
    header = json.dumps(table, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return small_project(tmp_path / "project")


def made(
    project: SmallProject,
    released: dict[str, bytes],
    rebuilt: dict[str, bytes],
    *,
    name: str = "step:train",
    outcome: str = "mismatch",
    why: str | None = None,
    applied: tuple[str, ...] = ("clock", "umask"),
) -> Made:
    """A step with released files, and what a rebuild of it made instead."""
    other = []
    for path, data in released.items():
        project.write(path, data)
    for path, data in rebuilt.items():
        file = project.write(f"aside/{path}", data)
        other.append((path, file))
    result = StepResult(
        name=name,
        outcome=outcome,  # type: ignore[arg-type]
        key="0" * 64,
        outputs=tuple((path, Digest("sha256", "1" * 64)) for path in rebuilt),
        variations=Variations(applied=applied),
        why=why,
    )
    return Made(result=result, wanted=tuple(released), other=tuple(other))


def alike(project: SmallProject, item: Made, **limits: float) -> dict[str, Likeness]:
    differences = compare_made(differing_files([item], project.workspace))
    return likenesses(differences, project.workspace, [item], Reproduce(**limits))  # type: ignore[arg-type]


def test_a_file_that_is_nowhere_to_be_had_is_not_compared(project: SmallProject) -> None:
    item = made(project, {"a.txt": b"x\n", "b.txt": b"x\n"}, {"a.txt": b"y\n", "b.txt": b"y\n"})
    (project.root / "b.txt").unlink()
    assert list(compare_made(differing_files([item], project.workspace))) == ["a.txt"]
    assert compare_made({}) == {}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, "none"),
        ({"max_ulp": 3}, "none"),
        ({"max_ulp": 4}, "tolerance"),
        ({"max_abs": 2e-7}, "none"),
        ({"max_abs": 5e-7}, "tolerance"),
        ({"max_ulp": 4, "max_abs": 2e-7}, "none"),
        ({"standard_errors": 5.0}, "none"),
    ],
)
def test_weights_within_the_declared_limits(
    project: SmallProject, limits: dict[str, float], expected: Likeness
) -> None:
    """1 + 4 units in the last place of float32, which are 2^-23 each above 1."""
    before, after = safetensors([1.0, 2.0]), safetensors([1.0 + 4 * 2.0**-23, 2.0])
    item = made(project, {"w.safetensors": before}, {"w.safetensors": after})
    assert alike(project, item, **limits) == {"w.safetensors": expected}


def test_another_header_over_the_same_tensors(project: SmallProject) -> None:
    before, after = safetensors([1.0], a="1", b="2"), safetensors([1.0], b="2", a="1")
    item = made(project, {"w.safetensors": before}, {"w.safetensors": after})
    assert alike(project, item) == {"w.safetensors": "tensors"}


def metrics(**values: object) -> bytes:
    return json.dumps(values).encode()


@pytest.mark.parametrize(
    ("before", "after", "limit", "expected"),
    [
        ({"acc": 0.50, "acc_stderr": 0.03}, {"acc": 0.549, "acc_stderr": 0.04}, 1.0, "tolerance"),
        ({"acc": 0.50, "acc_stderr": 0.03}, {"acc": 0.549, "acc_stderr": 0.04}, None, "none"),
        ({"acc": 0.50, "acc_stderr": 0.03}, {"acc": 0.5501, "acc_stderr": 0.04}, 1.0, "none"),
        ({"acc": 0.50, "acc_stderr": 0.03}, {"acc": 0.50, "acc_stderr": 0.09}, 1.0, "tolerance"),
        ({"acc": 0.50, "acc_stderr": 0.03}, {"acc": 0.50, "acc_stderr": 0.01, "f1": 1}, 1.0, "none"),
        ({"acc": 0.50}, {"acc": 0.51}, 9.0, "none"),
        ({"a": {"f1": 1.0, "f1_stderr": 0.5}}, {"a": {"f1": 1.5, "f1_stderr": 0.5}}, 1.0, "tolerance"),
        (
            {"acc,none": 0.50, "acc_stderr,none": 0.03},
            {"acc,none": 0.549, "acc_stderr,none": 0.04},
            1.0,
            "tolerance",
        ),
        (
            {"acc,none": 0.50, "acc_stderr,strict": 0.03},
            {"acc,none": 0.549, "acc_stderr,strict": 0.03},
            1.0,
            "none",
        ),
        (
            {"runs": [{"gsm8k (5-shot)": {"f1": 1.0, "f1_stderr": 1.0}}]},
            {"runs": [{"gsm8k (5-shot)": {"f1": 2.0, "f1_stderr": 1.0}}]},
            1.0,
            "tolerance",
        ),
        ({"acc": 0.50, "acc_stderr": "N/A"}, {"acc": 0.51, "acc_stderr": "N/A"}, 9.0, "none"),
        ({"acc": 0.50, "acc_stderr": True}, {"acc": 0.51, "acc_stderr": True}, 9.0, "none"),
    ],
)
def test_metrics_within_their_own_standard_errors(
    project: SmallProject,
    before: dict[str, object],
    after: dict[str, object],
    limit: float | None,
    expected: Likeness,
) -> None:
    """The error of a difference is the root of the sum of squares: of 0.03 and 0.04 it is 0.05."""
    item = made(project, {"q.json": metrics(**before)}, {"q.json": metrics(**after)})
    limits = {} if limit is None else {"standard_errors": limit}
    assert alike(project, item, **limits) == {"q.json": expected}


def test_an_endless_error_or_none_at_all_excuses_nothing(project: SmallProject) -> None:
    """1e999 is infinite for most readers: with it, any two values would lie close enough."""
    item = made(
        project, {"q.json": metrics(acc=0.1, acc_stderr=1)}, {"q.json": b'{"acc": 9, "acc_stderr": 1e999}'}
    )
    assert alike(project, item, standard_errors=1.0) == {"q.json": "none"}
    item = made(project, {"q.json": b"{"}, {"q.json": b'{"acc": 1}'})
    assert alike(project, item, standard_errors=1.0) == {"q.json": "none"}


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_file_breaks_the_search_for_standard_errors(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    files = [folder / "before.json", folder / "after.json"]
    for file, data in zip(files, (before, after), strict=True):
        file.write_bytes(data)
    assert all(error >= 0 for error in _standard_errors(files[0], files[1]).values())


class FakeSteps:
    """What `diagnose` needs of a rebuild: the steps, and someone who runs them."""

    def __init__(self, project: SmallProject, make: Callable[[frozenset[str]], Trial | None]) -> None:
        self.workspace = project.workspace
        self.varied = ("clock", "umask")
        self.runs: list[tuple[str, frozenset[str]]] = []
        self._make = make

    def step(self, name: str) -> Step:
        return Step(
            verb="step",
            subject=name.partition(":")[2],
            run="release_tasks.stages.user_steps_action:run_command",
            reads=("train.py",),
            writes=(Write(path="w.safetensors", role="weights", cls="exact"),),
            params=(),
            doc="train",
        )

    def expected(self, _step: Step) -> dict[str, Digest]:
        return {"w.safetensors": Digest("sha256", "0" * 64)}

    def trial(self, step: Step, names: frozenset[str]) -> Trial:
        self.runs.append((step.name, names))
        made = self._make(names)
        outputs = self.expected(step)
        return made or Trial(outputs=outputs, applied=tuple(sorted(names)))


def other(digit: str) -> Trial:
    return Trial(outputs={"w.safetensors": Digest("sha256", digit * 64)})


def told(project: SmallProject, steps: FakeSteps, *items: Made, explain: bool, world: World = WORLD) -> Any:
    differences = compare_made(differing_files(items, project.workspace))
    return diagnose(steps, items, differences, world, explain=explain)  # type: ignore[arg-type]


def mismatch(project: SmallProject, name: str = "step:train", **fields: Any) -> Made:
    released, rebuilt = safetensors([1.0]), safetensors([2.0])
    return made(project, {"w.safetensors": released}, {"w.safetensors": rebuilt}, name=name, **fields)


def test_each_step_that_differs_is_diagnosed_and_only_the_first_is_the_first(project: SmallProject) -> None:
    project.write("train.py", b"import time\nprint(time.time())\n")
    steps = FakeSteps(project, lambda names: other("1") if "clock" in names else None)
    fine = made(project, {}, {}, name="step:fine", outcome="match")
    found = told(project, steps, fine, mismatch(project), mismatch(project, "step:late"), explain=True)
    assert [(item.step, item.first, item.trials) for item in found] == [
        ("step:train", True, 5),
        ("step:late", False, 5),
    ]
    (finding,) = found[0].findings
    assert finding.cause == Cause.CLOCK
    assert (
        finding.because
        == "the variation clock alone changes it; the recipe lint points to train.py:2 (clock)"
    )
    assert [item["name"] for item in found[0].differences] == ["w.safetensors"]
    everything = frozenset({"clock", "umask"})
    assert ("step:train", everything) not in steps.runs  # the rebuild itself was that trial


def test_without_explain_nothing_is_run_and_the_lint_is_all_there_is(project: SmallProject) -> None:
    project.write("train.py", b"import time\nprint(time.time())\n")
    steps = FakeSteps(project, lambda _: other("1"))
    (found,) = told(project, steps, mismatch(project), explain=False)
    assert (steps.runs, found.trials) == ([], 0)
    assert [(item.cause, item.because) for item in found.findings] == [
        (Cause.CLOCK, "nothing else points anywhere; the recipe lint points to train.py:2 (clock)")
    ]


def test_a_header_in_another_order_is_known_without_a_trial(project: SmallProject) -> None:
    project.write("train.py", b"pass\n")
    steps = FakeSteps(project, lambda _: None)
    item = made(
        project,
        {"w.safetensors": safetensors([1.0], a="1", b="2")},
        {"w.safetensors": safetensors([1.0], b="2", a="1")},
    )
    (found,) = told(project, steps, item, explain=True)
    assert ([finding.cause for finding in found.findings], found.trials) == ([Cause.METADATA_ORDER], 0)


def test_a_time_in_a_header_is_no_matter_of_order(project: SmallProject) -> None:
    project.write("train.py", b"pass\n")
    steps = FakeSteps(project, lambda names: other("1") if "clock" in names else None)
    item = made(
        project,
        {"w.safetensors": safetensors([1.0], made="monday")},
        {"w.safetensors": safetensors([1.0], made="tuesday")},
    )
    (found,) = told(project, steps, item, explain=True)
    assert [finding.cause for finding in found.findings] == [Cause.CLOCK]


def test_a_step_that_failed_is_tried_under_what_was_asked_for(project: SmallProject) -> None:
    """Its record does not say what was applied: it never came to an end."""
    project.write("train.py", b"pass\n")
    steps = FakeSteps(project, lambda names: Trial(outputs=None, why="boom") if "umask" in names else None)
    item = made(project, {"w.safetensors": safetensors([1.0])}, {}, why="boom", applied=())
    (found,) = told(project, steps, item, explain=True)
    assert [finding.cause for finding in found.findings] == [Cause.UMASK]


def test_a_first_build_without_a_sandbox_is_remembered(project: SmallProject) -> None:
    project.write("train.py", b"pass\n")
    steps = FakeSteps(project, lambda _: other("1"))
    world = World(packages=(), elsewhere=(), loose=frozenset({"train"}))
    (found,) = told(project, steps, mismatch(project), explain=True, world=world)
    assert [finding.cause for finding in found.findings] == [Cause.UNDECLARED_INPUT]
    (found,) = told(project, steps, mismatch(project), explain=True)
    assert [finding.cause for finding in found.findings] == [Cause.DIRTY_INPUT]
