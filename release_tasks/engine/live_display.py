"""The live view of running steps on a terminal: name, last word, elapsed seconds (rich)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from release_tasks.engine.bridge import progress_path


class LiveDisplay:
    """Redraws ten times a second from the progress files, which steps of other processes write too."""

    def __init__(self, out: TextIO, root: Path) -> None:
        self._root = root
        self._running: dict[str, tuple[float, Spinner]] = {}
        self._console = Console(file=out, highlight=False)
        self._live = Live(
            console=self._console,
            get_renderable=self._table,
            refresh_per_second=10,
            transient=True,
            redirect_stdout=False,
        )
        self._live.start()

    def _word(self, name: str) -> str:
        try:
            return progress_path(self._root, name).read_text("utf-8")
        except OSError:
            return ""

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2)
        table.add_column(width=22, no_wrap=True)
        table.add_column(width=9, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis")
        for name, (began, spinner) in list(self._running.items()):
            table.add_row(spinner, name, f"{time.monotonic() - began:6.1f} s", self._word(name))
        return table

    def start(self, name: str) -> None:
        """Show a step as running."""
        self._running[name] = (time.monotonic(), Spinner("dots"))

    def finish(self, name: str) -> None:
        """Stop showing it."""
        self._running.pop(name, None)

    def print(self, text: str) -> None:
        """Write lines above the live view."""
        self._console.print(text, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()
