"""`[tests.<suite>]`: the user's test suites, each a command that writes a JUnit XML report."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from release_tasks.config.command import require_placeholders
from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import did_you_mean, integer
from release_tasks.config.schema import Suite, SuiteName
from release_tasks.config.steps import read_command
from release_tasks.errors import ConfigError


def _read_suite(table: Table, name: SuiteName, roots: Collection[str]) -> Suite | None:
    command = read_command(table, "command", required="the command as a list of strings")
    found = given(
        reads=table.many("reads", declared_path(roots=roots, globs=True)),
        timeout_s=table.one("timeout_s", integer(1, 86_400)),
    )
    table.close()
    if command is None:
        return None
    require_placeholders(table, command, needed=("report",))
    return Suite(name=name, command=command, **found)


def read_suites(table: Table | None, roots: Collection[str]) -> tuple[Suite, ...] | None:
    """Read every suite, in the order unit, integration, pipeline, regression."""
    if table is None:
        return None
    names: tuple[SuiteName, ...] = get_args(SuiteName)
    found = []
    for key in table.keys:
        if key not in names:
            error = ConfigError(
                "there is no suite of this name",
                wanted="one of " + ", ".join(names),
                found=ascii(key)[1:-1][:100],
                hint=did_you_mean(key, names),
            )
            table.problem(error, key)
            continue
        inner = table.table(key)
        suite = None if inner is None else _read_suite(inner, key, roots)
        if suite is not None:
            found.append(suite)
    return tuple(sorted(found, key=lambda suite: names.index(suite.name)))
