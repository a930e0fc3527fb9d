"""Each gate refuses what it is there to refuse: its controls, as evidence files that `decide_release` reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from release_tasks.policy.gates import GATES
from release_tasks.records.evidence import evidence_path, kind_of
from release_tasks.verbs.decide import decide_release
from tests.blackbox.foreign import run
from tests.blackbox.whole import make_whole
from tests.fakes.gate_controls import CONTROLS

CANDIDATE = {gate.name: gate for gate in GATES if gate.point == "candidate"}
OTHER = {"distribution"}  # of releases without a model: test 616
OWN = {"version", "commands"}  # made anew at every decision: tests 410 and the last one here
# Controls whose evidence is a file; what a policy must say for it is in the unit tests of the gates.
FILED = [
    (gate, changed, code)
    for gate, changed, code in CONTROLS
    if gate in CANDIDATE and not (OWN | OTHER) & set(changed) and not code.startswith("EVIDENCE")
]
ONE_EACH = {(gate, code): changed for gate, changed, code in reversed(FILED)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released project with every kind of evidence."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    folder = make_whole(tmp_path_factory.mktemp("controls") / "project", fetched_at=now)
    for command in ("freeze", "release"):
        done = run(folder, command)
        assert done.code == 0, done.text
    return folder


def records_of(folder: Path) -> Iterator[str]:
    records = folder / ".release/records"
    for path in sorted(records.rglob("*.json")):
        if {"kind", "subjects", "data"} <= set(json.loads(path.read_bytes())):
            yield path.relative_to(records).as_posix().removesuffix(".json")


@pytest.fixture(scope="module")
def names(whole: Path) -> dict[str, str]:
    """For every kind the first record of the project."""
    found: dict[str, str] = {}
    for name in records_of(whole):
        found.setdefault(kind_of(name), name)
    return found


def judged(folder: Path, gate: str) -> Any:
    decision = decide_release(folder / "release.toml")
    return next(result for result in decision.verdict.gates if result.gate == gate)


def file_of(folder: Path, name: str) -> Path:
    return folder / evidence_path(name)


@pytest.mark.parametrize(
    ("gate", "code"), [pytest.param(*key, id=f"{key[0]}-{key[1]}") for key in sorted(ONE_EACH)]
)
def test_the_control_is_refused(whole: Path, names: dict[str, str], gate: str, code: Any) -> None:
    before: dict[Path, bytes] = {}
    for control, data in ONE_EACH[gate, code].items():
        name = names[kind_of(control)]
        file = file_of(whole, name)
        before[file] = file.read_bytes()
        record = json.loads(before[file])
        own = {"name": name.partition("/")[2]} if "name" in data else {}
        text = json.dumps(
            {**record, "data": {**data, **own}}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        file.write_text(text + "\n", "utf-8")
    try:
        result = judged(whole, gate)
    finally:
        for file, old in before.items():
            file.write_bytes(old)
    assert code in {finding.code for finding in result.findings}
    assert result.status in {"fail", "warn"}


def test_every_gate_has_a_control_that_comes_as_a_file() -> None:
    own = {name for name, gate in CANDIDATE.items() if gate.evidence in OWN | OTHER}
    assert {gate for gate, _ in ONE_EACH} == set(CANDIDATE) - own


def test_b14_a_command_that_measures_a_mock_refuses(whole: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "project"))
    file = folder / "release.toml"
    file.write_text(file.read_text().replace('"bench.py", "{report}"]', '"bench.py", "{report}", "--mock"]'))
    assert run(folder, "freeze", "--update").code == 0
    done = run(folder, "release")
    assert done.code == 1
    assert (
        "MOCK_IN_COMMAND bench:speed: wanted a command that measures the real thing, found --mock\n"
    ) in done.text
