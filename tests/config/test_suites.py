from typing import Any

import pytest

from tests.fakes.release_toml import SCHEMA, changed, parse, problems

# (what of the full sample is changed, to what, the whole text of all problems); True: the JSON Schema refuses it
BROKEN = [
    ("tests/unt", {}, "there is no suite of this name\n  wanted: one of unit, integration, pipeline, regression\n  found:  unt\n  where:  release.toml: tests.unt\n  hint:   did you mean unit?", True),
    ("tests/unit", 3, "wrong type\n  wanted: a table\n  found:  integer 3\n  where:  release.toml: tests.unit", True),
    ("tests/unit/command", ..., "command is missing\n  wanted: the command as a list of strings\n  where:  release.toml: tests.unit.command", True),
    ("tests/unit/command", ["pytest"], "command does not use {report}\n  wanted: an element that holds {report}\n  found:  pytest\n  where:  release.toml: tests.unit.command", True),
    ("tests/unit/command", ["pytest", "{{report}}"], "command does not use {report}\n  wanted: an element that holds {report}\n  found:  pytest {{report}}\n  where:  release.toml: tests.unit.command", False),
    ("tests/unit/command", ["pytest", "{report}", "{reads}"], "command has an unknown placeholder {reads}\n  wanted: one of {report}\n  found:  {reads}\n  where:  release.toml: tests.unit.command[2]\n  hint:   write {{ and }} for braces themselves", False),
    ("tests/unit/timeout_s", 0, "number out of range\n  wanted: 1 to 86400\n  found:  integer 0\n  where:  release.toml: tests.unit.timeout_s", True),
    ("tests/unit/read", [], "unknown key\n  wanted: one of command, reads, timeout_s\n  found:  read\n  where:  release.toml: tests.unit.read\n  hint:   did you mean reads?", True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_whole_message(path: str, value: Any, message: str, *, in_schema: bool) -> None:
    document = changed(path, value, "full")
    assert problems(document) == message
    assert SCHEMA.is_valid(document) != in_schema


def test_suites_stand_in_the_order_in_which_they_run() -> None:
    document = changed("tests/pipeline", {"command": ["p", "{report}"]}, "full")
    document["tests"] = dict(sorted(document["tests"].items(), reverse=True))
    release = parse(document)
    assert [suite.name for suite in release.tests] == ["unit", "pipeline", "regression"]
    assert (release.tests[0].timeout_s, release.tests[1].timeout_s) == (600, 3600)
