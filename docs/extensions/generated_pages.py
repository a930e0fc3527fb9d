"""Sphinx extension: fills in what a page has generated from code and schemas, and shows the names of files.

A line `<!-- generated: NAME -->` becomes the text of NAME when the page is read; nothing generated is
committed. A block with `title="FILE"` or `append="FILE"` gets that name as its caption.
"""

# ruff: noqa: INP001 - Sphinx puts this folder on sys.path
from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from code_tables import codes_text, errors_text, gates_text, profiles_text, thresholds_text
from command_text import commands_text
from environment_table import read_text, seen_text
from schema_text import configuration_text, document_text, table_text

_MARK = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
_NAMED = re.compile(r'^```(\w+) (title|append)="([^"]+)"$', re.MULTILINE)
_DIRECTIVE = (
    '```{code-block} %s\n:caption: "%s"\n'  # the end of the line follows: an empty line ends the options
)
_OF_THE_USER = ("release", "policy")


def load_schema(name: str) -> Any:
    """A schema of the package by its short name."""
    return json.loads((files("release_tasks") / "schemas" / f"{name}.schema.json").read_text("utf-8"))


def records_text() -> str:
    """A section for every schema of a file that release_tasks writes or reads besides its configuration."""
    names = sorted(
        path.name.removesuffix(".schema.json") for path in (files("release_tasks") / "schemas").iterdir()
    )
    schemas = {name: load_schema(name) for name in names if name not in _OF_THE_USER}
    return "\n".join(
        f"## {schema['title']}\n\n"
        f"Schema: `release_tasks/schemas/{name}.schema.json`.\n\n{document_text(schema)}"
        for name, schema in schemas.items()
    )


GENERATED: dict[str, Callable[[], str]] = {
    "codes": codes_text,
    "commands": commands_text,
    "environment-read": read_text,
    "environment-seen": seen_text,
    "errors": errors_text,
    "gates": gates_text,
    "policy": lambda: table_text(load_schema("policy"), load_schema("policy")),
    "profiles": profiles_text,
    "records": records_text,
    "release-toml": lambda: configuration_text(load_schema("release")),
    "thresholds": thresholds_text,
}


def fill_in(text: str) -> str:
    """The source of a page with everything generated in its place; raises KeyError for an unknown name."""
    text = _MARK.sub(lambda mark: GENERATED[mark[1]](), text)
    return _NAMED.sub(_captioned, text)


def _captioned(match: re.Match[str]) -> str:
    language, how, name = match.groups()
    return _DIRECTIVE % (language, name if how == "title" else f"at the end of {name}")


def _on_source_read(_app: object, _name: str, content: list[str]) -> None:
    content[0] = fill_in(content[0])


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("source-read", _on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
