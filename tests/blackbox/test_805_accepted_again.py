"""`accept` has to run again though nothing is packaged anew: the release in place is what it looks at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.blackbox import faulty

SMOKE = """
[smoke]
command = ["python", "smoke.py", "{release}"]
check = "python"
reads = ["smoke.py"]
timeout_s = 60
"""
CONFIG = faulty.CONFIG.replace("\n[[step]]", SMOKE + "\n[[step]]")
PROGRAM = """\
import sys
with open(sys.argv[1] + "/model.safetensors", "rb") as model:
    assert len(model.read()) > 8
print("def answer():\\n    return 42")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = faulty.write_project(tmp_path / "project", config=CONFIG)
    (root / "smoke.py").write_text(PROGRAM, "utf-8")
    faulty.release(root)
    return root


def exact_root(project: Path) -> object:
    return json.loads((project / ".release/records/package.json").read_text("utf-8"))["exact_root"]


def test_only_the_smoke_run_changed(project: Path) -> None:
    """Another configuration is another run (P6: config_hash), so the release says so; its weights stay."""
    old, exact = faulty.root_of(project), exact_root(project)
    config = project / "release.toml"
    config.write_text(config.read_text("utf-8").replace("timeout_s = 60", "timeout_s = 61"), "utf-8")
    done = faulty.doit(project, "release")
    assert done.code == 0, done.text
    assert "run     step:" not in done.text
    assert "run     accept\n" in done.text
    assert (faulty.root_of(project) != old, exact_root(project)) == (True, exact)
    assert "steps      none run, " in faulty.doit(project, "release").text


def test_the_record_of_acceptance_is_gone(project: Path) -> None:
    old = faulty.root_of(project)
    (project / ".release/records/acceptance.json").unlink()
    done = faulty.doit(project, "release")
    assert done.code == 0, done.text
    assert "run     package\n" not in done.text
    assert faulty.root_of(project) == old


def test_the_staging_folder_of_another_release_is_in_the_way(project: Path) -> None:
    """As after a kill between the exchange and the removal of what it displaced."""
    old = faulty.root_of(project)
    staging = project / "release" / f".staging-{faulty.VERSION}"
    faulty.copy_project(project / faulty.FOLDER, staging)
    (staging / "config.json").chmod(0o644)
    (staging / "config.json").write_text('{"layers": 3}\n', "utf-8")
    (project / ".release/records/acceptance.json").unlink()
    done = faulty.doit(project, "release")
    assert done.code == 0, done.text
    assert faulty.root_of(project) == old
    assert faulty.leftovers(project) == []
