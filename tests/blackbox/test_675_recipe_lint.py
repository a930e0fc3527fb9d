"""What makes the outputs of a recipe differ is told with its line, and refuses nobody who did not ask for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import foreign
from project import Project, rows

PLANTED = '''"""Make one vector of a seed, canonical safetensors."""
import time
from os import listdir as names

started = time.time()
print(started, names("."))
'''
LISTING = (
    "RECIPE_NONDETERMINISTIC scripts/train.py:6:16: found os.listdir() without sorted (listing-order): "
    "the file system decides the order of a listing; wrap the listing in sorted(...)\n"
)
CLOCK = (
    "RECIPE_NONDETERMINISTIC scripts/train.py:5:11: found time.time() (clock): the time of the run ends up in the "
    "result; take the time from a parameter or SOURCE_DATE_EPOCH; durations from time.perf_counter\n"
)
MARKER = "  # recipe: ignore[clock] goes to the log only\n"


def again(project: Project, *options: str) -> Any:
    frozen = project.doit("freeze", "--update")
    assert frozen.returncode == 0, frozen.stdout
    return project.doit("release", *options)


def record(project: Project) -> Any:
    return json.loads(project.read("release/1.0.0/evidence/recipe.json"))["data"]


def test_rec9_findings_warn_until_they_are_mended_or_accepted(released: Project) -> None:
    project = released
    root = rows(project.doit("release"))["exact_root"]
    assert record(project)["sources"] == ["scripts/evaluate.py", "scripts/tokenizer.py", "scripts/train.py"]
    old = project.read("scripts/train.py")
    text = old.replace('"""Make one vector of a seed, canonical safetensors."""\n', PLANTED)
    project.write("scripts/train.py", text)
    done = again(project)
    assert (done.returncode, rows(done)["gates"]) == (0, "22 passed, 1 warned: recipe")
    assert CLOCK in done.stdout
    assert LISTING in done.stdout
    assert [row["rule"] for row in record(project)["findings"]] == ["clock", "listing-order"]
    strict = project.doit("release", "--strict")
    assert strict.returncode == 1
    assert "the gate refused the release: recipe\n" in strict.stdout
    mended = text.replace("time.time()\n", f"time.time(){MARKER}").replace('names(".")', 'sorted(names("."))')
    project.write("scripts/train.py", mended)
    done = again(project, "--strict")
    assert (done.returncode, rows(done)["gates"]) == (0, "23 passed")
    assert rows(done)["exact_root"] == root
    (accepted,) = record(project)["accepted"]
    assert (accepted["line"], accepted["reason"]) == (5, "goes to the log only")


def test_a_policy_may_ask_for_a_recipe_that_was_read(tmp_path: Path) -> None:
    folder = foreign.project(tmp_path / "p", head=f'{foreign.HEAD}policy = "policy.yml"\n')
    (folder / "policy.yml").write_text("schema: 1\nrequired: [recipe]\n")
    assert foreign.run(folder, "freeze").code == 0
    refused = foreign.run(folder, "release")
    assert refused.code == 1
    assert refused.failure == (
        "the gate refused the release: recipe\n"
        "  found: RECIPE_UNDECLARED release.toml: wanted evidence of kind recipe, found nothing declared\n"
        "  where: .release/records/verdict.json\n"
        "  hint:  declare [[step]] with the Python commands that make the model"
    )
