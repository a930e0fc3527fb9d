"""`status`: every version, where it went, and what a release would run now."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from release_tasks.catalog import plan_steps
from release_tasks.engine.options import flag, option
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError, ReleaseError
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import STATE, Workspace
from release_tasks.system.lock import FileLock
from release_tasks.verbs.aliases import Pointers, alias_pointers
from release_tasks.verbs.planned import plan_project
from release_tasks.verbs.release_summary import judged_when_sealed, seal_of
from release_tasks.verbs.standing import Due, due_steps
from release_tasks.verbs.status import ReleaseRow, release_rows
from release_tasks.verbs.status_text import render_status


class Status(VerbCommand):
    """`status`: looks, runs nothing, changes nothing, asks no remote."""

    name = "status"
    doc_purpose = "show all versions, tags and publications, and which steps would run and why"
    doc_usage = ""
    cmd_options = (option("config", "another release.toml"), flag("json", "print one JSON object"))

    def run(self, params: Any, args: list[str]) -> int:
        """Look and print."""
        if args:
            raise ConfigError("status takes no name", found=" ".join(args))
        plan = plan_project(Path.cwd(), params["config"])
        rows = release_rows(plan)
        pointers = alias_pointers(plan.release, [item for row in rows for item in row.receipts])
        due = _due(plan)
        if params["json"]:
            sys.stdout.write(json.dumps(_json(plan, rows, pointers, due), indent=2) + "\n")
        else:
            release = plan.release
            sys.stdout.write(render_status(release.name, release.version.text, rows, pointers, due))
        return 0


def _due(plan: Plan) -> tuple[Due, ...] | str:
    """The steps that would run; in words why that cannot be told."""
    workspace = Workspace(plan.release)
    try:
        steps = plan_steps(plan)
        if seal_of(plan) is not None and (workspace.root / plan.folder).exists():
            steps = judged_when_sealed(plan, steps)
        with contextlib.ExitStack() as held:
            lock = workspace.root / STATE / "alone.lock"
            if plan.release.benchmarks and lock.exists():  # hashing would disturb what is measured
                held.enter_context(FileLock(lock, shared=True))
            return due_steps(steps, workspace)
    except ReleaseError as error:
        return str(error).partition("\n")[0]


def _json(
    plan: Plan, rows: tuple[ReleaseRow, ...], pointers: tuple[Pointers, ...], due: tuple[Due, ...] | str
) -> JSONObject:
    current: JSONObject = {item.destination: dict[str, JSON](item.versions) for item in pointers}
    return {
        "schema_version": 1,
        "name": plan.release.name,
        "version": plan.release.version.text,
        "releases": [row.to_json() for row in rows],
        "aliases": current,
        "aliases_seen": list[JSON](item.destination for item in pointers if item.seen),
        "alias_problems": list[JSON](
            f"{item.destination}: {problem}" for item in pointers for problem in item.problems
        ),
        "due": None if isinstance(due, str) else [item.to_json() for item in due],
        "due_problem": due if isinstance(due, str) else None,
    }
