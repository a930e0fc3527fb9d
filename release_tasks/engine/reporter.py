"""What a run shows: live progress on a terminal, plain lines elsewhere, failures in the user's words."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Protocol, TextIO

_WIDTH = 22


class Display(Protocol):
    """A live view of the running steps."""

    def start(self, name: str) -> None:
        """Show a step as running."""

    def finish(self, name: str) -> None:
        """Stop showing it."""

    def print(self, text: str) -> None:
        """Write lines above the live view."""

    def close(self) -> None:
        """Give the terminal back."""


class ReleaseReporter:
    """doit's reporter: one line for a step that ran, none for one that did not have to.

    `executed` counts steps that ran, `standing` those that were up to date, `exit_codes` are those of the
    failures in the order in which they came.
    """

    desc = "live progress on a terminal, plain lines elsewhere"

    def __init__(self, outstream: TextIO, options: dict[str, Any], *, root: Path | None = None) -> None:
        del options
        self.executed = 0
        self.standing = 0
        self.exit_codes: list[int] = []
        self._out = outstream
        self._root = root
        self._began: dict[str, float] = {}
        self._display: Display | None = None

    def _terminal(self) -> bool:
        return self._out.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"

    def _line(self, word: str, name: str, rest: str = "") -> None:
        self._print(f"{word:<7} {name:<{_WIDTH}} {rest}".rstrip())

    def _print(self, text: str) -> None:
        if self._display is not None:
            self._display.print(text)
            return
        self._out.write(text + "\n")
        self._out.flush()

    def initialize(self, tasks: object, selected_tasks: object) -> None:
        """Called by doit before anything runs."""

    def get_status(self, task: Any) -> None:
        """Called by doit when a task is looked at."""

    def execute_task(self, task: Any) -> None:
        """Show that a step begins."""
        if not task.actions or task.name.startswith("_"):
            return
        self.executed += 1
        self._began[task.name] = time.monotonic()
        if self._display is None and self._root is not None and self._terminal():
            from release_tasks.engine.live_display import LiveDisplay  # noqa: PLC0415 - rich, only now

            self._display = LiveDisplay(self._out, self._root)
        if self._display is not None:
            self._display.start(task.name)
        else:
            self._line("run", task.name)

    def add_success(self, task: Any) -> None:
        """Show that a step is done, and how long it took."""
        began = self._began.pop(task.name, None)
        if began is None:
            return
        if self._display is not None:
            self._display.finish(task.name)
        self._line("done", task.name, f"{time.monotonic() - began:6.1f} s")

    def skip_uptodate(self, task: Any) -> None:
        """Count a step that still stands."""
        if task.actions:
            self.standing += 1

    def skip_ignore(self, task: Any) -> None:
        """An ignored task is never a success (design §11)."""
        self.exit_codes.append(1)
        self._line("IGNORED", task.name, "an ignored step cannot be part of a release")

    def add_failure(self, task: Any, fail: Any) -> None:
        """Print a failure whole, at once, and once more for GitHub's annotations."""
        self._began.pop(task.name, None)
        if self._display is not None:
            self._display.finish(task.name)
        self.exit_codes.append(getattr(fail, "exit_code", 2))
        if type(fail).__name__ == "UnmetDependency":
            self._line("skipped", task.name, f"needs {fail.message}")
            return
        self._line("FAILED", task.name)
        self._print("\n" + str(fail.get_msg()).rstrip() + "\n")
        if os.environ.get("GITHUB_ACTIONS") == "true":
            text = str(fail.message).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
            title = task.name.replace(":", "%3A").replace(",", "%2C")
            self._print(f"::error title={title}::{text}")

    def cleanup_error(self, exception: Any) -> None:
        """An error while cleaning up after a task of the user's own."""
        sys.stderr.write(exception.get_msg())

    def runtime_error(self, msg: str) -> None:
        """An error of the graph itself, such as a cycle."""
        self.exit_codes.append(3)
        self._print(f"ERROR: {msg}")

    def teardown_task(self, task: Any) -> None:
        """Called by doit for tasks with a teardown."""

    def complete_run(self) -> None:
        """Give the terminal back."""
        if self._display is not None:
            self._display.close()
            self._display = None
