"""The table of contents of the product: every stage in the order in which its steps run, and their edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from release_tasks.policy.order import stable_order
from release_tasks.records.step import Step, tree_matches
from release_tasks.stages import (
    accept,
    bundle,
    frozen,
    gate,
    package,
    page,
    user_steps,
)
from release_tasks.stages.evidence import EVIDENCE_STAGES
from release_tasks.stages.plan import Plan

STAGES: tuple[Callable[[Plan], tuple[Step, ...]], ...] = (
    frozen.input_steps,
    user_steps.steps,
    frozen.output_steps,
    *EVIDENCE_STAGES,
    gate.steps,
    package.steps,
    accept.steps,
    bundle.steps,
    page.steps,
)

# What `doit list` says of the tasks that have subtasks.
GROUPS = {
    "bench": "Measure how fast and how good the model is, one at a time.",
    "bundle": "Write the release as single files.",
    "evaluation": "Have samples judged by a rubric.",
    "frozen": "Compare inputs and outputs with release.lock.",
    "parity": "Compare the answers of the model's formats.",
    "step": "Run the commands of [[step]].",
    "test": "Run the test suites.",
}


def plan_steps(plan: Plan) -> tuple[Step, ...]:
    """All steps of a release, each after what it needs, else in catalog order.

    `after` is completed with the edges that reads and writes make; raises ConfigError for a circle of them.
    A file that one step writes and another reads is an edge, and so is a write that a glob matches. Edges are
    sorted, so that the order of tasks does not depend on hash seeds.
    """
    steps = tuple(step for stage in STAGES for step in stage(plan))
    writers = {write.path: step.name for step in steps for write in step.writes}
    planned = {step.name: replace(step, after=_edges(step, writers)) for step in steps}
    needs = {step.name: step.after for step in planned.values()}
    return tuple(planned[name] for name in stable_order(list(planned), needs, what="steps"))


def _edges(step: Step, writers: dict[str, str]) -> tuple[str, ...]:
    found = set(step.after)
    found.update(writers[path] for path in step.files if path in writers)
    for tree in step.trees:
        found.update(name for path, name in writers.items() if tree_matches(tree, path))
    found.discard(step.name)
    return tuple(sorted(found))
