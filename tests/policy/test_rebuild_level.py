"""The level is drawn from what a report shows: each rule of design §7, and each thing that hinders it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from release_tasks.policy.rebuild_level import LEVELS, earned_level
from release_tasks.records.rebuild import RebuildReport, Variations
from tests.fakes.rebuilds import FILES, HERE, PORTABLE, REPORTS, THERE, THREE, V3, file, machine, report, step

OTHER_STEP = step(machine=THERE)
_PORTABLE_HERE = machine(numeric_id=PORTABLE)
_PORTABLE_THERE = machine("2", processor="Xeon", numeric_id=PORTABLE)
UNSIGNED = "a report that another party has signed: signatures come in a later version"
DERIVED = "1 derived files rendered again from the recorded ones, the same bytes"
VARIED = "1 step gave the same bytes under 2 variations"


def drawn(least: Any = "bytes", **changed: Any) -> tuple[int | None, tuple[str, ...]]:
    level = earned_level(report(**changed), least=least)
    return level.number, level.missing


def with_file(**changed: Any) -> dict[str, Any]:
    return {"files": (file(**changed), *FILES[1:])}


@pytest.mark.parametrize(
    ("changed", "number", "because", "missing"),
    [
        pytest.param(
            {"steps": (step(variations=Variations()),)},
            0,
            (DERIVED,),
            ("step:train: nothing was varied",),
            id="packaging",
        ),
        pytest.param(
            {},
            1,
            (DERIVED, VARIED),
            ("step:train: rebuilt on the machine that built it",),
            id="varied here",
        ),
        pytest.param(
            {"steps": (OTHER_STEP,)},
            2,
            (DERIVED, VARIED, "1 step gave the same bytes on Xeon"),
            (f"the numeric profile: it is not portable: {V3}",),
            id="another processor",
        ),
        pytest.param(
            {"builder": _PORTABLE_HERE, "steps": (step(machine=_PORTABLE_THERE),)},
            3,
            (DERIVED, VARIED, "1 step gave the same bytes on Xeon", "1 step ran under the portable profile"),
            (UNSIGNED,),
            id="portable",
        ),
    ],
)
def test_each_level_says_what_shows_it_and_what_hinders_the_next(
    changed: dict[str, Any], number: int, because: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    level = earned_level(report(**changed))
    assert level.to_json() == {
        "number": number,
        "meaning": LEVELS[number],
        "because": list(because),
        "missing": list(missing),
    }


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            with_file(outcome="mismatch", found=THREE),
            "model.safetensors: came out otherwise, nobody knows why",
        ),
        (
            {"files": (*FILES, file("README.txt", "derived", outcome="mismatch", why="it differs"))},
            "README.txt: came out otherwise, it differs",
        ),
        (
            {"files": (*FILES, file("README.txt", "derived", outcome="inconclusive", why="no template"))},
            "README.txt: no template",
        ),
        (
            {"files": (*FILES, file("README.txt", "derived", outcome="given"))},
            "README.txt: given",
        ),
        (
            {"files": (*FILES, file("e.json", "recorded", outcome="mismatch", why="a key too few"))},
            "e.json: came out otherwise, a key too few",
        ),
        ({"files": (*FILES, file("e.json", "recorded", outcome="match"))}, "e.json: match"),
        (
            {
                "steps": (
                    step(),
                    step(
                        "step:fetch", outcome="mismatch", why="made other bytes of a, which is not released"
                    ),
                )
            },
            "step:fetch: made other bytes of a, which is not released",
        ),
        ({"steps": (step(outcome="mismatch", why="exit code 1"),)}, "step:train: exit code 1"),
    ],
)
def test_a_file_that_is_not_shown_hinders_even_packaging(changed: dict[str, Any], why: str) -> None:
    level = earned_level(report(**changed))
    assert level.to_json() == {"number": None, "meaning": None, "because": [], "missing": [why]}


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        (
            {"weights": "given", **with_file(outcome="given", by="given", why="no step makes it")},
            ("weights: given, no step makes them", "model.safetensors: no step makes it"),
        ),
        (
            {"weights": "given", **with_file(outcome="given", by="source")},
            ("weights: given, no step makes them",),
        ),
        (with_file(outcome="given", by="given"), ("model.safetensors: given",)),
        (
            with_file(outcome="inconclusive", why="step:train was not built again"),
            ("model.safetensors: step:train was not built again",),
        ),
        (
            {"steps": (step(outcome="inconclusive", why="not to be had: data"),)},
            ("step:train: not to be had: data",),
        ),
        ({"steps": (step(outcome="given"),)}, ("step:train: given",)),
        (
            {"steps": (step(variations=Variations(applied=("home",), left_out=("clock", "user"))),)},
            ("step:train: not varied by choice: clock, user",),
        ),
        (
            {
                "steps": (
                    step(),
                    step("step:eval", variations=Variations(not_applied=(("time", "no faketime"),))),
                )
            },
            ("step:eval: nothing was varied",),
        ),
        ({"steps": ()}, ("nothing was rebuilt: no step makes a file of the release",)),
    ],
)
def test_what_was_given_or_not_varied_stays_packaging(
    changed: dict[str, Any], missing: tuple[str, ...]
) -> None:
    assert drawn(**changed) == (0, missing)


def test_one_reason_is_said_once_for_all_that_it_is_true_of() -> None:
    steps = (
        step("step:a", outcome="given"),
        step("step:b", variations=Variations()),
        step("step:c", outcome="given"),
    )
    assert drawn(steps=steps) == (0, ("step:a, step:c: given", "step:b: nothing was varied"))


def test_of_a_long_reason_the_first_line_is_enough() -> None:
    assert drawn(steps=(step(outcome="mismatch", why="exit code 1\nTraceback"),)) == (
        None,
        ("step:train: exit code 1",),
    )
    assert drawn(steps=(step(outcome="inconclusive", why="no data\nnor log"),)) == (
        0,
        ("step:train: no data",),
    )
    assert drawn(steps=(step(outcome="mismatch", why=""),)) == (None, ("step:train: ",))


def test_given_weights_stay_at_level_0_wherever_the_rest_was_rebuilt() -> None:
    given = {"weights": "given", **with_file(outcome="given", by="source")}
    assert drawn(steps=(step(machine=_PORTABLE_THERE),), builder=_PORTABLE_HERE, **given)[0] == 0


@pytest.mark.parametrize(
    ("built", "rebuilt", "missing"),
    [
        (HERE, {"machine": HERE}, "rebuilt on the machine that built it"),
        (HERE, {"machine": machine(processor="Xeon")}, "rebuilt on the machine that built it"),
        (HERE, {"machine": None}, "rebuilt on the machine that built it"),
        (HERE, {"machine": machine("2")}, "rebuilt on the same processor, Zen 5"),
        (
            HERE,
            {"machine": machine("2", processor="Xeon", numeric_id=PORTABLE)},
            f"rebuilt under {PORTABLE}, built under {V3}",
        ),
        (
            machine(numeric_id="none-linux"),
            {"machine": machine("2", processor="Xeon", numeric_id="none-linux")},
            "rebuilt under none-linux, built under none-linux",
        ),
        (HERE, {"machine": THERE, "numeric": "asserted"}, "its numeric profile is only asserted"),
        (
            HERE,
            {"machine": THERE, "numeric": "not-applicable"},
            "its numeric profile is only not-applicable",
        ),
    ],
)
def test_another_processor_is_shown_by_every_step_or_not_at_all(
    built: Any, rebuilt: dict[str, Any], missing: str
) -> None:
    """Two steps, one of them shown: the level is that of the other."""
    steps = (step("step:ok", machine=THERE), step(**rebuilt))
    number, found = drawn(builder=built, steps=steps)
    assert number == 1
    assert f"step:train: {missing}" in found


def test_a_portable_profile_counts_only_on_another_processor() -> None:
    steps = (step(machine=machine("2", numeric_id=PORTABLE)),)
    assert drawn(builder=_PORTABLE_HERE, steps=steps) == (
        1,
        ("step:train: rebuilt on the same processor, Zen 5",),
    )


def test_our_own_steps_have_no_numeric_profile_to_be_checked() -> None:
    assert drawn(steps=(step(machine=THERE, numeric=None),))[0] == 2


def test_a_release_that_names_no_machine_is_rebuilt_here_at_most() -> None:
    assert drawn(builder=None, steps=(OTHER_STEP,)) == (
        1,
        ("the release: it does not say on which machine it was built",),
    )


@pytest.mark.parametrize(
    ("likeness", "least", "number"),
    [
        ("tensors", "bytes", None),
        ("tensors", "tensors", 1),
        ("tensors", "tolerance", 1),
        ("tolerance", "tensors", None),
        ("tolerance", "tolerance", 1),
        ("none", "tolerance", None),
        (None, "tolerance", None),
    ],
)
def test_less_than_bytes_counts_only_when_it_is_asked_for(
    likeness: Any, least: Any, number: int | None
) -> None:
    alike = with_file(outcome="mismatch", found=THREE, likeness=likeness)
    assert drawn(least, steps=(step(outcome="mismatch"),), **alike)[0] == number


def test_a_rendered_file_is_compared_by_bytes_whatever_is_asked_for() -> None:
    files = (*FILES, file("README.txt", "derived", outcome="mismatch", likeness="tensors"))
    assert drawn("tolerance", files=files) == (
        None,
        ("README.txt: came out otherwise, nobody knows why",),
    )


@given(REPORTS)
def test_no_report_earns_the_level_of_a_signed_one(made: RebuildReport) -> None:
    levels = [earned_level(made, least=least) for least in ("bytes", "tensors", "tolerance")]
    numbers = [-1 if level.number is None else level.number for level in levels]
    assert numbers == sorted(numbers)
    assert numbers[-1] <= 3
    assert all(level.missing for level in levels)
    if made.weights == "given" or not made.steps:
        assert numbers[-1] <= 0
    if made.builder is None:
        assert numbers[-1] <= 1
