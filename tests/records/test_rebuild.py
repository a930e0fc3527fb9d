"""Reports of rebuilds come from strangers: what we did not write is refused, what we wrote reads back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.rebuild import (
    RebuildReport,
    machine_from_json,
    report_from_json,
    variations_from_json,
)
from release_tasks.stages.own_schema import check_own
from tests.fakes.json_bends import places, replaced, without
from tests.fakes.rebuilds import DIAGNOSIS, HERE, REPORTS, VARIED, file, report, step, written

WHOLE: Any = written(
    report(
        steps=(step(), step("step:other", outcome="mismatch", machine=None, why="it failed")),
        files=(file(), file("a", outcome="mismatch", found=None, likeness="tensors", why="other bytes")),
        diagnosis=(DIAGNOSIS,),
    )
)


def refused(value: Any) -> FormatError:
    with pytest.raises(FormatError) as caught:
        report_from_json(value, where="rebuild.json")
    return caught.value


@given(REPORTS)
def test_a_report_reads_back_and_follows_its_schema(made: RebuildReport) -> None:
    value = written(made)
    check_own("rebuild", value)
    read = parse_canonical(dump_canonical(value), where="rebuild.json")
    assert report_from_json(read, where="rebuild.json") == made


def test_the_level_that_a_report_claims_is_not_read() -> None:
    claimed = {**WHOLE, "level": {"number": 4}}
    assert report_from_json(claimed, where="x") == report_from_json(WHOLE, where="x")
    assert report_from_json(without(WHOLE, ("level",)), where="x") == report_from_json(WHOLE, where="x")


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (("schema_version",), 2, "another shape of the whole record"),
        (("commit",), "HEAD", "another shape of the whole record"),
        (("commit",), "C" * 40, "another shape of the whole record"),
        (("weights",), "found", "another shape of the whole record"),
        (("seconds",), True, "another shape of the whole record"),
        (("seconds",), -1, "another shape of the whole record"),
        (("seconds",), 10**400, "another shape of the whole record"),
        (("finished_at",), "yesterday", "another shape of the whole record"),
        (("more",), 1, "another shape of the whole record"),
        (("machine", "id"), "mine", "another shape of machine"),
        (("machine", "more"), 1, "another shape of machine"),
        (("builder", "environment"), "x", "another shape of machine"),
        (("packages", "numpy"), "2", "another shape of a package"),
        (("packages", "numpy", "more"), "2", "another shape of a package"),
        (("steps", 0, "outcome"), "fine", "another shape of a step"),
        (("steps", 0, "key"), "x", "another shape of a step"),
        (("steps", 0, "numeric"), "perfect", "another shape of a step"),
        (("steps", 0, "seconds"), False, "another shape of a step"),
        (("steps", 0, "seconds"), -0.5, "another shape of a step"),
        (("steps", 0, "more"), 1, "another shape of a step"),
        (("steps", 0, "outputs", "a"), 1, "another shape of a text"),
        (("steps", 0, "variations", "more"), [], "another shape of variations"),
        (("steps", 0, "variations", "applied", 0), 1, "another shape of a text"),
        (("steps", 0, "variations", "not_applied", "user"), None, "another shape of a text"),
        (("files", 0, "class"), "attested", "another shape of a file"),
        (("files", 0, "outcome"), "fine", "another shape of a file"),
        (("files", 0, "likeness"), "near", "another shape of a file"),
        (("files", 0, "more"), 1, "another shape of a file"),
    ],
)
def test_another_shape_is_no_report_of_ours(path: tuple[str | int, ...], value: Any, found: str) -> None:
    assert str(refused(replaced(WHOLE, path, value))) == (
        "not a rebuild report that release_tasks writes\n"
        "  wanted: the keys of rebuild.schema.json, each as it is written\n"
        f"  found:  {found}\n"
        "  where:  rebuild.json\n"
        "  hint:   remove it, and run 'doit reproduce' again"
    )


@pytest.mark.parametrize(
    "path",
    [("root",), ("exact_root",), ("files", 0, "wanted"), ("files", 0, "found"), ("steps", 0, "outputs", "a")],
)
def test_a_digest_in_a_report_is_a_digest(path: tuple[str | int, ...]) -> None:
    assert refused(replaced(WHOLE, path, "sha256:1")).what == "not a digest"


@pytest.mark.parametrize("path", list(places(WHOLE)), ids=str)
def test_no_key_of_a_report_can_be_left_out_or_be_of_another_type(path: tuple[str | int, ...]) -> None:
    if path[0] == "level":
        return  # drawn anew, so only compared: tests/verbs/test_rebuild_evidence.py
    refused(replaced(WHOLE, path, [[]]))
    named = isinstance(path[-1], str) and path[-2:-1] not in {("packages",), ("outputs",), ("not_applied",)}
    if named:
        refused(without(WHOLE, path))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_any_json_is_refused_or_read(value: Any) -> None:
    refused(value)
    for reader in (machine_from_json, variations_from_json):
        with pytest.raises(FormatError):
            reader(value, where="x")


def test_machines_and_variations_read_back() -> None:
    assert machine_from_json(HERE.to_json(), where="x") == HERE
    assert variations_from_json(VARIED.to_json(), where="x") == VARIED
