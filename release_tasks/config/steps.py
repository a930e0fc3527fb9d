"""`[[step]]`: the user's own commands, and what no two of them may share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from release_tasks.config.command import placeholder_problems
from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import Reader, argument, integer, matching, number, text, wrong_type
from release_tasks.config.schema import Scalar, UserStep
from release_tasks.errors import ConfigError, PathError
from release_tasks.records.paths import fold, refuse_collisions, safe_relpath

COMMAND_HINT = "write a list; no shell is used"
_OWN_FOLDERS = ("release", ".release", ".git")
_STEP_NAME = matching(r"[a-z0-9][a-z0-9._-]{0,99}", "a-z, 0-9, then also . _ -; at most 100 characters")
_PARAM_NAME = matching(r"[A-Za-z_][A-Za-z0-9_-]{0,99}", "a letter or _, then also digits and -")


def step_name(value: object) -> str:
    """Read a step's name: it names a task and a log file, so it must be a file name everywhere."""
    return safe_relpath(_STEP_NAME(value))


def read_command(table: Table, key: str, *, required: str | None) -> tuple[str, ...] | None:
    """Read a command: a list of strings that begins with a program."""
    command = table.many(key, argument, required=required, least=1, hint=COMMAND_HINT)
    if command is not None and not command[0].strip():
        table.problem(ConfigError("command has no program", wanted="a program's name", found='""'), key, 0)
        return None
    return command


Named = TypeVar("Named")


def read_named(table: Table | None, read: Callable[[Table, str], Named | None]) -> tuple[Named, ...] | None:
    """Read the tables below one table, each under its own name, sorted by name."""
    if table is None:
        return None
    found = []
    for key in sorted(table.keys):
        try:
            step_name(key)
        except ConfigError as error:
            table.problem(error, key)
        inner = table.table(key)
        item = None if inner is None else read(inner, key)
        if item is not None:
            found.append(item)
    return tuple(found)


def _scalar(value: object) -> Scalar:
    match value:
        case bool():
            return value
        case str():
            return argument(value)
        case int() | float():
            return number(value)
        case _:
            raise wrong_type(value, "a string, a number or a boolean")


def _params(table: Table | None) -> tuple[tuple[str, Scalar], ...] | None:
    if table is None:
        return None
    found = []
    for key in table.keys:
        try:
            _PARAM_NAME(key)
        except ConfigError as error:
            table.problem(error, key)
        value = table.one(key, _scalar)
        if value is not None:
            found.append((key, value))
    return tuple(sorted(found, key=lambda pair: pair[0]))


def _write(own_files: Collection[str]) -> Reader[str]:
    reader = declared_path(roots=None, globs=False)

    def read(value: object) -> str:
        path = reader(value)
        folder = fold(path).partition("/")[0]
        if folder in _OWN_FOLDERS:
            raise PathError(
                f"path refused: a step may not write below {folder}/",
                wanted="a path outside " + ", ".join(f"{name}/" for name in _OWN_FOLDERS),
                found=path,
            )
        if fold(path) in {fold(name) for name in own_files}:
            raise PathError(
                "path refused: a step may not write what decides the release",
                wanted="a path other than " + ", ".join(sorted(own_files)),
                found=path,
            )
        return path

    return read


def _read_step(table: Table, roots: Collection[str], own_files: Collection[str]) -> UserStep | None:
    name = table.one("name", step_name, required="a name for this step, as train")
    command = read_command(table, "command", required="the command as a list of strings")
    reads = table.many("reads", declared_path(roots=roots, globs=True))
    writes = table.many("writes", _write(own_files), required="the files that this step makes", least=1)
    params = _params(table.table("params"))
    seed = table.one("seed", integer(0))
    devices = table.many("devices", text)
    table.close()
    if name is None or command is None or writes is None:
        return None
    step = UserStep(
        name=name,
        command=command,
        writes=writes,
        **given(reads=reads, params=params, seed=seed, devices=devices),
    )
    for index, error in placeholder_problems(step):
        table.problem(error, "command", index)
    for index, path in enumerate(step.reads):
        if path in writes:
            table.problem(ConfigError("step reads what it writes", found=path), "reads", index)
    return step


def _check_names(steps: Sequence[tuple[Table, UserStep]]) -> None:
    seen: set[str] = set()
    for table, step in steps:
        if step.name in seen:
            table.problem(
                ConfigError(
                    "two steps have one name", wanted="a name for each step", found=f"{step.name}, twice"
                ),
                "name",
            )
        seen.add(step.name)


def _check_writes(steps: Sequence[tuple[Table, UserStep]]) -> None:
    files: dict[str, tuple[str, str]] = {}  # folded path -> path as written, its step
    folders: dict[str, tuple[str, str]] = {}
    for table, step in steps:
        for index, path in enumerate(step.writes):
            key = fold(path)
            parents = _parents(key)
            rival = (
                files.get(key) or folders.get(key) or next((files[p] for p in parents if p in files), None)
            )
            if rival is not None:
                table.problem(_write_collision(rival, (path, step.name)), "writes", index)
            files.setdefault(key, (path, step.name))
            for parent in parents:
                folders.setdefault(parent, (path, step.name))


def _parents(path: str) -> tuple[str, ...]:
    parts = path.split("/")
    return tuple("/".join(parts[:count]) for count in range(1, len(parts)))


def _write_collision(first: tuple[str, str], second: tuple[str, str]) -> ConfigError:
    if first[0] == second[0]:
        return ConfigError(
            "two steps write one file",
            wanted="one step for each file",
            found=f"{first[0]}, by {first[1]} and {second[1]}",
        )
    try:
        refuse_collisions((first[0], second[0]))
    except PathError as error:
        error.found = f"{first[0]} of {first[1]} and {second[0]} of {second[1]}"
        return error
    raise AssertionError(f"BUG: {first} and {second} do not collide")


def read_steps(
    tables: Sequence[Table], *, roots: Collection[str], own_files: Collection[str]
) -> tuple[UserStep, ...]:
    """Read all `[[step]]` tables; `own_files` are the project's files that no step may write."""
    pairs = [(table, _read_step(table, roots, own_files)) for table in tables]
    steps = [(table, step) for table, step in pairs if step is not None]
    _check_names(steps)
    _check_writes(steps)
    return tuple(step for _, step in steps)
