"""`inspect`: a module of its own, because it imports nothing that only a project needs."""

from __future__ import annotations

import json
import sys
from typing import Any

from release_tasks.engine.options import flag
from release_tasks.engine.verb_command import VerbCommand, only_path
from release_tasks.verbs.inspect import inspect_file, render_inspection


class Inspect(VerbCommand):
    """`inspect FILE`: what is in a model file or a tokenizer."""

    name = "inspect"
    doc_purpose = "look into a safetensors, GGUF or tokenizer.json file"
    doc_usage = "FILE"
    cmd_options = (flag("json", "print one JSON object, all tensors included"),)

    def run(self, params: Any, args: list[str]) -> int:
        """Look and print."""
        found = inspect_file(only_path(args, "a safetensors, GGUF or tokenizer.json file"))
        if params["json"]:
            sys.stdout.write(json.dumps(found, indent=2) + "\n")
        else:
            sys.stdout.write(render_inspection(found))
        return 0
