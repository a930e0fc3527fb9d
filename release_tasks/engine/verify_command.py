"""`verify`: a module of its own, because it imports nothing that only a project needs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from release_tasks.engine.options import flag, option
from release_tasks.engine.verb_command import VerbCommand, only_path
from release_tasks.verbs.verify import render_text, verify


class Verify(VerbCommand):
    """`verify PATH`: offline check of a release."""

    name = "verify"
    doc_purpose = "check a release directory, tar or zip, offline"
    doc_usage = "PATH"
    cmd_options = (
        option("root", "the root digest that you were told on another way"),
        option("tag", "the annotated git tag whose message holds the root digest"),
        flag("full", "recompute SHA-256 as well as BLAKE3 of every file"),
        flag("tensors", "recompute the digest of every tensor too"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Verify and print the report."""
        path = only_path(args, "a release directory, tar or zip")
        report = verify(
            path,
            root=params["root"],
            tag=params["tag"],
            full=params["full"],
            tensors=params["tensors"],
            cwd=Path.cwd(),
        )
        if params["json"]:
            sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write(render_text(report))
        return 0 if report.ok else 1
