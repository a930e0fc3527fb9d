"""A release is built again from its commit, as a user does it: what comes out, what is refused, what is believed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.manifest import MANIFEST, manifest_from_json
from release_tasks.stages.own_schema import check_own
from tests.blackbox.project import (
    Project,
    contents,
    copy_project,
    release_first,
    released_project,
    rows,
    wait_for,
    write_project,
)
from tests.fakes.release_tree import manifest_file, seal

RELEASE = "release/1.0.0"
REPORT = "release/1.0.0.attestations/rebuild.json"
RECORDS = ".release/rebuilds"
STEPS = ("step:tokenizer", "step:train", "step:evaluate")
NOT_OF_A_REBUILD = re.compile(
    r"\.release/(rebuilds|state|.*\.sqlite|lock)|release/1\.0\.0\.attestations/rebuild\."
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project that nobody changes."""
    return released_project(tmp_path_factory.mktemp("made") / "project")


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    return copy_project(made, tmp_path / "project")


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where fresh places are made: whatever happens, none is left."""
    folder = tmp_path / "places"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def reproduced(project: Project, *args: str, code: int = 0, env: dict[str, str | None] | None = None) -> Any:
    """Reproduce, and return the report, which must be what was kept beside the release."""
    done = project.doit("reproduce", *args, "--json", env=env)
    assert done.returncode == code, done.stdout + done.stderr
    report = json.loads(done.stdout)
    check_own("rebuild", report)
    return report


def outcomes(report: Any) -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in report["steps"]}


def outcome_of(report: Any, path: str) -> tuple[str, str | None]:
    found = next(file for file in report["files"] if file["path"] == path)
    return found["outcome"], found["why"]


def all_of(outcome: str, names: tuple[str, ...] = STEPS) -> dict[str, str]:
    return dict.fromkeys(names, outcome)


def untouched(project: Project) -> dict[str, bytes]:
    """Everything that a rebuild has no business with."""
    found = contents(project.root).items()
    return {path: data for path, data in found if not NOT_OF_A_REBUILD.match(path)}


def rewrite(folder: Path, name: str, data: bytes) -> None:
    """Change a file of a release so that all of it still verifies."""
    manifest = manifest_from_json(parse_canonical((folder / MANIFEST).read_bytes(), where=MANIFEST))
    files = tuple(
        manifest_file(name, file.role, file.cls, file.media_type, data) if file.path == name else file
        for file in manifest.files
    )
    for path, text in seal({name: data}, replace(manifest, files=files)).items():
        (folder / path).chmod(0o644)
        (folder / path).write_bytes(text)


def bend(project: Project, name: str, **changed: Any) -> None:
    """Change keys of a record of the release, consistently."""
    path = project.path(f"{RELEASE}/{name}")
    value: Any = parse_canonical(path.read_bytes(), where=name)
    rewrite(project.path(RELEASE), name, dump_canonical({**value, **changed}))


def name_commit(project: Project, commit: str) -> None:
    bend(project, "metadata.json", git_commit=commit, git_commit_short=commit[:12])


def test_a_release_comes_out_again_and_then_rests_on_record(project: Project) -> None:
    """Directory, tar and zip; nothing of the project is touched; the second time nothing runs."""
    before = untouched(project)
    done = project.doit("reproduce")
    assert (done.returncode, re.findall(r"^(build|record) +(\S+)$", done.stderr, re.MULTILINE)) == (
        0,
        [("build", name) for name in STEPS],
    )
    lines = done.stdout.splitlines()
    assert lines[1] == "tiny 1.0.0: reproduced"
    assert lines[2] == (
        "  level         1, rebuilt on this machine under variation "
        "(a claim of whoever ran it: nothing here is signed)"
    )
    assert lines[-1] == f"  report        {REPORT}"
    kept = json.loads(project.read(REPORT))
    check_own("rebuild", kept)
    assert (kept["level"]["number"], kept["weights"], outcomes(kept)) == (1, "rebuilt", all_of("match"))
    assert {(file["class"], file["outcome"]) for file in kept["files"]} == {
        ("exact", "match"),
        ("derived", "match"),
        ("recorded", "given"),
    }
    assert kept["machine"] == kept["builder"]
    assert kept["commit"] == project.git("rev-parse", "HEAD")
    assert "| step:train | match |" in project.read(REPORT.replace(".json", ".md"))
    for path in (RELEASE, "release/tiny-1.0.0.tar", "release/tiny-1.0.0.zip"):
        again = reproduced(project, path)
        assert (outcomes(again), again["level"]["number"]) == (all_of("on record"), 1)
        assert (again["root"], again["exact_root"]) == (kept["root"], kept["exact_root"])
        assert outcome_of(again, "model.safetensors") == ("on record", None)
        assert outcome_of(again, "config.yaml")[0] == "match"
    assert untouched(project) == before
    assert project.git("status", "--porcelain") == ""


def test_what_is_on_record_runs_again_when_it_is_asked_for(project: Project) -> None:
    assert outcomes(reproduced(project)) == all_of("match")
    spot = outcomes(reproduced(project, "--spot-check", "1"))
    assert sorted(spot.values()) == ["match", "on record", "on record"]
    assert outcomes(reproduced(project, "--spot-check", "9")) == all_of("match")
    assert outcomes(reproduced(project, "--all")) == all_of("match")
    assert sum(1 for _ in project.path(RECORDS).rglob("*.json")) == 3 + 1 + 3 + 3


def test_it_comes_out_from_a_clone_that_never_built_it_and_from_a_download(
    project: Project, tmp_path: Path
) -> None:
    """Another folder of the machine, its own records, none of the first build's outputs; run from a subfolder."""
    downloads = tmp_path / "elsewhere" / "downloads"
    downloads.mkdir(parents=True)
    shutil.copy(project.path("release/tiny-1.0.0.tar"), downloads)
    project.write("train.py", "raise SystemExit('an untracked file of the clone')\n")
    root = json.loads(project.tasks("verify", RELEASE, "--json").stdout)["root"]
    project.git("clone", "-q", ".", str(tmp_path / "clone"))
    shutil.rmtree(project.root)
    clone = Project(tmp_path / "clone")
    (clone.root / "scripts" / "train.py").write_text("raise SystemExit('not the committed one')\n", "utf-8")
    before = untouched(clone)
    archive = str(downloads / "tiny-1.0.0.tar")
    inside = Project(clone.root / "scripts")
    records = ("--records", str(tmp_path / "records"))
    done = inside.tasks("reproduce", archive, "--root", root, *records, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (outcomes(report), report["level"]["number"]) == (all_of("match"), 1)
    assert json.loads((downloads / "1.0.0.attestations" / "rebuild.json").read_bytes()) == report
    assert untouched(clone) == before
    assert not clone.path(RECORDS).exists()
    assert len(list((tmp_path / "records").rglob("*.json"))) == 3
    shared = reproduced(clone, archive, "--records", "../records")
    assert outcomes(shared) == all_of("on record")
    done = clone.doit("reproduce", archive, "--root", f"sha256:{'0' * 64}")
    assert done.returncode == 1
    assert f"found:  ROOT_MISMATCH .: {root}\n" in done.stderr


def test_a_rebuilt_release_can_be_sealed_and_verify_says_who_claims_it(project: Project) -> None:
    assert reproduced(project)["level"]["number"] == 1
    done = project.doit("release")
    table = rows(done)
    assert done.returncode == 0
    assert table["level"] == "1, rebuilt on this machine under variation (unsigned: a claim)"
    assert (table["seal"], table["accepted"]) == (
        "can be sealed",
        "reproducible, versioned, packaged, validated",
    )
    report: Any = json.loads(project.read(REPORT))
    claimed = (
        f"claimed by an unsigned report of machine {report['machine']['id'][7:19]}, {report['finished_at']}"
    )
    assert verified(project) == (1, claimed)

    report["level"]["number"] = 3
    counted_not(project, report, "the level that it claims is not what its steps and files show")
    assert "REBUILD_MISSING" in rows(project.doit("release"))["seal"]

    report["level"]["number"] = 1
    other = f"sha256:{'0' * 64}"
    counted_not(project, {**report, "root": other}, f"it speaks of another release, root {other}")
    assert rows(project.doit("release"))["seal"] == f"not yet: REBUILD_MISSING (a rebuild of root {other})"

    project.write(REPORT, "{}\n")
    why = "it is damaged: not a rebuild report that release_tasks writes, found another shape of the whole record"
    assert verified(project) == (None, f"not counted: {why}")

    assert reproduced(project, "--all", "--vary=-all")["level"]["number"] == 0
    assert rows(project.doit("release"))["seal"] == "not yet: REBUILD_LEVEL_LOW (level 0)"


def verified(project: Project) -> tuple[int | None, str]:
    done = project.tasks("verify", RELEASE, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    return found["level"], found["rebuild"]


def counted_not(project: Project, report: Any, why: str) -> None:
    project.path(REPORT).write_bytes(dump_canonical(report))
    assert verified(project) == (None, f"not counted: {why}")
    assert f"  level       none, not counted: {why}\n" in project.tasks("verify", RELEASE).stdout


def test_a_record_is_believed_only_for_what_it_can_show(project: Project) -> None:
    """Tampered, forged under its own digest, of the building run: each is named, and the step runs again."""
    keys = {step["name"]: step for step in reproduced(project)["steps"]}
    records = {name: project.path(f"{RECORDS}/{step['record']}") for name, step in keys.items()}
    run_id = json.loads(project.read(f"{RELEASE}/evidence/run.json"))["run_id"].removeprefix("sha256:")

    tampered = records["step:tokenizer"]
    tampered.write_bytes(tampered.read_bytes().replace(b'"rebuilt_at":"2', b'"rebuilt_at":"3'))
    forged = forge(records["step:train"], outputs={"build/model.safetensors": f"sha256:{'0' * 64}"})
    own = forge(records["step:evaluate"], run=run_id)

    done = project.doit("reproduce")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"^build +(\S+)$", done.stderr, re.MULTILINE)) == set(STEPS)
    told = done.stdout.split("  not believed  ")[1]
    for line in (
        f"{name_of(tampered)}: a rebuild record whose bytes are not those that its name says\n",
        f"{name_of(forged)}: it says that build/config.json, build/model.safetensors came out otherwise\n",
        f"{name_of(own)}: it comes from the run that built the release\n",
    ):
        assert line in told
    assert outcomes(json.loads(project.read(REPORT))) == all_of("match")


def forge(path: Path, **changed: Any) -> Path:
    """Change a record and name the file by its new digest."""
    value: Any = parse_canonical(path.read_bytes(), where="x")
    data = dump_canonical({**value, **changed})
    path.unlink()
    other = path.with_name(f"{hashlib.sha256(data).hexdigest()}.json")
    other.write_bytes(data)
    return other


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _dirty(project: Project) -> None:
    bend(project, "metadata.json", git_dirty=True)


def _no_commit(project: Project) -> None:
    nothing = dict.fromkeys(("git_commit", "git_commit_short", "git_dirty"))
    reasons = json.loads(project.read(f"{RELEASE}/metadata.json"))["reasons"]
    bend(project, "metadata.json", **nothing, reasons=reasons | dict.fromkeys(nothing, "not under git"))


def _unknown_commit(project: Project) -> None:
    name_commit(project, "0" * 40)


def _swapped_commit(project: Project) -> None:
    name_commit(project, project.git("rev-list", "--max-parents=0", "HEAD"))  # before the freeze


def _other_name(project: Project) -> None:
    project.replace("release.toml", 'name = "tiny"', 'name = "huge"')
    name_commit(project, project.commit())


def _tagged_elsewhere(project: Project) -> None:
    project.write("README.md", "Another commit.\n")
    project.commit()
    project.git("tag", "-m", "the release", "v1.0.0")


def _tampered(project: Project) -> None:
    weights = project.path(f"{RELEASE}/model.safetensors")
    weights.chmod(0o644)
    weights.write_bytes(b"x")


def _another_machine(project: Project) -> None:
    bend(project, "evidence/environment.json", numeric_id="v3-linux-x86_64-glibc2.99-numpy2.4.6")


def _no_repository(project: Project) -> None:
    project.path(".git").rename(project.path("git"))


DISTRUST = "  hint:   do not trust this release; get it again from where it came\n"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            _dirty,
            3,
            (
                "the release was built from uncommitted changes: its source is nowhere\n"
                "  wanted: metadata.json: git_dirty false\n"
                "  found:  true\n"
                "  where:  ROOT/release/1.0.0\n"
                "  hint:   commit the changes and run 'doit release' again\n"
            ),
        ),
        (
            _no_commit,
            3,
            (
                "the release does not say from which commit it was built\n"
                "  wanted: metadata.json: git_commit\n"
                "  found:  null: the project was not under git\n"
                "  where:  ROOT/release/1.0.0\n"
                "  hint:   only a release of a project under git can be rebuilt from its source\n"
            ),
        ),
        (
            _unknown_commit,
            3,
            (
                "this repository has no commit 000000000000\n"
                "  wanted: the commit that the release was built from\n"
                "  found:  no such commit\n"
                "  where:  ROOT\n"
                "  hint:   fetch it: git fetch --unshallow --tags, or run in a clone that has it\n"
            ),
        ),
        (
            _swapped_commit,
            1,
            "commit COMMIT is not the source of this release: release.lock differs\n"
            "  wanted: the lock file that the release holds\n"
            "  found:  another lock file, or none\n"
            "  where:  ROOT/release/1.0.0: metadata.json: git_commit\n" + DISTRUST,
        ),
        (
            _other_name,
            1,
            "commit COMMIT is not the source of this release: release.name differs\n"
            "  wanted: tiny\n"
            "  found:  huge\n"
            "  where:  ROOT/release/1.0.0: metadata.json: git_commit\n" + DISTRUST,
        ),
        (
            _tagged_elsewhere,
            1,
            "the release names another commit than its tag\n"
            "  wanted: HEAD, as the tag v1.0.0 says\n"
            "  found:  HEAD~1\n"
            "  where:  ROOT/release/1.0.0: metadata.json: git_commit\n" + DISTRUST,
        ),
        (
            _tampered,
            1,
            (
                "the release does not verify, so there is nothing to compare a rebuild with\n"
                "  wanted: 88 bytes\n"
                "  found:  SIZE_MISMATCH model.safetensors: 1 bytes\n"
                "  where:  ROOT/release/1.0.0\n"
                "  hint:   'release-tasks verify' names every problem; get the release again from where it came\n"
            ),
        ),
        (
            _another_machine,
            2,
            (
                "this environment is not that of the release\n"
                "  wanted: v3-linux-x86_64-glibc2.99-numpy2.4.6\n"
                "  found:  NUMERIC\n"
                "  hint:   use a machine and an interpreter of that numeric id; --fresh-env installs the packages\n"
            ),
        ),
        (
            _no_repository,
            3,
            (
                "there is no git repository to take the source from\n"
                "  wanted: a clone that has the commit of the release\n"
                "  found:  no .git in this folder or above it\n"
                "  where:  ROOT\n"
                "  hint:   run in a clone of the project\n"
            ),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_") or None,
)
def test_what_cannot_be_rebuilt_is_refused_and_nothing_is_written(
    project: Project, change: Callable[[Project], None], code: int, message: str
) -> None:
    numeric = json.loads(project.read(f"{RELEASE}/evidence/environment.json"))["numeric_id"]
    change(project)
    named = json.loads(project.read(f"{RELEASE}/metadata.json"))["git_commit"] or ""
    if "HEAD" in message:
        message = message.replace("HEAD~1", project.git("rev-parse", "HEAD~1"))
        message = message.replace("HEAD", project.git("rev-parse", "HEAD"))
    before = contents(project.root)
    done = project.doit("reproduce")
    assert (done.returncode, done.stdout) == (code, "")
    expected = message.replace("ROOT", str(project.root)).replace("COMMIT", named[:12])
    assert done.stderr == expected.replace("NUMERIC", numeric)
    assert contents(project.root) == before


def test_a_swapped_commit_of_the_same_lock_is_no_match(project: Project) -> None:
    """What the commit holds is the source, even where the lock froze other bytes and the clone has those."""
    honest = project.read("scripts/train.py")
    project.replace("scripts/train.py", "scale * seed", "seed + scale")
    swapped = project.commit()
    project.write("scripts/train.py", honest)
    project.commit()
    name_commit(project, swapped)
    report = reproduced(project, code=1)
    assert outcomes(report)["step:train"] == "mismatch"
    assert report["level"]["number"] is None
    assert outcome_of(report, "model.safetensors") == ("mismatch", "step:train made other bytes")


OUTSIDE = """
[roots]
corpus = "../corpus"
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project that reads files that git does not hold: ignored ones, some by a glob, and of a root."""
    base = tmp_path_factory.mktemp("outside")
    project = write_project(base / "project")
    text = project.read("release.toml")
    text = text.replace("[artifacts]", f"{OUTSIDE}\n[artifacts]\nextra = ['notes.md']", 1)
    text = text.replace('"data/*.txt"', '"data/*.txt", "corpus:words.txt", "words.txt"')
    project.write("release.toml", text)
    project.write(".gitignore", project.read(".gitignore") + "/data/large.txt\n/words.txt\n/notes.md\n")
    project.write("data/large.txt", "zeta eta\n")
    project.write("words.txt", "theta iota\n")
    project.write("notes.md", "kept by hand\n")
    (base / "corpus").mkdir()
    (base / "corpus" / "words.txt").write_text("kappa lambda\n", "utf-8")
    return release_first(project)


INPUTS = "data/*.txt, corpus:words.txt, words.txt"


def test_inputs_that_git_does_not_hold_are_given_from_the_working_tree(outside: Project) -> None:
    report = reproduced(outside)
    assert outcomes(report) == all_of("match")
    assert report["steps"][0]["why"] == f"given by digest, git does not hold it: {INPUTS}"
    assert outcome_of(report, "notes.md") == ("given", "git does not hold it, and no step makes it")
    assert outcomes(reproduced(outside)) == all_of("on record")


def test_inputs_come_from_folders_by_digest_and_never_by_name(outside: Project, tmp_path: Path) -> None:
    download = tmp_path / "download" / "1.0.0"
    shutil.copytree(outside.path(RELEASE), download)
    outside.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    wrong, right = tmp_path / "wrong", tmp_path / "right"
    for folder in (wrong, right):
        (folder / "data").mkdir(parents=True)
    (tmp_path / "corpus").mkdir()
    for name in (wrong / "words.txt", wrong / "data" / "large.txt", tmp_path / "corpus" / "words.txt"):
        name.write_text("another text of this name\n", "utf-8")
    clone.write("words.txt", "another text of this name\n")

    nowhere = reproduced(clone, str(download), "--inputs", str(wrong), code=2)
    assert outcomes(nowhere)["step:tokenizer"] == "inconclusive"
    missing = nowhere["steps"][0]["why"].removeprefix("not to be had: ")
    missing = missing.removesuffix("; name a folder that has them with --inputs")
    assert re.sub(r"[0-9a-f]{16}", "HEX", missing) == (
        "data/*.txt (HEX), corpus:words.txt (HEX), words.txt (HEX)"
    )
    assert outcome_of(nowhere, "tokenizer.json") == ("inconclusive", "step:tokenizer was not built again")
    assert outcomes(nowhere)["step:train"] == "match"  # it reads the released tokenizer
    assert nowhere["level"]["number"] is None
    verdict, why = outcome_of(nowhere, "evidence/verdict.json")  # it judges evidence about those inputs
    assert why is not None
    assert (verdict, sorted(why[len("not to be had: ") :].split(", "))) == (
        "inconclusive",
        sorted(missing.split(", ")),
    )
    assert {file["outcome"] for file in nowhere["files"]} == {"match", "given", "inconclusive"}

    for name in ("one.txt", "two.txt"):
        assert not (right / "data" / name).exists()  # git holds those
    shutil.copy(outside.path("data/large.txt"), right / "data")
    shutil.copy(outside.path("words.txt"), right / "renamed.bin")
    shutil.copy(outside.root.parent / "corpus" / "words.txt", right / "words.txt")
    folders = os.pathsep.join((str(wrong), str(right)))
    report = reproduced(clone, str(download), "--inputs", folders, "--all")
    assert outcomes(report) == all_of("match")
    assert report["steps"][0]["why"] == f"given by digest, git does not hold it: {INPUTS}"


def test_given_weights_are_level_0_and_can_be_sealed_as_that(made: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "given")
    shutil.copytree(made.root, project.root, ignore=shutil.ignore_patterns(".git", ".release", "release"))
    text = project.read("release.toml")
    project.write("release.toml", text[: text.index("[[step]]")].replace("build/", "files/"))
    project.path("build").rename(project.path("files"))
    project.path("release.lock").unlink()
    project.git("init", "-q", "-b", "main")
    project.commit()
    release_first(project)
    report = reproduced(project)
    assert (report["weights"], report["level"]["number"], report["steps"]) == ("given", 0, [])
    assert outcome_of(report, "model.safetensors") == ("given", "no step makes it")
    done = project.doit("reproduce")
    assert "tiny 1.0.0: nothing was rebuilt: no step makes a file of it\n" in done.stdout
    assert "  weights       given\n" in done.stdout
    table = rows(project.doit("release"))
    assert (table["level"], table["seal"]) == (
        "0, packaging: the same tree gives the same bytes (unsigned: a claim)",
        "can be sealed",
    )
    assert table["accepted"] == "versioned, packaged, validated"


NOISE = """
[[step]]
name = "noise"
command = ["python", "scripts/noise.py"]
reads = ["scripts/noise.py"]
writes = ["build/noise.bin"]

[environment]
pass = ["TRAIN_FAILS", "TRAIN_NAPS"]
"""
UNSTEADY = """import os, time
if os.environ.get("TRAIN_FAILS"):
    sys.exit("no such luck")
time.sleep(float(os.environ.get("TRAIN_NAPS", "0")))
"""


@pytest.fixture(scope="module")
def unsteady(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project with a step that is random, and one that fails or naps when it is told to."""
    project = write_project(tmp_path_factory.mktemp("unsteady") / "project")
    project.write("release.toml", project.read("release.toml") + NOISE)
    project.write(
        "scripts/noise.py", "import os, pathlib\npathlib.Path('build/noise.bin').write_bytes(os.urandom(9))\n"
    )
    project.write(
        "scripts/train.py", project.read("scripts/train.py").replace("\nseed", f"\n{UNSTEADY}seed", 1)
    )
    return release_first(project)


def test_a_step_that_is_not_deterministic_is_named_though_every_file_came_out(unsteady: Project) -> None:
    """Its output is not released, and no step reads it: the release is whole, the build is not repeatable."""
    report = reproduced(unsteady, code=1)
    assert outcomes(report) == {**all_of("match"), "step:noise": "mismatch"}
    assert {file["outcome"] for file in report["files"] if file["class"] == "exact"} == {"match"}
    assert report["level"]["number"] is None
    assert report["level"]["missing"] == [
        "step:noise: made other bytes of build/noise.bin, which is not released"
    ]
    done = unsteady.doit("reproduce")
    assert (done.returncode, done.stdout.splitlines()[1]) == (1, "tiny 1.0.0: NOT REPRODUCED")
    assert "not yet: REBUILD_LEVEL_LOW (level none)" in rows(unsteady.doit("release"))["seal"]


def test_weights_that_are_random_are_a_mismatch(project: Project) -> None:
    project.replace("scripts/train.py", "scale * seed /", "int.from_bytes(__import__('os').urandom(2)) /")
    for args in (("freeze", "--update"), ("release",)):
        if args == ("release",):
            project.commit()
        done = project.doit(*args)
        assert done.returncode == 0, done.stdout + done.stderr
    report = reproduced(project, code=1)
    assert outcomes(report) == {**all_of("match"), "step:train": "mismatch"}
    assert outcome_of(report, "model.safetensors") == ("mismatch", "step:train made other bytes")
    assert outcome_of(report, "config.json") == ("match", None)
    assert outcome_of(report, "evidence/quality.json") == ("match", None)
    assert report["level"]["number"] is None


def test_a_step_that_fails_is_a_mismatch_with_its_words(unsteady: Project) -> None:
    report = reproduced(unsteady, "--all", code=1, env={"TRAIN_FAILS": "1"})
    assert outcomes(report)["step:train"] == "mismatch"
    why = next(step["why"] for step in report["steps"] if step["name"] == "step:train")
    assert "no such luck" in why
    assert outcome_of(report, "model.safetensors") == ("mismatch", "step:train failed")
    assert outcomes(report)["step:evaluate"] == "match"  # it reads the released weights


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_interrupted_rebuild_leaves_no_place_and_no_half_report(
    unsteady: Project, tmp_path: Path, places: Path, number: signal.Signals, code: int
) -> None:
    project = copy_project(unsteady, tmp_path / "project")
    project.path(REPORT).unlink(missing_ok=True)
    before = untouched(project)
    process = project.start("reproduce", "--all", env={"TRAIN_NAPS": "60"})
    wait_for(lambda: any(places.glob("reproduce-*/source/.release/logs/step-train.log")))
    children = running(places)
    assert children
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    wait_for(lambda: running(places) == [])  # the kernel ends a sandbox just after whoever started it
    assert not project.path(REPORT).exists()
    assert untouched(project) == before


def running(places: Path) -> list[str]:
    """Processes whose working folder is a fresh place."""
    if sys.platform != "linux":
        return []
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            folder = link.readlink()
        except OSError:
            continue
        if folder.is_relative_to(places):
            found.append(str(link))
    return found


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("a", "b"), "wrong number of paths\n  wanted: one release, or none\n  found:  a b\n"),
        (("--inputs", "nowhere"), "--inputs names no folder\n  wanted: a folder\n  found:  ROOT/nowhere\n"),
        (("--spot-check", "-1"), "--spot-check wants a number\n  wanted: 0 or more steps\n  found:  -1\n"),
        (
            ("release/2.0.0",),
            (
                "no such release\n  wanted: a release directory, a tar or a zip\n  found:  nothing\n"
                "  where:  ROOT/release/2.0.0\n"
            ),
        ),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(made: Project, args: tuple[str, ...], message: str) -> None:
    done = made.doit("reproduce", *args)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == message.replace("ROOT", str(made.root))


def test_without_a_release_there_is_nothing_to_reproduce(fresh: Project) -> None:
    done = fresh.doit("reproduce")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "there is no release to reproduce\n"
        "  wanted: a release below release/, or the path of one\n"
        "  found:  none\n"
        f"  where:  {fresh.root}\n"
        "  hint:   run 'doit release', or name a release directory, tar or zip\n"
    )


def test_the_date_is_that_of_the_commit_whatever_the_metadata_say(project: Project) -> None:
    """R14: a date that the release only claims is found, in the very file that claims it."""
    bend(project, "metadata.json", date="2001-02-03T04:05:06Z")
    done = project.doit("reproduce", "--json")
    files = {file["path"]: file["outcome"] for file in json.loads(done.stdout)["files"]}
    assert (done.returncode, files["metadata.json"], files["README.txt"]) == (1, "mismatch", "match")


def test_a_date_that_was_given_is_recorded_and_restored(project: Project) -> None:
    """K17: SOURCE_DATE_EPOCH of the first build is in environment.json, and no variable of the second."""
    built = project.doit("release", env={"SOURCE_DATE_EPOCH": "981173106"})
    assert built.returncode == 0, built.stdout + built.stderr
    assert json.loads(project.read(f"{RELEASE}/metadata.json"))["date"] == "2001-02-03T04:05:06Z"
    overrides = json.loads(project.read(f"{RELEASE}/evidence/environment.json"))["overrides"]
    assert overrides == {"SOURCE_DATE_EPOCH": "981173106"}
    done = project.doit("reproduce", env={"SOURCE_DATE_EPOCH": None})
    assert done.returncode == 0, done.stdout + done.stderr
    again = project.doit("reproduce", env={"SOURCE_DATE_EPOCH": "1"})
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize(
    "changed",
    [
        {"decided_at": None},
        {"decided_at": "soon"},
        {"overrides": None},
        {"overrides": {"SOURCE_DATE_EPOCH": "-1"}},
    ],
    ids=str,
)
def test_an_environment_that_says_nothing_sound_is_refused(project: Project, changed: dict[str, Any]) -> None:
    bend(project, "evidence/environment.json", **changed)
    done = project.doit("reproduce")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "the release does not say soundly how it was built\n"
        "  wanted: decided_at as 2026-01-31T12:00:00Z, and overrides whose SOURCE_DATE_EPOCH is a time\n"
    )
    assert done.stderr.endswith(f"  where:  evidence/environment.json\n{DISTRUST}")
