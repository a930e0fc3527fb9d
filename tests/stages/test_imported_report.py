from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import ConfigError, FormatError
from release_tasks.policy.bench_gates import BENCH_GATES
from release_tasks.policy.bench_shape import BENCH
from release_tasks.policy.evidence_shape import misfits
from release_tasks.stages.benchmarks_action import measure_benchmark
from tests.fakes.small_project import SmallProject, small_project

FIXTURES = Path(__file__).parents[1] / "fixtures/benchmarks"
TABLE = """
[bench.quality]
format = "lm-eval"
report = "results/*.json"
artifact = "model.safetensors"
reads = ["tasks/*.yaml", "judge.py"]
[bench.quality.metrics]
acc = { direction = "higher", unit = "1", source = "sums/acc", exact = true }
"""


def git(root: Path, *args: str) -> str:
    env = {**os.environ, "GIT_AUTHOR_DATE": "1000000000 +0000", "GIT_COMMITTER_DATE": "1000000000 +0000"}
    done = subprocess.run(["git", *args], cwd=root, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def lock(artifact: str, digest: str) -> bytes:
    value = {
        "schema_version": 2,
        "inputs": {"files": {}, "trees": {}, "steps": {}},
        "pinned": {"config": None, "dataset": None, "tokenizer": None, "seeds": {}},
        "outputs": {"portable": {artifact: f"sha256:{'e' * 64}"}, "v3": {artifact: digest}},
    }
    return json.dumps(value, sort_keys=True, indent=2).encode() + b"\n"


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """A project under git whose last commit the report names, as lm-eval does: abbreviated."""
    files = {"tasks/sums.yaml": b"task: sums\n", "tasks/pick.yaml": b"task: pick\n", "judge.py": b"pass\n"}
    found = small_project(tmp_path / "project", more=TABLE, files=files)
    digest = str(found.workspace.index.sha256("model.safetensors"))
    found.write("release.lock", lock("model.safetensors", digest))
    git(found.root, "init", "-q", "-b", "main")
    git(found.root, "add", "-A")
    git(found.root, "commit", "-qm", "one")
    report(found, git(found.root, "rev-parse", "HEAD")[:7])
    return found


def report(found: SmallProject, commit: str | None) -> None:
    """The real report of lm-evaluation-harness in tests/fixtures, as if it had run at another commit."""
    real = json.loads((FIXTURES / "lm-eval.json").read_bytes())
    found.write("results/results_1.json", json.dumps({**real, "git_hash": commit}).encode())


def measure(found: SmallProject) -> Any:
    again = found.again()
    again.run("bench:quality", measure_benchmark)
    record = json.loads((found.root / ".release/records/bench/quality.json").read_bytes())["data"]
    assert list(misfits(record, BENCH.fields)) == []
    return record


def codes(data: Any) -> list[str]:
    rules: Any = None
    return [str(finding.code) for finding in BENCH_GATES[0].check(data, rules)]


def test_a_report_of_this_source_and_model_is_sound(project: SmallProject) -> None:
    """Formats.md: the commit is completed by git, the model is that of the commit's release.lock."""
    data = measure(project)
    assert data["imported"] == {
        "report": "results/results_1.json",
        "commit": git(project.root, "rev-parse", "HEAD"),
        "commit_found": True,
        "dirty": None,
        "other_reads": [],
    }
    assert data["model_hash"] == data["artifact"]["sha256"]
    (row,) = data["metrics"]
    assert (row["samples"], row["stderr"], row["reported_direction"]) == ([1.0], 0.0, "higher")
    assert codes(data) == []
    assert not (project.root / ".release/records/bench/quality").exists()  # may name hosts and folders


def test_what_does_not_concern_the_reads_is_another_matter(project: SmallProject) -> None:
    """Design §4: a README commit asks for no new measurement."""
    project.write("README.md", b"more\n")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "two")
    assert codes(measure(project)) == []


@pytest.mark.parametrize("commit", [None, "not a commit", "1234567", "f" * 40, "HEAD"])
def test_a_commit_that_is_not_here_is_another_source(project: SmallProject, commit: str | None) -> None:
    report(project, commit)
    data = measure(project)
    assert data["imported"]["commit_found"] is False
    assert "BENCH_OTHER_SOURCE" in codes(data)


@pytest.mark.parametrize(
    ("path", "text", "others"),
    [
        ("judge.py", b"changed\n", ["judge.py"]),
        ("tasks/more.yaml", b"task: more\n", ["tasks/more.yaml"]),
        ("tasks/sums.yaml", None, ["tasks/sums.yaml"]),
    ],
)
def test_reads_that_changed_since_are_another_source(
    project: SmallProject, path: str, text: bytes | None, others: list[str]
) -> None:
    """Design §4: imported evidence must name a commit whose declared reads have the same digests."""
    if text is None:
        (project.root / path).unlink()
    else:
        project.write(path, text)
    data = measure(project)
    assert data["imported"]["other_reads"] == others
    assert codes(data) == ["BENCH_OTHER_SOURCE"]


def test_a_model_that_the_commit_did_not_lock_is_another_model(project: SmallProject) -> None:
    """B7: refused, not averaged."""
    project.write("model.safetensors", (project.root / "model.safetensors").read_bytes()[:-1] + b"\x00")
    data = measure(project)
    assert data["model_hash"] != data["artifact"]["sha256"]
    assert codes(data) == ["BENCH_OTHER_MODEL"]


@pytest.mark.parametrize("text", [None, b"{}\n"], ids=["none", "damaged"])
def test_without_a_lock_nobody_knows_which_model(project: SmallProject, text: bytes | None) -> None:
    if text is None:
        git(project.root, "rm", "-q", "release.lock")
    else:
        project.write("release.lock", text)
        git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "two")
    report(project, git(project.root, "rev-parse", "HEAD")[:10])
    data = measure(project)
    assert data["model_hash"] is None
    assert codes(data) == ["BENCH_OTHER_MODEL"]


@pytest.mark.parametrize(
    ("fixture", "format_"),
    [
        ("pytest-benchmark.json", "pytest-benchmark"),
        ("hyperfine.json", "hyperfine"),
        ("asv.json", "asv"),
        ("lm-eval-dummy.json", "lm-eval"),
    ],
)
def test_real_reports_of_another_repository_are_refused(tmp_path: Path, fixture: str, format_: str) -> None:
    """The fixtures were made by the tools themselves, elsewhere; no commit of theirs is here."""
    table = (
        TABLE.replace("lm-eval", format_)
        .replace("sums/acc", "nothing of theirs")
        .replace("reads = ", "# reads = ")
    )
    found = small_project(
        tmp_path / "p", more=table, files={"results/r.json": (FIXTURES / fixture).read_bytes()}
    )
    git(found.root, "init", "-q")
    git(found.root, "commit", "-q", "--allow-empty", "-m", "one")
    data = measure(found)
    assert codes(data) == ["BENCH_OTHER_SOURCE", "BENCH_OTHER_MODEL", "BENCH_METRIC_MISSING"]
    assert data["mock"] is (fixture == "lm-eval-dummy.json")


def test_exactly_one_report_is_wanted(project: SmallProject) -> None:
    """Formats.md: file names are always timestamped: match by glob and require exactly one."""
    project.write("results/results_2.json", b"{}")
    with pytest.raises(ConfigError) as caught:
        measure(project)
    assert str(caught.value) == (
        "the pattern of bench quality matches 2 reports\n"
        "  wanted: exactly one\n"
        "  found:  results/results_1.json, results/results_2.json\n"
        "  where:  release.toml: bench.quality.report\n"
        "  hint:   remove the reports that are not meant, or name the one that is"
    )
    (project.root / "results/results_1.json").unlink()
    with pytest.raises(FormatError):
        measure(project)


def test_a_fetch_may_bring_the_commit(project: SmallProject) -> None:
    """The step looks again when commits may have come from elsewhere."""
    step = project.step("bench:quality")
    assert step.facts == ("fetched",)
    before = dict(project.workspace.facts(step, {}))
    (project.root / ".git/FETCH_HEAD").write_text("")
    assert dict(project.workspace.facts(step, {})) != before
