"""Publishing and rolling back, as a user does it; killed anywhere, and run again."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from project import Project, contents, copy_project, normal, script

from release_tasks.system.lock import FileLock
from release_tasks.system.receipts import read_receipt
from release_tasks.verbs.verify import verify
from tests.fakes.github_server import TOKEN, Github, serve_github

KILLER = Path(__file__).with_name("killed.py")
CHUNKS = 4
TABLES = """
[publish.store]
uri = "directory:store"

[publish.carry]
uri = "file:carry/{name}-{version}.tar"

[publish.hub]
uri = "github:someone/tiny"

[publish.inner]
uri = "directory:inner"
ci_only = true
production = true
"""


@pytest.fixture(scope="session")
def sealable(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released and rebuilt project with destinations, tagged; never change it, copy it."""
    project = copy_project(built, tmp_path_factory.mktemp("sealable") / "project")
    project.write("release.toml", project.read("release.toml") + TABLES)
    project.write(".gitignore", project.read(".gitignore") + "/store/\n/carry/\n/inner/\n")
    project.commit("destinations")
    for command in (("release",), ("reproduce",)):
        done = project.doit(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def project(sealable: Project, tmp_path: Path) -> Project:
    return copy_project(sealable, tmp_path / "project")


@pytest.fixture
def github() -> Iterator[Github]:
    with serve_github() as found:
        yield found


def root_of(project: Project, version: str = "1.0.0") -> str:
    """The root of a local release, every byte verified."""
    report = verify(project.path(f"release/{version}"), root=None, tag=None, full=True, cwd=project.root)
    assert report.ok
    return str(report.root)


def next_version(project: Project, version: str) -> None:
    """Release, rebuild and publish another version."""
    text = re.sub(r'version = "[0-9.]+"', f'version = "{version}"', project.read("release.toml"))
    project.write("release.toml", text)
    project.commit(f"version {version}")
    for command in (("release",), ("reproduce",), ("publish", "store")):
        done = project.doit(*command)
        assert done.returncode == 0, done.stdout + done.stderr


def pointing(project: Project) -> dict[str, str]:
    """Where the aliases of the store lead."""
    home = project.path("store/tiny")
    return {
        name: str((home / name).readlink()) for name in ("current", "latest") if (home / name).is_symlink()
    }


def test_publish_to_a_folder_and_roll_back(project: Project) -> None:
    done = project.doit("publish", "store", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tiny 1.0.0 would be published: store\n")
    assert not project.path("store").exists()
    assert not project.path("release/1.0.0.attestations/receipts").exists()

    done = project.doit("publish", "store", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["state"], report["root"]) == ("published", root_of(project))
    assert contents(project.path("store/tiny/1.0.0")) == contents(project.path("release/1.0.0"))
    assert pointing(project) == {"current": "1.0.0", "latest": "1.0.0"}
    done = project.tasks("verify", "store/tiny/current", "--root", report["root"].removeprefix("sha256:"))
    assert done.returncode == 0, done.stdout
    done = project.run(["sh", "-c", "cd store/tiny && sha256sum -c --strict *.sha256"])
    assert done.returncode == 0, done.stderr

    done = project.doit("publish", "store")
    assert done.returncode == 0
    assert done.stdout.startswith("tiny 1.0.0 is already published: store\n")
    assert "already released as receipts in 1.0.0.attestations" in project.doit("release").stdout

    next_version(project, "1.1.0")
    assert pointing(project) == {"current": "1.1.0", "latest": "1.1.0"}
    before = contents(project.path("store"))
    done = project.doit("rollback", "1.0.0")
    assert done.returncode == 0, done.stderr
    assert "store       current would move: 1.1.0 -> 1.0.0\n" in done.stdout
    assert done.stdout.endswith("to do it: doit rollback 1.0.0 --to store --apply\n")
    assert contents(project.path("store")) == before

    done = project.doit("rollback", "1.0.0", "--to", "store", "--apply")
    assert done.returncode == 0, done.stderr
    assert pointing(project) == {"current": "1.0.0", "latest": "1.1.0"}
    again = project.doit("rollback", "1.0.0", "--to", "store", "--apply")
    assert again.returncode == 0
    assert "store       current is at 1.0.0 already: nothing to do\n" in again.stdout
    history = [json.loads(line) for line in project.read("store/tiny/.aliases.jsonl").splitlines()]
    assert [
        (row["alias"], row["from"], row["to"], row["by"]) for row in history if row["alias"] == "current"
    ] == [
        ("current", None, "1.0.0", "publish"),
        ("current", "1.0.0", "1.1.0", "publish"),
        ("current", "1.1.0", "1.0.0", "rollback"),
    ]
    assert project.doit("publish", "store").stdout.startswith("tiny 1.1.0 is already published")
    assert pointing(project)["current"] == "1.0.0"

    weights = project.path("store/tiny/1.1.0/model.safetensors")
    weights.chmod(0o644)
    weights.write_bytes(bytes(88))
    done = project.doit("rollback", "1.1.0", "--apply", "--to", "store")
    assert done.returncode == 1
    assert "does not verify: DIGEST_MISMATCH" in done.stderr
    done = project.doit("publish", "store")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "1.1.0 is published already, with other bytes\n  wanted: model.safetensors: "
    )
    assert pointing(project)["current"] == "1.0.0"


def test_what_may_not_be_published(project: Project) -> None:
    refused = project.doit("publish", "inner")
    assert refused.returncode == 1
    assert refused.stderr == (
        "only CI may publish to inner\n"
        "  wanted: the environment variable CI, which every CI system sets\n"
        "  found:  CI is not set\n"
        "  where:  release.toml: publish.inner.ci_only\n"
        "  hint:   let the release job publish it\n"
    )
    assert project.doit("publish", "inner", env={"CI": "true"}).returncode == 0
    untagged = project.doit("publish", "hub")
    assert untagged.returncode == 1
    assert untagged.stderr.startswith("github: publishes only what is tagged\n  wanted: the tag v1.0.0\n")
    weights = project.path("release/1.0.0/config.json")
    weights.chmod(0o644)
    weights.write_text('{"words": 5}\n', "utf-8")
    damaged = project.doit("publish", "store")
    assert damaged.returncode == 1
    assert "RELEASE_DAMAGED" in damaged.stderr
    assert not project.path("store").exists()


def test_rollback_refuses(project: Project) -> None:
    assert project.doit("publish", "store").returncode == 0
    missing = project.doit("rollback", "0.9.0", "--to", "store")
    assert missing.returncode == 1
    assert project.doit("rollback", "0.9.0").stderr.startswith("the version is not known to be published")
    assert missing.stderr.startswith("0.9.0 is not known to be published at store\n")
    assert project.doit("rollback", "1.0.0", "--to", "carry").returncode == 3
    assert project.doit("rollback", "one").returncode == 3
    assert project.doit("yank", "1.0.0", "--reason", "wrong weights").returncode == 0
    yanked = project.doit("rollback", "1.0.0", "--to", "store")
    assert yanked.returncode == 1
    assert yanked.stderr.startswith("1.0.0 is yanked\n")
    assert project.doit("publish", "carry").stderr.startswith("1.0.0 is yanked\n")


def killed(
    project: Project, number: int, when: str, *command: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that kills itself at the Nth call."""
    return project.run([sys.executable, str(KILLER), str(number), when, *command], env=env)


def calls_of(project: Project, *command: str, env: dict[str, str] | None = None) -> int:
    """How many calls an undisturbed run makes."""
    done = killed(project, 0, "never", *command, env=env)
    assert done.returncode == 0, done.stderr
    return int(re.findall(r"^calls (\d+)$", done.stderr, re.MULTILINE)[-1])


def check_store(project: Project, root: str) -> None:
    """Whatever is visible in the store is whole, and aliases lead to what is there."""
    home = project.path("store/tiny")
    if not home.is_dir():
        return
    if (home / "1.0.0").exists():
        report = verify(home / "1.0.0", root=root.removeprefix("sha256:"), tag=None, full=True, cwd=home)
        assert report.ok, report.problems
    for version in pointing(project).values():
        assert (home / version / "MANIFEST.json").is_file()


def without_times(project: Project) -> dict[str, bytes]:
    """The bytes of a store but for its clock and its lock."""
    found = contents(project.path("store/tiny"))
    found[".aliases.jsonl"] = re.sub(rb'"at":"[^"]+"', b"", found[".aliases.jsonl"])
    return {name: data for name, data in found.items() if not name.endswith("seal.json")}


def kill_publish(
    sealable: Project, work: Path, numbers: Iterator[int] | range, expected: dict[str, bytes]
) -> None:
    root = root_of(sealable)
    for number in numbers:
        when = "before" if number % 2 else "after"  # after one call is before the next
        project = copy_project(sealable, work / str(number))
        done = killed(project, number, when, "publish", "store")
        assert done.returncode == -9, f"{number} {when}: {done.stderr}"
        check_store(project, root)
        again = project.doit("publish", "store")
        assert again.returncode == 0, f"{number} {when}: {again.stderr}"
        check_store(project, root)
        assert without_times(project) == expected, f"{number} {when}"
        assert [path.name for path in project.path("store/tiny").glob(".staging*")] == []
        assert [path.name for path in project.path("release/1.0.0.attestations").rglob(".*")] == []
        receipt = read_receipt(project.path("release/1.0.0.attestations"), "store")
        assert receipt is not None
        assert receipt.aliases is not None
        assert pointing(project) == {"current": "1.0.0", "latest": "1.0.0"}
        shutil.rmtree(project.root)


@pytest.fixture(scope="session")
def undisturbed(sealable: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, bytes]]:
    """How many calls a publication makes, and what it leaves."""
    project = copy_project(sealable, tmp_path_factory.mktemp("undisturbed") / "project")
    return calls_of(project, "publish", "store"), without_times(project)


def test_killed_while_publishing(
    sealable: Project, tmp_path: Path, undisturbed: tuple[int, dict[str, bytes]]
) -> None:
    """A few moments, the last ones among them: `test_killed_anywhere_while_publishing` has all."""
    calls, expected = undisturbed
    kill_publish(sealable, tmp_path, iter((calls // 3, calls - 18, calls - 8)), expected)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_anywhere_while_publishing(
    sealable: Project, tmp_path: Path, undisturbed: tuple[int, dict[str, bytes]], chunk: int
) -> None:
    calls, expected = undisturbed
    kill_publish(sealable, tmp_path, range(1 + chunk, calls + 1, CHUNKS), expected)


ROLLBACK = ("rollback", "1.0.0", "--to", "store", "--apply")


def kill_rollback(project: Project, work: Path, moments: Callable[[int], Iterable[int]]) -> None:
    """`moments`: of so many calls, those at which it is killed."""
    assert project.doit("publish", "store").returncode == 0
    next_version(project, "1.1.0")
    calls = calls_of(copy_project(project, work / "counted"), *ROLLBACK)
    assert calls >= 6
    for number in moments(calls):
        there = copy_project(project, work / str(number))
        done = killed(there, number, "before" if number % 2 else "after", *ROLLBACK)
        assert done.returncode == -9, done.stderr
        assert pointing(there)["current"] in {"1.0.0", "1.1.0"}
        again = there.doit(*ROLLBACK)
        assert again.returncode == 0, again.stderr
        assert pointing(there) == {"current": "1.0.0", "latest": "1.1.0"}
        shutil.rmtree(there.root)


def test_killed_while_rolling_back(project: Project, tmp_path: Path) -> None:
    """Two moments, early and late: `test_killed_anywhere_while_rolling_back` has all."""
    kill_rollback(project, tmp_path, lambda calls: (calls // 3, calls - 2))


@pytest.mark.slow
def test_killed_anywhere_while_rolling_back(project: Project, tmp_path: Path) -> None:
    kill_rollback(project, tmp_path, lambda calls: range(1, calls + 1))


def tagged(project: Project, github: Github) -> dict[str, str]:
    """Tag the release here and there; the environment in which it is published."""
    done = project.doit("tag")
    assert done.returncode == 0, done.stdout + done.stderr
    github.tags["v1.0.0"] = project.git("rev-parse", "refs/tags/v1.0.0")
    return {"GITHUB_API_URL": github.url, "GH_TOKEN": TOKEN}


def check_github(github: Github, expected: dict[str, bytes]) -> None:
    """At most one published release, and that whole."""
    published = github.published()
    assert len(published) <= 1
    for release in published:
        assert github.contents(release) == expected
    assert github.latest is None or github.latest == published[0].id
    assert github.made_tags == []


def test_publish_on_github_whatever_happens(project: Project, github: Github, tmp_path: Path) -> None:
    env = tagged(project, github)
    first = project.doit("publish", "hub", env=env)
    assert first.returncode == 0, first.stderr
    (release,) = github.published()
    expected = github.contents(release)
    assert expected["MANIFEST.json"] == project.path("release/1.0.0/MANIFEST.json").read_bytes()
    assert github.latest == release.id
    assert TOKEN not in first.stdout + first.stderr
    assert github.tokens_elsewhere == []
    archive = tmp_path / "artifacts.tar.gz"
    archive.write_bytes(expected["tiny-v1.0.0-artifacts.tar.gz"])
    assert project.run(["tar", "-xzf", str(archive), "-C", str(tmp_path)]).returncode == 0
    assert contents(tmp_path / "tiny-1.0.0") == contents(project.path("release/1.0.0"))
    sent = len(github.uploads())
    again = project.doit("publish", "hub", env=env)
    assert again.stdout.startswith("tiny 1.0.0 is already published: hub\n"), again.stderr
    assert len(github.uploads()) == sent
    plan = project.doit("rollback", "1.0.0", "--to", "hub", "--json", env=env)
    assert json.loads(plan.stdout)["rows"] == [{"destination": "hub", "alias": "latest", "move": None}]


def kill_github(project: Project, github: Github, work: Path, numbers: Iterator[int] | range) -> None:
    env = tagged(project, github)
    expected: dict[str, bytes] = {}
    for number in (0, *numbers):
        github.releases.clear()
        github.requests.clear()
        github.latest = None
        there = copy_project(project, work / str(number))
        done = killed(there, number, "before" if number % 2 else "after", "publish", "hub", env=env)
        if not number:
            expected = github.contents(github.published()[0])
            continue
        assert done.returncode == -9, done.stderr
        check_github(github, expected)
        again = there.doit("publish", "hub", env=env)
        assert again.returncode == 0, f"{number}: {again.stderr}"
        check_github(github, expected)
        assert len(github.releases) == 1
        assert github.latest is not None
        assert len(github.uploads()) <= len(expected) + 1, "what had arrived was sent again"
        shutil.rmtree(there.root)


def test_killed_while_publishing_on_github(project: Project, github: Github, tmp_path: Path) -> None:
    kill_github(project, github, tmp_path, iter((20, 41)))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_anywhere_while_publishing_on_github(
    project: Project, github: Github, tmp_path: Path, chunk: int
) -> None:
    env = tagged(project, github)
    calls = calls_of(copy_project(project, tmp_path / "counted"), "publish", "hub", env=env)
    kill_github(project, github, tmp_path, range(1 + chunk, calls + 1, CHUNKS))


def test_offline_bundle_is_carried_and_verified_elsewhere(project: Project, tmp_path: Path) -> None:
    assert project.doit("publish", "carry").returncode == 0
    carried = tmp_path / "elsewhere" / "tiny.tar"
    carried.parent.mkdir()
    shutil.copy(project.path("carry/tiny-1.0.0.tar"), carried)
    root = root_of(project).removeprefix("sha256:")
    done = project.run([script("release-tasks"), "verify", str(carried), "--root", root, "--full"])
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("tiny 1.0.0: verified, root as given\n")
    subprocess.run(["tar", "-xf", str(carried), "-C", str(carried.parent)], check=True)
    unpacked = carried.parent / "tiny-1.0.0"
    assert (unpacked / "VERIFY.txt").read_text("utf-8").count(root) == 1
    done = project.run([script("release-tasks"), "verify", str(unpacked / "1.0.0"), "--root", root])
    assert "level       1" in done.stdout


def test_two_publications_at_once(project: Project) -> None:
    """The second is refused by name: of one clone at once, of two clones at the folder."""
    home = project.path("store/tiny")
    home.mkdir(parents=True)
    for lock, message in (
        (project.path(".release/run.lock"), "another run is at work in this project\n"),
        (home / ".publish.lock", "another publication is at work there\n"),
    ):
        with FileLock(lock):
            done = project.doit("publish", "store")
        assert done.returncode == 2
        assert done.stderr.startswith(message), done.stderr
    assert project.doit("publish", "store").returncode == 0


def test_one_version_is_one_release(project: Project) -> None:
    """No second truth: not by a receipt of other bytes, nor by a lost directory, nor by copies among originals."""
    assert project.doit("publish", "store").returncode == 0
    beside = project.path("release/1.0.0.attestations")
    receipt = beside / "receipts/store.json"
    honest, root, other = receipt.read_text(), root_of(project), f"sha256:{'e' * 64}"
    receipt.write_text(honest.replace(f'"root":"{root}","schema', f'"root":"{other}","schema'))
    assert receipt.read_text() != honest
    taken = (
        "VERSION_TAKEN receipts/store.json\n"
        f"  wanted: no receipt of this version, or one of root {root}\n"
        f"  found:  tiny 1.0.0, root {other}, published to directory:store\n"
        "  hint:   raise release.version in release.toml\n"
    )
    done = project.doit("tag")
    assert (done.returncode, done.stdout) == (
        1,
        f"tiny 1.0.0 cannot be tagged: 1 reason; nothing was changed\n{taken}",
    )
    done = project.doit("publish", "carry")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("1.0.0 is another release already\n")
    assert all(line in done.stderr for line in taken.splitlines())
    receipt.write_text(honest)

    receipts = beside / "receipts"
    receipts.rename(project.path("release/kept"))
    project.write("data/two.txt", "beta gamma\n")
    assert project.doit("freeze", "--update").returncode == 0
    project.commit("other bytes")
    project.path("release/kept").rename(receipts)
    project.path("release/1.0.0").rename(project.path("release/.lost"))
    done = project.doit("release")
    assert done.returncode == 1, done.stdout
    assert "1.0.0 is already released\n" in done.stdout + done.stderr
    assert not project.path("release/1.0.0").exists()
    assert "1.0.0    sealed  not here" in project.doit("status").stdout
    project.git("reset", "-q", "--hard", "HEAD~1")
    project.path("release/.lost").rename(project.path("release/1.0.0"))

    place = project.path("aside")
    place.symlink_to("release/1.0.0", target_is_directory=True)
    project.replace("release.toml", '"directory:inner"\nci_only = true', '"directory:aside"')
    done = project.doit("publish", "inner")
    assert done.returncode == 3
    assert normal(done.stderr, project) == (
        "path refused: release_tasks itself keeps things there\n"
        "  wanted: a place outside release, experiments, .release, .git\n"
        "  found:  ROOT/release/1.0.0/tiny\n"
        "  where:  release.toml: publish.inner.uri\n"
    )
    assert root_of(project) == root


def test_the_release_of_another_name_is_not_sealed(project: Project) -> None:
    project.write("other.toml", project.read("release.toml").replace('"tiny"', '"huge"'))
    project.commit("another name")
    for command in (("release",), ("reproduce",)):
        assert project.doit(*command).returncode == 0
    for command in (("tag",), ("publish", "store")):
        done = project.doit(*command, "--config", "other.toml")
        assert done.returncode == 1
        assert done.stderr == (
            "the directory of huge 1.0.0 holds another release (RELEASE_DAMAGED)\n"
            "  wanted: huge 1.0.0\n"
            "  found:  tiny 1.0.0\n"
            "  where:  release/1.0.0\n"
            "  hint:   move it away, then run 'doit release'\n"
        )
    assert project.git("tag") == ""
