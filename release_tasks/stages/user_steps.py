"""`step:<name>`: the user's own commands."""

from __future__ import annotations

import hashlib
import json

from release_tasks.config.schema import UserStep
from release_tasks.records.step import Step, Write
from release_tasks.stages.plan import Plan, as_reads


def recipe_digest(step: UserStep) -> str:
    """SHA-256 of what a step is, apart from the bytes that it reads: frozen in release.lock."""
    recipe = {
        "command": step.command,
        "reads": step.reads,
        "writes": step.writes,
        "params": dict(step.params),
        "seed": step.seed,
        "devices": step.devices,
    }
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode("utf-8")).hexdigest()


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan one step for each `[[step]]`, in the order of the file."""
    return tuple(_step(user) for user in plan.release.steps)


def _step(user: UserStep) -> Step:
    return Step(
        verb="step",
        subject=user.name,
        run="release_tasks.stages.user_steps_action:run_command",
        doc=f"Run {' '.join(user.command)[:60]}",
        args=(("command", user.command), ("seed", user.seed)),
        reads=as_reads(user.reads),
        writes=tuple(Write(path, role="output", cls="exact") for path in user.writes),
        devices=user.devices,
        params=user.params,
        user=True,
    )
