"""The projects that the benchmarks run: the bundled one, a trivial dodo.py, and generated ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from measure import REPOSITORY, child_env, run_child, script

from release_tasks.verbs.registration import ini_registration

TRIVIAL = '''"""doit at its smallest: one task that is up to date."""


def task_trivial():
    return {"actions": ["cp input output"], "file_dep": ["input"], "targets": ["output"]}
'''
DODO = """import release_tasks

project = release_tasks.Project("release.toml")
DOIT_CONFIG = project.doit_config
"""


def doit_env(code: Path) -> dict[str, str]:
    """An environment in which `release_tasks` is the copy below `code`, which nobody edits meanwhile."""
    return child_env(PYTHONPATH=str(code))


def copy_code(folder: Path) -> Path:
    """Copy the package as it is in the working tree, compiled, so that edits do not disturb a measurement."""
    code = folder / "code"
    shutil.copytree(
        REPOSITORY / "release_tasks", code / "release_tasks", ignore=shutil.ignore_patterns("__pycache__")
    )
    run_child([script("python"), "-m", "compileall", "-q", "release_tasks"], cwd=code)
    return code


def trivial_project(folder: Path, code: Path) -> Path:
    """A dodo.py with one trivial task, run once, so that it is up to date."""
    place = folder / "trivial"
    place.mkdir()
    (place / "dodo.py").write_text(TRIVIAL, "utf-8")
    (place / "input").write_text("input\n", "utf-8")
    run_child([script("doit")], cwd=place, env=doit_env(code))
    return place


def commit(place: Path) -> None:
    """Commit everything in the folder, which becomes a repository if it is none."""
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        (*identity, "commit", "-q", "--allow-empty", "-m", "bench"),
    ):
        subprocess.run(["git", *words], cwd=place, check=True, env=child_env())


def bundled_clone(folder: Path, code: Path) -> Path:
    """A clean clone of this repository, not built yet; the code that runs is the copy in `code`."""
    place = folder / "bundled"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(place)], check=True)
    shutil.rmtree(place / "release_tasks")
    shutil.copytree(
        code / "release_tasks", place / "release_tasks", ignore=shutil.ignore_patterns("__pycache__")
    )
    commit(place)
    return place


def bundled_project(folder: Path, code: Path) -> Path:
    """The clean clone, released once."""
    place = bundled_clone(folder, code)
    run_child([script("doit"), "release"], cwd=place, env=doit_env(code))
    return place


def write_project(place: Path, toml: str) -> Path:
    """Write release.toml, dodo.py and the registration of the commands into a folder."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "release.toml").write_text(toml, "utf-8")
    (place / "dodo.py").write_text(DODO, "utf-8")
    (place / "doit.cfg").write_text(ini_registration(), "utf-8")
    (place / ".gitignore").write_text("/.release/\n/release/\n/build/\n.doit.db*\n__pycache__/\n", "utf-8")
    return place


def many_files(place: Path, count: int, *, folder_size: int = 1000) -> None:
    """Write `count` small JSON records, `folder_size` to a folder, as a dataset has them."""
    for number in range(count):
        folder = place / f"{number // folder_size:04d}"
        if number % folder_size == 0:
            folder.mkdir(parents=True)
        (folder / f"{number:06d}.json").write_text(
            f'{{"id": {number}, "text": "record {number}"}}\n', "utf-8"
        )


def walk_stat(root: str) -> int:
    """The bare pass over a tree that every check of it must make: os.scandir, recursively, and entry.stat."""
    count = 0
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                count += walk_stat(entry.path)
            else:
                entry.stat(follow_symlinks=False)
                count += 1
    return count
