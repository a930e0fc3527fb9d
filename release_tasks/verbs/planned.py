"""The plan of a project for verbs that build nothing, configured as `doit release` finds it."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.config.load import find_config, find_policy, load_release
from release_tasks.records.verdict import Mode
from release_tasks.stages.plan import Plan, make_plan


def plan_project(cwd: Path, config: str | None) -> Plan:
    """Plan the plain run of the project around `cwd`, or of the release.toml named; raises ConfigError."""
    environ = dict(os.environ)
    release = load_release(
        find_config(cwd, None if config is None else Path(config), environ), environ=environ
    )
    policy = find_policy(release)
    relative = None if policy is None else Path(os.path.relpath(policy, release.root)).as_posix()
    return make_plan(release, Mode(), relative)
