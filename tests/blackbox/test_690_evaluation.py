"""K24: samples judged by a rubric, through `doit release`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.blackbox.project import Project, copy_project, ran, release_first, rows, write_project

TABLE = """[evaluation.style]
rubric = "eval/rubric.yml"
samples = "eval/samples.jsonl"
judge = "local"
command = ["eval/judge.py"]
reads = ["eval/judge.py"]

[smoke]
"""
RUBRIC = """schema: 1
threshold: 0.5
sample_size: 3
seed: 7
criteria:
  correct: {weight: 0.75, description: Does what is asked}
  short: {weight: 0.25, description: Says no more}
instruction: |
  Judge {{ sample.text }} by {% for item in criteria %}{{ item.name }} {% endfor %}.
"""
JUDGE = '''"""Judge by the length of the text."""

def judge(request):
    assert request["instruction"].startswith("Judge ")
    if request["sample"]["text"] == "broken":
        raise ValueError("cannot judge this")
    return {"correct": 1.0, "short": 1.0 if len(request["sample"]["text"]) < 4 else 0.0}
'''


def samples(*texts: str) -> str:
    return "".join(json.dumps({"id": f"s{n}", "text": text}) + "\n" for n, text in enumerate(texts))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = write_project(tmp_path_factory.mktemp("evaluation") / "project")
    project.replace("release.toml", "[smoke]\n", TABLE)
    project.write("eval/rubric.yml", RUBRIC)
    project.write("eval/judge.py", JUDGE)
    project.write("eval/samples.jsonl", samples("a", "b", "long text", "another long text"))
    return release_first(project)


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    return copy_project(built, tmp_path / "project")


def evidence(project: Project) -> dict[str, object]:
    found: dict[str, object] = json.loads(project.read(".release/records/evaluation/style.json"))["data"]
    return found


def test_k24_evidence_and_report_are_released(built: Project) -> None:
    data = evidence(built)
    assert (data["mock"], data["asked"], data["available"]) == (False, 3, 4)
    assert isinstance(data["score"], float)
    assert 0.75 <= data["score"] < 1
    report = built.read("release/1.0.0/evidence/evaluation/style.md")
    assert report.startswith(
        f"# Evaluation style\n\nScore **{data['score']:.4f}**, wanted 0.5 or more. Judge: local."
    )
    assert "| correct | 0.75 | 1.0000 | Does what is asked |\n" in report
    assert built.path("release/1.0.0/evidence/evaluation/style.json").exists()
    done = built.doit("release")
    assert ran(done) == []


def test_k24_below_the_threshold_refuses(project: Project) -> None:
    project.replace("eval/rubric.yml", "threshold: 0.5", "threshold: 0.95")
    done = project.doit("release")
    assert done.returncode == 1
    assert (
        "EVALUATION_BELOW_THRESHOLD evaluation style: wanted a score of 0.95 or more, found 0." in done.stdout
    )
    assert not project.path("release/1.0.0").exists()


def test_k24_failed_judgements_count_as_zero_and_few_samples_are_said(project: Project) -> None:
    project.write("eval/samples.jsonl", samples("a", "broken"))
    done = project.doit("release")
    assert done.returncode == 0, done.stdout
    data = evidence(project)
    assert data["score"] == 0.5
    assert data["samples"] == [
        {"id": "s0", "score": 1, "problem": None},
        {"id": "s1", "score": 0, "problem": "the judge says: 'ValueError: cannot judge this'"},
    ]
    assert "evaluation" in rows(done)["gates"].partition("warned: ")[2]
    assert "EVALUATION_SAMPLE_SMALL evaluation style: found 2 in all\n" in done.stdout
    assert (
        "EVALUATION_JUDGEMENTS_FAILED evaluation style: found 1 failed: s1: the judge says: " in done.stdout
    )
    assert "| s1 | 0.0000 | failed, counts as 0: the judge says: " in project.read(
        "release/1.0.0/evidence/evaluation/style.md"
    )


def test_k24_b14_the_stub_is_a_mock_and_passes_no_hard_gate(project: Project) -> None:
    project.replace("release.toml", 'judge = "local"\ncommand = ["eval/judge.py"]\n', 'judge = "stub"\n')
    done = project.doit("release")
    assert done.returncode == 1
    assert "EVIDENCE_MOCK evaluation/style: wanted a real measurement, found a mock\n" in done.stdout
    assert "**A mock: " in project.read(".release/records/evaluation/style.md")


def test_k24_a_command_in_any_language(project: Project) -> None:
    project.replace("release.toml", 'judge = "local"\ncommand = ["eval/judge.py"]\n', 'judge = "command"\ncommand = ["sed", "-E", \'s/.*"id":"([^"]*)".*/{"id":"\\1","scores":{"correct":1,"short":1}}/\']\n')  # fmt: skip
    done = project.doit("release")
    assert done.returncode == 0, done.stdout + done.stderr
    assert evidence(project)["score"] == 1


def test_a_rubric_whose_weights_do_not_sum_to_one_is_bad_configuration(project: Project) -> None:
    project.replace("eval/rubric.yml", "weight: 0.25", "weight: 0.5")
    done = project.doit("release")
    assert done.returncode == 3
    assert (
        "1 problem in the configuration:\n"
        "weights do not sum to 1\n  wanted: 1\n  found:  1.25\n  where:  eval/rubric.yml: criteria\n"
    ) in done.stdout
