"""Benchmarks as evidence, through the commands that a user types (R12, R27, B7, B14)."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from project import Project, copy_project, ran, write_project

from release_tasks.formats.performance_json import dump_performance
from release_tasks.records.performance import Performance

FIXTURES = Path(__file__).parents[1] / "fixtures/benchmarks"
# What the machine would show is read from files, so that every test has the noise that it is about.
BENCH = '''"""Measure: the times of data/NAME.json, in hyperfine's format."""
import json, pathlib, sys, time
name, report, model = sys.argv[1:]
begun = time.time()
assert pathlib.Path(model).read_bytes()
times = json.loads(pathlib.Path(f"data/{name}.json").read_text())
result = {"command": name, "times": times, "exit_codes": [0] * len(times)}
pathlib.Path(report).write_text(json.dumps({"results": [result]}))
time.sleep(0.3)
print("span", name, begun, time.time(), file=sys.stderr)
'''
SPEED = """
[bench.speed]
format = "hyperfine"
command = ["python", "scripts/bench.py", "speed", "{report}", "{artifact}"]
artifact = "build/model.safetensors"
reads = ["scripts/bench.py", "data/speed.json"]
[bench.speed.metrics]
token_s = { direction = "lower", unit = "s", source = "speed", target = 0.05 }
"""
OTHER = SPEED.replace("speed", "other")
IMPORTED = """
[bench.quality]
format = "lm-eval"
report = "results/*.json"
artifact = "build/model.safetensors"
reads = ["tasks/*.yaml"]
[bench.quality.metrics]
acc = { direction = "higher", unit = "1", source = "sums/acc", target = 0.5, exact = true }
[bench.elsewhere]
format = "performance"
report = "elsewhere/*.json"
artifact = "build/model.safetensors"
[bench.elsewhere.metrics]
pass_at_1 = { direction = "higher", unit = "1", target = 0.4, exact = true }
"""
TIMES = [0.0200, 0.0201, 0.0199, 0.0202, 0.0198, 0.0200]


def set_times(project: Project, scale: float, name: str = "speed") -> None:
    project.write(f"data/{name}.json", json.dumps([round(time * scale, 6) for time in TIMES]))


def freeze(project: Project) -> None:
    done = project.doit("freeze", "--update")
    assert done.returncode == 0, done.stdout + done.stderr
    project.commit("chore: freeze")


def add_bench(project: Project, text: str) -> None:
    project.write("release.toml", project.read("release.toml") + text)


def text_of(done: Any) -> str:
    return str(done.stdout + done.stderr)


def evidence(project: Project, name: str) -> Any:
    return json.loads(project.read(f".release/records/{name}.json"))["data"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Version 1.0.0 with one benchmark, released, tagged, and its baseline committed as the manual says."""
    project = write_project(tmp_path_factory.mktemp("measured") / "project")
    project.write("scripts/bench.py", BENCH)
    add_bench(project, SPEED)
    set_times(project, 1.0)
    freeze(project)
    done = project.doit("release")
    assert done.returncode == 0, text_of(done)
    project.git("tag", "-a", "v1.0.0", "-m", "tiny 1.0.0")
    project.path("baselines").mkdir()
    shutil.copy(project.path("release/1.0.0/evidence/metrics.json"), project.path("baselines/1.0.0.json"))
    project.replace("release.toml", 'version = "1.0.0"', 'version = "1.1.0"')
    freeze(project)
    return project


@pytest.fixture
def project(measured: Project, tmp_path: Path) -> Project:
    return copy_project(measured, tmp_path / "project")


def gate(project: Project) -> Any:
    return project.doit("gate")


def test_a_release_carries_its_measurements_and_what_they_were_compared_with(measured: Project) -> None:
    """Design §5, R12: targets met, first release; bench evidence, metrics and baseline are files of it."""
    folder = measured.path("release/1.0.0/evidence")
    data = json.loads((folder / "bench/speed.json").read_bytes())["data"]
    (row,) = data["metrics"]
    assert (row["samples"], row["median"], row["unit"]) == (TIMES, 0.02, "s")
    assert row["low"] < 0.02 < row["high"]
    assert json.loads((folder / "baseline.json").read_bytes())["reason"].startswith("no earlier version")
    verdict = {row["gate"]: row for row in json.loads((folder / "verdict.json").read_bytes())["gates"]}
    assert {name: verdict[name]["status"] for name in ("bench", "targets", "regression")} == {
        "bench": "pass",
        "targets": "pass",
        "regression": "pass",
    }


def test_a_readme_commit_measures_nothing_again_and_a_changed_artifact_does(project: Project) -> None:
    """Design §4: evidence is bound to digests, not to HEAD."""
    first = gate(project)
    assert first.returncode == 0, text_of(first)
    assert evidence(project, "regression")["previous"]["tag"] == "v1.0.0"
    project.write("README.md", "More words.\n")
    project.commit("chore: words")
    assert not [name for name in ran(gate(project)) if name.startswith(("bench", "regression"))]
    project.replace("release.toml", "scale = 2", "scale = 3")
    freeze(project)
    again = gate(project)
    assert {"bench:speed", "regression"} <= set(ran(again))
    assert again.returncode == 0, text_of(again)
    # What REGRESSION_UNDECIDED advises is one command more.
    assert project.doit("forget", "bench:speed").returncode == 0
    assert "bench:speed" in ran(gate(project))


def test_a_missed_target_refuses_with_its_numbers(project: Project) -> None:
    set_times(project, 3.0)
    freeze(project)
    done = gate(project)
    assert done.returncode == 1
    assert (
        "BENCH_TARGET_MISSED speed.token_s: wanted at most 0.05 s (target), "
        "found 0.06 s, between 0.05955 and 0.06045 s" in text_of(done)
    )


@pytest.mark.parametrize(
    ("scale", "code"), [(1.02, None), (1.15, "REGRESSION"), (1.05, "REGRESSION_UNDECIDED")]
)
def test_more_than_five_per_cent_worse_than_the_last_release_refuses(
    project: Project, scale: float, code: str | None
) -> None:
    """R12: below the limit passes, above it refuses, and noise that spans it refuses as well."""
    set_times(project, scale)
    freeze(project)
    done = gate(project)
    assert done.returncode == (0 if code is None else 1), text_of(done)
    assert (f"{code} speed.token_s: wanted at most 5 % worse than 0.02 s" in text_of(done)) == (
        code is not None
    )


def test_a_tag_without_a_committed_baseline_refuses_until_it_is_committed(project: Project) -> None:
    """R12: BASELINE_MISSING; writing the file is not enough, committing it is."""
    project.path("baselines/1.0.0.json").rename(project.path("kept.json"))
    project.commit("chore: no baseline")
    done = gate(project)
    assert done.returncode == 1
    assert (
        "BASELINE_MISSING baselines/1.0.0.json: wanted the committed baseline of v1.0.0, as HEAD has it, "
        "found no such file" in text_of(done)
    )
    project.path("baselines").mkdir(exist_ok=True)
    project.path("kept.json").rename(project.path("baselines/1.0.0.json"))
    assert "found a file that is not committed" in text_of(gate(project))
    project.commit("chore: baseline")
    done = gate(project)
    assert done.returncode == 0, text_of(done)
    assert "bench:speed" not in ran(done)


def test_another_machine_is_no_comparison(project: Project) -> None:
    """Formats.md: refuse unlike comparisons."""
    baseline = project.read("baselines/1.0.0.json")
    cpu = next(
        fact["value"] for fact in json.loads(baseline)["benches"][0]["machine"] if fact["name"] == "cpu"
    )
    project.write("baselines/1.0.0.json", baseline.replace(json.dumps(cpu), '"Another 8086"'))
    project.commit("chore: another machine")
    done = gate(project)
    assert done.returncode == 1
    assert f"BASELINE_UNLIKE bench speed: machine: wanted cpu = Another 8086, found cpu = {cpu}" in text_of(
        done
    )


def test_a_benchmark_that_is_gone_or_measures_nothing_refuses(project: Project) -> None:
    """R27: no skipped benchmarks; what the last release had must be measured again."""
    project.replace("release.toml", 'source = "speed"', 'source = "sped"')
    project.commit("chore: typo")
    done = gate(project)
    assert done.returncode == 1
    assert "BENCH_METRIC_MISSING speed.token_s: wanted a measured value, found no such metric" in text_of(
        done
    )
    head, _, _ = project.read("release.toml").partition("[bench.speed]")
    project.write("release.toml", head)
    project.write("release_policy.yml", "schema: 1\nrequired: [bench]\n")
    project.commit("chore: no bench")
    done = gate(project)
    assert done.returncode == 1
    assert "BENCH_UNDECLARED" in text_of(done)


def elsewhere(project: Project, **changed: Any) -> None:
    """A performance report that another machine made at HEAD, of the model that is here."""
    model = hashlib.sha256(project.path("build/model.safetensors").read_bytes()).hexdigest()
    found = Performance(
        date="2026-11-21T12:00:00+00:00",
        platform="Linux",
        wsl2=False,
        git_commit=project.git("rev-parse", "HEAD"),
        git_dirty=False,
        model_id="tiny",
        model_hash=f"sha256:{model}",
        format="safetensors",
        cli_args=("python", "bench.py"),
        iterations=1,
        warmup=0,
        metrics=(("pass_at_1", (0.7,)),),
        deterministic=True,
        seed=1,
        cpu_count=1,
        threads=1,
    )
    project.write("elsewhere/r.json", dump_performance(replace(found, **changed)).decode())


def test_imported_reports_must_be_about_this_source_and_this_model(project: Project) -> None:
    """Formats.md: real reports of lm-evaluation-harness, and ours; every flaw of one run is told (B7, B14)."""
    add_bench(project, IMPORTED)
    project.write("tasks/sums.yaml", "task: sums\n")
    project.write(".gitignore", project.read(".gitignore") + "/results/\n/elsewhere/\n")
    freeze(project)
    head = project.git("rev-parse", "HEAD")
    real, dummy = (json.loads((FIXTURES / f"lm-eval{name}.json").read_bytes()) for name in ("", "-dummy"))
    project.write("results/r.json", json.dumps({**real, "git_hash": head[:9]}))
    elsewhere(project)
    done = gate(project)
    assert done.returncode == 0, text_of(done)
    assert "METRIC_NEW" in project.read(".release/records/verdict.json")

    project.write("results/r.json", json.dumps(real))
    elsewhere(project, git_dirty=True, model_hash=f"sha256:{'0' * 64}")
    done = gate(project)
    assert done.returncode == 1
    for line in (
        "BENCH_OTHER_SOURCE bench quality: results/r.json: wanted a commit of this repository",
        "BENCH_DIRTY bench elsewhere: elsewhere/r.json: wanted a report from a clean tree, found a dirty tree",
        "BENCH_OTHER_MODEL bench elsewhere: build/model.safetensors: wanted a report about ",
    ):
        assert line in text_of(done)

    project.write("tasks/sums.yaml", "task: sums, and more\n")
    project.write("results/r.json", json.dumps({**dummy, "git_hash": head[:9]}))
    elsewhere(project, mock=True)
    done = gate(project)
    assert done.returncode == 1
    assert "EVIDENCE_MOCK bench/quality: wanted a real measurement, found a mock" in text_of(done)
    assert "EVIDENCE_MOCK bench/elsewhere: wanted a real measurement, found a mock" in text_of(done)
    assert evidence(project, "bench/quality")["imported"]["other_reads"] == ["tasks/sums.yaml"]


def test_a_benchmark_runs_alone_even_beside_others(project: Project) -> None:
    """Design §4: two benchmarks and a step that could run at once; no two spans overlap."""
    span = 'import sys, time\nbegun = time.time()\n{body}\ntime.sleep(0.3)\nprint("span", "{name}", begun, time.time(), file=sys.stderr)\n'
    for name in ("tokenizer", "evaluate"):
        body = project.read(f"scripts/{name}.py").partition('"""\n')[2]
        project.write(f"scripts/{name}.py", span.format(body=body, name=name))
    add_bench(project, OTHER)
    set_times(project, 1.0, "other")
    freeze(project)
    done = project.doit("forget", "--all")
    assert done.returncode == 0, text_of(done)
    for log in project.path(".release/logs").glob("*.log"):
        log.unlink()
    done = project.doit("release", "-n", "3")
    assert done.returncode == 0, text_of(done)
    spans = {}
    for log in project.path(".release/logs").glob("*.log"):
        for line in log.read_text().splitlines():
            if line.startswith("span "):
                _, name, begun, ended = line.split()
                spans[name] = (float(begun), float(ended))
    assert {"speed", "other", "tokenizer", "evaluate"} <= spans.keys()
    for bench in ("speed", "other"):
        for name, (begun, ended) in spans.items():
            assert name == bench or ended <= spans[bench][0] or begun >= spans[bench][1], (bench, spans)
