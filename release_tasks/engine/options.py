"""Options of commands as doit wants them described (doit.cmdparse.CmdOption)."""

from __future__ import annotations

from typing import Any


def option(name: str, text: str, default: str | None = None) -> dict[str, Any]:
    """Describe `--name VALUE`."""
    return {"name": name, "long": name, "short": "", "type": str, "default": default, "help": text}


def flag(name: str, text: str) -> dict[str, Any]:
    """Describe `--name`."""
    return {"name": name, "long": name, "short": "", "type": bool, "default": False, "help": text}


def switch(name: str, text: str) -> dict[str, Any]:
    """Describe `--name` and `--no-name`: True, False, or None when neither is given; the last one counts."""
    return {**flag(name, text), "default": None, "inverse": f"no-{name}"}
