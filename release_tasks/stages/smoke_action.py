"""Run the smoke command on files laid out like a release: before packaging, and on the staged bytes."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from release_tasks.config.command import fill_command
from release_tasks.config.schema import Smoke
from release_tasks.errors import CommandFailed
from release_tasks.formats.yaml_rendering import render_yaml
from release_tasks.records.evidence import Evidence, evidence_path
from release_tasks.records.json_value import JSONObject
from release_tasks.stages.execution import Context, Report
from release_tasks.stages.layout import Placed, artifact_subjects, place_artifacts
from release_tasks.stages.measure import measured
from release_tasks.stages.records_io import write_evidence
from release_tasks.stages.workspace import STATE, Workspace
from release_tasks.system.sample_check import sample_problem

_LONGEST = 4000  # characters of a sample or a problem that evidence keeps
RELEASE_PLACE = "release"  # what {release} in the smoke command becomes: the laid-out folder


def _excerpt(text: str) -> str:
    """What evidence keeps of a text: whole lines, so that the scan for secrets sees no line cut in two."""
    if len(text) <= _LONGEST:
        return text
    kept = text[: text.rfind("\n", 0, _LONGEST) + 1]
    return f"{kept}[{len(text) - len(kept)} of {len(text)} characters left out]"


def run_smoke(workspace: Workspace, smoke: Smoke, release: Mapping[str, Path], report: Report) -> JSONObject:
    """Run the command over `release` (name in the release to file) and judge its sample."""
    report("running the smoke command")
    check = smoke.check if isinstance(smoke.check, str) or smoke.check is None else " ".join(smoke.check)
    data: JSONObject = {
        "ran": True,
        "ended_well": True,
        "check": check,
        "sample_ok": True,
        "sample": None,
        "problem": None,
    }
    try:
        with measured(
            workspace,
            name="smoke",
            argv=fill_command(smoke.command, {"release": RELEASE_PLACE}),
            reads=smoke.reads,
            shown={f"{RELEASE_PLACE}/{name}": path for name, path in release.items()},
            timeout_s=float(smoke.timeout_s),
        ) as done:
            sample = done.answer.read_text("utf-8", "replace")
    except CommandFailed as error:
        said = error.found if error.found and error.found not in error.what else None
        ended = "\n".join(filter(None, (error.what, said, error.hint)))
        data.update({"ended_well": False, "sample_ok": False, "problem": _excerpt(ended)})
        return data
    problem = sample_problem(sample, smoke.check)
    data["sample"] = _excerpt(sample)
    if problem is not None:
        data.update({"sample_ok": False, "problem": problem})
    return data


_NOTHING_RAN: JSONObject = {
    "ran": False,
    "ended_well": True,
    "check": None,
    "sample_ok": False,
    "sample": None,
    "problem": None,
}


@contextlib.contextmanager
def _laid_out(workspace: Workspace, placed: Sequence[Placed]) -> Iterator[dict[str, Path]]:
    """Name every file as it will be in the release; the YAML form of a JSON config is made for the time."""
    staging = workspace.root / STATE / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=staging) as folder:
        files = {}
        for item in placed:
            source = workspace.index.locate(item.declared)
            files[item.name] = Path(folder) / item.name if item.rendered else source
            if item.rendered:
                files[item.name].write_bytes(render_yaml(source.read_bytes(), where=item.declared))
        yield files


def smoke_artifacts(context: Context) -> None:
    """Write the evidence of kind `smoke`; without a command it says that nothing was generated."""
    workspace, plan = context.workspace, context.plan
    placed = place_artifacts(plan, workspace)
    smoke = plan.release.smoke
    data = dict(_NOTHING_RAN)
    if smoke is not None:
        with _laid_out(workspace, placed) as files:
            data = run_smoke(workspace, smoke, files, context.report)
    evidence = Evidence(kind="smoke", subjects=artifact_subjects(workspace, placed), data=data)
    write_evidence(workspace, evidence_path("smoke"), evidence)
