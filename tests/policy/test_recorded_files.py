"""Recorded files are read: each role has a form, and another form is said in words, never a traceback."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.recorded_files import recorded_flaws

PROVENANCE: dict[str, Any] = {
    "schema_version": 1,
    "git_commit": "0" * 40,
    "git_dirty": False,
    "model_hash": f"sha256:{'1' * 64}",
    "cli_args": ["python", "bench.py"],
    "platform": "Linux",
    "wsl2": None,
}
EVIDENCE: dict[str, Any] = {"schema_version": 1, "kind": "commands", "subjects": {}, "data": {"commands": []}}


def flaws(role: str, value: Any, path: str = "evidence/a.json") -> list[str]:
    return list(recorded_flaws(path, role, value if isinstance(value, bytes) else dump_canonical(value)))


def test_what_is_sound_has_no_flaw() -> None:
    assert flaws("provenance", PROVENANCE) == []
    assert flaws("provenance", dict.fromkeys(PROVENANCE) | {"schema_version": 1}) == []
    assert flaws("evidence", EVIDENCE) == []
    assert flaws("bench-report", b'{"times": [1.50]}\n') == []
    assert flaws("evaluation-report", b"# no JSON\n", path="evidence/report.md") == []


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"git_commit": 7}, "git_commit: wanted a text, found 7"),
        ({"git_dirty": "no"}, "git_dirty: wanted true or false, found 'no'"),
        ({"model_hash": "1"}, "model_hash: wanted a digest, sha256:<64 hex>, found '1'"),
        ({"cli_args": [1]}, "cli_args: wanted a list of texts, found [1]"),
        ({"schema_version": True}, "schema_version: wanted 1, found True"),
        ({"more": 1}, "more: wanted no such key, found 1"),
    ],
)
def test_provenance_of_another_form_is_named(changed: dict[str, Any], flaw: str) -> None:
    assert flaws("provenance", {**PROVENANCE, **changed}) == [flaw]


@pytest.mark.parametrize("key", sorted(PROVENANCE))
def test_no_key_of_provenance_can_be_left_out(key: str) -> None:
    rest = {name: value for name, value in PROVENANCE.items() if name != key}
    assert flaws("provenance", rest) == [f"{key}: wanted a measurement, found no such key"]


def test_evidence_of_another_form_is_named() -> None:
    assert flaws("evidence", {**EVIDENCE, "kind": "hearsay"}) == ["evidence of an unknown kind, hearsay"]
    assert flaws("evidence", {**EVIDENCE, "data": {}}) == [
        "commands: wanted a measurement, found no such key"
    ]
    assert flaws("evidence", []) == ["not an evidence record"]
    assert flaws("provenance", []) == ["provenance that is no object"]


@given(st.sampled_from(("evidence", "provenance", "bench-report", "environment")), st.binary(max_size=60))
def test_any_bytes_are_judged_in_words(role: str, data: bytes) -> None:
    assert all(isinstance(flaw, str) and flaw for flaw in flaws(role, data))
