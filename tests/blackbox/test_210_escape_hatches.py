"""doit's ways around its own checks cannot make a stale release look fresh."""

from __future__ import annotations

import pytest
from project import Project, contents, edit_in_disguise, flip_last, ran, rows

SINGLE = (
    "-s runs a task without what it depends on: its result could be stale and look fresh\n"
    "  wanted: the task and its dependencies\n"
    "  hint:   leave -s out; what is up to date is not run again\n"
)


@pytest.mark.parametrize("task", ["gate", "accept", "smoke", "step:train"])
def test_no_task_can_be_ignored(released: Project, task: str) -> None:
    done = released.doit("ignore", task)
    assert (done.returncode, done.stderr) == (
        3,
        (
            f"ERROR: {task} cannot be ignored: a release without it would look complete and be stale.\n"
            "  hint: change release.toml, or turn its gate off in the policy\n"
        ),
    )
    released.write("data/one.txt", "zeta\n")
    assert released.doit("release").returncode == 1


@pytest.mark.parametrize(
    "command", [("-s", "accept"), ("run", "-s", "accept"), ("release", "-s"), ("freeze", "-s")]
)
def test_a_task_cannot_run_without_what_it_depends_on(released: Project, command: tuple[str, ...]) -> None:
    released.write("data/one.txt", "zeta\n")
    before = contents(released.path("release"))
    done = released.doit(*command)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", SINGLE)
    assert contents(released.path("release")) == before


def test_reset_dep_does_not_bless_a_changed_input(released: Project) -> None:
    edit_in_disguise(released.path("data/one.txt"), lambda data: data.replace(b"alpha", b"omega"))
    assert released.doit("reset-dep").returncode == 0
    done = released.doit("release")
    assert (done.returncode, rows(done)["result"]) == (1, "refused")
    assert "(LOCK_INPUTS_CHANGED)" in done.stdout
    assert released.doit("freeze", "--update").returncode == 0
    assert "omega" in released.read("build/tokenizer.json")
    assert released.doit("release").returncode == 0
    assert "omega" in released.read("release/1.0.0/tokenizer.json")


def test_reset_dep_does_not_bless_a_tampered_output(released: Project) -> None:
    good = released.path("build/model.safetensors").read_bytes()
    edit_in_disguise(released.path("build/model.safetensors"), flip_last)
    assert released.doit("reset-dep").returncode == 0
    done = released.doit("release")
    assert (done.returncode, "step:train" in ran(done)) == (0, True)
    assert released.path("build/model.safetensors").read_bytes() == good
    assert released.path("release/1.0.0/model.safetensors").read_bytes() == good


def test_to_continue_after_a_failure_is_no_release(released: Project) -> None:
    released.write("scripts/evaluate.py", "raise SystemExit(4)\n")
    done = released.doit("release", "--soft", "--continue")
    assert done.returncode == 2
    assert ran(done) == ["frozen:inputs", "recipe"]
    for name in ("artifacts", "smoke", "gate", "package", "accept", "bundle:zip"):
        assert f"\nskipped {name} " in done.stdout
    assert rows(done) == {"release": "tiny 1.0.0", "steps": "3 run, 4 up to date", "result": "failed"}


@pytest.mark.parametrize(
    "command", [("forget", "--all"), ("forget", "gate"), ("forget", "step:train"), ("clean",)]
)
def test_forgetting_runs_again_to_the_same_bytes(released: Project, command: tuple[str, ...]) -> None:
    exact = rows(released.doit("release"))["exact_root"]
    assert released.doit(*command).returncode == 0
    done = released.doit("release")
    assert (done.returncode, rows(done)["exact_root"]) == (0, exact)
    assert command == ("clean",) or ran(done)


def test_a_named_task_runs_with_all_that_it_needs(released: Project) -> None:
    released.path("build/tokenizer.json").unlink()
    done = released.doit("run", "step:train")
    assert (done.returncode, ran(done)) == (0, ["step:tokenizer"])


def test_a_task_named_on_its_own_cannot_replace_a_candidate_with_a_stale_one(released: Project) -> None:
    released.write("data/one.txt", "zeta\n")
    before = contents(released.path("release"))
    for task in ("accept", "package", "bundle:zip"):
        done = released.doit("run", task)
        assert done.returncode == 1
        assert "(LOCK_INPUTS_CHANGED)" in done.stdout
    assert contents(released.path("release")) == before
