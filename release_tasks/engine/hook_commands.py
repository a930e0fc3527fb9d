"""Commands that git and pre-commit call: `check-version` and `check-tag`, thin shells around the verbs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from release_tasks.config.load import FILE_NAME, find_config, load_release
from release_tasks.engine.options import flag, option
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError
from release_tasks.formats.pre_push import PushedRef, parse_pre_push
from release_tasks.verbs.check_tag import check_push
from release_tasks.verbs.check_version import on_disk, render_versions, static_versions
from release_tasks.verbs.install_hook import install_hook


class CheckVersion(VerbCommand):
    """`check-version [FILE …]`: static files state the version of the release."""

    name = "check-version"
    doc_purpose = (
        "check that static files (pyproject.toml, package.json, __version__) state the release's version"
    )
    doc_usage = "[FILE ...]"
    cmd_options = (
        option("config", "another release.toml"),
        option("expect", "the version that they should state; default: that of release.toml"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Compare every file, and say what each states."""
        root, wanted, whose = Path.cwd(), params["expect"], "what is expected"
        if wanted is None:
            config = None if params["config"] is None else Path(params["config"])
            release = load_release(find_config(root, config, os.environ), environ=dict(os.environ))
            root, wanted, whose = release.root, release.version.text, f"release {release.version.text}"
        names = [os.path.relpath(Path(name).absolute(), root).replace(os.sep, "/") for name in args]
        found = static_versions(on_disk(root), names, wanted, whose=whose)
        sys.stdout.write(render_versions(found) or "no file states a version\n")
        return 1 if found.problems else 0


class CheckTag(VerbCommand):
    """`check-tag [FILE …]`: git's pre-push hook for the tags of releases."""

    name = "check-tag"
    doc_purpose = "judge the tags of a push, as git's pre-push hook tells them on standard input"
    doc_usage = "[FILE ...]"
    cmd_options = (
        option("config", "release.toml, by its path in the repository", FILE_NAME),
        {
            **option("allow", "let tags of another kind through, as nightly-*; may be given again"),
            "type": list,
            "default": [],
        },
        flag("install", "write the hook into git's folder of hooks"),
        flag("from-pre-commit", "take the push from the variables of pre-commit, not from standard input"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Judge what is pushed, or install the hook that does."""
        allowed: list[str] = params["allow"]
        if params["install"]:
            config = [] if params["config"] == FILE_NAME else [f"--config={params['config']}"]
            path = install_hook(Path.cwd(), [*config, *(f"--allow={name}" for name in allowed), *args])
            sys.stdout.write(f"wrote {os.path.relpath(path)}\n")
            return 0
        refs = _from_pre_commit() if params["from-pre-commit"] else parse_pre_push(sys.stdin.read())
        problems = check_push(
            refs, root=Path.cwd(), config=params["config"], files=args, allowed=allowed, environ=os.environ
        )
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
        return 1 if problems else 0


def _from_pre_commit() -> tuple[PushedRef, ...]:
    """The one ref that pre-commit tells its hooks of; what the remote has of it is not told."""
    names = ("PRE_COMMIT_LOCAL_BRANCH", "PRE_COMMIT_TO_REF", "PRE_COMMIT_REMOTE_BRANCH")
    values = [os.environ.get(name, "") for name in names]
    if not all(values):
        missing = [name for name, value in zip(names, values, strict=True) if not value]
        raise ConfigError(
            "this is no pre-push hook of pre-commit",
            wanted="its variables in the environment",
            found=f"no {', '.join(missing)}",
            hint="pre-commit install --hook-type pre-push",
        )
    local_ref, local_id, remote_ref = values
    return (PushedRef(local_ref=local_ref, local_id=local_id, remote_ref=remote_ref, remote_id=None),)
