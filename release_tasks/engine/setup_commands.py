"""Commands that set a project up: `check`, `init`, `canonicalize`, thin shells around the verbs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from release_tasks.catalog import plan_steps
from release_tasks.config.load import find_config, find_policy, load_release
from release_tasks.engine.options import flag, option
from release_tasks.engine.verb_command import VerbCommand, only_path
from release_tasks.errors import ConfigError
from release_tasks.records.verdict import Mode
from release_tasks.stages.gate_policy import policy_in_force
from release_tasks.stages.plan import Plan, make_plan
from release_tasks.system.clock import release_date
from release_tasks.verbs.canonicalize import canonicalize
from release_tasks.verbs.init import init


class Check(VerbCommand):
    """`check`: the configuration, without a build."""

    name = "check"
    doc_purpose = "check release.toml and the policy, without a build"
    doc_usage = "[--docs [RELEASE]]"
    cmd_options = (
        option("config", "another release.toml"),
        flag("docs", "look at [cards] and at the documents of the newest release, or of RELEASE, too"),
        flag("json", "print one JSON object; with --docs and RELEASE"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Read everything that a run would read first, and say so."""
        if args and not params["docs"]:
            raise ConfigError("check takes no argument", found=" ".join(args))
        if params["json"] and not args:
            raise ConfigError("--json is for one release", wanted="check --docs --json RELEASE", found="none")
        if args:
            from release_tasks.engine.document_report import report_documents  # noqa: PLC0415

            return report_documents(only_path(args, "a release directory"), as_json=params["json"])
        environ = dict(os.environ)
        release_date(None)
        config = None if params["config"] is None else Path(params["config"])
        release = load_release(find_config(Path.cwd(), config, environ), environ=environ)
        path = find_policy(release)
        plan: Plan = make_plan(release, Mode(), None if path is None else os.path.relpath(path, release.root))
        policy_in_force(plan)
        plan_steps(plan)
        steps = f"{len(release.steps)} step{'s' if len(release.steps) != 1 else ''} of yours"
        policy = "the default policy" if path is None else os.path.relpath(path)
        sys.stdout.write(f"{os.path.relpath(release.file)}: {release.name} {release.version.text}, {steps}\n")
        sys.stdout.write(f"policy: {policy}\nno problem found\n")
        if params["docs"]:
            from release_tasks.engine.document_report import report_project  # noqa: PLC0415

            return report_project(release)
        return 0


class Init(VerbCommand):
    """`init [FOLDER]`: a commented release.toml, policy and dodo.py."""

    name = "init"
    doc_purpose = "write release.toml, policy and dodo.py for a model, a dataset or a Python project"
    doc_usage = "[FOLDER]"
    cmd_options = (
        option("release-name", "name of the release; default: the folder's"),
        option("release-version", "first version; default: 0.1.0, of data build 1 of today"),
        option("type", "what is released: model, dataset or tooling", "model"),
        flag("force", "replace files that are already there"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Write the files and name them."""
        folder = Path(args[0]) if args else Path.cwd()
        if len(args) > 1:
            raise ConfigError("init takes one folder", found=" ".join(args))
        written = init(
            folder,
            name=params["release-name"],
            version=params["release-version"],
            release_type=params["type"],
            force=params["force"],
        )
        sys.stdout.write("".join(f"wrote {os.path.relpath(folder / path)}\n" for path in written))
        sys.stdout.write("next: look at release.toml, then 'doit check', 'doit freeze', 'doit release'\n")
        return 0


class Canonicalize(VerbCommand):
    """`canonicalize FILE`: rewrite safetensors in canonical form."""

    name = "canonicalize"
    doc_purpose = "rewrite a safetensors file in its one canonical form"
    doc_usage = "FILE"
    cmd_options = (option("output", "write there instead of in place"),)

    def run(self, params: Any, args: list[str]) -> int:
        """Rewrite and say what was done."""
        output = None if params["output"] is None else Path(params["output"])
        done = canonicalize(only_path(args, "a safetensors file"), output=output)
        word = "rewritten" if done.changed else "was canonical already"
        sys.stdout.write(f"{done.path}: {done.tensors} tensors, {word}\n")
        return 0
