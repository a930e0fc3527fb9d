"""C6, C7, K20: the hooks for git and pre-commit, by real pushes to a real remote."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.blackbox.project import Project, script, write_project

REPOSITORY = Path(__file__).parents[2]
PRE_COMMIT = (
    REPOSITORY / ".ci/pre-commit/venv" / ("Scripts" if sys.platform == "win32" else "bin") / "pre-commit"
)
PYPROJECT = '[project]\nname = "tiny"\nversion = "1.0.0"\n'

_with_pre_commit = pytest.mark.skipif(
    not PRE_COMMIT.exists(), reason="pre-commit is not installed: make pre-commit"
)


def with_remote(project: Project, remote: Path) -> Project:
    """Give a committed project a static file and a bare remote that has its branch."""
    project.write("pyproject.toml", PYPROJECT)
    project.commit("pyproject")
    project.git("init", "-q", "--bare", str(remote))
    project.git("remote", "add", "origin", str(remote))
    project.git("push", "-q", "origin", "main")
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A committed project with a remote."""
    return with_remote(write_project(tmp_path / "project"), tmp_path / "remote")


def push(project: Project, *refs: str) -> subprocess.CompletedProcess[str]:
    return project.run(["git", "push", "-q", "origin", *refs], env=_path())


def _path() -> dict[str, str | None]:
    """The commands of this environment are found by name, as in an activated one."""
    return {"PATH": f"{Path(script('release-tasks')).parent}{os.pathsep}{os.environ['PATH']}"}


def remote_tags(project: Project) -> set[str]:
    lines = project.git("ls-remote", "--tags", "--refs", "origin").splitlines()
    return {line.rpartition("/")[2] for line in lines}


def test_only_sound_tags_leave(project: Project) -> None:
    """C7: the four fields of standard input; branches pass, release tags are what they say, and stay."""
    done = project.tasks("check-tag", "--install", "--allow", "night*")
    assert (done.returncode, done.stdout) == (0, "wrote .git/hooks/pre-push\n"), done.stderr
    project.git("tag", "v1.0.0", "-m", "first")
    project.git("tag", "v2.0.0", "-m", "of another version")
    project.git("tag", "v1.0.1")
    project.git("tag", "release-1")
    project.git("tag", "nightly")

    done = push(project, "main", "v1.0.0", "v2.0.0", "v1.0.1", "release-1")
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if line.startswith(("tag ", "pyproject"))]
    assert told == [
        "tag release-1 names no release",
        "tag v1.0.1 is lightweight",
        "tag v1.0.1 is not the release of its commit",
        "pyproject.toml states another version than tag v1.0.1",
        "tag v2.0.0 is not the release of its commit",
        "pyproject.toml states another version than tag v2.0.0",
    ]
    assert remote_tags(project) == set()

    assert push(project, "v1.0.0", "nightly").returncode == 0
    assert push(project, "v1.0.0").returncode == 0
    assert push(project, ":nightly").returncode == 0
    assert push(project, ":v1.0.0").returncode != 0
    project.git("tag", "--force", "v1.0.0", "-m", "moved")
    moved = push(project, "--force", "v1.0.0")
    assert "tag v1.0.0 would move on the remote" in moved.stderr
    assert remote_tags(project) == {"v1.0.0"}


def test_commit_of_the_tag_counts_and_not_the_disk(project: Project) -> None:
    """C7: release.toml and static files as the tagged commit has them; broken ones are told with the tag."""
    project.tasks("check-tag", "--install")
    project.replace("release.toml", 'version = "1.0.0"', 'version = "1.1.0"')
    project.commit("next")
    project.git("tag", "v1.1.0", "-m", "static file left behind")
    project.write("pyproject.toml", PYPROJECT.replace("1.0.0", "1.1.0"))
    assert push(project, "v1.1.0").stderr.startswith(
        "pyproject.toml states another version than tag v1.1.0\n"
    )

    project.write("release.toml", "schema = 1\n")
    project.commit("broken")
    project.git("tag", "v1.2.0", "-m", "broken")
    assert push(project, "v1.2.0").stderr.startswith(
        "what tag v1.2.0 leads to cannot be judged\n  found: 2 problems in the configuration:\n"
    )
    project.git("rm", "-q", "release.toml")
    project.commit("none")
    project.git("tag", "v1.3.0", "-m", "none")
    assert (
        "tag v1.3.0 leads to no release\n  wanted: a commit with release.toml\n"
        in push(project, "v1.3.0").stderr
    )
    assert remote_tags(project) == set()


def test_static_files_state_the_version(project: Project) -> None:
    """C6: by name or the usual ones; a file that leaves it to the tag passes, one that is not there does not."""
    project.write("package.json", '{"version": "0.0.0-dev"}\n')
    project.write("src/tiny.py", '__version__ = "0.9.0"\n')
    done = project.tasks("check-version")
    assert (done.returncode, done.stdout) == (0, "pyproject.toml: 1.0.0\npackage.json: left to the tag\n")
    done = project.doit("check-version", "src/tiny.py", "pyproject.toml")
    assert done.returncode == 1
    assert done.stdout == (
        "pyproject.toml: 1.0.0\n"
        "src/tiny.py states another version than release 1.0.0\n"
        "  wanted: 1.0.0\n"
        "  found:  0.9.0\n"
        "  where:  src/tiny.py\n"
        "  hint:   change it there, or leave the version to the tag (dynamic, 0.0.0-dev)\n"
    )
    assert project.tasks("check-version", "--expect", "0.9.0", "src/tiny.py").returncode == 0
    gone = project.tasks("check-version", "gone.py")
    assert (gone.returncode, gone.stderr) == (
        3,
        "gone.py is not there\n  wanted: a file that states a version\n  where:  gone.py\n",
    )


@_with_pre_commit
def test_hooks_for_users_run_under_pre_commit(released: Project, tmp_path: Path) -> None:
    """K20, C6: each shipped hook, its entry as it is, found on PATH instead of installed from a registry."""
    project = with_remote(released, tmp_path / "remote")
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    for hook in hooks:
        assert hook["language"] == "python"
        hook["language"] = "system"
    project.write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    project.commit("hooks")
    env = {**_path(), "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    for hook, wrong in (("release-check", 'version = "1.0.0"'), ("release-version", 'version = "1.0.0"')):
        done = project.run([str(PRE_COMMIT), "run", "--all-files", hook], env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        name = "release.toml" if hook == "release-check" else "pyproject.toml"
        text = project.read(name)
        project.replace(name, wrong, 'version = "1.0.x"')
        done = project.run([str(PRE_COMMIT), "run", "--all-files", hook], env=env)
        assert done.returncode == 1, done.stdout
        assert "1.0.x" in done.stdout
        project.write(name, text)

    drift = project.path("release/1.0.0/docs/RELEASE_CHECKLIST.md")
    done = project.run([str(PRE_COMMIT), "run", "release-docs"], env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    drift.chmod(0o644)
    drift.write_text(drift.read_text("utf-8").replace("tiny", "huge"), "utf-8")
    done = project.run([str(PRE_COMMIT), "run", "release-docs"], env=env)
    assert done.returncode == 1, done.stdout
    assert "RELEASE_CHECKLIST.md" in done.stdout

    done = project.run([str(PRE_COMMIT), "install", "--hook-type", "pre-push"], env=env)
    assert done.returncode == 0, done.stderr
    project.write("news", "a commit that the remote has not\n")
    project.commit("news")
    project.git("tag", "v3.0.0", "-m", "of another version")
    done = project.run(["git", "push", "-q", "origin", "v3.0.0"], env=env)
    assert done.returncode != 0
    assert "tag v3.0.0 is not the release of its commit" in done.stdout + done.stderr

    # pre-commit calls no hook for a tag whose commits the remote has; git's own hook beside it sees it.
    project.run(["git", "push", "-q", "origin", "main"], env=env)
    done = project.tasks("check-tag", "--install")
    assert (done.returncode, done.stdout) == (0, "wrote .git/hooks/pre-push.legacy\n")
    done = project.run(["git", "push", "-q", "origin", "v3.0.0"], env=env)
    assert done.returncode != 0
    assert "tag v3.0.0 is not the release of its commit" in done.stderr
    assert remote_tags(project) == set()
