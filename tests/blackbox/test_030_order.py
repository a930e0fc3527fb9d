"""The tasks, one line each, in the order of the catalog, whatever the hash seed."""

from __future__ import annotations

import re

from project import Project, ran

LINES = """frozen:inputs     Compare every input with release.lock.
step:tokenizer    Run python scripts/tokenizer.py {writes} {reads}
step:train        Run python scripts/train.py {seed} {params.scale}
step:evaluate     Run python scripts/evaluate.py
frozen:outputs    Compare what the steps made with release.lock.
frozen:versions   Compare versions of dataset and tokenizer with release.lock.
baseline          Find the committed baseline of the last release.
artifacts         Check the artifacts: weights, index, tokenizer, configuration, pickles.
recipe            Look for what makes the outputs of the steps differ from run to run.
secrets           Scan what is released: secrets, network use, file modes, open marks.
changes           Say what changed since the last release: its commits, and what users rely on.
smoke             Load the model, generate a sample and check it.
gate              Decide: every gate over its evidence, one verdict.
package           Copy and digest every file, write metadata, MANIFEST and checksums.
accept            Verify, scan and smoke the packaged bytes, then move them into place.
bundle:tar        Write the release as one canonical tar file.
bundle:zip        Write the release as one canonical zip file.
"""


def test_list_shows_every_task_in_catalog_order_on_one_line(fresh: Project) -> None:
    for listed in (fresh.doit("list"), fresh.tasks("list")):
        assert (listed.returncode, listed.stdout, listed.stderr) == (0, LINES, "")
    assert not fresh.path("build").exists()


def test_the_order_does_not_depend_on_the_hash_seed(released: Project) -> None:
    orders = set()
    for seed in "0123":
        env = {"PYTHONHASHSEED": seed}
        assert released.doit("list", env=env).stdout == LINES
        if seed in "12":
            continue  # two whole runs must do: each takes seconds
        done = released.doit("release", "--always-execute", env=env)
        assert done.returncode == 0, done.stdout
        orders.add(tuple(ran(done)))
    assert len(orders) == 1


def test_a_task_of_the_users_own_stands_beside_ours(fresh: Project) -> None:
    with fresh.path("dodo.py").open("a") as file:
        file.write(
            '\n\ndef task_hello():\n    """Say hello."""\n    return {"actions": ["echo hello"], "verbosity": 2}\n'
        )
    listed = fresh.doit("list")
    assert sorted(re.findall(r"^(\S+)", listed.stdout, re.MULTILINE)) == sorted(
        [*re.findall(r"^(\S+)", LINES, re.MULTILINE), "hello"]
    )
    done = fresh.doit("run", "hello")
    assert (done.returncode, ran(done)) == (0, ["hello"])


def test_forget_without_a_task_says_what_it_wants(fresh: Project) -> None:
    done = fresh.doit("forget")
    assert (done.returncode, done.stdout, done.stderr) == (
        3,
        "",
        "ERROR: wanted the name of a task, or --all\n",
    )


def test_an_unknown_option_is_named_alone(fresh: Project) -> None:
    done = fresh.doit("release", "--bogus")
    assert (done.returncode, done.stderr.strip()) == (3, "ERROR: release: option --bogus not recognized")


def test_help_is_shown_as_people_ask_for_it(fresh: Project) -> None:
    for command in ("release", "verify"):
        asked, wanted = fresh.doit(command, "--help"), fresh.doit("help", command)
        assert (asked.returncode, asked.stdout, asked.stderr) == (0, wanted.stdout, "")
        assert asked.stdout.startswith("PURPOSE\n")


def test_release_takes_no_task(fresh: Project) -> None:
    done = fresh.doit("release", "gate")
    assert (done.returncode, done.stderr) == (
        3,
        "release takes no task\n  found: gate\n  hint:  doit run TASK runs one task\n",
    )


def test_an_unknown_task_is_usage(fresh: Project) -> None:
    done = fresh.doit("run", "nothing")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        3,
        'ERROR: command `run` invalid parameter: "nothing". Must be a task, or a target.',
    )
