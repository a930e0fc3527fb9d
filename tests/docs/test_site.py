"""The documentation builds without a warning and without a network, and its pages ask nobody for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the extra docs is not installed")
ROOT = Path(__file__).parents[2]
_ASKED = re.compile(
    r'(?:src|href)="(https?:[^"]*)"[^>]*(?:rel="(?:stylesheet|preload|icon)"|></script>)|src="https?:'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-b",
            "html",
            "-d",
            place / "doctrees",
            "docs",
            place / "html",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return place / "html"


def test_every_page_is_there(site: Path) -> None:
    written = {
        path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
    }
    there = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert written <= there


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    assert [path.name for path in site.rglob("*.html") if _ASKED.search(path.read_text("utf-8"))] == []


def test_what_is_generated_and_what_is_documented_in_code_is_on_the_pages(site: Path) -> None:
    assert "max_regression" in (site / "reference/release-toml.html").read_text("utf-8")
    assert "--spot-check" in (site / "reference/commands.html").read_text("utf-8")
    api = (site / "reference/python-api.html").read_text("utf-8")
    assert all(
        f'id="release_tasks.{name}"' in api
        for name in ("load", "VerifiedRelease.tensor", "decide_release", "Project")
    )
    assert "generated: " not in "".join(
        path.read_text("utf-8") for path in (site / "reference").glob("*.html")
    )
