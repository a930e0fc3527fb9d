"""`doit release` under reprotest: two builds from one clone in the surroundings that Debian varies, the same bytes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import Project, script, write_project

from release_tasks.system.variation import unavailable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("reprotest") is None, reason="reprotest is not installed"),
]

# The interpreter of these tests is found by its absolute path: PATH is one of the things that are varied.
BUILD = """set -e
git -c safe.directory='*' clone -q project.git work
cd work
{doit} release
{python} -I collect.py ../made
"""
COLLECT = '''"""Copy every exact file of the release, and its exact_root, to where they are compared."""
import json, pathlib, sys

folder, made = pathlib.Path("release/1.0.0"), pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
made.mkdir()
(made / "exact_root").write_text(manifest["exact_root"])
for file in manifest["files"]:
    if file["class"] == "exact":
        (made / file["path"].replace("/", "__")).write_bytes((folder / file["path"]).read_bytes())
'''
# What reprotest needs a tool or a right for is varied here as far as ours is, which is tried out.
OURS = {
    "fileordering": "directory-order",
    "time": "clock",
    "domain_host": "hostname",
    "num_cpus": "cpus",
    "aslr": "aslr",
}
# user_group needs sudo and a second account that may read this interpreter; `user` of ours does without.
LEFT_OUT = ("user_group",)


def reprotest(project: Project, folder: Path, *, build: str = BUILD) -> subprocess.CompletedProcess[str]:
    """Two builds of a bare clone of the project, every variation but those left out."""
    source = folder / "source"
    source.mkdir()
    project.git("clone", "-q", "--bare", str(project.root), str(source / "project.git"))
    (source / "build.sh").write_text(build.format(doit=script("doit"), python=sys.executable))
    missing = dict(unavailable(OURS.values(), boxed=False))
    left_out = [*LEFT_OUT, *(name for name, ours in OURS.items() if ours in missing)]
    line = ["reprotest", "--no-diffoscope", "--min-cpus", "1", "-vv"]
    line += ["--variations", ",".join(("+all", *(f"-{name}" for name in left_out)))]
    line += ["-c", "sh build.sh", f"{source}/", "made/*", "--", "null"]
    return subprocess.run(
        line, cwd=folder, capture_output=True, text=True, errors="replace", timeout=600, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = write_project(tmp_path / "project")
    made.write("collect.py", COLLECT)
    return made


def freeze(project: Project) -> None:
    done = project.doit("freeze")
    assert done.returncode == 0, done.stdout + done.stderr
    project.commit("freeze")


def test_a_release_has_the_same_exact_files_under_reprotest(project: Project, tmp_path: Path) -> None:
    freeze(project)
    done = reprotest(project, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Reproduction successful" in done.stdout
    for name in (
        "exact_root",
        "model.safetensors",
        "tokenizer.json",
        "config.json",
        "evidence__quality.json",
    ):
        assert f"./made/{name}" in done.stdout
    assert "IGNORING" not in done.stderr, "a variation was asked for and not made"


def test_reprotest_would_notice(project: Project, tmp_path: Path) -> None:
    """What changes before `doit` sees it: a text of the clone that says under which umask it was made."""
    freeze(project)
    commit = "git add -A; git -c user.name=a -c user.email=a@localhost commit -qm umask"
    told = f"umask > data/umask.txt; {{doit}} freeze --update; {commit}; {{doit}} release"
    noticing = BUILD.replace("{doit} release", told)
    done = reprotest(project, tmp_path, build=noticing)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "exact_root" in done.stdout
