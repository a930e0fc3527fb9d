"""Whether the accepted candidate could be sealed: the same function, the other gates (design §4)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.policy.decide import Case, decide
from release_tasks.policy.policy_record import policy_from_json
from release_tasks.records.evidence import Evidence
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lock import LOCK
from release_tasks.records.release_contents import REBUILD
from release_tasks.records.verdict import Verdict, verdict_from_json
from release_tasks.stages.accept import ACCEPTANCE
from release_tasks.stages.frozen_action import read_lock
from release_tasks.stages.gate import POLICY, VERDICT
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_object, read_record
from release_tasks.stages.workspace import Workspace
from release_tasks.system.clock import now
from release_tasks.system.git import blob_id, committed_blobs, head_id


def seal_verdict(plan: Plan, workspace: Workspace, *, remembered: bool = False) -> Verdict:
    """Judge the accepted candidate at the seal point, under its recorded policy and the clock of now.

    How it was asked for, and the waivers that it rests on, are what its recorded verdict says.
    `remembered`: what the state database knows of git is enough, for a forecast; sealing asks git. Raises
    FormatError for a damaged record, OSError when there is none.
    """
    candidate = verdict_from_json(read_record(workspace, VERDICT), where=VERDICT)
    data = _evidence(plan, workspace, candidate, remembered=remembered)
    return decide(
        "seal",
        Case(evidence={"seal": Evidence(kind="seal", subjects=(), data=data)}, expected={"seal": {}}),
        policy=policy_from_json(read_record(workspace, POLICY), where=POLICY),
        profile=candidate.profile,
        mode=candidate.mode,
        decided_at=datetime.fromisoformat(now()),
    )


def _evidence(plan: Plan, workspace: Workspace, candidate: Verdict, *, remembered: bool) -> JSONObject:
    metadata = read_object(workspace.root / plan.folder / "metadata.json", where="metadata.json")
    lock = read_lock(workspace)
    judged = [LOCK, *([plan.policy] if plan.policy else [])]
    uncommitted = _uncommitted(workspace, judged, remembered=remembered)
    return {
        "commit": metadata["git_commit"],
        "dirty": metadata["git_dirty"],
        "head": head_id(workspace.root),
        "lock_committed": LOCK not in uncommitted,
        "policy": plan.policy,
        "policy_committed": plan.policy not in uncommitted,
        "numeric_id": workspace.numeric_id,
        "numeric_known": not plan.release.steps
        or (lock is not None and workspace.numeric_id in lock.outputs),
        "soft": candidate.mode.soft,
        "snapshot": candidate.mode.snapshot,
        "policy_override": candidate.mode.policy_override,
        "profile_override": candidate.mode.profile_override,
        "experimental": candidate.mode.experimental,
        "not_strict": candidate.mode.strict is False,
        "waivers": _waivers_used(candidate),
        "root": _root(workspace, PACKAGE),
        "accepted_root": _root(workspace, ACCEPTANCE),
        "rebuild": _rebuild(workspace.root / plan.attestations),
    }


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


def _root(workspace: Workspace, path: str) -> JSON:
    try:
        return read_record(workspace, path).get("root")
    except (OSError, FormatError):
        return None
