"""What every command without tasks shares: parsing as people type, and the boundary."""

from __future__ import annotations

import getopt
import io
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import Command
from doit.cmdparse import CmdParseError

from release_tasks.engine.boundary import fail, fail_system
from release_tasks.engine.options import show_help
from release_tasks.errors import ConfigError, ReleaseError


class VerbCommand(Command):  # type: ignore[misc]
    """A command that needs no tasks; its ReleaseErrors are printed, and give the exit code."""

    def parse_execute(self, in_args: list[str]) -> int:
        """Parse as people type: options may stand behind the path (doit's own parser stops at it)."""
        if in_args == ["--help"]:
            return show_help(self)
        short, long = self.cmdparser.get_short(), self.cmdparser.get_long()
        try:
            options, rest = getopt.gnu_getopt(in_args, short, long)
        except getopt.GetoptError as error:
            raise CmdParseError(f"{self.name}: {error}") from None
        flat = [part for name, value in options for part in ((name, value) if value else (name,))]
        return int(super().parse_execute([*flat, "--", *rest]))

    def execute(self, params: Any, args: list[str]) -> int:
        """Run the verb; the boundary where a ReleaseError becomes text and exit code."""
        if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal of another encoding is no reason to fail
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return self.run(params, args)
        except ReleaseError as error:
            return fail(error)
        except OSError as error:
            return fail_system(error)
        except KeyboardInterrupt:
            return 130

    def run(self, params: Any, args: list[str]) -> int:
        """Do what was asked for; returns the exit code."""
        raise NotImplementedError


def only_path(args: list[str], what: str) -> Path:
    """The one path that a command wants; raises ConfigError for none or several."""
    if len(args) != 1:
        raise ConfigError("wrong number of paths", wanted=f"one path: {what}", found=" ".join(args) or "none")
    return Path(args[0])
