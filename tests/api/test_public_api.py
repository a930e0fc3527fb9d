"""P12: what programs rely on changes on purpose only."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import pytest

from release_tasks.records.code_table import CODES
from release_tasks.records.gate_code import GateCode
from tests.api.public_api import GOLDEN, broken, flat, public_api, refusal, says_breaking


def test_the_public_api_is_the_recorded_one() -> None:
    recorded: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))
    now = public_api()
    added = sorted(flat(now).keys() - flat(recorded).keys())
    problems = [*broken(recorded, now), *(f"{name} is new" for name in added)]
    assert not problems, (
        "the public API changed:\n  "
        + "\n  ".join(problems)
        + "\nif that is meant, run 'python tests/api/public_api.py' and commit tests/api/public_api.json;"
        + "\nwhat programs may miss wants a version that says breaking first"
    )


OLD: dict[str, Any] = {
    "version": "1.2.0",
    "symbols": {"load": "load(path)", "Code": {"A": "A", "B": "B"}, "Record": {"": "Record(a)", "a": "field: str"}},
}  # fmt: skip


def bent(version: str, **symbols: Any) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    new["version"] = version
    new["symbols"] |= symbols
    return {**new, "symbols": {name: value for name, value in new["symbols"].items() if value is not None}}


@pytest.mark.parametrize(
    ("symbols", "problems"),
    [
        ({}, []),
        ({"more": "more()"}, []),
        ({"Code": {"A": "A", "B": "B", "C": "C"}}, []),
        ({"load": None}, ["load is gone"]),
        ({"load": "load(path, *, root)"}, ["load was load(path), is load(path, *, root)"]),
        ({"Code": {"A": "A", "B": "b"}}, ["Code.B was B, is b"]),
        ({"Code": {"A": "A"}}, ["Code.B is gone"]),
        ({"Record": {"": "Record(a)"}}, ["Record.a is gone"]),
    ],
)
def test_what_breaks_programs_wants_a_version_that_says_so(
    symbols: dict[str, Any], problems: list[str]
) -> None:
    new = bent("1.3.0", **symbols)
    assert list(broken(OLD, new)) == problems
    assert (refusal(OLD, new) is None) is (not problems)
    assert refusal(OLD, bent("2.0.0", **symbols)) is None
    if problems:
        assert refusal(OLD, new) == (
            "the public API breaks while the version is still 1.3.0:\n  "
            + "\n  ".join(problems)
            + "\nkeep what programs rely on, or raise __version__ to one that says breaking"
        )


@pytest.mark.parametrize(
    ("old", "new", "breaking"),
    [
        ("1.2.0", "2.0.0", True),
        ("1.2.0", "1.3.0", False),
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "1.0.0", True),
        ("1.0.0", "0.9.0", False),
        ("2.0.0-rc1", "2.0.0", False),
    ],
)
def test_which_versions_say_breaking(old: str, new: str, *, breaking: bool) -> None:
    assert says_breaking(old, new) is breaking


def test_every_code_that_is_exported_has_its_meaning() -> None:
    """P4: a recommended action per code."""
    assert set(CODES) == set(GateCode)
    assert all(info.recommendation for info in CODES.values())


def test_importing_the_package_imports_nothing_of_it() -> None:
    """`import release_tasks` stays cheap: what it exports is imported at first use."""
    program = "import sys, release_tasks; print([n for n in sys.modules if n.startswith('release_tasks.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
