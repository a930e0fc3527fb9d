from typing import Any

import pytest

from tests.fakes.release_toml import SCHEMA, changed, parse, problems

# (what of the full sample is changed, to what, the whole text of all problems); True: the JSON Schema refuses it
BROKEN = [
    ("evaluation/docstrings/rubric", ..., "rubric is missing\n  wanted: the rubric, a YAML file\n  where:  release.toml: evaluation.docstrings.rubric", True),
    ("evaluation/docstrings/judge", ..., "judge is missing\n  wanted: who judges: stub, local or command\n  where:  release.toml: evaluation.docstrings.judge", True),
    ("evaluation/docstrings/judge", "stub", "command and judge do not fit\n  wanted: no command for a stub\n  found:  a command\n  where:  release.toml: evaluation.docstrings.command", True),
    ("evaluation/docstrings/command", ..., "command and judge do not fit\n  wanted: the command of a local judge\n  found:  none\n  where:  release.toml: evaluation.docstrings.command", True),
    ("evaluation/docstrings/command", ["python", "judge.py"], "a local judge is a Python file\n  wanted: a path that ends in .py\n  found:  python\n  where:  release.toml: evaluation.docstrings.command[0]", True),
    ("evaluation/a b", {"rubric": "r.yml", "samples": "s.jsonl", "judge": "stub"}, 'text refused\n  wanted: a-z, 0-9, then also . _ -; at most 100 characters\n  found:  string "a b"\n  where:  release.toml: evaluation."a b"', True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_whole_message(path: str, value: Any, message: str, *, in_schema: bool) -> None:
    document = changed(path, value, "full")
    assert problems(document) == message
    assert SCHEMA.is_valid(document) != in_schema


def test_braces_of_a_judge_stand_for_themselves() -> None:
    """A judge reads its work from stdin: its command has no placeholders."""
    release = parse(changed("evaluation/docstrings/command", ["judge.py", '{"a": 1}'], "full"))
    assert release.evaluations[0].command == ("judge.py", '{"a": 1}')
