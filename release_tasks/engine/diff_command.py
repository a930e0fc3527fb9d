"""`diff`: a module of its own, because it imports nothing that only a project needs."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from release_tasks.engine.options import flag, option
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError
from release_tasks.policy.release_diff_text import render_markdown
from release_tasks.policy.tolerance import Tolerance
from release_tasks.verbs.diff import diff_releases


class Diff(VerbCommand):
    """`diff A B`: what changed from one release to another."""

    name = "diff"
    doc_purpose = "compare two releases: directories, tars or zips"
    doc_usage = "A B"
    cmd_options = (
        flag("json", "print one JSON object, all tensors included"),
        flag("exit-code", "exit with 1 when exact files differ"),
        option("max-ulp", "weights within this many ULPs, NUMBER, reach the level tolerance"),
        option("max-abs", "weights within this absolute difference, NUMBER, reach the level tolerance"),
        flag("unverified", "compare what is there, even of a release that does not verify"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Compare and print the report."""
        if len(args) != 2:
            raise ConfigError(
                "wrong number of paths",
                wanted="two paths: release directories, tars or zips",
                found=" ".join(args) or "none",
            )
        before, after = map(Path, args)
        found = diff_releases(
            before, after, tolerance=_tolerance(params), unverified=params["unverified"], cwd=Path.cwd()
        )
        if params["json"]:
            sys.stdout.write(json.dumps(found.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write(render_markdown(found))
        return 1 if params["exit-code"] and not found.exact else 0


def _tolerance(params: Any) -> Tolerance:
    max_ulp, max_abs = (_limit(params, name) for name in ("max-ulp", "max-abs"))
    return Tolerance(max_ulp=None if max_ulp is None else math.floor(max_ulp), max_abs=max_abs)


def _limit(params: Any, name: str) -> float | None:
    """A limit as people type it; raises ConfigError for anything but a finite number from 0."""
    text = params[name]
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ConfigError(f"--{name} is not a limit", wanted="a number, 0 or more", found=ascii(text)[1:-1])
    return value
