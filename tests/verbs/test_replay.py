"""B19: a recorded row is measured again, and whatever is not as it was is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from release_tasks.errors import ConfigError
from release_tasks.stages.parity_action import measure_parity
from release_tasks.verbs.replay import Replay, render_text, replay
from tests.fakes.small_project import small_project
from tests.fakes.tiny_logits import COMMAND, WEIGHTS, gguf, pair, prompts, safetensors

ROWS = ".release/records/parity/f32.rows.jsonl"
SPOILT = [*WEIGHTS[:40], *WEIGHTS[:39:-1]]
FILES = {
    "model.safetensors": safetensors(),
    "model.gguf": gguf(SPOILT),
    "logits.py": COMMAND.encode(),
    "prompts.jsonl": prompts(),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = small_project(
        tmp_path_factory.mktemp("measured"), artifacts='gguf = ["model.gguf"]', more=pair(), files=FILES
    )
    made.run("parity:f32", measure_parity)
    return made.root


@pytest.fixture
def project(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured, tmp_path / "project"))


def again(project: Path, row: int = 1, file: str = ROWS) -> Replay:
    return replay(project / file, row, start=project, config=None, environ={})


def test_a_failing_row_comes_back_bit_for_bit(project: Path) -> None:
    done = again(project)
    assert done.reproduced
    assert done.now == done.row.found
    assert done.row.fails
    tau, delta = done.row.found.tau, done.row.found.delta_nll
    assert render_text(done) == (
        "parity.f32, row 1: 'hello'\n"
        f"τ-b   recorded {tau!r}, now {tau!r}, wanted >= 0.95\n"
        f"ΔNLL  recorded {delta!r}, now {delta!r}, wanted <= 0.01\n"
        "the row fails its thresholds\n"
        "reproduced\n"
    )
    assert done.to_json()["ok"] is True


def test_other_bytes_are_named_and_are_no_reproduction(project: Path) -> None:
    (project / "model.gguf").write_bytes(gguf())
    done = again(project)
    assert not done.reproduced
    assert [item.path for item in done.other_files] == ["model.gguf"]
    (item,) = done.other_files
    assert item.recorded is not None
    assert item.now is not None
    lines = render_text(done).splitlines()
    assert lines[1] == f"other bytes: model.gguf was {item.recorded.short}, is {item.now.short}"
    assert lines[2].endswith(", now 1.0, wanted >= 0.95")
    assert lines[-2:] == ["the row passes its thresholds", "not reproduced"]


def test_other_bytes_with_the_same_figures_are_no_reproduction_either(project: Path) -> None:
    (project / "logits.py").write_text(COMMAND + "# a remark\n")
    done = again(project)
    assert (done.same_figures, done.same_tokens, done.reproduced) == (True, True, False)
    assert [item.path for item in done.other_files] == ["logits.py"]


def test_another_path_is_told_and_the_recorded_one_is_scored(project: Path) -> None:
    (project / "model.safetensors").write_bytes(safetensors(SPOILT))
    done = again(project)
    assert not done.same_tokens
    assert "other tokens: the reference takes another path; the recorded one was scored\n" in render_text(
        done
    )


def test_steps_and_seed_are_those_of_the_row(project: Path) -> None:
    toml = project / "release.toml"
    toml.write_text(toml.read_text().replace("steps = 24", "steps = 3"))
    assert again(project).reproduced


def refusal(project: Path, row: int = 0, file: str = ROWS) -> str:
    with pytest.raises(ConfigError) as caught:
        again(project, row, file)
    return str(caught.value).replace(str(project), "ROOT")


def test_a_row_that_is_not_there(project: Path) -> None:
    assert refusal(project, 4) == (
        "there is no such row\n  wanted: 0 to 3\n  found:  4\n"
        "  where:  ROOT/.release/records/parity/f32.rows.jsonl"
    )
    (project / "empty.jsonl").write_bytes(b"")
    assert refusal(project, 0, "empty.jsonl") == (
        "there is no such row\n  wanted: a file with rows\n  found:  0\n  where:  ROOT/empty.jsonl"
    )


def test_a_file_that_holds_no_rows(project: Path) -> None:
    assert refusal(project, file="release.toml").startswith("release.toml holds no parity rows: not JSON\n")
    assert refusal(project, file="none.jsonl") == (
        "the file with the rows cannot be read\n  found: No such file or directory\n  where: ROOT/none.jsonl"
    )


def test_only_the_command_of_the_project_is_run(project: Path) -> None:
    """A file with rows may come from anywhere: a command in it that is not ours is named, never started."""
    rows = project / ROWS
    rows.write_text(rows.read_text().replace('"logits.py","{model}"', '"evil.py","{model}"'))
    assert refusal(project) == (
        "the row was measured with another command\n"
        "  wanted: python evil.py '{model}'\n"
        "  found:  python logits.py '{model}'\n"
        "  where:  release.toml: parity.f32.command\n"
        "  hint:   restore it to replay this row"
    )


def test_a_pair_that_is_gone(project: Path) -> None:
    toml = project / "release.toml"
    toml.write_text(toml.read_text().replace("[parity.f32]", "[parity.other]"))
    assert refusal(project) == (
        "there is no pair f32\n  wanted: [parity.f32]\n  found:  none\n  where:  release.toml: parity.f32"
    )


def test_a_model_that_is_gone(project: Path) -> None:
    (project / "model.gguf").unlink()
    assert refusal(project) == (
        "a file of the pair is not there\n"
        "  wanted: model.gguf\n"
        "  found:  no such file\n"
        "  where:  ROOT/model.gguf\n"
        "  hint:   'doit run parity:f32' builds it"
    )
