"""What the seal point judges, out of the released files, and the forecast that `doit release` shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from release_tasks.config.policy import Policy
from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.formats.lock_file import parse_lock
from release_tasks.policy.decide import Case, decide
from release_tasks.policy.policy_record import policy_from_json
from release_tasks.records.evidence import Evidence
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lock import LOCK
from release_tasks.records.release_contents import METADATA, REBUILD, VERDICT
from release_tasks.records.verdict import Verdict, verdict_from_json
from release_tasks.stages.accept import ACCEPTANCE_NAME
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_object, read_record
from release_tasks.stages.workspace import Workspace
from release_tasks.system.clock import now
from release_tasks.system.git import blob_id, committed_blobs, head_id

POLICY = "evidence/policy.json"
ENVIRONMENT = "evidence/environment.json"
RELEASED_LOCK = f"evidence/{LOCK}"
_RECORDS = (VERDICT, POLICY, ENVIRONMENT, METADATA)


@frozen
class Released:
    """The records of the tree that the seal point reads, as they are released."""

    candidate: Verdict
    policy: Policy
    metadata: JSONObject
    numeric_id: str
    lock: bytes | None


def seal_forecast(plan: Plan, workspace: Workspace) -> Verdict:
    """What the seal point would say of a candidate that `doit release` has just made or found standing.

    That run has looked at every file and input: here they are not looked at again, and what the state
    database knows of git is enough. Raises FormatError for a damaged record, OSError when there is none.
    """
    folder = workspace.root / plan.folder
    files = {name: folder / name for name in (*_RECORDS, RELEASED_LOCK)}
    released = read_released({name: file.read_bytes() for name, file in files.items() if file.is_file()})
    evidence: JSONObject = {
        **seal_evidence(plan, workspace, released, remembered=True),
        "root": read_record(workspace, PACKAGE)["root"],
        "problems": [],
        "changed": [],
        "inputs": [],
    }
    return decide_seal(released, evidence)


def decide_seal(released: Released, data: JSONObject) -> Verdict:
    """Judge under the recorded policy, profile and mode, by the clock of now (waivers expire)."""
    return decide(
        "seal",
        Case(evidence={"seal": Evidence(kind="seal", subjects=(), data=data)}, expected={"seal": {}}),
        policy=released.policy,
        profile=released.candidate.profile,
        mode=released.candidate.mode,
        decided_at=datetime.fromisoformat(now()),
    )


def read_released(kept: Mapping[str, bytes]) -> Released:
    """Read the records out of the bytes of a release; raises FormatError for one that is damaged."""
    found: dict[str, JSONObject] = {}
    for name in _RECORDS:
        value = parse_canonical(kept.get(name, b""), where=name)
        if not isinstance(value, dict):
            raise FormatError("not a record", wanted="a JSON object", found=type(value).__name__, where=name)
        found[name] = value
    return Released(
        candidate=verdict_from_json(found[VERDICT], where=VERDICT),
        policy=policy_from_json(found[POLICY], where=POLICY),
        metadata=found[METADATA],
        numeric_id=str(found[ENVIRONMENT].get("numeric_id")),
        lock=kept.get(RELEASED_LOCK),
    )


def seal_evidence(plan: Plan, workspace: Workspace, released: Released, *, remembered: bool) -> JSONObject:
    """What both the seal and its forecast look at."""
    candidate, metadata = released.candidate, released.metadata
    judged = [LOCK, *([plan.policy] if plan.policy else [])]
    uncommitted = _uncommitted(workspace, judged, remembered=remembered)
    attestations = workspace.root / plan.attestations
    lock = None if released.lock is None else parse_lock(released.lock)
    return {
        "commit": metadata["git_commit"],
        "dirty": metadata["git_dirty"],
        "head": head_id(workspace.root),
        "lock_committed": LOCK not in uncommitted,
        "lock_released": _bytes_of(workspace.root / LOCK) == released.lock,
        "policy": plan.policy,
        "policy_committed": plan.policy not in uncommitted,
        "numeric_id": released.numeric_id,
        "numeric_known": not plan.release.steps or (lock is not None and released.numeric_id in lock.outputs),
        "soft": candidate.mode.soft,
        "snapshot": candidate.mode.snapshot,
        "policy_override": candidate.mode.policy_override,
        "profile_override": candidate.mode.profile_override,
        "experimental": candidate.mode.experimental,
        "not_strict": candidate.mode.strict is False,
        "waivers": _waivers_used(candidate),
        "accepted_root": _accepted_root(attestations / ACCEPTANCE_NAME),
        "rebuild": _rebuild(attestations),
    }


def _bytes_of(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _rebuild(attestations: Path) -> JSON:
    if not (attestations / REBUILD).is_file():
        return None
    from release_tasks.verbs.rebuild_evidence import rebuild_evidence  # noqa: PLC0415 - only where there is one

    return rebuild_evidence(attestations / REBUILD)


def _uncommitted(workspace: Workspace, paths: list[str], *, remembered: bool) -> set[str]:
    """Those of `paths` that HEAD does not have, or has with another content."""
    committed = workspace.committed(paths) if remembered else committed_blobs(workspace.root, paths)
    found = set()
    for path in paths:
        file = workspace.root / path
        if not file.exists() or committed.get(path) != blob_id(file.read_bytes()):
            found.add(path)
    return found


def _waivers_used(candidate: Verdict) -> JSON:
    """Who answers for what in the candidate's verdict, and until when."""
    return [
        {"gate": gate.gate, "subject": item.finding.subject, "by": item.by, "expires": item.expires}
        for gate in candidate.gates
        for item in gate.waived
    ]


def _accepted_root(file: Path) -> JSON:
    try:
        return read_object(file, where=file.name).get("root")
    except (OSError, FormatError):
        return None
