"""The state database is a hint: damage is said in one line and mended, a forged row fools no release."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from project import Project, contents, edit_in_disguise, flip_last, holds, normal, ran, rows

from release_tasks.catalog import plan_steps
from release_tasks.config.load import load_release
from release_tasks.records.verdict import Mode
from release_tasks.stages.plan import make_plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.hashing import digest_file
from release_tasks.system.index import Known, _dump
from release_tasks.system.stat_key import stat_key
from release_tasks.system.state import StateDatabase


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _values(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE state SET value = 'nonsense ' || value")
    connection.close()


def _schema(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE state")
        connection.execute("CREATE TABLE state (other INT)")
    connection.close()


DAMAGES: dict[str, tuple[Callable[[Path], object], str | None]] = {
    "garbage": (lambda path: path.write_bytes(b"garbage " * 3000), "file is not a database"),
    "a header alone": (
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 5000),
        "file is not a database",
    ),
    "truncated": (_truncate, "database disk image is malformed"),
    "another schema": (_schema, "no such column: key"),
    "empty": (lambda path: path.write_bytes(b""), None),
    "gone": (lambda path: path.unlink(), None),
    "changed rows": (_values, None),
}


@pytest.mark.parametrize("file", ["state.sqlite", "index.sqlite"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_rebuilt_and_the_release_is_right(
    released: Project, file: str, damage: str
) -> None:
    change, said = DAMAGES[damage]
    before = contents(released.path("build"))
    change(released.path(f".release/{file}"))
    done = released.doit("release")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == (
        ""
        if said is None
        else f"note: {file} could not be read ({said}); it is rebuilt, steps are checked again\n"
    )
    assert contents(released.path("build")) == before
    assert holds(released)
    assert ran(released.doit("release")) == []


def test_a_damaged_index_alone_runs_nothing_again(released: Project) -> None:
    released.path(".release/index.sqlite").write_bytes(b"garbage")
    assert rows(released.doit("release"))["steps"] == "none run, 17 up to date"


@pytest.mark.parametrize("file", ["state.sqlite", "index.sqlite"])
def test_what_is_no_file_is_said_and_left_alone(released: Project, file: str) -> None:
    released.path(f".release/{file}").unlink()
    released.path(f".release/{file}").mkdir()
    done = released.doit("release")
    assert done.returncode == 2
    assert normal(done.stderr, released).replace("ROOT/", "") == (
        "the state database cannot be used\n"
        "  found: unable to open database file\n"
        f"  where: .release/{file}\n"
        "  hint:  check owner, mode and free space of its folder, and that no other run is stuck\n"
    )


def test_a_file_in_the_place_of_the_state_folder_is_said(fresh: Project) -> None:
    fresh.path(".release").write_text("mine")
    done = fresh.doit("release")
    assert done.returncode == 2
    assert normal(done.stderr, fresh) == (
        "the file exists already\n"
        "  found: EEXIST: File exists\n"
        "  where: ROOT/.release\n"
        "  hint:  remove it or choose another name\n"
    )


def _forge_index(project: Project, name: str, hex_digits: str) -> None:
    """Make the index say that a file, as it lies there now, has this digest."""
    known = Known(stat_key(project.path(name)), time.time_ns() + 10**10, hex_digits)
    database = StateDatabase(project.path(".release/index.sqlite"))
    database.put([(f"file/{name}", _dump(known))])
    database.close()


def _sha256(path: Path) -> str:
    digest = digest_file(path, blake3=False).sha256
    assert digest is not None
    return digest.hex


def _forge_task(project: Project, task: str, change: Callable[[dict[str, object]], object]) -> None:
    database = StateDatabase(project.path(".release/state.sqlite"))
    text = database.get(f"task/{task}")
    assert text is not None
    row = json.loads(text)
    change(row)
    database.put([(f"task/{task}", json.dumps(row))])
    database.close()


def test_a_forged_digest_of_an_artifact_fools_a_no_op_but_nothing_that_is_packaged(released: Project) -> None:
    model = released.path("build/model.safetensors")
    honest = _sha256(model)
    before = contents(released.path("release"))
    edit_in_disguise(model, flip_last)
    _forge_index(released, "build/model.safetensors", honest)
    fooled = released.doit("release")
    assert (fooled.returncode, rows(fooled)["steps"]) == (0, "none run, 17 up to date")
    assert contents(released.path("release")) == before
    released.commit("a new commit packages again")
    done = released.doit("release")
    assert done.returncode == 1
    assert normal(done.stdout, released).startswith(
        "run     changes\n"
        "done    changes TIME\n"
        "run     gate\n"
        "done    gate TIME\n"
        "run     package\n"
        "FAILED  package\n"
        "\n"
        "build/model.safetensors is not the file that was judged (EVIDENCE_STALE)\n"
        "  wanted: sha256:HEX64\n"
        "  found:  sha256:HEX64\n"
        "  where:  build/model.safetensors\n"
        "  hint:   the file or the state changed; remove .release/*.sqlite, then run again\n"
    )
    assert contents(released.path("release")) == before
    for name in ("index.sqlite", "state.sqlite"):
        released.path(f".release/{name}").unlink()
    assert released.doit("release").returncode == 0
    assert _sha256(released.path("release/1.0.0/model.safetensors")) == honest


def test_a_forged_digest_of_an_input_releases_only_what_was_frozen(released: Project) -> None:
    script = released.path("scripts/train.py")
    honest, model = _sha256(script), released.path("build/model.safetensors").read_bytes()
    edit_in_disguise(script, lambda data: data.replace(b"scale * seed", b"scale + seed"))
    _forge_index(released, "scripts/train.py", honest)
    released.commit("a new commit packages again")
    done = released.doit("release")
    assert (done.returncode, ran(done)) == (
        0,
        ["changes", "gate", "package", "accept", "bundle:tar", "bundle:zip"],
    )
    assert released.path("release/1.0.0/model.safetensors").read_bytes() == model
    assert holds(released)


def test_forged_rows_of_steps_cannot_release_tampered_weights(released: Project) -> None:
    model = "build/model.safetensors"
    honest = _sha256(released.path(model))
    edit_in_disguise(released.path(model), flip_last)
    tampered = _sha256(released.path(model))
    before = contents(released.path("release"))

    def outputs(row: dict[str, object]) -> None:
        text = json.dumps(row).replace(honest, tampered)
        row.clear()
        row.update(json.loads(text))

    _forge_task(released, "step:train", outputs)
    # frozen:outputs must look as if it had already judged these bytes: its key is computed as the engine does.
    release = load_release(released.path("release.toml"), environ={})
    plan = make_plan(release, Mode(), "release_policy.yml")
    workspace = Workspace(release)
    steps = {step.name: step for step in plan_steps(plan)}

    def key(name: str) -> Callable[[dict[str, object]], None]:
        def forge(row: dict[str, object]) -> None:
            outputs(row)
            for field in ("_values_:", "result:"):
                saved = row[field]["release_tasks"]  # type: ignore[index]
                saved["key"] = workspace.key(steps[name], tuple(saved["facts"].items()))

        return forge

    _forge_task(released, "step:evaluate", key("step:evaluate"))
    _forge_task(released, "frozen:outputs", key("frozen:outputs"))
    done = released.doit("release")
    assert done.returncode == 1, done.stdout
    assert "step:train" not in ran(done)
    assert "frozen:outputs" not in ran(done)
    assert "EVIDENCE_STALE" in done.stdout
    after = contents(released.path("release"))
    assert all(before[name] == data for name, data in after.items() if not name.startswith(".rejected/"))
    assert tampered not in json.dumps(released.read("release.lock"))
