"""`page`: a module of its own, because it imports what only drawing needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from release_tasks.config.load import find_config, load_release
from release_tasks.engine.options import option
from release_tasks.engine.verb_command import VerbCommand, only_path
from release_tasks.verbs.page import make_page
from release_tasks.verbs.rebuild_claim import newest_release


class Page(VerbCommand):
    """`page [PATH]`: what people look at."""

    name = "page"
    doc_purpose = "draw the HTML page of a release directory"
    doc_usage = "[PATH]"
    cmd_options = (option("output", "write there instead of beside the release"),)

    def run(self, params: Any, args: list[str]) -> int:
        """Draw the page and say where it is."""
        path = only_path(args, "a release directory") if args else _newest()
        output = None if params["output"] is None else Path(params["output"])
        final = make_page(path, output=output, cwd=Path.cwd())
        sys.stdout.write(f"wrote {os.path.relpath(final)}\n")
        return 0


def _newest() -> Path:
    environ = dict(os.environ)
    return newest_release(load_release(find_config(Path.cwd(), None, environ), environ=environ))
