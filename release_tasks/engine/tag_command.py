"""`tag`: seal the candidate on disk by an annotated tag."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from release_tasks.engine.options import flag, option
from release_tasks.engine.run_lock import run_lock, tidy
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError
from release_tasks.stages.workspace import Workspace
from release_tasks.verbs.planned import plan_project
from release_tasks.verbs.tag import TagRequest, tag_release
from release_tasks.verbs.tag_text import render_tag


class Tag(VerbCommand):
    """`tag`: judge at the seal point, tag, push; builds nothing."""

    name = "tag"
    doc_purpose = "seal the candidate on disk: tag its commit and push the tag"
    doc_usage = ""
    cmd_options = (
        option("config", "another release.toml"),
        option("remote", "the remote to push to, else remote.pushDefault, origin or the only one"),
        flag("no-push", "tag here only; no remote is asked whether it has the tag"),
        flag("dry-run", "say what would be done, and what speaks against it; change nothing"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Tag and print the report; 1 when anything speaks against it."""
        if args:
            raise ConfigError(
                "tag takes no name",
                wanted="the version that release.toml names",
                found=" ".join(args),
                hint="the tag's name follows from release.version",
            )
        plan = plan_project(Path.cwd(), params["config"])
        request = TagRequest(remote=params["remote"], push=not params["no-push"], dry_run=params["dry-run"])
        with run_lock(plan.release.root):
            if not request.dry_run:
                tidy(plan.release.root, plan.home)
            report = tag_release(plan, Workspace(plan.release), request)
        if params["json"]:
            sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write(render_tag(report))
        return 0 if report.ok else 1
