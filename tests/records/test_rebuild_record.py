from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.rebuild_record import RebuildRecord, record_from_json
from release_tasks.stages.own_schema import check_own
from tests.fakes.json_bends import places, replaced, without
from tests.fakes.rebuilds import RECORDS, record

WHOLE: Any = record().to_json()


@given(RECORDS)
def test_a_record_reads_back_and_follows_its_schema(made: RebuildRecord) -> None:
    value = made.to_json()
    check_own("rebuild-record", value)
    assert record_from_json(parse_canonical(dump_canonical(value), where="x"), where="x") == made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema_version", 2),
        ("key", "A" * 64),
        ("key", "a" * 63),
        ("kind", "guess"),
        ("run", "mine"),
        ("numeric", "perfect"),
        ("seconds", -1),
        ("seconds", True),
        ("seconds", 10**400),
        ("rebuilt_at", "yesterday"),
        ("rebuilt_at", "2026-11-21T17:32:33"),
        ("more", 1),
    ],
)
def test_another_shape_is_no_record(key: str, value: Any) -> None:
    with pytest.raises(FormatError) as caught:
        record_from_json({**WHOLE, key: value}, where="a/b.json")
    assert str(caught.value) == (
        "not a rebuild record\n"
        "  wanted: the keys of rebuild-record.schema.json, each as it is written\n"
        f"  found:  {', '.join(sorted({**WHOLE, key: value}))}\n"
        "  where:  a/b.json\n"
        "  hint:   remove the file: the step is then built again"
    )


def test_what_is_no_object_is_no_record() -> None:
    with pytest.raises(FormatError) as caught:
        record_from_json(["record"], where="a/b.json")
    assert caught.value.found == "list"


@pytest.mark.parametrize("path", list(places(WHOLE)), ids=str)
def test_no_key_of_a_record_can_be_left_out_or_be_of_another_type(path: tuple[str | int, ...]) -> None:
    with pytest.raises(FormatError):
        record_from_json(replaced(WHOLE, path, [[]]), where="x")
    if isinstance(path[-1], str) and path[-2:-1] not in {("outputs",), ("not_applied",)}:
        with pytest.raises(FormatError):
            record_from_json(without(WHOLE, path), where="x")
