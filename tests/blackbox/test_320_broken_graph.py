"""A graph that cannot run: said in our words, with the exit code for bad configuration."""

from __future__ import annotations

import pytest
from project import Project, holds, normal


def _read_what_is_not_there(project: Project) -> None:
    project.replace(
        "release.toml", '"scripts/train.py", "build/', '"data/none.bin", "scripts/train.py", "build/'
    )


@pytest.mark.parametrize(("command", "task"), [("release", "frozen:inputs"), ("step:train", "step:train")])
def test_a_read_that_does_not_exist(fresh: Project, command: str, task: str) -> None:
    _read_what_is_not_there(fresh)
    done = fresh.doit(command)
    assert done.returncode == 3
    assert (
        f"FAILED  {task}\n"
        "\n"
        f"{task} reads a file that does not exist\n"
        "  wanted: data/none.bin\n"
        "  found:  no such file\n"
        "  where:  ROOT/data/none.bin\n"
        "  hint:   correct the path in release.toml, or declare the step that writes it\n"
    ) in normal(done.stdout, fresh)


def test_freeze_refuses_a_missing_input_before_it_runs_a_step(fresh: Project) -> None:
    _read_what_is_not_there(fresh)
    done = fresh.doit("freeze")
    assert (done.returncode, done.stdout) == (3, "")
    assert normal(done.stderr, fresh) == (
        "release.toml names files that do not exist\n"
        "  wanted: every input, to freeze it\n"
        "  found:  data/none.bin\n"
        "  where:  ROOT/release.toml\n"
        "  hint:   correct the path in release.toml, or declare the step that writes it\n"
    )


@pytest.mark.parametrize("command", ["release", "freeze", "check", "list"])
def test_steps_that_need_each_other(fresh: Project, command: str) -> None:
    fresh.replace("release.toml", '"data/*.txt"]', '"data/*.txt", "build/quality.json"]')
    done = fresh.doit(command)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.removeprefix("ERROR: ") == (
        "steps need each other in a circle\n"
        "  wanted: an order in which each comes after what it reads\n"
        "  found:  step:tokenizer -> step:evaluate -> step:train -> step:tokenizer\n"
        "  hint:   let one of them read something else, or write under another name\n"
    )


@pytest.mark.parametrize("command", ["release", "check"])
def test_two_steps_that_write_one_file(fresh: Project, command: str) -> None:
    fresh.replace(
        "release.toml",
        'writes = ["build/quality.json"]',
        'writes = ["build/quality.json", "build/config.json"]',
    )
    done = fresh.doit(command)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "1 problem in the configuration:\n"
        "two steps write one file\n"
        "  wanted: one step for each file\n"
        "  found:  build/config.json, by train and evaluate\n"
        "  where:  release.toml: step[2].writes[1]\n"
    )


def test_every_problem_is_said_at_once_and_nothing_runs(fresh: Project) -> None:
    fresh.replace("release.toml", 'version = "1.0.0"', 'version = "1.0"')
    fresh.replace("release.toml", "seed = 7", "sead = 7")
    done = fresh.doit("release")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("  where:  release.toml: ") >= 2
    assert "did you mean seed?" in done.stderr
    assert not fresh.path("build").exists()


def test_a_script_that_is_deleted_stops_the_release_and_keeps_the_candidate(released: Project) -> None:
    released.path("scripts/smoke.py").unlink()
    done = released.doit("release")
    assert done.returncode == 3
    assert "frozen:inputs reads a file that does not exist\n  wanted: scripts/smoke.py\n" in done.stdout
    assert holds(released)
