"""The composite action, its last step run as a runner would: inputs by environment, outputs of plain text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.fakes.small_project import small_project

ACTION = Path(__file__).parents[2] / ".github/actions/release-verify"
STEPS = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))["runs"]["steps"]

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or sys.platform == "win32",
    reason="run by bash, with an environment by symlink",
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    small_project(folder).run_up_to("accept")
    return folder / "release/1.0.0"


def run(
    tmp_path: Path, release: Path, **inputs: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run the step `verify` with values for the inputs; what it needs is installed already."""
    if not (tmp_path / "release-verify").exists():
        (tmp_path / "release-verify").symlink_to(sys.prefix)
    output = tmp_path / "output"
    output.write_text("")
    values = {"path": str(release), "root": "", "tag": "", "full": "true", **inputs}
    env = {
        name: values[text.removeprefix("${{ inputs.").removesuffix(" }}")]
        for name, text in STEPS[-1]["env"].items()
    }
    env |= {
        "GITHUB_ACTION_PATH": str(ACTION),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(output),
        "RUNNER_OS": "Linux",
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEPS[-1]["run"]],
        cwd=tmp_path,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())


def test_sound_release(tmp_path: Path, release: Path) -> None:
    done, outputs = run(tmp_path, release)
    assert done.returncode == 0, done.stderr
    assert outputs["version"] == "1.0.0"
    assert outputs["anchor"] == ""
    anchored, again = run(tmp_path, release, root=outputs["root"], full="false")
    assert anchored.returncode == 0
    assert again == {**outputs, "anchor": "root"}
    assert outputs.keys() == {"version", "root", "exact_root", "anchor"}


def test_what_does_not_verify_gives_no_output(tmp_path: Path, release: Path) -> None:
    done, outputs = run(tmp_path, release, root="sha256:" + "0" * 64)
    assert (done.returncode, outputs) == (1, {})
    assert done.stdout.endswith("::error::the release does not verify\n")


@pytest.mark.parametrize("path", ["$(touch pwned)", "; touch pwned", "--help", "a\nb"])
def test_inputs_are_values_and_no_code(tmp_path: Path, release: Path, path: str) -> None:
    done, outputs = run(tmp_path, release, path=path)
    assert (done.returncode, outputs) == (3, {})
    assert not (tmp_path / "pwned").exists()
    assert done.stderr.startswith("no such release\n")


def test_full_is_true_or_false(tmp_path: Path, release: Path) -> None:
    done, outputs = run(tmp_path, release, full="yes")
    assert (done.returncode, done.stdout, outputs) == (3, "::error::full is true or false\n", {})


def test_nothing_is_imported_from_the_folder_that_is_verified(tmp_path: Path, release: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the current folder')\n")
    done, _ = run(tmp_path, release)
    assert done.returncode == 0, done.stderr
