"""Read the record of all checkpoints and write down which of them could have been released."""

from __future__ import annotations

import math
import re

from release_tasks.config.schema import Checkpoint
from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.digest import Digest
from release_tasks.records.identity import tree_digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.workspace import Workspace

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII)


def released_digest(model: tuple[str, ...], workspace: Workspace) -> Digest:
    """SHA-256 of the weights: of the file, or over (base name, sha256) of the shards, as in metadata.json."""
    digests = [(path.rpartition("/")[2], workspace.index.sha256(path)) for path in model]
    found = [(name, digest) for name, digest in digests if digest is not None]
    if len(found) == 1:
        return found[0][1]
    return tree_digest((name, digest.hex) for name, digest in found)


def _row(value: JSON, metric: str, where: str) -> JSONObject:
    """One checkpoint; raises FormatError unless it has a step, a digest and a finite metric."""
    if not isinstance(value, dict):
        raise FormatError("not a checkpoint", found=f"{where} is not an object")
    step, digest, score = value.get("step"), value.get("sha256"), value.get(metric)
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise FormatError("not a checkpoint", found=f"{where}.step is {ascii(step)[:50]}")
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if match is None:
        raise FormatError("not a checkpoint", found=f"{where}.sha256 is {ascii(digest)[:50]}")
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise FormatError("not a checkpoint", found=f"{where}.{metric} is {ascii(score)[:50]}")
    return {"step": step, "sha256": f"sha256:{match[1]}", "value": score}


def read_checkpoints(data: bytes, declared: Checkpoint) -> list[JSON]:
    """All checkpoints of a record; raises FormatError for anything that is not one, NaN included."""
    value = parse_strict(data, where=declared.record)
    found = value.get("checkpoints") if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise FormatError("not a record of checkpoints", found="no list under the key checkpoints")
    return [_row(item, declared.metric, f"checkpoints[{index}]") for index, item in enumerate(found)]


def check_selection(context: Context) -> None:
    """Write the evidence of kind `checkpoint`; a record that cannot be read is told by the gate."""
    release, workspace = context.plan.release, context.workspace
    declared = release.checkpoint
    if declared is None:
        raise AssertionError("BUG: the step is planned for a declared record only")
    rows: list[JSON] = []
    problem: str | None = None
    corrupt = False
    try:
        rows = read_checkpoints(workspace.index.locate(declared.record).read_bytes(), declared)
    except FormatError as error:
        problem = error.found or error.what
        corrupt = error.what not in {"not a checkpoint", "not a record of checkpoints"}
    write_measurement(
        context,
        "checkpoint",
        {
            "record": declared.record,
            "metric": declared.metric,
            "direction": declared.direction,
            "corrupt": corrupt,
            "problem": problem,
            "released": str(released_digest(release.artifacts.model, workspace)),
            "checkpoints": rows,
        },
    )
