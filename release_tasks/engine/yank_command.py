"""`yank`: mark a released version, or undo that."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from release_tasks.engine.options import flag, option
from release_tasks.engine.run_lock import run_lock, tidy
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError
from release_tasks.records.yank import Act
from release_tasks.verbs.planned import plan_project
from release_tasks.verbs.yank import render_yank, yank_release


class Yank(VerbCommand):
    """`yank VERSION --reason TEXT`: nobody should take this version any more."""

    name = "yank"
    doc_purpose = "mark a released version that nobody should take any more; deletes nothing"
    doc_usage = "VERSION"
    cmd_options = (
        option("config", "another release.toml"),
        option("reason", "what is wrong with it, or why the mark is taken back"),
        flag("undo", "take the mark back; the history stays"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Mark and print what stands."""
        if len(args) != 1:
            raise ConfigError("wrong number of versions", wanted="one", found=" ".join(args) or "none")
        plan = plan_project(Path.cwd(), params["config"])
        act: Act = "undo" if params["undo"] else "yank"
        with run_lock(plan.release.root):
            tidy(plan.release.root, plan.home)
            report = yank_release(plan, args[0], reason=params["reason"] or "", act=act)
        if params["json"]:
            sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write(render_yank(report))
        return 0
