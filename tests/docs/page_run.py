"""Type what a page says, in a folder of its own, and look whether that happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.docs.page_blocks import Block, Page, commands_of
from tests.docs.page_output import difference

LIMIT_S = 300
_DOCTEST = r"""
import doctest, sys
doctest.ELLIPSIS_MARKER = r"\u2026"  # doctest compares in ASCII
done = doctest.testfile(sys.argv[1], module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8")
sys.exit(1 if done.failed or not done.attempted else 0)
"""
_SHELL = "trap 'status=$?; pwd > \"$PAGE_CWD\"; exit $status' EXIT\n"


class PageSession:
    """A terminal in which the blocks of a page are typed one after another; `cd` lasts."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self._cwd = scratch / "cwd"
        self._python = scratch / "page.pycon"
        bin_folder = str(Path(sys.executable).parent)
        self._env: Mapping[str, str] = {
            **os.environ,
            "PATH": os.pathsep.join((bin_folder, os.environ["PATH"])),
            "PAGE_CWD": str(self._cwd),
            "PYTHONUNBUFFERED": "1",  # a terminal shows lines in the order in which they are printed
            "LC_ALL": "C.UTF-8",
        }

    def play(self, page: Page) -> None:
        """Write the files and run the commands of a page; raises AssertionError at the first that differs."""
        for block in page.blocks:
            if block.not_run is not None:
                continue
            if block.names:
                self._write(block)
            elif block.language == "console":
                self._type(block)
            elif block.language == "pycon":
                self._python.write_text(block.text, "utf-8")
                code, printed = self._run([sys.executable, "-c", _DOCTEST, str(self._python)])
                assert code == 0, f"{block.where}\n{printed}"

    def _write(self, block: Block) -> None:
        for how, name in block.names.items():
            path = self.folder / name
            assert path.resolve().is_relative_to(self.folder.resolve()), f"{block.where} writes outside"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if how == "append" else "w", encoding="utf-8") as file:
                file.write(block.text)

    def _type(self, block: Block) -> None:
        for command in commands_of(block):
            code, printed = self._run(["bash", "-c", _SHELL + command.text])
            self.folder = Path(self._cwd.read_text("utf-8").rstrip("\n"))
            told = f"{block.where}\n$ {command.text}\n{printed}"
            assert code == command.exit_code, f"exit code {code}, the page says {command.exit_code}: {told}"
            if command.shown is not None:
                found = difference(command.shown, printed.rstrip("\n").split("\n"))
                assert found is None, f"{found}\n{told}"

    def _run(self, command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=LIMIT_S,
            check=False,
        )
        return done.returncode, done.stdout
