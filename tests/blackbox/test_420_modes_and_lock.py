"""--soft, --snapshot, --strict, --policy, and the lock that a plain run wants."""

from __future__ import annotations

import json
import re
from subprocess import CompletedProcess

import pytest
from project import NOT_REBUILT, SEALABLE, Project, contents, holds, normal, ran, rows

DOES_NOT_COMPILE = "print('def (')\n"


def gates(done: CompletedProcess[str]) -> str:
    """What the summary says of the gates, but for the number that passed: every new gate would change it."""
    return re.sub(r"^\d+ passed", "N passed", rows(done)["gates"])


def _commit_broken_smoke(project: Project) -> None:
    project.write("scripts/smoke.py", DOES_NOT_COMPILE)
    assert project.doit("freeze", "--update").returncode == 0
    project.commit()


def test_soft_turns_the_gates_that_the_policy_names_into_warnings(released: Project) -> None:
    _commit_broken_smoke(released)
    done = released.doit("release", "--soft")
    assert done.returncode == 0, done.stdout
    assert gates(done) == "N passed, 1 warned: smoke"
    assert rows(done)["seal"] == f"not yet: RESULT_SOFT (--soft), {NOT_REBUILT}"
    assert holds(released)
    plain = released.doit("release")
    assert plain.returncode == 1
    assert "the gate refused the release: smoke\n" in plain.stdout


def test_soft_leaves_every_other_gate_hard(released: Project) -> None:
    released.replace("release_policy.yml", "soft_allowed: [smoke]", "soft_allowed: [contract]")
    _commit_broken_smoke(released)
    done = released.doit("release", "--soft")
    assert (done.returncode, "the gate refused the release: smoke\n" in done.stdout) == (1, True)


def test_a_gate_that_the_policy_turns_off_refuses_nothing(released: Project) -> None:
    released.replace("release_policy.yml", "gates:\n", "gates:\n  smoke: off\n")
    _commit_broken_smoke(released)
    done = released.doit("release")
    assert (done.returncode, gates(done)) == (0, "N passed, 1 off: smoke")


def test_a_snapshot_needs_no_lock_and_has_a_version_of_its_own(released: Project) -> None:
    before = contents(released.path("release/1.0.0"))
    released.path("release.lock").unlink()
    done = released.doit("release", "--snapshot")
    assert done.returncode == 0, done.stdout
    table = rows(done)
    assert (table["release"], table["directory"]) == ("tiny 1.0.0-snapshot", "release/1.0.0-snapshot")
    assert gates(done) == (
        "N passed, 5 off: lock-inputs, lock-outputs, lock-config, lock-dataset, lock-tokenizer"
    )
    assert "RESULT_SNAPSHOT (--snapshot)" in table["seal"]
    assert contents(released.path("release/1.0.0")) == before
    assert holds(released, "1.0.0-snapshot")


def test_strict_refuses_a_warning(released: Project) -> None:
    text = released.read("release.toml")
    head, _, rest = text.partition("[smoke]")
    released.write("release.toml", head + rest[rest.index("[[step]]") :])
    assert released.doit("freeze", "--update").returncode == 0
    released.commit()
    warned = released.doit("release")
    assert (warned.returncode, gates(warned)) == (0, "N passed, 1 warned: smoke")
    assert "SMOKE_LOAD_ONLY [smoke]: found no command; every tensor was read\n" in warned.stdout
    assert rows(warned)["seal"] == SEALABLE
    strict = released.doit("release", "--strict")
    assert strict.returncode == 1
    assert (
        "the gate refused the release: smoke\n"
        "  found: SMOKE_LOAD_ONLY [smoke]: wanted a command that generates a sample, "
        "found no command; every tensor was read\n"
    ) in strict.stdout


def test_another_policy_is_used_and_marked(released: Project) -> None:
    released.write("lenient.yml", "schema: 1\ngates:\n  smoke: off\n")
    released.commit()
    done = released.doit("release", "--policy", "lenient.yml")
    assert (done.returncode, gates(done)) == (0, "N passed, 1 off: smoke")
    assert rows(done)["seal"] == f"not yet: POLICY_OVERRIDDEN (--policy), {NOT_REBUILT}"


@pytest.mark.parametrize("how", ["option", "file"])
def test_a_policy_that_names_an_unknown_gate_stops_everything(released: Project, how: str) -> None:
    name = "other.yml" if how == "option" else "release_policy.yml"
    released.write(name, "schema: 1\ngates:\n  lock-input: soft\n")
    before = contents(released.root)
    done = released.doit("release", *(("--policy", name) if how == "option" else ()))
    assert (done.returncode, done.stdout) == (3, "")
    first, wanted, *rest = done.stderr.splitlines()[1:]
    assert first == "no code evaluates a gate of this name"
    assert wanted.startswith("  wanted: one of accepted, ")
    assert rest == [
        "  found:  lock-input",
        f"  where:  {name}: gates.lock-input",
        "  hint:   did you mean lock-inputs?",
    ]
    assert {k: v for k, v in contents(released.root).items() if not k.startswith(".release/")} == {
        k: v for k, v in before.items() if not k.startswith(".release/")
    }


def test_a_policy_that_is_not_there(fresh: Project) -> None:
    done = fresh.doit("release", "--policy", "none.yml")
    assert (done.returncode, normal(done.stderr, fresh)) == (
        3,
        (
            "the policy is not there\n"
            "  wanted: a file\n"
            "  where:  ROOT/none.yml\n"
            "  hint:   name another with policy in [release] or --policy FILE\n"
        ),
    )


def test_a_changed_file_is_named_by_release_and_by_freeze(released: Project) -> None:
    released.write("scripts/evaluate.py", released.read("scripts/evaluate.py") + "# a remark\n")
    lock = released.read("release.lock")
    refused = released.doit("release")
    assert refused.returncode == 1
    assert "  found:  scripts/evaluate.py: frozen HEX16, now HEX16\n" in normal(refused.stdout, released)
    frozen = released.doit("freeze")
    assert frozen.returncode == 1
    assert normal(frozen.stderr, released) == (
        "release.lock already says otherwise\n"
        "  wanted: the inputs and outputs that are frozen\n"
        "  found:  scripts/evaluate.py: frozen sha256:HEX64, now sha256:HEX64\n"
        "  where:  release.lock\n"
        "  hint:   run 'doit freeze --update' if the change is meant\n"
    )
    assert released.read("release.lock") == lock
    updated = released.doit("freeze", "--update")
    assert (updated.returncode, updated.stdout.splitlines()[-1]) == (0, "commit it")
    assert released.read("release.lock") != lock
    assert released.doit("freeze").stdout == "release.lock is as it should be\n"


def test_an_unknown_numeric_id_warns_and_strict_refuses(released: Project) -> None:
    lock = released.read("release.lock")
    assert lock.count("-numpy") == 1
    released.write("release.lock", lock.replace("-numpy", "-numpx"))
    released.commit()
    warned = released.doit("release")
    assert (warned.returncode, gates(warned)) == (0, "N passed, 1 warned: lock-outputs")
    assert "LOCK_NUMERIC_ID_UNKNOWN" in warned.stdout
    assert rows(warned)["seal"] == f"not yet: LOCK_OUTPUTS_CHANGED (none in release.lock), {NOT_REBUILT}"
    strict = released.doit("release", "--strict")
    assert (strict.returncode, "the gate refused the release: lock-outputs\n" in strict.stdout) == (1, True)
    added = released.doit("freeze")
    assert added.returncode == 0
    assert ran(added) == []
    assert released.read("release.lock").count("-nump") == 2


def test_outputs_other_than_the_frozen_ones_are_refused(released: Project) -> None:
    lock = released.read("release.lock")
    frozen = json.loads(lock)
    (outputs,) = frozen["outputs"].values()
    good = outputs["build/model.safetensors"]
    released.write("release.lock", lock.replace(good, "sha256:" + "0" * 64))
    done = released.doit("release")
    assert done.returncode == 1
    assert (
        "the gate refused the release: lock-outputs\n"
        "  found: LOCK_OUTPUTS_CHANGED build/model.safetensors: wanted 0000000000000000, found HEX16\n"
    ) in normal(done.stdout, released).replace("wanted HEX16", "wanted 0000000000000000")


@pytest.mark.parametrize(
    ("text", "what"),
    [("{", "not JSON"), ("", "not JSON"), ("[]\n", "release.lock is not a lock file of this version")],
)
def test_a_damaged_lock_is_refused_and_can_be_written_anew(released: Project, text: str, what: str) -> None:
    good = released.read("release.lock")
    released.write("release.lock", text)
    hint = "restore it with git, or run 'doit freeze --update' and commit the result"
    done = released.doit("release")
    assert (done.returncode, f"\n{what}\n" in done.stdout, hint in done.stdout) == (1, True, True)
    plain = released.doit("freeze")
    assert (plain.returncode, plain.stderr.splitlines()[0], hint in plain.stderr) == (1, what, True)
    assert released.read("release.lock") == text
    assert released.doit("freeze", "--update").returncode == 0
    assert released.read("release.lock") == good


def test_a_lock_in_another_spelling_is_refused(released: Project) -> None:
    released.write("release.lock", released.read("release.lock") + "\n")
    done = released.doit("release")
    assert done.returncode == 1
    assert (
        "release.lock was edited by hand or by a merge\n"
        "  wanted: the bytes that 'doit freeze' writes\n"
        "  found:  the same keys in another order or spelling\n"
        "  where:  release.lock\n"
        "  hint:   restore it with git, or run 'doit freeze --update' and commit the result\n"
    ) in done.stdout
