from typing import Any

import pytest

from release_tasks.config.schema import Reproduce
from tests.fakes.release_toml import SCHEMA, changed, parse, problems

# (what of the minimal sample is changed, to what, the whole text of all problems); True: the JSON Schema refuses it
BROKEN = [
    ("reproduce", 3, "wrong type\n  wanted: a table\n  found:  integer 3\n  where:  release.toml: reproduce", True),
    ("reproduce/max_ulp", -1, "number out of range\n  wanted: 0 to 9007199254740991\n  found:  integer -1\n  where:  release.toml: reproduce.max_ulp", True),
    ("reproduce/max_ulp", 1.5, "wrong type\n  wanted: an integer\n  found:  float 1.5\n  where:  release.toml: reproduce.max_ulp", True),
    ("reproduce/max_ulp", True, "wrong type\n  wanted: an integer\n  found:  boolean true\n  where:  release.toml: reproduce.max_ulp", True),
    ("reproduce/max_abs", -0.5, "number out of range\n  wanted: 0 or more\n  found:  float -0.5\n  where:  release.toml: reproduce.max_abs", True),
    ("reproduce/max_abs", float("nan"), "wrong type\n  wanted: a finite number, at most 9007199254740991 when it is an integer\n  found:  float nan\n  where:  release.toml: reproduce.max_abs", False),
    ("reproduce/standard_errors", "3", 'wrong type\n  wanted: a finite number, at most 9007199254740991 when it is an integer\n  found:  string "3"\n  where:  release.toml: reproduce.standard_errors', True),
    ("reproduce/records", "../rebuilds", "path refused: it has a '..' component\n  wanted: a relative POSIX path inside the tree\n  found:  '../rebuilds'\n  where:  release.toml: reproduce.records", True),
    ("reproduce/records", "rebuilds/*", "path refused: it is a pattern\n  wanted: the name of one file, no * ? [ ]\n  found:  rebuilds/*\n  where:  release.toml: reproduce.records", True),
    ("reproduce/record", "rebuilds", "unknown key\n  wanted: one of max_abs, max_ulp, records, standard_errors\n  found:  record\n  where:  release.toml: reproduce.record\n  hint:   did you mean records?", True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_whole_message(path: str, value: Any, message: str, *, in_schema: bool) -> None:
    document = changed(path, value)
    assert problems(document) == message
    assert SCHEMA.is_valid(document) != in_schema


def test_without_the_table_nothing_is_tolerated() -> None:
    assert parse(changed("reproduce", {})).reproduce == Reproduce()
    assert (Reproduce().records, Reproduce().max_ulp, Reproduce().max_abs) == (
        ".release/rebuilds",
        None,
        None,
    )


def test_every_key_is_read() -> None:
    table = {"records": "rebuilds", "max_ulp": 4, "max_abs": 1e-6, "standard_errors": 2}
    document = changed("reproduce", table)
    assert SCHEMA.is_valid(document)
    assert parse(document).reproduce == Reproduce(**table)  # type: ignore[arg-type]
