"""A JSON Schema as Markdown tables: key, type, default and what the schema says of it."""

# ruff: noqa: INP001 - Sphinx puts this folder on sys.path
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_MANY = 12  # of the values of an enumeration, more are counted


def table_text(schema: Schema, node: Schema) -> str:
    """Every key below `node` as one table; keys of inner objects are dotted, `[]` is each item of a list."""
    rows = list(_rows(schema, node, "", ()))
    return "\n".join(("| key | type | default | says |", "|---|---|---|---|", *rows)) + "\n" if rows else ""


def document_text(schema: Schema) -> str:
    """A whole schema: what it says of itself, and one table."""
    said = schema.get("description", "")
    return f"{cell(said)}\n\n{table_text(schema, schema)}" if said else table_text(schema, schema)


def configuration_text(schema: Schema) -> str:
    """A schema of a TOML file: a section for each table, as the file spells its head."""
    parts = []
    for name, entry in schema["properties"].items():
        node = resolve(schema, entry)
        said = cell(entry.get("description", node.get("description", "")))
        needed = " Required." if name in schema.get("required", ()) else ""
        for head, inner in _tables(schema, name, node):
            inner_said = cell(resolve(schema, inner).get("description", ""))
            text = " ".join(dict.fromkeys(text for text in (said, inner_said) if text)) + needed
            parts.append(f"## {head}\n\n{text}\n\n{table_text(schema, resolve(schema, inner))}")
    return "\n".join(parts)


def resolve(schema: Schema, node: Schema) -> Schema:
    """Follow `$ref`; what stands beside it wins."""
    while "$ref" in node:
        target: Any = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def cell(text: str) -> str:
    """A text for a cell of a table: one line, no bar, nothing that Markdown would take for HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def code(value: str) -> str:
    """A literal for a cell of a table."""
    return "`" + " ".join(value.split()).replace("|", "\\|") + "`"


def _tables(schema: Schema, name: str, node: Schema) -> Iterator[tuple[str, Schema]]:
    inner = node.get("properties", {})
    others = node.get("additionalProperties")
    if node.get("type") == "array" and "items" in node:
        yield f"`[[{name}]]`", node["items"]
    elif inner and len({json.dumps(value, sort_keys=True) for value in inner.values()}) == 1 < len(inner):
        yield ", ".join(f"`[{name}.{key}]`" for key in inner), next(iter(inner.values()))
    elif isinstance(others, Mapping) and resolve(schema, others).get("type") == "object":
        yield f"`[{name}.<name>]`", others
    elif node.get("type") == "object":
        yield f"`[{name}]`", node
    else:
        yield f"`{name}`", node


def _rows(schema: Schema, node: Schema, prefix: str, above: tuple[str, ...]) -> Iterator[str]:
    for name, entry in node.get("properties", {}).items():
        inner = resolve(schema, entry)
        path = f"{prefix}{name}"
        needed = name in node.get("required", ())
        default = code(json.dumps(inner["default"])) if "default" in inner else "required" if needed else "—"
        yield f"| {code(path)} | {_type(schema, inner)} | {default} | {cell(inner.get('description', ''))} |"
        yield from _below(schema, entry, inner, path, above)


def _below(schema: Schema, entry: Schema, inner: Schema, path: str, above: tuple[str, ...]) -> Iterator[str]:
    reference = entry.get("$ref", "")
    if reference and reference in above:
        return
    trail = (*above, reference) if reference else above
    yield from _rows(schema, inner, f"{path}.", trail)
    for choice in (*inner.get("anyOf", ()), *inner.get("oneOf", ())):
        yield from _below(schema, choice, resolve(schema, choice), path, trail)
    for key, ending in (("items", "[]"), ("additionalProperties", ".<name>")):
        if isinstance(inner.get(key), Mapping):
            item = inner[key]
            yield from _below(schema, item, resolve(schema, item), f"{path}{ending}", trail)


def _type(schema: Schema, node: Schema) -> str:
    node = resolve(schema, node)
    if "const" in node:
        return code(json.dumps(node["const"], ensure_ascii=False))
    if "enum" in node:
        values = [code(json.dumps(value, ensure_ascii=False)) for value in node["enum"]]
        return " or ".join(values) if len(values) <= _MANY else f"one of {len(values)} names"
    choices = (*node.get("anyOf", ()), *node.get("oneOf", ()))
    if choices:
        return " or ".join(dict.fromkeys(_type(schema, choice) for choice in choices))
    kinds = node.get("type", "any")
    return " or ".join(_kind(schema, node, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _kind(schema: Schema, node: Schema, kind: str) -> str:
    if kind == "array" and isinstance(node.get("items"), Mapping):
        item = _type(schema, node["items"])
        return f"list of {item}{'s' if item in _COUNTED else ''}"
    if kind == "object" and isinstance(node.get("additionalProperties"), Mapping):
        return f"{kind} of {_type(schema, node['additionalProperties'])}"
    limits = [f"{sign} {node[key]}" for key, sign in _LIMITS.items() if key in node]
    return " ".join((_WORDS.get(kind, kind), ", ".join(limits))).strip()


_WORDS = {"array": "list", "null": "`null`", "any": "any value"}
_COUNTED = frozenset({"string", "number", "integer", "object"})
_LIMITS = {"minimum": "≥", "exclusiveMinimum": "&gt;", "maximum": "≤", "exclusiveMaximum": "&lt;"}
