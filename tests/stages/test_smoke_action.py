from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import ConfigErrors
from release_tasks.stages.smoke_action import smoke_artifacts
from tests.fakes.small_project import SmallProject, small_project

SMOKE = '[smoke]\ncommand = ["python", "smoke.py", "{release}"]\ncheck = "python"\nreads = ["smoke.py"]\n'
GOOD = b"""import pathlib, sys
names = sorted(path.name for path in pathlib.Path(sys.argv[1]).iterdir())
assert (pathlib.Path(sys.argv[1]) / "config.yaml").read_text() == "layers: 2\\n"
print("names =", names)
"""


def evidence(project: SmallProject) -> Any:
    project.run("smoke", smoke_artifacts)
    return json.loads((project.root / ".release/records/smoke.json").read_text())


def test_the_command_sees_the_files_as_they_will_be_released(tmp_path: Path) -> None:
    """R19: real generation, on the layout of the release."""
    found = evidence(small_project(tmp_path, more=SMOKE, files={"smoke.py": GOOD}))
    assert found["data"] == {
        "ran": True,
        "ended_well": True,
        "check": "python",
        "sample_ok": True,
        "problem": None,
        "sample": "names = ['config.json', 'config.yaml', 'model.safetensors', 'tokenizer.json']\n",
    }
    assert sorted(found["subjects"]) == ["config.json", "model.safetensors", "tokenizer.json"]


@pytest.mark.parametrize(
    ("script", "ended_well", "problem"),
    [
        (b"raise SystemExit(3)", False, "exit code 3"),
        (b"print('def f(:')", True, "SyntaxError: invalid syntax (sample.py, line 1)"),
        (b"pass", True, "the sample is empty"),
        (b"import os; os.kill(os.getpid(), 9)", False, "SIGKILL"),
    ],
)
def test_what_fails_is_evidence_and_no_error(
    tmp_path: Path, script: bytes, ended_well: object, problem: str
) -> None:
    found = evidence(small_project(tmp_path, more=SMOKE, files={"smoke.py": script}))["data"]
    assert (found["ran"], found["ended_well"], found["sample_ok"]) == (True, ended_well, False)
    assert problem in found["problem"]


@pytest.mark.parametrize(
    ("script", "sample"),
    [
        (b"print('#' + 'a' * 3979); print('key = 1')", f"#{'a' * 3979}\nkey = 1\n"),
        (b"print('#' + 'a' * 3979); print('key = 12345678901234567890')", f"#{'a' * 3979}\n[27 of 4008 characters left out]"),
        (b"print('#' + 'a' * 5000)", "[5002 of 5002 characters left out]"),
    ],
)  # fmt: skip
def test_of_a_long_sample_whole_lines_are_kept(tmp_path: Path, script: bytes, sample: str) -> None:
    """Half a secret would be released, and no scanner would know it."""
    found = evidence(small_project(tmp_path, more=SMOKE, files={"smoke.py": script}))["data"]
    assert (found["sample_ok"], found["sample"]) == (True, sample)


def test_without_a_command_nothing_is_claimed(tmp_path: Path) -> None:
    assert evidence(small_project(tmp_path))["data"] == {
        "ran": False,
        "ended_well": True,
        "check": None,
        "sample_ok": False,
        "sample": None,
        "problem": None,
    }


def test_braces_are_escaped_and_an_unknown_placeholder_is_bad_configuration(tmp_path: Path) -> None:
    """The command has the placeholders of every command: {release} alone, and doubled braces."""
    command = 'command = ["python", "-c", "print(sorted({{3, 1}}), end=\'\')"]'
    found = evidence(small_project(tmp_path, more=f"[smoke]\n{command}\n"))["data"]
    assert (found["ended_well"], found["sample"]) == (True, "[1, 3]")
    with pytest.raises(ConfigErrors, match=r"unknown placeholder \{relase\}"):
        small_project(tmp_path, more='[smoke]\ncommand = ["python", "smoke.py", "{relase}"]\n')


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    project = small_project(tmp_path, more=SMOKE, files={"smoke.py": GOOD})
    evidence(project)
    staging = project.root / ".release/staging"
    assert not staging.exists() or list(staging.iterdir()) == []
    assert [path.name for path in (project.root / ".release/logs").iterdir()] == ["smoke.log"]
