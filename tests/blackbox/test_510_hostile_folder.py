"""A downloaded folder can hold anything: verifying it runs none of it and changes none of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.blackbox.foreign import freeze_and_release, project, run, snapshot, write

MODULES = (
    "blake3.py", "conftest.py", "dodo.py", "doit.py", "evil.py", "json.py", "numpy.py", "release_tasks/__init__.py",
    "release_tasks/__main__.py", "sitecustomize.py", "usercustomize.py", "yaml.py",
)  # fmt: skip
SETTINGS = {
    "doit.cfg": "[GLOBAL]\nbackend = evil\n[COMMAND]\nverify = evil:Command\n",
    "evil.pth": "import evil\n",
    "pyproject.toml": '[tool.doit]\nbackend = "evil"\n[tool.doit.plugins.command]\nverify = "evil:Command"\n',
    "release.toml": "schema = 9\n",
}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A good release among files that would leave a trace if any of them were run."""
    folder = project(tmp_path / "p")
    assert freeze_and_release(folder).code == 0
    release = tmp_path / "download"
    shutil.move(folder / "release" / "0.1.0", release)
    release.chmod(0o755)
    trace = (
        f"import pathlib\npathlib.Path({str(tmp_path / 'RUN')!r}).touch()\nverify = main = Command = None\n"
    )
    return write(release, {**dict.fromkeys(MODULES, trace), **SETTINGS})


def test_verify_inside_a_folder_of_hostile_files_runs_none_of_them(hostile: Path) -> None:
    before = snapshot(hostile.parent)
    extra = sorted([*MODULES, *SETTINGS])
    sizes = {name: (hostile / name).stat().st_size for name in extra}
    text = run(hostile, "verify", ".")
    assert text.code == 1
    assert text.err == ""
    title, *lines = text.out.splitlines()
    assert title == "stranger 0.1.0: NOT VERIFIED, 16 problems"
    problems = "\n".join(lines).partition("\nEXTRA_FILE")
    assert (problems[1] + problems[2]).strip() == "\n".join(
        f"EXTRA_FILE {name}\n  wanted: only files that MANIFEST.json lists\n  found:  {sizes[name]} bytes"
        for name in extra
    )
    report = json.loads(run(hostile, "verify", "--json", ".").out)
    assert [(one["code"], one["path"]) for one in report["problems"]] == [
        ("EXTRA_FILE", name) for name in extra
    ]
    assert snapshot(hostile.parent) == before
    assert not (hostile.parent / "RUN").exists()


def test_other_commands_run_nothing_of_the_folder_either(hostile: Path) -> None:
    before = snapshot(hostile.parent)
    checked = run(hostile, "check")
    assert checked.code == 3
    assert checked.err == (
        "1 problem in the configuration:\n"
        "schema is not one that this version of release_tasks reads\n"
        "  wanted: 1\n"
        "  found:  integer 9\n"
        "  where:  release.toml: schema\n"
        "  hint:   use the release_tasks that wrote the file\n"
    )
    assert run(hostile, "canonicalize", "model.safetensors").code == 0
    assert snapshot(hostile.parent) == before


def test_a_whole_project_is_released_among_hostile_files_without_running_one(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    trace = f"import pathlib\npathlib.Path({str(tmp_path / 'RUN')!r}).touch()\n"
    hostile = {name: trace for name in MODULES if not name.startswith("release_tasks")}
    write(folder, {**hostile, "doit.cfg": SETTINGS["doit.cfg"]})
    for words in (("check",), ("freeze",), ("release",), ("verify", "release/0.1.0")):
        done = run(folder, *words)
        assert done.code == 0, done.text
    assert not (tmp_path / "RUN").exists()
