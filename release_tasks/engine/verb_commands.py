"""Commands about what is already there: thin shells around the verbs, which know no doit."""

from __future__ import annotations

import getopt
import json
import os
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import Command
from doit.cmdparse import CmdParseError

from release_tasks.catalog import plan_steps
from release_tasks.config.load import find_config, find_policy, load_release
from release_tasks.engine.graph_commands import fail, fail_system
from release_tasks.engine.options import flag, option
from release_tasks.errors import ConfigError, ReleaseError
from release_tasks.records.verdict import Mode
from release_tasks.stages.gate_policy import policy_in_force
from release_tasks.stages.plan import Plan, make_plan
from release_tasks.system.clock import release_date
from release_tasks.verbs.canonicalize import canonicalize
from release_tasks.verbs.init import init
from release_tasks.verbs.verify import render_text, verify


class VerbCommand(Command):  # type: ignore[misc]
    """A command that needs no tasks; its ReleaseErrors are printed, and give the exit code."""

    def parse_execute(self, in_args: list[str]) -> int:
        """Parse as people type: options may stand behind the path (doit's own parser stops at it)."""
        short, long = self.cmdparser.get_short(), self.cmdparser.get_long()
        try:
            options, rest = getopt.gnu_getopt(in_args, short, long)
        except getopt.GetoptError as error:
            raise CmdParseError(f"{self.name}: {error}") from None
        flat = [part for name, value in options for part in ((name, value) if value else (name,))]
        return int(super().parse_execute([*flat, "--", *rest]))

    def execute(self, params: Any, args: list[str]) -> int:
        """Run the verb; the boundary where a ReleaseError becomes text and exit code."""
        try:
            return self.run(params, args)
        except ReleaseError as error:
            return fail(error)
        except OSError as error:
            return fail_system(error)
        except KeyboardInterrupt:
            return 130

    def run(self, params: Any, args: list[str]) -> int:
        """Do what was asked for; returns the exit code."""
        raise NotImplementedError


def _only(args: list[str], what: str) -> Path:
    if len(args) != 1:
        raise ConfigError("wrong number of paths", wanted=f"one path: {what}", found=" ".join(args) or "none")
    return Path(args[0])


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
        path = _only(args, "a release directory, tar or zip")
        report = verify(
            path,
            root=params["root"],
            tag=params["tag"],
            full=params["full"],
            tensors=params["tensors"],
            cwd=Path.cwd(),
        )
        if params["json"]:
            sys.stdout.write(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(render_text(report))
        return 0 if report.ok else 1


class Check(VerbCommand):
    """`check`: the configuration, without a build."""

    name = "check"
    doc_purpose = "check release.toml and the policy, without a build"
    doc_usage = ""
    cmd_options = (option("config", "another release.toml"),)

    def run(self, params: Any, args: list[str]) -> int:
        """Read everything that a run would read first, and say so."""
        if args:
            raise ConfigError("check takes no argument", found=" ".join(args))
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
        return 0


class Init(VerbCommand):
    """`init [FOLDER]`: a commented release.toml, policy and dodo.py."""

    name = "init"
    doc_purpose = "write release.toml, policy and dodo.py for a folder of model files"
    doc_usage = "[FOLDER]"
    cmd_options = (
        option("release-name", "name of the release; default: the folder's"),
        option("release-version", "first version", "0.1.0"),
        flag("force", "replace files that are already there"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Write the files and name them."""
        folder = Path(args[0]) if args else Path.cwd()
        if len(args) > 1:
            raise ConfigError("init takes one folder", found=" ".join(args))
        written = init(
            folder, name=params["release-name"], version=params["release-version"], force=params["force"]
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
        done = canonicalize(_only(args, "a safetensors file"), output=output)
        word = "rewritten" if done.changed else "was canonical already"
        sys.stdout.write(f"{done.path}: {done.tensors} tensors, {word}\n")
        return 0
