"""Placeholders of a step's command: `{reads}`, `{writes}`, `{params.x}`, `{seed}`; doubled braces escape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from release_tasks.config.readers import did_you_mean
from release_tasks.config.schema import Scalar, UserStep
from release_tasks.errors import ConfigError

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def render_scalar(value: Scalar) -> str:
    """Write a parameter as a word: `true` and `false` for booleans, shortest round-trip floats."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(step: UserStep) -> dict[str, str]:
    values = {f"params.{name}": render_scalar(value) for name, value in step.params}
    if step.seed is not None:
        values["seed"] = str(step.seed)
    return values


def _fill(element: str, values: dict[str, str]) -> str:
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
        if name in {"reads", "writes"}:
            raise ConfigError(
                f"{token} must be a whole element of the command: it becomes several",
                wanted=f'"{token}" on its own',
                found=element,
            )
        raise ConfigError(
            f"command has an unknown placeholder {token}",
            wanted="one of " + ", ".join(f"{{{known}}}" for known in ("reads", "writes", *values)),
            found=element,
            hint=_placeholder_hint(name, values),
        )

    return _TOKEN.sub(replace, element)


def _placeholder_hint(name: str, values: dict[str, str]) -> str:
    if name == "seed":
        return "declare seed = … in this step"
    if name.startswith("params.") and not any(known.startswith("params.") for known in values):
        return f"declare {name.removeprefix('params.')} in the params of this step"
    return did_you_mean(name, ("reads", "writes", *values)) or "write {{ and }} for braces themselves"


def placeholder_problems(step: UserStep) -> Iterator[tuple[int, ConfigError]]:
    """Find the elements of a step's command that cannot be expanded, with their indexes."""
    values = _values(step)
    for index, element in enumerate(step.command):
        if element in {"{reads}", "{writes}"}:
            if index == 0:
                yield index, ConfigError("command has no program", wanted="a program's name", found=element)
            continue
        try:
            _fill(element, values)
        except ConfigError as error:
            yield index, error


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
            expanded.append(_fill(element, values))
    return tuple(expanded)
