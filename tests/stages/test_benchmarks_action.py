from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from release_tasks.errors import CommandFailed, FormatError
from release_tasks.policy.bench_shape import BENCH
from release_tasks.policy.evidence_shape import misfits
from release_tasks.stages.benchmarks_action import measure_benchmark
from tests.fakes.small_project import SmallProject, small_project

# Says what the file `samples` has for this run, and how often and with what it was called.
SCRIPT = '''"""Report one line of `samples`, the next at each run."""
import json, os, pathlib, sys, time
report, model, seed = sys.argv[1:]
text = pathlib.Path("samples").read_text()
if text == "hang":
    time.sleep(60)
if text == "die":
    os.kill(os.getpid(), 9)
if text == "fail":
    sys.exit(3)
print("seed", seed, os.environ["RELEASE_SEED"], file=sys.stderr)
times = json.loads(text)
pathlib.Path(report).write_text(json.dumps({"results": [{"command": "run", "times": times, "exit_codes": [0] * len(times)}]}))
assert pathlib.Path(model).is_file()
'''
TABLE = """
[bench.speed]
format = "hyperfine"
command = ["python", "bench.py", "{{report}}", "{{artifact}}", "{{seed}}"]
artifact = "model.safetensors"
reads = ["bench.py", "samples"]
seed = 7
{more}
[bench.speed.metrics]
run_s = {{ direction = "lower", unit = "s", source = "run" }}
other = {{ direction = "higher", unit = "1", target = 3 }}
"""


def project(root: Path, samples: Any, more: str = "") -> SmallProject:
    text = samples if isinstance(samples, str) else json.dumps(samples)
    files = {"bench.py": SCRIPT.encode(), "samples": text.encode()}
    return small_project(root, more=TABLE.format(more=more), files=files)


def measure(found: SmallProject) -> Any:
    found.run("bench:speed", measure_benchmark)
    record = json.loads((found.root / ".release/records/bench/speed.json").read_bytes())
    assert list(misfits(record["data"], BENCH.fields)) == []
    assert record["kind"] == "bench"
    assert "model.safetensors" in record["subjects"]
    return record["data"]


def test_a_run_is_measured_with_its_machine_and_its_artifact(tmp_path: Path) -> None:
    """R12, formats.md: what hyperfine does not say of the machine we say."""
    found = project(tmp_path, [0.5, 0.1, 0.2, 0.4, 0.3])
    data = measure(found)
    missing, row = data["metrics"]
    assert (row["name"], row["samples"], row["median"], row["unit"]) == (
        "run_s",
        [0.5, 0.1, 0.2, 0.4, 0.3],
        0.3,
        "s",
    )
    assert (row["low"], row["high"], row["reported_unit"], row["reported_direction"]) == (
        0.1,
        0.5,
        "s",
        "lower",
    )
    assert (missing["name"], missing["samples"], missing["median"]) == ("other", [], None)
    assert {fact["name"] for fact in data["machine"]} == {"cpu", "cpu_count", "system"}
    assert data["artifact"]["sha256"] == str(found.workspace.index.sha256("model.safetensors"))
    assert (data["imported"], data["mock"], data["ended"]) == (None, False, "well")


def test_repeats_count_by_their_medians_and_warmups_not_at_all(tmp_path: Path) -> None:
    found = project(tmp_path, [0.5, 0.1, 0.3], more="repeats = 3\nwarmup = 2")
    assert measure(found)["metrics"][1]["samples"] == [0.3, 0.3, 0.3]
    log = (found.root / ".release/logs/bench-speed.log").read_text()
    assert log.count("seed 7 7") == 5


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize(
    ("samples", "ended", "problem"),
    [
        ("hang", "SYSTEM_TIMEOUT", "step bench-speed was stopped at its time limit after 1.0 s"),
        ("die", "SYSTEM_MEMORY_EXCEEDED", "step bench-speed was killed by SIGKILL"),
    ],
)
def test_running_out_of_time_or_memory_is_evidence(
    tmp_path: Path, samples: str, ended: str, problem: str
) -> None:
    """P9: the gate says SYSTEM_TIMEOUT and SYSTEM_MEMORY_EXCEEDED, with what happened."""
    data = measure(project(tmp_path, samples, more="timeout_s = 1"))
    assert (data["ended"], data["metrics"][1]["samples"]) == (ended, [])
    assert data["problem"] == problem


def test_a_command_that_fails_measures_nothing(tmp_path: Path) -> None:
    """R27: no evidence comes from a benchmark that did not run."""
    found = project(tmp_path, "fail")
    with pytest.raises(CommandFailed, match="bench-speed failed with exit code 3"):
        found.run("bench:speed", measure_benchmark)
    assert not (found.root / ".release/records/bench").exists()


def test_a_report_that_is_none_is_refused(tmp_path: Path) -> None:
    found = project(tmp_path, [])
    with pytest.raises(FormatError, match="value not as its format has it") as caught:
        found.run("bench:speed", measure_benchmark)
    assert caught.value.where == "the report of bench speed: results[0].times"


def test_what_is_wanted_does_not_belong_to_the_step(tmp_path: Path) -> None:
    """Another target or limit asks for no new measurement; another metric, seed or number of runs does."""
    step = project(tmp_path / "a", [1]).step("bench:speed")
    root = tmp_path / "b"
    opened = project(root, [1])
    text = (root / "release.toml").read_text()
    for old, new, same in (
        ("target = 3", "target = 4, max_regression = 0.5", True),
        ("seed = 7", "seed = 8", False),
        ("seed = 7", "seed = 7\nrepeats = 2", False),
        ('unit = "1"', 'unit = "ms"', False),
    ):
        (root / "release.toml").write_text(text.replace(old, new))
        assert (opened.again().step("bench:speed") == step) is same
    assert step.alone


def test_where_it_comes_from_stands_beside_it(tmp_path: Path) -> None:
    """B22: provenance of every JSON, in a record of its own; it fits its schema with git and without."""
    found = project(tmp_path, [1.0])
    for commit in (None, "one"):
        if commit:
            subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
            subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "one"], cwd=tmp_path, check=True)
        measure(found)
        origin = json.loads((tmp_path / ".release/records/bench/speed.provenance.json").read_bytes())
        schema = resources.files("release_tasks").joinpath("schemas", "provenance.schema.json").read_bytes()
        jsonschema.validate(origin, json.loads(schema), cls=jsonschema.Draft202012Validator)
        assert (origin["git_commit"] is None, origin["git_dirty"]) == (not commit, True if commit else None)
        assert origin["model_hash"] == str(found.workspace.index.sha256("model.safetensors"))
        assert origin["cli_args"] == ["python", "bench.py", ".report/speed.json", "model.safetensors", "7"]
