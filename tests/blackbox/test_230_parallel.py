"""Several processes: `-n 2` gives the same, and two runs at once do not meet."""

from __future__ import annotations

import shutil

from project import Project, contents, holds, normal, ran, rows


def test_two_processes_give_the_same_exact_bytes(released: Project) -> None:
    exact = rows(released.doit("release"))["exact_root"]
    before = contents(released.path("build"))
    for folder in (".release", "build", "release"):
        shutil.rmtree(released.path(folder))
    done = released.doit("release", "-n", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert (len(ran(done)), rows(done)["exact_root"]) == (17, exact)
    assert contents(released.path("build")) == before
    again = released.doit("release")
    assert rows(again)["steps"] == "none run, 17 up to date"
    assert rows(again)["root"] == rows(done)["root"]


def test_a_failure_under_two_processes_has_its_message_and_code(fresh: Project) -> None:
    fresh.write("scripts/train.py", "print('so it is'); raise SystemExit(9)\n")
    done = fresh.doit("freeze", "-n", "2")
    assert (done.returncode, done.stderr) == (2, "")
    assert (
        "FAILED  step:train\n"
        "\n"
        "step train failed with exit code 9\n"
        "  found: so it is\n"
        "  where: ROOT/.release/logs/step-train.log\n"
        "  hint:  the whole output is in the log\n"
    ) in normal(done.stdout, fresh)


def test_of_two_runs_at_once_one_runs_and_the_other_names_it(released: Project) -> None:
    released.write("README.md", "A new commit.\n")
    released.commit()
    first, second = released.start("release"), released.start("release")
    ends = [(*process.communicate(timeout=600), process.returncode) for process in (first, second)]
    ends.sort(key=lambda end: end[2])
    (out, err, code), (no_out, said, refused) = ends
    assert (code, err) == (0, "")
    assert "done    accept" in out
    assert (refused, no_out) == (2, "")
    said = normal(said, released)
    assert said.partition("held by pid N: ")[0] == "another run is at work in this project\n  found: "
    assert said.endswith("doit release\n  where: ROOT\n  hint:  wait until it has finished, or stop it\n")
    assert holds(released)
    assert rows(released.doit("release"))["steps"] == "none run, 17 up to date"
