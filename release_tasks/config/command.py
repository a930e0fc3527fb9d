"""Placeholders of commands, as `{reads}` of a step and `{report}` of a suite; doubled braces escape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from release_tasks.config.fields import Table
from release_tasks.config.readers import did_you_mean
from release_tasks.config.schema import Scalar, UserStep
from release_tasks.errors import ConfigError

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_LISTS = ("reads", "writes")  # of a step: each becomes several elements


def render_scalar(value: Scalar) -> str:
    """Write a parameter as a word: `true` and `false` for booleans, shortest round-trip floats."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(step: UserStep) -> dict[str, str]:
    values = {f"params.{name}": render_scalar(value) for name, value in step.params}
    if step.seed is not None:
        values["seed"] = str(step.seed)
    return values


def _fill(
    element: str,
    values: Mapping[str, str],
    *,
    lists: Sequence[str] = (),
    declarable: Sequence[str] = (),
) -> str:
    """Substitute in one element; `lists` must stand alone, `declarable` are names that lack a value here."""
    known = (*lists, *values)

    def replace(match: re.Match[str]) -> str:
        token = match[0]
        if token in {"{{", "}}"}:
            return token[0]
        name = match[1]
        if name is None:
            raise ConfigError(
                "command has a brace without a partner",
                found=element,
                hint="write {{ or }} for a brace itself",
            )
        if name in values:
            return values[name]
        if name in lists:
            raise ConfigError(
                f"{token} must be a whole element of the command: it becomes several",
                wanted=f'"{token}" on its own',
                found=element,
            )
        raise ConfigError(
            f"command has an unknown placeholder {token}",
            wanted="one of " + ", ".join(f"{{{one}}}" for one in known) if known else "no placeholder",
            found=element,
            hint=_placeholder_hint(name, known, declarable),
        )

    return _TOKEN.sub(replace, element)


def _placeholder_hint(name: str, known: Sequence[str], declarable: Sequence[str]) -> str:
    if name in declarable:
        return f"declare {name} = … beside the command"
    if "params." in declarable and name.startswith("params.") and not did_you_mean(name, known):
        return f"declare {name.removeprefix('params.')} in params beside the command"
    return did_you_mean(name, known) or "write {{ and }} for braces themselves"


def placeholder_problems(step: UserStep) -> Iterator[tuple[int, ConfigError]]:
    """Find the elements of a step's command that cannot be expanded, with their indexes."""
    values = _values(step)
    for index, element in enumerate(step.command):
        if element in {f"{{{name}}}" for name in _LISTS}:
            if index == 0:
                yield index, ConfigError("command has no program", wanted="a program's name", found=element)
            continue
        try:
            _fill_of_step(element, values)
        except ConfigError as error:
            yield index, error


def _fill_of_step(element: str, values: Mapping[str, str]) -> str:
    return _fill(element, values, lists=_LISTS, declarable=("seed", "params."))


def expand_command(step: UserStep, *, reads: Sequence[str]) -> tuple[str, ...]:
    """Substitute the placeholders of a step's command; `reads` are its reads after globbing.

    `{reads}` and `{writes}` become one element for each file. A substituted text is never expanded again.
    Raises ConfigError for a placeholder that the step does not define.
    """
    values = _values(step)
    expanded: list[str] = []
    for element in step.command:
        if element == "{reads}":
            expanded.extend(reads)
        elif element == "{writes}":
            expanded.extend(step.writes)
        else:
            expanded.append(_fill_of_step(element, values))
    return tuple(expanded)


def require_placeholders(
    table: Table,
    command: Sequence[str],
    *,
    needed: Sequence[str] = (),
    known: Sequence[str] = (),
    declarable: Sequence[str] = (),
) -> None:
    """Note a problem for each of `needed` that a command lacks, and for placeholders that nothing fills.

    `known` may be there; `declarable` are keys of the table that would be known if they were set.
    """
    values = dict.fromkeys((*needed, *known), "")
    for index, element in enumerate(command):
        try:
            _fill(element, values, declarable=declarable)
        except ConfigError as error:
            table.problem(error, "command", index)
    for name in needed:
        if not any(match[1] == name for element in command for match in _TOKEN.finditer(element)):
            table.problem(
                ConfigError(
                    f"command does not use {{{name}}}",
                    wanted=f"an element that holds {{{name}}}",
                    found=" ".join(command)[:200],
                ),
                "command",
            )


def fill_command(command: Sequence[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """Substitute the named placeholders of a command; raises ConfigError for one that nothing fills."""
    return tuple(_fill(element, values) for element in command)
