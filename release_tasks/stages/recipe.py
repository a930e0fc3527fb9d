"""`recipe`: do the Python sources of `[[step]]` hold a known cause of other bytes (REC9)."""

from __future__ import annotations

import re

from release_tasks.config.declared import is_glob
from release_tasks.config.schema import UserStep
from release_tasks.errors import PathError
from release_tasks.records.evidence import evidence_path
from release_tasks.records.paths import safe_relpath
from release_tasks.records.step import Step, Tree, Write, tree_matches
from release_tasks.stages.plan import Plan

SUFFIX = ".py"
_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)[0-9.]*(?:\.exe)?")


def runs_python(step: UserStep) -> bool:
    """Whether a command runs Python: it names an interpreter, or a script of it."""
    return any(_PYTHON.fullmatch(word) or word.endswith(SUFFIX) for word in step.command)


def scripts(step: UserStep) -> tuple[str, ...]:
    """The scripts that a command names, as paths of the project; those elsewhere are not ours to read."""
    found = []
    for word in step.command:
        if word.endswith(SUFFIX) and not is_glob(word):
            try:
                found.append(safe_relpath(word.removeprefix("./")))
            except PathError:
                continue
    return tuple(found)


def may_be_source(declared: str) -> bool:
    """Whether a declared file is Python, or a glob could match such a file."""
    if not is_glob(declared):
        return declared.endswith(SUFFIX)
    tail = re.split(r"[*?\]]", declared)[-1]
    return tail.endswith(SUFFIX) or SUFFIX.endswith(tail)


def is_data(plan: Plan, path: str) -> bool:
    """Whether a file is read and not run: a record of the dataset, or a source that a wheel is made of.

    Of a release of tooling the steps run what their commands name, and pack the rest.
    """
    release = plan.release
    if release.type == "tooling":
        return all(path not in scripts(step) for step in release.steps)
    return release.dataset is not None and tree_matches(Tree(release.dataset.files), path)


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the lint of every source that a command of `[[step]]` may run, if one runs Python."""
    users = [user for user in plan.release.steps if runs_python(user)]
    if not users:
        return ()
    declared = {read for user in users for read in user.reads if may_be_source(read)}
    named = {script for user in users for script in scripts(user)} - declared
    return (
        Step(
            verb="recipe",
            run="release_tasks.stages.recipe_action:lint_recipe",
            doc="Look for what makes the outputs of the steps differ from run to run.",
            args=(("steps", tuple((user.name, *user.command) for user in users)),),
            reads=(
                *sorted(read for read in declared if not is_glob(read)),
                *(Tree((read,)) for read in sorted(declared) if is_glob(read)),
                *(Tree((script,), optional=True) for script in sorted(named)),
            ),
            writes=(Write(evidence_path("recipe"), role="evidence"),),
        ),
    )
