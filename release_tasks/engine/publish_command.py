"""`publish NAME`: send the candidate on disk to a destination of release.toml."""

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
from release_tasks.stages.workspace import Workspace
from release_tasks.verbs.planned import plan_project
from release_tasks.verbs.publish import publish
from release_tasks.verbs.publish_text import render_publish


class Publish(VerbCommand):
    """`publish NAME`: judge at the seal point, send, verify there, make visible; builds nothing."""

    name = "publish"
    doc_purpose = "send the candidate on disk to a destination, verified there"
    doc_usage = "NAME"
    cmd_options = (
        option("config", "another release.toml"),
        flag("dry-run", "say what would be done, and what speaks against it; change nothing"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Publish and print the report."""
        plan = plan_project(Path.cwd(), params["config"])
        if len(args) != 1:
            names = ", ".join(destination.name for destination in plan.release.publish)
            raise ConfigError(
                "publish takes one destination",
                wanted=f"one of {names}" if names else "a table [publish.<name>] with a uri",
                found=" ".join(args) or "none",
                where=plan.release.file.name,
                hint="run it once for each destination" if len(args) > 1 else None,
            )
        with run_lock(plan.release.root):
            report = publish(
                plan,
                Workspace(plan.release),
                args[0],
                dry_run=params["dry-run"],
                environ=dict(os.environ),
                told=tell,
            )
        if params["json"]:
            sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write(render_publish(report))
        return 0
