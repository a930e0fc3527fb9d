"""The commands of doit and `release-tasks` as Markdown, from the classes that parse what people type."""

# ruff: noqa: INP001 - Sphinx puts this folder on sys.path
from __future__ import annotations

import importlib
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.cmd_run import Run as DoitRun
from schema_text import cell, code

from release_tasks.engine.main import _WITHOUT_TASKS
from release_tasks.verbs.registration import COMMANDS

_DOITS_OWN = frozenset({"run", "list", "forget"})


def commands_text() -> str:
    """A section for each command of ours: purpose, usage, own options; then those that doit gives to all."""
    parts = [_section(name, place) for name, place in COMMANDS.items() if name not in _DOITS_OWN]
    parts += [_section(name, COMMANDS[name]) for name in COMMANDS if name in _DOITS_OWN]
    shared = _options((*DoitRun.cmd_options, *DoitCmdBase.base_options))
    return "\n".join((*parts, f"## Options of doit\n\nCommands that run tasks take these too.\n\n{shared}"))


def _section(name: str, place: str) -> str:
    module, _, attribute = place.partition(":")
    command: Any = getattr(importlib.import_module(module), attribute)
    usage = f"doit {name} {command.doc_usage or ''}".strip()
    where = "Needs no project." if name in _WITHOUT_TASKS else "In a project."
    own = [option for option in command.cmd_options if option not in DoitRun.cmd_options]
    table = _options(own) or "No options of its own.\n"
    return f"## `doit {name}`\n\n{_sentence(command.doc_purpose)} {where}\n\n```text\n{usage}\n```\n\n{table}"


def _sentence(text: str) -> str:
    return cell(text[0].upper() + text[1:].rstrip(".") + ".")


def _options(options: Any) -> str:
    rows = [_row(option) for option in options if option.get("long")]
    return "\n".join(("| option | default | does |", "|---|---|---|", *rows)) + "\n" if rows else ""


def _row(option: dict[str, Any]) -> str:
    value = "" if option.get("type") is bool else " " + option["name"].upper().replace("-", "_")
    spelled = [f"-{option['short']}{value}"] if option.get("short") else []
    spelled.append(f"--{option['long']}{value}")
    if option.get("inverse"):
        spelled.append(f"--{option['inverse']}")
    default = option.get("default")
    shown = "—" if default in (None, False, "") else code(str(default))
    said = cell(option.get("help", "").replace("%(default)s", str(default)).partition(" [default:")[0])
    return f"| {', '.join(code(text) for text in spelled)} | {shown} | {said} |"
