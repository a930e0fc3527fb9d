"""`rollback VERSION`: plan to lead `current` to an earlier version, and with `--apply` do it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from release_tasks.engine.options import flag, option
from release_tasks.engine.progress_lines import tell
from release_tasks.engine.run_lock import run_lock
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError
from release_tasks.verbs.planned import plan_project
from release_tasks.verbs.publish_text import render_rollback
from release_tasks.verbs.rollback import rollback


class Rollback(VerbCommand):
    """`rollback VERSION`: what would lead to it, verified; moves nothing without `--apply`."""

    name = "rollback"
    doc_purpose = "lead `current` to an earlier published version; a plan, until --apply"
    doc_usage = "VERSION"
    cmd_options = (
        option("config", "another release.toml"),
        {**option("to", "only this destination; may be given several times"), "type": list, "default": []},
        flag("apply", "do it; without it the plan is printed and nothing is changed"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Plan or apply, and print the report."""
        if len(args) != 1:
            raise ConfigError(
                "rollback takes one version",
                wanted="a published version, as 1.0.0",
                found=" ".join(args) or "none",
            )
        plan = plan_project(Path.cwd(), params["config"])
        with run_lock(plan.release.root):
            report = rollback(
                plan.release,
                args[0],
                names=tuple(params["to"]),
                apply=params["apply"],
                environ=dict(os.environ),
                told=tell,
            )
        if params["json"]:
            sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write(render_rollback(report))
        return 0
