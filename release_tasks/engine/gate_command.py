"""`gate`: the verdict, with every gate and its evidence, for people or as one JSON object."""

from __future__ import annotations

import json
import sys
from typing import Any

from release_tasks.engine.graph_commands import JudgedCommand, terminal_width
from release_tasks.engine.options import flag
from release_tasks.engine.project import Project
from release_tasks.errors import ConfigError
from release_tasks.records.json_value import JSONObject
from release_tasks.stages.gate import TRUST
from release_tasks.stages.records_io import read_record
from release_tasks.verbs.decide import decide_recorded
from release_tasks.verbs.release_summary import gate_table
from release_tasks.verbs.verdict_table import render_verdict


class Gate(JudgedCommand):
    """`doit gate`: measure what is not up to date, judge, and show the verdict."""

    doc_purpose = "judge the release and show every gate with its evidence"
    doc_usage = ""
    name = "gate"
    cmd_options = (
        *JudgedCommand.cmd_options,
        flag("recorded", "judge the evidence that is there: run nothing, write nothing, reject nothing"),
        flag("json", "print the trust payload, one JSON object; progress goes to stderr"),
    )

    def only_looks(self, params: Any) -> bool:
        """Recorded evidence is judged beside a run that is at work."""
        return bool(params["recorded"])

    def run_project(self, project: Project, params: Any, args: list[str]) -> int:
        """Run everything up to the gate, or nothing at all, and print the verdict; 1 when it refuses."""
        if args:
            raise ConfigError("gate takes no task", found=" ".join(args), hint="doit run TASK runs one task")
        if params["recorded"]:
            decided = decide_recorded(project.plan, project.workspace)
            text = render_verdict(decided.verdict, decided.payload, width=terminal_width())
            sys.stdout.write(_json(decided.payload) if params["json"] else text)
            return 0 if decided.verdict.accepted else 1
        names = [step.name for step in project.steps]
        upto = names[: names.index("gate") + 1]
        out = sys.stderr if params["json"] else sys.stdout
        code, _, judged = self.run_judged(project, params, upto, out=out)
        if judged and params["json"]:
            sys.stdout.write(_json(read_record(project.workspace, TRUST)))
        elif judged:
            sys.stdout.write("\n" + gate_table(project.workspace, width=terminal_width()))
        return code


def _json(payload: JSONObject) -> str:
    return json.dumps(payload, indent=2) + "\n"
