"""Options of commands as doit wants them described (doit.cmdparse.CmdOption), and how they are shown."""

from __future__ import annotations

import sys
from typing import Any

from doit.cmd_base import Command


def option(name: str, text: str, default: str | None = None) -> dict[str, Any]:
    """Describe `--name VALUE`."""
    return {"name": name, "long": name, "short": "", "type": str, "default": default, "help": text}


def flag(name: str, text: str) -> dict[str, Any]:
    """Describe `--name`."""
    return {"name": name, "long": name, "short": "", "type": bool, "default": False, "help": text}


def switch(name: str, text: str) -> dict[str, Any]:
    """Describe `--name` and `--no-name`: True, False, or None when neither is given; the last one counts."""
    return {**flag(name, text), "default": None, "inverse": f"no-{name}"}


def show_help(command: Command) -> int:
    """Print what `doit help COMMAND` prints: people type --help, which doit does not know."""
    sys.stdout.write(f"{command.help()}\n")
    return 0
