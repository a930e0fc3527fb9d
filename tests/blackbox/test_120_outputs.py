"""What is on the disk is what was made: a tampered or deleted output is made again."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from project import Project, contents, edit_in_disguise, flip_last, holds, ran


def _append(project: Project) -> None:
    path = project.path("release/1.0.0/README.txt")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"more")


EXACT = ("model.safetensors", "tokenizer.json", "config.json", "config.yaml", "evidence/quality.json")
CHANGES: dict[str, tuple[Callable[[Project], object], list[str]]] = {
    "an intermediate file in disguise": (
        lambda project: edit_in_disguise(project.path("build/tokenizer.json"), flip_space),
        ["step:tokenizer"],
    ),
    "the weights in disguise": (
        lambda project: edit_in_disguise(project.path("build/model.safetensors"), flip_last),
        ["step:train"],
    ),
    "deleted weights": (lambda project: project.path("build/model.safetensors").unlink(), ["step:train"]),
    "released weights in disguise": (
        lambda project: edit_in_disguise(project.path("release/1.0.0/model.safetensors"), flip_last),
        ["package", "accept"],
    ),
    "a longer README": (_append, ["package", "accept"]),
    "a file too much": (lambda project: project.write("release/1.0.0/extra.txt", "x"), ["package", "accept"]),
    "a hidden file too much": (
        lambda project: project.write("release/1.0.0/.hidden/x", "x"),
        ["package", "accept"],
    ),
    "a released file gone": (
        lambda project: project.path("release/1.0.0/config.yaml").unlink(),
        ["package", "accept"],
    ),
    "the release gone": (lambda project: shutil.rmtree(project.path("release/1.0.0")), ["package", "accept"]),
    "a bundle in disguise": (
        lambda project: edit_in_disguise(project.path("release/tiny-1.0.0.zip"), flip_last),
        ["bundle:zip"],
    ),
    "a bundle's checksum gone": (
        lambda project: project.path("release/tiny-1.0.0.tar.sha256").unlink(),
        ["bundle:tar"],
    ),
    "evidence in disguise": (
        lambda project: edit_in_disguise(project.path(".release/records/smoke.json"), flip_space),
        ["smoke"],
    ),
    "a verdict in disguise": (
        lambda project: edit_in_disguise(project.path(".release/records/verdict.json"), flip_space),
        ["gate"],
    ),
}


def flip_space(data: bytes) -> bytes:
    """Make another text of the same size."""
    return data[:-1] + b" "


@pytest.mark.parametrize("case", CHANGES)
def test_what_was_changed_is_made_again_and_nothing_else_runs(released: Project, case: str) -> None:
    change, woken = CHANGES[case]
    kept = {"build": contents(released.path("build")), "tree": contents(released.path("release/1.0.0"))}
    change(released)
    done = released.doit("release")
    assert done.returncode == 0, done.stdout
    assert [name for name in ran(done) if name in woken] == woken
    assert contents(released.path("build")) == kept["build"]
    tree = contents(released.path("release/1.0.0"))
    assert set(tree) == set(kept["tree"])
    assert {name: data for name, data in tree.items() if name in EXACT} == {
        name: data for name, data in kept["tree"].items() if name in EXACT
    }
    assert holds(released)
    assert ran(released.doit("release")) == []
    # A step that made the same bytes again wakes nobody; a verdict and its environment have a new date.
    assert set(ran(done)) == set(woken) or case == "a verdict in disguise"
