"""`[parity.<pair>]`: two formats of one model that must answer alike."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from release_tasks.config.artifacts import weights_file
from release_tasks.config.command import require_placeholders
from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import choice, integer, number_in
from release_tasks.config.schema import Artifacts, Pair, PairKind
from release_tasks.config.steps import read_command, read_named
from release_tasks.errors import ConfigError


def _read_pair(table: Table, name: str, roots: Collection[str], artifacts: Artifacts | None) -> Pair | None:
    file, weights = declared_path(roots=roots, globs=False), weights_file(roots, artifacts)
    kind: PairKind | None = table.one(
        "kind", choice(get_args(PairKind)), required="fp32 or quantised; it is never guessed from a name"
    )
    reference = table.one("reference", weights, required="the model file that is right")
    candidate = table.one("candidate", weights, required="the model file that must answer like it")
    prompts = table.one("prompts", file, required='the prompts, JSON Lines of {"prompt": …}')
    command = read_command(table, "command", required="the logits command as a list of strings")
    found = given(
        reads=table.many("reads", declared_path(roots=roots, globs=True)),
        steps=table.one("steps", integer(1, 100_000)),
        seed=table.one("seed", integer(0)),
        min_tau=table.one("min_tau", number_in(-1, 1)),
        max_nll=table.one("max_nll", number_in(0)),
        timeout_s=table.one("timeout_s", integer(1, 86_400)),
    )
    table.close()
    if command is not None:
        require_placeholders(table, command, needed=("model",))
    if reference is not None and reference == candidate:
        table.problem(ConfigError("a file is compared with itself", found=reference), "candidate")
    if kind is None or reference is None or candidate is None or prompts is None or command is None:
        return None
    return Pair(
        name=name,
        kind=kind,
        reference=reference,
        candidate=candidate,
        command=command,
        prompts=prompts,
        **found,
    )


def read_pairs(
    table: Table | None, roots: Collection[str], artifacts: Artifacts | None
) -> tuple[Pair, ...] | None:
    """Read every `[parity.<pair>]`, sorted by name; both sides must be files of `artifacts`."""
    return read_named(table, lambda inner, name: _read_pair(inner, name, roots, artifacts))
