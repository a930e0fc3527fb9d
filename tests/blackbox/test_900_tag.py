"""`doit tag`: what may be sealed, what refuses and why, and kill -9 anywhere on the way."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from project import Project, contents, copy_project, flip_last, normal, rows, script

from release_tasks.stages.own_schema import check_own

STRACE = shutil.which("strace")
GIT = shutil.which("git")
CALLS = ("fsync", "fdatasync", "rename", "renameat2")
FAULTY_GIT = """#!/bin/sh
echo "$@" >> '{log}'
if [ "$(wc -l < '{log}')" -eq {number} ]; then
  [ {when} = after ] && '{git}' "$@"
  kill -9 $PPID
  exit 137
fi
exec '{git}' "$@"
"""


@pytest.fixture(scope="session")
def rebuilt(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project whose release was rebuilt; never change it, copy it."""
    project = copy_project(built, tmp_path_factory.mktemp("rebuilt") / "project")
    done = project.doit("reproduce")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def with_remote(rebuilt: Project, folder: Path) -> Project:
    """A project that can be sealed, and its bare remote `remote.git` beside it."""
    project = copy_project(rebuilt, folder / "project")
    subprocess.run(["git", "init", "-q", "--bare", str(folder / "remote.git")], check=True)
    project.git("remote", "add", "origin", "../remote.git")
    return project


@pytest.fixture
def sealable(rebuilt: Project, tmp_path: Path) -> Project:
    return with_remote(rebuilt, tmp_path)


def remote_tags(project: Project) -> dict[str, str]:
    rows = (line.split() for line in project.git("ls-remote", "--tags", "--refs", "origin").splitlines())
    return {ref.removeprefix("refs/tags/"): tag for tag, ref in rows}


def codes(project: Project, *args: str) -> list[str]:
    done = project.doit("tag", "--json", *args)
    assert done.returncode == 1, done.stderr
    return [reason["code"] for reason in json.loads(done.stdout)["reasons"]]


def test_the_road_from_candidate_to_sealed(sealable: Project) -> None:
    """B23: release, reproduce, tag; then nothing changes it any more, and anybody can check it by the tag."""
    before = contents(sealable.path("release/1.0.0"))
    assert rows(sealable.doit("release"))["seal"] == "can be sealed"
    dry = sealable.doit("tag", "--dry-run")
    assert (dry.returncode, dry.stderr, sealable.git("tag"), remote_tags(sealable)) == (0, "", "", {})
    assert not sealable.path("release/1.0.0.attestations/seal.json").exists()
    sealable.git("checkout", "-q", "--detach")  # as CI does
    done = sealable.doit("tag")
    commit = sealable.git("rev-parse", "HEAD")
    assert (done.returncode, done.stderr) == (0, "")
    assert normal(done.stdout, sealable) == (
        f"tiny 1.0.0 is tagged v1.0.0 at HEX12\n"
        "  root        sha256:HEX64\n"
        "  exact_root  sha256:HEX64\n"
        "  signature   unsigned\n"
        "  on          origin\n"
        "  ran         git tag --annotate --no-sign --cleanup=verbatim --file=- -- v1.0.0 "
        f"{commit}\n"
        "              git push --atomic --no-follow-tags -- origin refs/tags/v1.0.0:refs/tags/v1.0.0\n"
        "  verify      release-tasks verify release/1.0.0 --tag v1.0.0\n"
    )
    assert remote_tags(sealable) == {"v1.0.0": sealable.git("rev-parse", "v1.0.0")}
    verified = sealable.doit("verify", "release/1.0.0", "--tag", "v1.0.0")
    assert "tiny 1.0.0: verified, root as tagged\n" in verified.stdout
    assert "  tag         unsigned\n" in verified.stdout
    beside = sealable.path("release/1.0.0.attestations")
    for name in ("seal", "tag"):
        check_own(name, json.loads((beside / f"{name}.json").read_text()))
    table = {row["row"]: row["status"] for row in json.loads((beside / "seal.json").read_text())["table"]}
    assert table["reproducible"] == "yes"
    again = sealable.doit("tag")
    assert again.stdout.startswith("tiny 1.0.0 is already tagged v1.0.0 at ")
    released = sealable.doit("release")
    assert released.stdout == f"already released as v1.0.0 at {commit[:12]}; nothing to do\n"
    assert contents(sealable.path("release/1.0.0")) == before


def test_status_yank_and_what_they_say(sealable: Project) -> None:
    assert sealable.doit("yank", "1.0.0", "--reason", "x").returncode == 1  # a candidate is not yanked
    assert sealable.doit("tag").returncode == 0
    marked = sealable.doit("yank", "1.0.0", "--reason", "wrong licence")
    assert re.fullmatch(r"1\.0\.0 is yanked, since \S+Z: wrong licence\n", marked.stdout)
    check_own("yank", json.loads(sealable.read("release/1.0.0.attestations/yank.json")))
    sealable.write("data/one.txt", "zeta\n")
    status = json.loads(sealable.doit("status", "--json").stdout)
    (row,) = status["releases"]
    assert (row["version"], row["state"], row["verdict"], row["level"]) == ("1.0.0", "sealed", "PASS", 1)
    assert (row["tag"]["binds"], row["tag"]["pushed_to"]) == (True, ["origin"])
    assert (row["yanked"]["reason"], row["problems"]) == ("wrong licence", [])
    due = {item["step"]: item for item in status["due"]}
    assert due["frozen:inputs"]["why"] == due["step:tokenizer"]["why"] == ["data/*.txt changed"]
    assert (due["step:train"]["why"], due["step:train"]["after"]) == ([], ["step:tokenizer"])
    sealable.git("checkout", "-q", "--", ".")
    text = sealable.doit("status").stdout
    assert "  YANKED since " in text
    assert text.endswith("nothing would run: every step is up to date\n")
    assert "  YANKED      since " in sealable.doit("verify", "release/1.0.0").stdout
    code = "import release_tasks; release_tasks.load('release/1.0.0')"
    warned = sealable.run([sys.executable, "-W", "error", "-c", code])
    assert "YankedWarning: tiny 1.0.0 is yanked since" in warned.stderr
    undone = sealable.doit("yank", "1.0.0", "--undo", "--reason", "it was right")
    assert (
        undone.returncode,
        json.loads(sealable.doit("status", "--json").stdout)["releases"][0]["yanked"],
    ) == (
        0,
        None,
    )
    assert len(json.loads(sealable.read("release/1.0.0.attestations/yank.json"))["events"]) == 2


def test_every_reason_is_told_at_once(sealable: Project) -> None:
    """R27: edited files, uncommitted changes, no rebuild; and nothing is tagged."""
    sealable.path("release/1.0.0.attestations/rebuild.json").unlink()
    weights = sealable.path("release/1.0.0/model.safetensors")
    weights.chmod(0o644)
    weights.write_bytes(flip_last(weights.read_bytes()))
    sealable.write("release_policy.yml", sealable.read("release_policy.yml") + "# later\n")
    sealable.write("notes.txt", "not committed\n")
    sealable.git("tag", "v1.0.0")
    found = codes(sealable)
    assert set(found) == {
        "RELEASE_DAMAGED",
        "SOURCE_DIRTY",
        "POLICY_UNCOMMITTED",
        "EVIDENCE_STALE",
        "REBUILD_MISSING",
        "VERSION_TAKEN",
    }
    done = sealable.doit("tag")
    assert done.returncode == 1
    assert done.stdout.startswith(f"tiny 1.0.0 cannot be tagged: {len(found)} reasons; nothing was changed\n")
    assert "SOURCE_DIRTY notes.txt\n  wanted: the file as the commit has it\n" in done.stdout
    assert remote_tags(sealable) == {}
    assert not sealable.path("release/1.0.0.attestations/seal.json").exists()


def test_a_later_commit_and_an_input_that_git_does_not_hold(rebuilt: Project, tmp_path: Path) -> None:
    project = with_remote(rebuilt, tmp_path)
    project.git("commit", "-q", "--allow-empty", "-m", "later")
    assert codes(project) == ["EVIDENCE_STALE"]
    project.git("reset", "-q", "--hard", "HEAD~1")
    project.git("update-index", "--assume-unchanged", "data/one.txt")
    project.write("data/one.txt", "what git does not see\n")
    assert codes(project) == ["LOCK_INPUTS_CHANGED"]
    shutil.rmtree(project.path("release/1.0.0"))
    done = project.doit("tag")
    assert (done.returncode, done.stderr) == (
        1,
        (
            "there is no candidate of 1.0.0 (EVIDENCE_MISSING)\n"
            "  wanted: an accepted candidate\n"
            "  found:  nothing\n"
            "  where:  release/1.0.0\n"
            "  hint:   run 'doit release'\n"
        ),
    )


def test_remotes_that_have_it_refuse_it_or_are_silent(sealable: Project) -> None:
    head = sealable.git("rev-parse", "HEAD")
    sealable.git("push", "-q", "origin", "HEAD:refs/tags/v1.0.0")
    assert codes(sealable) == ["VERSION_TAKEN"]
    assert (remote_tags(sealable), sealable.git("tag")) == ({"v1.0.0": head}, "")
    sealable.git("push", "-q", "origin", ":refs/tags/v1.0.0")
    sealable.git("remote", "set-url", "origin", "file:///nonexistent")
    silent = sealable.doit("tag")
    assert (silent.returncode, sealable.git("tag")) == (2, "")
    assert silent.stderr.startswith("the remote origin cannot be read\n")
    sealable.git("remote", "set-url", "origin", "../remote.git")
    hook = sealable.root.with_name("remote.git") / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'not today' >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = sealable.doit("tag")
    assert refused.returncode == 2
    assert "the remote origin did not take the tag v1.0.0\n" in refused.stderr
    assert "not today" in refused.stderr
    made = sealable.git("rev-parse", "v1.0.0")
    hook.unlink()
    sealable.git("commit", "-q", "--allow-empty", "-m", "work goes on")
    continued = sealable.doit("tag")
    assert continued.returncode == 0, continued.stdout
    assert remote_tags(sealable) == {"v1.0.0": made}


def test_without_a_remote_the_tag_is_local_and_that_is_said(rebuilt: Project, tmp_path: Path) -> None:
    project = copy_project(rebuilt, tmp_path / "project")
    done = project.doit("tag")
    assert "  remote      no remote is configured: the tag is in this repository only\n" in done.stdout
    assert project.git("tag") == "v1.0.0"


def _sealed_once(project: Project) -> None:
    """After the next run: one tag, here and there the same object, that names the root of the directory."""
    done = project.doit("tag")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.git("tag") == "v1.0.0"
    assert remote_tags(project) == {"v1.0.0": project.git("rev-parse", "v1.0.0")}
    root = json.loads(project.read("release/1.0.0.attestations/seal.json"))["root"]
    assert f"\nroot: {root}\n" in project.git("cat-file", "tag", "v1.0.0")
    leftovers = [path.name for path in project.path("release/1.0.0.attestations").glob(".*")]
    assert leftovers == [], leftovers


def _git_calls(rebuilt: Project, folder: Path) -> list[str]:
    log = folder / "calls.txt"
    project = with_remote(rebuilt, folder)
    done = project.doit("tag", env=_faulty(folder, log, number=0, when="before"))
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def _faulty(folder: Path, log: Path, *, number: int, when: str) -> dict[str, str | None]:
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    text = FAULTY_GIT.format(log=log, number=number, when=when, git=GIT)
    (place / "git").write_text(text)
    (place / "git").chmod(0o755)
    return {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}


def _kill_at_git(rebuilt: Project, folder: Path, number: int, when: str) -> None:
    folder.mkdir()
    project = with_remote(rebuilt, folder)
    env = _faulty(folder, folder / "calls.txt", number=number, when=when)
    killed = project.doit("tag", env=env)
    assert killed.returncode in {-9, 137}, (number, when, killed.stdout + killed.stderr)
    there = remote_tags(project)
    assert there in ({}, {"v1.0.0": project.git("rev-parse", "v1.0.0") if project.git("tag") else ""})
    _sealed_once(project)
    shutil.rmtree(folder)


def test_killed_around_the_tag_and_the_push(rebuilt: Project, tmp_path: Path) -> None:
    """`test_killed_at_every_git_command` has all of them."""
    (tmp_path / "counted").mkdir()
    calls = _git_calls(rebuilt, tmp_path / "counted")
    for word, when in (("tag", "after"), ("push", "before"), ("push", "after")):
        number = next(at for at, call in enumerate(calls, 1) if call.startswith(f"{word} "))
        _kill_at_git(rebuilt, tmp_path / f"{word}-{when}", number, when)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_git_command(rebuilt: Project, tmp_path: Path, when: str) -> None:
    (tmp_path / "counted").mkdir()
    for number in range(1, len(_git_calls(rebuilt, tmp_path / "counted")) + 1):
        _kill_at_git(rebuilt, tmp_path / f"{number}", number, when)


def _strace_works() -> bool:
    if STRACE is None:
        return False
    line = [STRACE, "-qq", "-f", "-e", "trace=none", "true"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not _strace_works(), reason="needs strace with the right to trace")
def test_killed_at_every_fsync_and_rename(rebuilt: Project, tmp_path: Path) -> None:
    """Those of this program, and those of the git that it has started, which is killed alone."""
    counted = tmp_path / "counted"
    counted.mkdir()
    project = with_remote(rebuilt, counted)
    log = counted / "strace.txt"
    trace = [str(STRACE), "-qq", "-f", "-e", "signal=none", "-e", f"trace={','.join(CALLS)}"]
    done = project.run([*trace, "-o", str(log), script("doit"), "tag"])
    assert done.returncode == 0, done.stdout + done.stderr
    lines = log.read_text("utf-8", "replace").splitlines()
    main = lines[0].split()[0]
    counts: Counter[str] = Counter()
    for line in lines:
        found = re.match(rf"{main}\s+([a-z0-9]+)\(", line)
        counts.update([found[1]] if found else [])
    assert counts["rename"] >= 2, counts
    for call, most in counts.items():
        for number in range(1, most + 1):
            folder = tmp_path / f"{call}-{number}"
            folder.mkdir()
            project = with_remote(rebuilt, folder)
            inject = ("-e", f"inject={call}:signal=KILL:when={number}")
            killed = project.run([*trace, *inject, "-o", os.devnull, script("doit"), "tag"])
            assert killed.returncode in {-9, 137}, (call, number, killed.stdout + killed.stderr)
            for stale in project.path(".git/refs/tags").glob("*.lock"):
                stale.unlink()  # of a git that was killed: git says so, and a person removes it
            _sealed_once(project)
            shutil.rmtree(folder)
