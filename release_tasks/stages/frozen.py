"""`frozen:inputs` and `frozen:outputs`: is everything as release.lock has it."""

from __future__ import annotations

from release_tasks.config.schema import Release
from release_tasks.records.evidence import evidence_path
from release_tasks.records.lock import LOCK
from release_tasks.records.step import Argument, Step, Tree, Write
from release_tasks.stages.dataset import dataset_inputs
from release_tasks.stages.plan import Plan, as_reads
from release_tasks.stages.user_steps import recipe_digest

_LOCK = Tree((LOCK,), optional=True)


def written(release: Release) -> frozenset[str]:
    """Files that the user's steps make."""
    return frozenset(path for step in release.steps for path in step.writes)


def declared_inputs(plan: Plan) -> tuple[str | Tree, ...]:
    """Every read of the project that no step writes: files and globs, sorted, each once."""
    release = plan.release
    declared: set[str] = {read for step in release.steps for read in step.reads}
    declared |= set(plan.artifacts) | set(release.artifacts.extra)
    declared |= set(dataset_inputs(release.dataset)) if release.dataset else set()
    declared |= set(release.smoke.reads) if release.smoke else set()
    return as_reads(tuple(sorted(declared - written(release))))


def recipes(release: Release) -> tuple[tuple[str, str], ...]:
    """Name and recipe digest of each step of the user, sorted."""
    return tuple(sorted((step.name, recipe_digest(step)) for step in release.steps))


def _made(release: Release) -> tuple[tuple[str, Argument], ...]:
    return (("written", tuple(sorted(written(release)))),)


def input_steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the comparison of the inputs with release.lock, which comes before everything else."""
    enforce = not (plan.mode.snapshot or plan.mode.soft)
    return (
        Step(
            verb="frozen",
            subject="inputs",
            run="release_tasks.stages.frozen_action:check_inputs",
            doc="Compare every input with release.lock.",
            args=(*_made(plan.release), ("enforce", enforce), ("recipes", recipes(plan.release))),
            reads=(*declared_inputs(plan), _LOCK),
            writes=(Write(evidence_path("frozen-inputs"), role="evidence"),),
        ),
    )


def output_steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the comparison of what the user's steps made with release.lock."""
    return (
        Step(
            verb="frozen",
            subject="outputs",
            run="release_tasks.stages.frozen_action:check_outputs",
            doc="Compare what the steps made with release.lock.",
            args=_made(plan.release),
            reads=(*sorted(written(plan.release)), _LOCK),
            writes=(Write(evidence_path("frozen-outputs"), role="evidence"),),
            facts=("numeric",),
        ),
    )
