"""Ten releases in a row of the bundled model with changing data, then diff, yank, rollback and a patch.

The model is made small in the clone, by its own parameters: records of one category, a vocabulary of fixed
sentences, 90 steps, few repeats, the benchmarks of one format. What such a model cannot reach is lowered
there: the targets of quality and the threshold of the rubric are 0, and worse figures warn instead of
refusing, because timings on a shared machine and the score of four tasks say little. All else is as shipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.project import Project, ran, rows

REPOSITORY = Path(__file__).parents[2]
CODER = "examples/tinycoder"
RECORDS = f"{CODER}/data/records"
SENTENCE = "Write solve(xs): return the sum of the squares of the numbers in xs that are even."
ROUNDS = 10
FIRST, MORE = 60, 8  # records of the first release, and how many more each next one has
NEWEST = f"0.{ROUNDS}.0"  # it sorts after 0.9.0 by number only
PATCH = f"0.{ROUNDS}.1"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (REPOSITORY / ".git").exists() or shutil.which("git") is None,
        reason="needs the repository itself",
    ),
]


def test_ten_releases_in_a_row(tmp_path: Path) -> None:
    project = _small_clone(tmp_path)
    for number in range(1, ROUNDS + 1):
        _release_round(project, number)
    _all_are_sealed_and_published(project)
    _the_last_is_told(project)
    _patch(project)
    _yank_and_roll_back(project)


def _small_clone(place: Path) -> Project:
    """A clone with an empty remote of its own, whose model is made in seconds."""
    project = Project(place / "clone")
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", REPOSITORY, project.root], check=True)
    subprocess.run(["git", "init", "-q", "--bare", place / "origin.git"], check=True)
    project.git("remote", "set-url", "origin", str(place / "origin.git"))
    project.git("checkout", "-q", "-B", "main")  # CI may have checked out a commit, and no branch
    text = project.read("release.toml")
    for old, new in (
        ("[bench.speed-gguf-f32]", None),
        ("[bench.speed-gguf-q8_0]", None),
        ("params = { steps = 900 }", "params = { steps = 90 }"),
        ('"{params.steps}",', '"{params.steps}", "--warmup", "10", "--rate", "0.005",'),
        ('"--iterations", "10"', '"--iterations", "5", "--warmup", "1", "--tokens", "4"'),
        ('bench_quality.py",\n    "--model"', 'bench_quality.py",\n    "--tasks", "4",\n    "--model"'),
        ("target = 0.70, exact", "target = 0, exact"),
        ("target = 0.40, exact", "target = 0, exact"),
        ("target = 0.60, exact", "target = 0, exact"),
        ("\nsteps = 32", "\nsteps = 8"),
        (
            f'tokenizer.py",\n    "--records", "{RECORDS}"',
            f'tokenizer.py",\n    "--records", "{CODER}/words"',
        ),
        (
            f'"{CODER}/tokenizer.py",\n    "{RECORDS}/*.json",\n]\nwrites = ["build/tinycoder/tokenizer.json"]',
            f'"{CODER}/tokenizer.py",\n    "{CODER}/words/*.json",\n]\nwrites = ["build/tinycoder/tokenizer.json"]',
        ),
        ('["arithmetic", "branch", "compare", "list", "loop", "string"]', '["arithmetic"]'),
        ('tokenizer_version = "1"', 'tokenizer_version = "2"'),
    ):
        assert old in text, old
        text = _without_benchmark(text, old) if new is None else text.replace(old, new)
    files = '\n[versioning]\nfiles = ["release.toml"]\n\n[publish.shelf]\nuri = "directory:shelf"\n'
    project.write("release.toml", text + files)
    limits = "".join(
        f"  min_{name}: 0\n" for name in ("compile_rate", "pass_at_1", "pass_at_5", "pass_at_10")
    )
    policy = project.read("release_policy.yml").replace("gates:\n", "gates:\n  regression: soft\n")
    project.write("release_policy.yml", f"{policy}thresholds:\n{limits}")
    project.replace(f"{CODER}/workmanship.yml", "threshold: 0.7", "threshold: 0")
    for name in ("smoke.py", "tests/pipeline/test_end_to_end.py"):
        project.replace(f"{CODER}/{name}", SENTENCE, "Write solve(a): add 12.")
    project.write(".gitignore", project.read(".gitignore") + "/shelf/\n")
    shutil.rmtree(project.path(RECORDS))
    _add_records(project, RECORDS, 0, FIRST)
    _add_records(project, f"{CODER}/words", 0, FIRST)
    project.commit("chore: a small model")
    project.git("push", "-q", "origin", "HEAD")
    return project


def _without_benchmark(text: str, head: str) -> str:
    """The text without a benchmark's two tables."""
    start = text.index(head)
    metrics = text.index(f"{head[:-1]}.metrics]")
    return text[:start] + text[text.index("\n\n", metrics) + 2 :]


def _add_records(project: Project, folder: str, first: int, end: int) -> None:
    """Write the records `first` to `end`, each a task of its own."""
    operations = (("add", "+"), ("subtract", "-"), ("multiply by", "*"))
    names, variables = ("solve", "apply", "work", "answer", "get", "make"), ("n", "x", "a")
    for number in range(first, end):
        (word, sign), constant = operations[number % 3], 2 + number // 3
        name, variable = names[number % 6 if number % 2 else number // 2 % 6], variables[number // 3 % 3]
        code = f"def {name}({variable}):\n    return {variable} {sign} {constant}\n"
        space: dict[str, Any] = {}
        exec(code, space)  # noqa: S102 - our own text, from the line above
        record = {
            "id": f"arithmetic-{number:03d}",
            "split": "heldout" if number % 8 == 5 else "train",
            "category": "arithmetic",
            "prompt": f"Write {name}({variable}): {word} {constant}.",
            "solution": code,
            "tests": [f"assert {name}({at}) == {space[name](at)}" for at in (0, 1, 5, 7, 12, 31)],
        }
        project.write(f"{folder}/{record['id']}.json", json.dumps(record, indent=2) + "\n")


def _release_round(project: Project, number: int) -> None:
    """Other data, then all that a user types for one version."""
    version, before = f"0.{number}.0", f"0.{number - 1}.0"
    if number == 1:
        _raise_dataset(project)
    else:
        _add_records(project, RECORDS, FIRST + MORE * (number - 2), FIRST + MORE * (number - 1))
        dataset = tomllib.loads(project.read("release.toml"))["dataset"]["version"]
        dry = json.loads(_typed(project, "bump", "auto", "--dry-run", "--json").stdout)
        assert dry["notes"] == [f"the data changed, and dataset.version is still {dataset}: raise it too"]
        _raise_dataset(project)
        advice = json.loads(_typed(project, "bump", "auto", "--json").stdout)
        assert (advice["old"], advice["new"], advice["part"]) == (before, version, "minor")
        assert [(row["level"], row["subject"]) for row in advice["reasons"]] == [("feature", "dataset")]
        assert advice["files"] == [f"baselines/{before}.json", "release.toml"]
        _rename_artifacts(project, before, version)
    _typed(project, "freeze", "--update")
    done = project.run([sys.executable, f"{CODER}/tests/regression/freeze_goldens.py"])
    assert done.returncode == 0, done.stdout + done.stderr
    project.commit(f"feat(data): {MORE} more sentences of arithmetic for {version}")
    project.git("push", "-q", "origin", "HEAD")
    done = _typed(project, "release", "-n", "2")
    assert rows(done)["release"] == f"tinycoder {version}"
    assert rows(done)["seal"] == "not yet: REBUILD_MISSING (nothing was rebuilt yet)"
    assert ran(_typed(project, "release")) == []
    _seal_and_publish(project, version)


def _seal_and_publish(project: Project, version: str) -> None:
    done = _typed(project, "reproduce", "--spot-check", "1")
    assert f"tinycoder {version}: reproduced\n" in done.stdout
    page = project.read(f"release/{version}.html")
    assert "Nothing of this release was rebuilt yet" not in page
    done = _typed(project, "tag")
    assert done.stdout.startswith(f"tinycoder {version} is tagged v{version} at ")
    assert "\n  on          origin\n" in done.stdout
    done = _typed(project, "publish", "shelf")
    assert f"tinycoder {version} is published: shelf\n" in done.stdout
    assert project.read(f"shelf/tinycoder/{version}.html") == page
    assert _typed(project, "release").stdout.startswith(f"already released as v{version} at ")


def _raise_dataset(project: Project) -> None:
    """The next build of the dataset, wherever release.toml names it."""
    text = project.read("release.toml")
    now = tomllib.loads(text)["dataset"]["version"]
    day, _, build = now.partition("_build")
    project.write("release.toml", text.replace(now, f"{day}_build{int(build) + 1}"))


def _rename_artifacts(project: Project, before: str, version: str) -> None:
    """The GGUF files bear the version in their names, which `bump` tells and does not change."""
    text = project.read("release.toml")
    assert f"-v{before}-" in text
    project.write("release.toml", text.replace(f"-v{before}-", f"-v{version}-"))


def _status(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_typed(project, "status", "--json").stdout)
    return found


def _all_are_sealed_and_published(project: Project) -> None:
    status = _status(project)
    assert [row["version"] for row in status["releases"]] == [f"0.{n}.0" for n in range(1, ROUNDS + 1)]
    for row in status["releases"]:
        assert (row["state"], row["level"], row["problems"], row["yanked"]) == ("sealed", 1, [], None)
        assert (row["tag"]["binds"], row["tag"]["pushed_to"]) == (True, ["origin"])
        assert [item["destination"] for item in row["published"]] == ["shelf"]
    assert status["aliases"] == {"shelf": {"current": NEWEST, "latest": NEWEST}}
    assert status["due"] == []
    found = sorted(path.name for path in project.path("baselines").iterdir())
    assert found == sorted(f"0.{n}.0.json" for n in range(1, ROUNDS))
    assert project.git("status", "--porcelain") == ""


def _the_last_is_told(project: Project) -> None:
    """diff, changelog and page of the newest release."""
    before = f"0.{ROUNDS - 1}.0"
    found = json.loads(_typed(project, "diff", f"release/{before}", f"release/{NEWEST}", "--json").stdout)
    assert (found["exact_identical"], found["level"]) == (False, "none")
    text = _typed(project, "changelog").stdout
    assert f"## [{NEWEST}] - " in text
    assert f"\nChanges since `v{before}`.\n" in text
    assert f"- **data:** {MORE} more sentences of arithmetic for {NEWEST} (" in text
    old = json.loads(project.read(f"release/{before}/evidence/quality.json"))["samples"]
    new = json.loads(project.read(f"release/{NEWEST}/evidence/quality.json"))["samples"]
    assert f"| `quality.json` | `samples` | {old} | {new} |" in text
    page = project.read(f"release/{NEWEST}.html")
    for number in range(1, ROUNDS + 1):
        assert f"0.{number}.0" in page


def _patch(project: Project) -> None:
    """The same weights with another sentence in their card."""
    project.replace(f"{CODER}/cards/model.md", "## Overview\n", "## Overview\n\nA patch mended this card.\n")
    advice = json.loads(_typed(project, "bump", "patch", "--json").stdout)
    assert (advice["new"], advice["part"], advice["reasons"]) == (PATCH, "patch", [])
    project.replace(
        "release.toml",
        f'version = "{PATCH}"\nlicense',
        f'version = "{PATCH}"\ntype = "patch"\nbase = "{NEWEST}"\nreason = "the card was wrong"\nlicense',
    )
    _rename_artifacts(project, NEWEST, PATCH)
    _typed(project, "freeze", "--update")
    project.commit("fix(cards): the model card says what the patch mends")
    project.git("push", "-q", "origin", "HEAD")
    done = _typed(project, "release", "-n", "2")
    assert rows(done)["release"] == f"tinycoder {PATCH}"
    assert "step:train" not in ran(done)
    _seal_and_publish(project, PATCH)
    base, patch = (
        json.loads(project.read(f"release/{version}/metadata.json"))["model_hash"]
        for version in (NEWEST, PATCH)
    )
    assert base == patch


def _yank_and_roll_back(project: Project) -> None:
    done = _typed(project, "yank", "0.3.0", "--reason", "a sentence was wrong")
    assert done.stdout.startswith("0.3.0 is yanked, since ")
    refused = project.doit("rollback", "0.3.0")
    assert refused.returncode == 1
    assert "yanked" in refused.stdout + refused.stderr
    plan = _typed(project, "rollback", "0.9.0")
    assert f"current would move: {PATCH} -> 0.9.0\n" in plan.stdout
    assert _status(project)["aliases"] == {"shelf": {"current": PATCH, "latest": PATCH}}
    done = _typed(project, "rollback", "0.9.0", "--apply")
    assert f"current moved: {PATCH} -> 0.9.0\n" in done.stdout
    assert project.path("shelf/tinycoder/current").readlink() == Path("0.9.0")
    status = _status(project)
    assert (status["aliases"], status["aliases_seen"]) == (
        {"shelf": {"current": "0.9.0", "latest": PATCH}},
        ["shelf"],
    )
    assert [row["version"] for row in status["releases"] if row["yanked"]] == ["0.3.0"]
    assert f"\nshelf: current is 0.9.0, latest is {PATCH}\n" in _typed(project, "status").stdout


def _typed(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    """Run `doit ARGS` of the environment on the clone, which must succeed."""
    done = project.doit(*args)
    assert done.returncode == 0, f"doit {' '.join(args)}\n{done.stdout}{done.stderr}"
    return done
