"""K14: the shell steps of release.yml, run in bash on three clones: one build, which is tagged and published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.blackbox.project import Project, contents, write_project
from tests.blackbox.runner import Runner, read_workflow

WORKFLOW = Path(__file__).parents[2] / ".github/workflows/release.yml"
# What the first rules of our own Makefile do; the environment is the one that runs the tests.
MAKEFILE = "venv:\n\t@true\nrelease: venv\n\t.venv/bin/doit release\n"
TOKEN = "token-that-nobody-may-see"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are written for bash")
def test_exactly_what_was_built_is_tagged_and_published(tmp_path: Path) -> None:
    """K14, R16, R20: no job after the first builds; root, tag and published bytes are those of the artifact."""
    remote, store = tmp_path / "org" / "tiny", tmp_path / "store"
    store.mkdir()
    project = write_project(tmp_path / "project")
    project.write("Makefile", MAKEFILE)
    project.write(".gitignore", project.read(".gitignore") + ".venv\n")
    project.write(
        "release.toml", project.read("release.toml") + f'\n[publish.store]\nuri = "directory:{store}"\n'
    )
    assert project.doit("freeze").returncode == 0
    project.commit("freeze")
    project.git("clone", "-q", "--bare", ".", str(remote))

    settings = tmp_path / "gitconfig"
    settings.write_text(f'[url "{tmp_path}/"]\n\tinsteadOf = https://x-access-token@git.invalid/\n')
    runner = Runner(
        folder=tmp_path / "runner",
        remote=remote,
        context={"inputs.destination": "store", "github.token": TOKEN},
        env={
            "GIT_CONFIG_GLOBAL": str(settings),
            "GITHUB_SERVER_URL": "https://git.invalid",
            "GITHUB_REPOSITORY": "org/tiny",
        },
    )
    jobs = read_workflow(WORKFLOW)["jobs"]
    built = Project(runner.run_job("build", jobs["build"]))
    runner.run_job("reproduce", jobs["reproduce"])
    published = Project(runner.run_job("publish", jobs["publish"]))

    root = runner.context["needs.build.outputs.root"]
    assert f"\nroot: {root}\n" in published.git("--git-dir", str(remote), "cat-file", "-p", "v1.0.0")
    folder = next(path.parent for path in store.rglob("MANIFEST.json"))
    assert contents(folder) == contents(built.path("release/1.0.0"))
    assert not published.path("build").exists(), "the job that publishes built something"
    assert "reproduced" in (tmp_path / "runner/reproduce/summary.md").read_text("utf-8")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "runner").rglob("*") if path.is_file())
    assert TOKEN.encode() not in everything
    assert runner.skipped == ["Install what encloses a build", "Install what varies and encloses a build"]
