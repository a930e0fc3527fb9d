"""What an input's change wakes: decided by content, never by mtime or size."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from project import NOT_REBUILT, SEALABLE, Project, contents, edit_in_disguise, normal, ran, rows

STEPS = ["step:tokenizer", "step:train", "step:evaluate"]
ALL_OURS = [
    "frozen:inputs",
    "frozen:outputs",
    "frozen:versions",
    "artifacts",
    "secrets",
    "changes",
    "smoke",
    "gate",
    "package",
    "accept",
    "bundle:tar",
    "bundle:zip",
]
AFTER_A_NEW_LOCK = [
    "frozen:inputs",
    "frozen:outputs",
    "frozen:versions",
    "gate",
    "package",
    "accept",
    "bundle:tar",
    "bundle:zip",
]


def refreeze(project: Project) -> list[str]:
    """Freeze what was changed; returns the user's steps that ran."""
    done = project.doit("freeze", "--update")
    assert done.returncode == 0, done.stdout + done.stderr
    return ran(done)


def test_a_touched_input_runs_nothing(released: Project) -> None:
    for name in ("data/one.txt", "scripts/train.py", "release.toml", "build/model.safetensors"):
        os.utime(released.path(name))
    released.write("scripts/smoke.py", released.read("scripts/smoke.py"))
    assert rows(released.doit("release"))["steps"] == "none run, 17 up to date"


def test_a_same_size_edit_with_its_mtime_restored_is_seen(released: Project) -> None:
    edit_in_disguise(released.path("data/one.txt"), lambda data: data.replace(b"alpha", b"omega"))
    before = contents(released.path("release"))
    refused = released.doit("release")
    assert refused.returncode == 1
    assert normal(refused.stdout, released) == (
        "run     frozen:inputs\n"
        "FAILED  frozen:inputs\n"
        "\n"
        "the inputs are not those of release.lock (LOCK_INPUTS_CHANGED)\n"
        "  wanted: the inputs as they were frozen\n"
        "  found:  data/*.txt: frozen HEX16, now HEX16\n"
        "  where:  release.lock\n"
        "  hint:   restore them, or run 'doit freeze --update' if the change is meant, and commit release.lock\n"
        "\n"
        "\n"
        "release    tiny 1.0.0\n"
        "steps      1 run, 0 up to date\n"
        "result     refused\n"
    )
    assert contents(released.path("release")) == before
    assert refreeze(released) == STEPS[:2]  # as many words as before: the weights are the same bytes
    done = released.doit("release")
    assert (done.returncode, ran(done)) == (0, ALL_OURS)
    assert "omega" in released.read("release/1.0.0/tokenizer.json")


def test_an_edit_in_the_moment_of_the_last_run_is_seen(released: Project) -> None:
    """The racy rule: an edit within the clock's granularity of the hashing."""
    path = released.path("data/two.txt")
    for word in ("sigma", "kappa"):
        path.write_text(f"beta {word}\n")
        assert "step:tokenizer" in refreeze(released)
        assert word in released.read("build/tokenizer.json")


def test_a_comment_in_a_script_does_not_wake_what_depends_on_its_output(released: Project) -> None:
    released.write("scripts/tokenizer.py", released.read("scripts/tokenizer.py") + "# a remark\n")
    assert refreeze(released) == ["step:tokenizer"]
    again = [*AFTER_A_NEW_LOCK]
    again.insert(again.index("gate"), "recipe")  # which reads the script
    assert ran(released.doit("release")) == again


@pytest.mark.parametrize(
    ("old", "new", "woken"),
    [
        ("scale = 2", "scale = 3", ["step:train", "step:evaluate"]),
        ("seed = 7", "seed = 8", ["step:train", "step:evaluate"]),
        ('["python", "scripts/evaluate.py"]', '["python", "-B", "scripts/evaluate.py"]', ["step:evaluate"]),
    ],
)
def test_a_changed_recipe_wakes_its_step_and_what_depends_on_it(
    released: Project, old: str, new: str, woken: list[str]
) -> None:
    released.replace("release.toml", old, new)
    refused = released.doit("release")
    assert refused.returncode == 1
    name = woken[0].replace(":", " ")
    assert f"found:  {name}: frozen HEX16, now HEX16" in normal(refused.stdout, released)
    assert refreeze(released) == woken
    done = released.doit("release")
    assert done.returncode == 0
    assert not set(ran(done)) & set(STEPS)


def test_a_new_commit_is_judged_and_packaged_and_runs_no_step_of_the_user_and_no_smoke(
    released: Project,
) -> None:
    """The date of the release is that of the commit, so only what states it is made again."""
    exact = rows(released.doit("release"))["exact_root"]
    released.write("README.md", "More words.\n")
    commit = released.commit()
    done = released.doit("release")
    assert (done.returncode, ran(done)) == (
        0,
        ["changes", "gate", "package", "accept", "bundle:tar", "bundle:zip"],
    )
    metadata = json.loads(released.read("release/1.0.0/metadata.json"))
    assert (metadata["git_commit"], metadata["git_dirty"]) == (commit, False)
    assert rows(done)["exact_root"] == exact
    assert rows(done)["seal"] == SEALABLE


def test_a_candidate_of_a_dirty_tree_is_replaced_once_it_is_committed(released: Project) -> None:
    released.write("data/three.txt", "gamma\n")
    refreeze(released)
    assert rows(released.doit("release"))["seal"] == (
        "not yet: SOURCE_DIRTY (uncommitted changes when it was built), "
        f"LOCK_UNCOMMITTED (another content, or not committed), {NOT_REBUILT}"
    )
    released.commit()
    assert rows(released.doit("release"))["seal"] == SEALABLE


def test_a_file_that_a_glob_comes_to_match_is_an_input(released: Project) -> None:
    released.write("data/three.md", "outside of the glob\n")
    assert rows(released.doit("release"))["steps"] == "none run, 17 up to date"
    released.write("data/three.txt", "zeta\n")
    assert refreeze(released) == STEPS
    assert "zeta" in released.read("build/tokenizer.json")
    released.path("data/three.txt").unlink()
    assert refreeze(released) == STEPS
    assert "zeta" not in released.read("build/tokenizer.json")


def test_a_renamed_file_of_a_glob_is_a_change(released: Project) -> None:
    released.path("data/two.txt").rename(released.path("data/second.txt"))
    assert refreeze(released) == ["step:tokenizer"]


def test_a_glob_that_matches_nothing_is_bad_configuration(released: Project) -> None:
    shutil.rmtree(released.path("data"))
    for command in ("release", "freeze"):
        done = released.doit(command)
        assert done.returncode == 3
        assert (
            "the pattern data/*.txt matches no file\n"
            "  wanted: at least one file\n"
            "  found:  none below ROOT\n"
            "  hint:   correct the pattern, or make the files that it should match\n"
        ) in normal(done.stdout + done.stderr, released)


def test_a_glob_that_matches_what_a_step_writes_makes_an_edge(fresh: Project) -> None:
    fresh.replace(
        "release.toml",
        '"scripts/evaluate.py", "build/model.safetensors"]',
        '"scripts/evaluate.py", "build/*.safetensors"]',
    )
    text = fresh.read("release.toml")
    head, *steps = text.split("[[step]]")
    fresh.write(
        "release.toml", "[[step]]".join([head, *reversed(steps)]).replace("\n[[step]]", "\n\n[[step]]")
    )
    done = fresh.doit("freeze")
    assert (done.returncode, ran(done)) == (0, STEPS)
    again = fresh.doit("freeze")
    assert (again.returncode, again.stdout) == (0, "release.lock is as it should be\n")


def test_a_variable_that_is_passed_through_is_an_input_and_another_is_not(fresh: Project) -> None:
    fresh.replace("release.toml", "[smoke]", '[environment]\npass = ["FLAVOUR"]\n\n[smoke]')
    assert ran(fresh.doit("freeze", env={"FLAVOUR": "sweet"})) == STEPS
    assert ran(fresh.doit("freeze", env={"FLAVOUR": "sweet", "COLOUR": "red", "LANG": "de_DE.UTF-8"})) == []
    assert ran(fresh.doit("freeze", env={"FLAVOUR": "sour"})) == STEPS
    assert ran(fresh.doit("freeze")) == STEPS


def test_the_numeric_profile_is_an_input(released: Project) -> None:
    released.replace("release.toml", "[smoke]", '[environment]\nnumeric = "none"\n\n[smoke]')
    assert ran(released.doit("release"))[:4] == [
        "step:tokenizer",
        "step:train",
        "step:evaluate",
        "frozen:outputs",
    ]
