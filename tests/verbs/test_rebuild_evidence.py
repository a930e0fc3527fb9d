"""A report beside a release is read as a stranger's claim: what it shows is drawn anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.rebuild_level import earned_level
from release_tasks.records.release_contents import MAX_RECORD_BYTES
from release_tasks.verbs.rebuild_evidence import read_attested, rebuild_evidence
from tests.fakes.json_bends import places, replaced, without
from tests.fakes.rebuilds import FILES, ONE, THREE, TWO, file, report, step, written

WHOLE: Any = written(report())


def put(folder: Path, value: Any) -> Path:
    place = folder / "rebuild.json"
    place.write_bytes(value if isinstance(value, bytes) else dump_canonical(value))
    return place


def why_not(place: Path) -> str:
    attested = read_attested(place, root=ONE)
    assert attested is not None
    assert (attested.report, attested.level) == (None, None)
    assert attested.why is not None
    return attested.why


def test_a_sound_report_counts_for_its_own_release(tmp_path: Path) -> None:
    place = put(tmp_path, WHOLE)
    attested = read_attested(place, root=ONE)
    assert attested is not None
    assert (attested.report, attested.level, attested.why) == (report(), earned_level(report()), None)
    assert rebuild_evidence(place) == {
        "root": str(ONE),
        "weights": "rebuilt",
        "levels": {"bytes": 1, "tensors": 1, "tolerance": 1},
    }


def test_levels_are_those_of_each_likeness(tmp_path: Path) -> None:
    alike = file(outcome="mismatch", found=THREE, likeness="tensors")
    made = report(steps=(step(outcome="mismatch"),), files=(alike, *FILES[1:]))
    evidence: Any = rebuild_evidence(put(tmp_path, written(made)))
    assert evidence["levels"] == {"bytes": None, "tensors": 1, "tolerance": 1}


def test_no_report_is_none(tmp_path: Path) -> None:
    assert read_attested(tmp_path / "rebuild.json", root=ONE) is None
    assert rebuild_evidence(tmp_path / "rebuild.json") is None
    (tmp_path / "rebuild.json").mkdir()
    assert why_not(tmp_path / "rebuild.json") == "it is damaged: not a record, found a directory"


def test_a_report_of_another_root_does_not_count(tmp_path: Path) -> None:
    place = put(tmp_path, written(report(root=TWO)))
    assert why_not(place) == f"it speaks of another release, root {TWO}"
    evidence: Any = rebuild_evidence(place)
    assert evidence["root"] == str(TWO)  # for the gate to say so


@pytest.mark.parametrize("path", [path for path in places(WHOLE) if path[0] == "level"], ids=str)
def test_a_level_that_is_claimed_is_compared_to_the_letter(
    tmp_path: Path, path: tuple[str | int, ...]
) -> None:
    place = put(tmp_path, replaced(WHOLE, path, 3))
    assert why_not(place) == "the level that it claims is not what its steps and files show"
    assert rebuild_evidence(place) is None


def test_a_report_larger_than_any_record_is_not_read(tmp_path: Path) -> None:
    place = tmp_path / "rebuild.json"
    with place.open("wb") as stream:
        stream.truncate(MAX_RECORD_BYTES + 1)  # sparse
    assert why_not(place) == "it is damaged: too large for a record, found 67108865 bytes"
    assert rebuild_evidence(place) is None


def test_a_report_that_claims_no_level_does_not_count(tmp_path: Path) -> None:
    place = put(tmp_path, without(WHOLE, ("level",)))
    assert why_not(place) == "the level that it claims is not what its steps and files show"
    assert rebuild_evidence(place) is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "it is damaged: "),
        (b"", "it is damaged: "),
        (dump_canonical(WHOLE).replace(b",", b", "), "it is damaged: JSON is not in canonical form, found "),
        (dump_canonical([1]), "it is damaged: not a rebuild report that release_tasks writes, found "),
        (dump_canonical({**WHOLE, "seconds": -1}), "it is damaged: not a rebuild report"),
    ],
)
def test_a_damaged_report_is_said_to_be(tmp_path: Path, data: bytes, why: str) -> None:
    place = put(tmp_path, data)
    assert why_not(place).startswith(why)
    assert rebuild_evidence(place) is None


@given(
    st.sampled_from(list(places(WHOLE))),
    st.one_of(st.none(), st.integers(), st.text(max_size=3), st.just([])),
)
def test_no_bent_report_is_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, path: tuple[str | int, ...], value: Any
) -> None:
    place = put(tmp_path_factory.mktemp("bent"), replaced(WHOLE, path, value))
    attested = read_attested(place, root=ONE)
    assert attested is not None
    if attested.level is not None:
        assert attested.level.number is None or attested.level.number <= 1 or path[0] in {"builder", "steps"}
    rebuild_evidence(place)
