"""Tables that know their key path and collect every problem of a file, to be told at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from release_tasks.config.readers import Reader, T, argument, describe, did_you_mean, integer, wrong_type
from release_tasks.errors import ConfigError, ConfigErrors

KeyPath = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def dotted(path: KeyPath) -> str:
    """Write a key path as TOML does, with list indexes: `step[0].reads[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE_KEY.fullmatch(part) else json.dumps(part)[:100]
            text += f".{name}" if text else name
    return text


class Problems:
    """The problems of one file; `check` raises them all at once, in the order of the file."""

    def __init__(self, label: str, document: Mapping[str, object]) -> None:
        self._label = label
        self._document = document
        self._found: list[tuple[tuple[int, ...], ConfigError]] = []

    def add(self, error: ConfigError, at: KeyPath) -> None:
        """Keep an error found at a key path, which becomes its `where` unless it has one."""
        error.where = error.where or f"{self._label}: {dotted(at)}"
        self._found.append((self._rank(at), error))

    def _rank(self, at: KeyPath) -> tuple[int, ...]:
        node: object = self._document
        rank = []
        for part in at:
            if isinstance(node, Mapping):
                rank.append(list(node).index(part) + 1 if part in node else 0)
                node = node.get(part)
            elif isinstance(node, Sequence) and not isinstance(node, str) and isinstance(part, int):
                rank.append(part + 1)
                node = node[part]
            else:
                rank.append(0)
        return tuple(rank)

    def check(self) -> None:
        """Raise ConfigErrors when there is any problem."""
        if self._found:
            ordered = sorted(self._found, key=lambda item: item[0])
            raise ConfigErrors(tuple(error for _, error in ordered))


class Table:
    """One table being read: a value that is absent or wrong reads as None, and wrong is remembered."""

    def __init__(self, values: Mapping[str, object], at: KeyPath, problems: Problems) -> None:
        self._values = values
        self.at = at
        self._problems = problems
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, in the order of the file."""
        return tuple(self._values)

    def holds_list(self, key: str) -> bool:
        """Tell whether the value of a key is a list."""
        return isinstance(self._values.get(key), list)

    def value(self, key: str) -> object | None:
        """The value of a key as it is written, None without it."""
        return self._values.get(key)

    def problem(self, error: ConfigError, *path: str | int) -> None:
        """Remember an error about something below this table."""
        self._problems.add(error, (*self.at, *path))

    def _take(self, key: str, required: str | None) -> object | None:
        self._asked.add(key)
        if key not in self._values:
            if required is not None:
                self.problem(ConfigError(f"{key} is missing", wanted=required), key)
            return None
        value = self._values[key]
        if value is None:  # TOML has no null, YAML has
            self.problem(wrong_type(value, required or "a value, or no such key"), key)
        return value

    def one(self, key: str, reader: Reader[T], *, required: str | None = None) -> T | None:
        """Read one value; `required` says what is wanted when the key is missing."""
        value = self._take(key, required)
        return None if value is None else self._read(value, reader, key)

    def many(
        self,
        key: str,
        reader: Reader[T],
        *,
        required: str | None = None,
        least: int = 0,
        hint: str | None = None,
    ) -> tuple[T, ...] | None:
        """Read a list of at least `least` values, none twice unless the reader is `argument`."""
        value = self._take(key, required)
        if value is None:
            return None
        if not isinstance(value, list):
            self.problem(wrong_type(value, "a list of strings", hint), key)
            return None
        if len(value) < least:
            self.problem(
                ConfigError("list is too short", wanted=f"at least {least}", found=describe(value)), key
            )
            return None
        read = [self._read(item, reader, key, index) for index, item in enumerate(value)]
        good = tuple(item for item in read if item is not None)
        if len(good) != len(value):
            return None
        repeats = [] if reader is argument else [n for n, item in enumerate(good) if item in good[:n]]
        for index in repeats:
            self.problem(ConfigError("value is listed twice", found=describe(value[index])), key, index)
        return None if repeats else good

    def _read(self, value: object, reader: Reader[T], *path: str | int) -> T | None:
        try:
            return reader(value)
        except ConfigError as error:
            self.problem(error, *path)
            return None

    def table(self, key: str, *, required: str | None = None) -> Table | None:
        """Read a table below this one."""
        value = self._take(key, required)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return Table(value, (*self.at, key), self._problems)
        self.problem(wrong_type(value, "a table"), key)
        return None

    def tables(self, key: str, *, wanted: str | None = None) -> tuple[Table, ...]:
        """Read an array of tables; items that are no tables are problems and left out."""
        value = self._take(key, None)
        if value is None:
            return ()
        if not isinstance(value, list):
            written = f"an array of tables, written [[{dotted((*self.at, key))}]]"
            self.problem(wrong_type(value, wanted or written), key)
            return ()
        found = []
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                found.append(Table(item, (*self.at, key, index), self._problems))
            else:
                self.problem(wrong_type(item, "a table"), key, index)
        return tuple(found)

    def close(self, later: Mapping[str, str] | None = None) -> None:
        """Make every key that nobody asked for a problem; `later` explains names that are known to us."""
        for key in self._values:
            if key not in self._asked:
                hint = (later or {}).get(key) or did_you_mean(str(key), self._asked)
                wanted = "one of " + ", ".join(sorted(self._asked))
                name = str(key)
                self.problem(
                    ConfigError("unknown key", wanted=wanted, found=ascii(name)[1:-1][:100], hint=hint), name
                )


def check_schema(document: Mapping[str, object], schema: int, *, label: str) -> None:
    """Refuse a file of another schema before anything else is read: its other keys mean something else."""
    value = document.get("schema", schema)
    if isinstance(value, bool) or not isinstance(value, int):
        error = wrong_type(value, f"schema = {schema}")
    elif value != schema:
        error = ConfigError(
            "schema is not one that this version of release_tasks reads",
            wanted=str(schema),
            found=describe(value),
            hint="use the release_tasks that wrote the file"
            if value > schema
            else f"write schema = {schema}",
        )
    else:
        return
    error.where = f"{label}: schema"
    raise ConfigErrors((error,))


def open_document(document: object, schema: int, *, where: str) -> tuple[Table, Problems]:
    """Give the top of a YAML document, and its problems; raises ConfigErrors for one of another schema."""
    if not isinstance(document, Mapping):
        error = wrong_type(document, f"a mapping with schema: {schema}")
        error.where = where
        raise ConfigErrors((error,))
    check_schema(document, schema, label=where)
    problems = Problems(where, document)
    top = Table(document, (), problems)
    top.one("schema", integer(schema, schema), required=f"schema: {schema} as the first key")
    return top, problems


def given(**values: object) -> dict[str, Any]:
    """Keep what was found, so that a record's own defaults stand for the rest."""
    return {key: value for key, value in values.items() if value is not None}
