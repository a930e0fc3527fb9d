"""`replay`: measure a recorded row of a pair of formats again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from release_tasks.engine.options import flag, option
from release_tasks.engine.verb_command import VerbCommand, only_path
from release_tasks.errors import ConfigError
from release_tasks.verbs.replay import render_text, replay


class Replay(VerbCommand):
    """`replay FILE --row N`: does a recorded parity row come out as it did."""

    name = "replay"
    doc_purpose = "measure one recorded prompt of [parity.<pair>] again"
    doc_usage = "FILE --row N"
    cmd_options = (
        option("row", "number of the row, 0 for the first"),
        option("config", "another release.toml"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Replay and print the result; 0 when the row was reproduced, else 1."""
        done = replay(
            only_path(args, "a file with parity rows"),
            _number(params["row"]),
            start=Path.cwd(),
            config=None if params["config"] is None else Path(params["config"]),
            environ=dict(os.environ),
        )
        if params["json"]:
            sys.stdout.write(json.dumps(done.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write(render_text(done))
        return 0 if done.reproduced else 1


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ConfigError("--row wants a number", wanted="0 for the first row", found=text or "none")
    return int(text)
