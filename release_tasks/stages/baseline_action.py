"""Find the committed baseline of the last release, and write down which it is or why there is none."""

from __future__ import annotations

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.policy.bench_shape import baseline_misfits
from release_tasks.records.baseline import SCHEMA_VERSION, baseline_path
from release_tasks.records.digest import parse_digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.baseline import BASELINE
from release_tasks.stages.baseline_fact import LastRelease, baseline_fact, read_fact
from release_tasks.stages.execution import Context
from release_tasks.stages.records_io import write_record
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import blob_id
from release_tasks.system.seal import read_seal

_FIRST = "no earlier version of this release is tagged: there is nothing to compare with"
_UNKNOWN = "this clone has no release tag, and may lack those that exist elsewhere"


def find_baseline(context: Context) -> None:
    """Write evidence/baseline.json: the last release's tag, what it seals, and its baseline."""
    workspace, release = context.workspace, context.plan.release
    # Git is asked anew: what the state database remembers may spare work, not vouch for a baseline.
    last, known = read_fact(baseline_fact(workspace.root, release, None))
    if last is None:
        context.report(_FIRST if known else _UNKNOWN)
        value: JSONObject = {
            "tag": None,
            "path": None,
            "exact_root": None,
            "committed": False,
            "problem": None,
            "baseline": None,
            "reason": _FIRST if known else _UNKNOWN,
        }
    else:
        attestations = workspace.root / context.plan.home / f"{last.version}.attestations"
        seal = read_seal(workspace.root, last.tag, attestations)
        found = _baseline(workspace, last)
        value = {
            **found,
            "exact_root": None if seal is None else _digest(seal.exact_root),
            "reason": found["problem"],
        }
    write_record(workspace, BASELINE, {"schema_version": SCHEMA_VERSION, "tags_known": known, **value})


def _digest(written: str | None) -> str | None:
    """The digest that a seal of ours names, None for another tag."""
    try:
        return None if written is None else str(parse_digest(written))
    except FormatError:
        return None


def _baseline(workspace: Workspace, last: LastRelease) -> JSONObject:
    """The baseline of the last release, or the problem with it."""
    found: JSONObject = {
        "tag": last.tag,
        "path": last.path,
        "committed": False,
        "problem": None,
        "baseline": None,
    }
    try:
        data = (workspace.root / last.path).read_bytes()
    except OSError as error:
        return {
            **found,
            "problem": "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror),
        }
    if last.blob is None:
        return {**found, "problem": "a file that is not committed"}
    if blob_id(data) != last.blob:
        return {**found, "problem": "another content than HEAD has"}
    found["committed"] = True
    try:
        value = parse_canonical(data, where=last.path)
    except FormatError as error:
        return {**found, "problem": error.what}
    problem = _problem(value, last)
    return {**found, "problem": problem, "baseline": None if problem else value}


def _problem(value: JSON, last: LastRelease) -> str | None:
    if not isinstance(value, dict):
        return "JSON that is no object"
    flaw = next(baseline_misfits(value), None)
    if flaw is not None:
        return f"{flaw.key}: {flaw.found}, not {flaw.wanted}"
    if last.path != baseline_path(str(value["version"])):
        return f"the baseline of {value['version']}"
    return None
