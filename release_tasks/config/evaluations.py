"""`[evaluation.<name>]`: samples, the rubric by which they are judged, and who judges."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import choice, integer
from release_tasks.config.schema import Evaluation, JudgeMode
from release_tasks.config.steps import read_command, read_named
from release_tasks.errors import ConfigError


def _read_evaluation(table: Table, name: str, roots: Collection[str]) -> Evaluation | None:
    file = declared_path(roots=roots, globs=False)
    rubric = table.one("rubric", file, required="the rubric, a YAML file")
    samples = table.one("samples", file, required="the samples, JSON Lines")
    judge: JudgeMode | None = table.one(
        "judge", choice(get_args(JudgeMode)), required="who judges: stub, local or command"
    )
    command = read_command(table, "command", required=None) if "command" in table else None
    found = given(
        reads=table.many("reads", declared_path(roots=roots, globs=True)),
        timeout_s=table.one("timeout_s", integer(1, 86_400)),
    )
    table.close()
    if judge is not None and (judge == "stub") == ("command" in table):
        wanted = "no command for a stub" if judge == "stub" else f"the command of a {judge} judge"
        found_text = "a command" if judge == "stub" else "none"
        table.problem(ConfigError("command and judge do not fit", wanted=wanted, found=found_text), "command")
    elif judge == "local" and command is not None and not command[0].endswith(".py"):
        error = ConfigError(
            "a local judge is a Python file", wanted="a path that ends in .py", found=command[0]
        )
        table.problem(error, "command", 0)
    if rubric is None or samples is None or judge is None:
        return None
    return Evaluation(name=name, rubric=rubric, samples=samples, judge=judge, command=command, **found)


def read_evaluations(table: Table | None, roots: Collection[str]) -> tuple[Evaluation, ...] | None:
    """Read every `[evaluation.<name>]`, sorted by name."""
    return read_named(table, lambda inner, name: _read_evaluation(inner, name, roots))
