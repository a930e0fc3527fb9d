"""The end of `doit release`: what was decided, where it is, and whether it could be sealed."""

from __future__ import annotations

import os
import shlex
from typing import cast

from release_tasks.config.policy import Policy
from release_tasks.errors import FormatError, SealedError
from release_tasks.policy.gates import Case, decide
from release_tasks.records.evidence import Evidence
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lock import LOCK
from release_tasks.records.manifest import MANIFEST, manifest_from_json
from release_tasks.records.verdict import HARDNESSES, Hardness, Verdict
from release_tasks.stages.accept import ACCEPTANCE
from release_tasks.stages.bundle import bundle_path
from release_tasks.stages.frozen_action import read_lock
from release_tasks.stages.gate import POLICY, VERDICT
from release_tasks.stages.layout import place_artifacts
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_object, read_record
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import blob_id, committed_blobs, head_id
from release_tasks.system.seal import Seal, read_seal


def seal_of(plan: Plan) -> Seal | None:
    """What seals the version of the plan, or None while it is a candidate."""
    root = plan.release.root
    return read_seal(root, plan.release.version.tag_name(plan.release.name), root / plan.attestations)


def already_released(plan: Plan, workspace: Workspace, seal: Seal) -> str:
    """Say that nothing is to be done for a sealed version; raises SealedError when files would differ."""
    folder = workspace.root / plan.folder
    manifest = manifest_from_json(read_object(folder / MANIFEST, where=f"{plan.folder}/{MANIFEST}"))
    sealed = {file.path: file.entry.sha256 for file in manifest.files if file.cls == "exact"}
    now = {
        item.name: workspace.index.sha256(item.declared)
        for item in place_artifacts(plan, workspace)
        if not item.rendered
    }
    differing = sorted(
        {name for name, digest in now.items() if sealed.get(name) != digest}
        | {name for name in sealed if name not in now and name != "config.yaml"}
    )
    if differing:
        raise SealedError(
            f"{plan.release.version.text} is already released, and these files would differ",
            wanted=f"exact_root {manifest.exact_root}",
            found=", ".join(differing),
            where=plan.folder,
            hint="a released version never changes: raise release.version in release.toml",
        )
    at = f" at {seal.commit[:12]}" if seal.commit else ""
    return f"already released as {seal.name}{at}; nothing to do\n"


def _recorded_policy(workspace: Workspace) -> Policy:
    """The policy under which the candidate was judged, from its record: no YAML is read again."""
    match _record(workspace, POLICY):
        case {"gates": dict() as gates, "soft_allowed": list() as soft}:
            known = tuple(
                (name, hardness) for name, hardness in sorted(gates.items()) if hardness in HARDNESSES
            )
            return Policy(
                gates=cast("tuple[tuple[str, Hardness], ...]", known), soft_allowed=tuple(map(str, soft))
            )
        case _:
            return Policy()


def _uncommitted(workspace: Workspace, paths: list[str], *, remembered: bool) -> set[str]:
    """Those of `paths` that HEAD does not have, or has with another content."""
    committed = workspace.committed(paths) if remembered else committed_blobs(workspace.root, paths)
    found = set()
    for path in paths:
        file = workspace.root / path
        if not file.exists() or committed.get(path) != blob_id(file.read_bytes()):
            found.add(path)
    return found


def seal_verdict(plan: Plan, workspace: Workspace, *, remembered: bool = False) -> Verdict:
    """Judge the accepted candidate at the seal point: the same function, the other gates (design §4).

    `remembered`: what the state database knows of git is enough, for a forecast; sealing asks git.
    """
    metadata = read_object(workspace.root / plan.folder / "metadata.json", where="metadata.json")
    lock = read_lock(workspace)
    head = head_id(workspace.root)
    acceptance = _record(workspace, ACCEPTANCE)
    judged = [LOCK, *([plan.policy] if plan.policy else [])]
    uncommitted = _uncommitted(workspace, judged, remembered=remembered)
    data: JSONObject = {
        "commit": metadata["git_commit"],
        "dirty": metadata["git_dirty"],
        "head": head,
        "lock_committed": LOCK not in uncommitted,
        "policy": plan.policy,
        "policy_committed": plan.policy not in uncommitted,
        "numeric_id": workspace.numeric_id,
        "numeric_known": not plan.release.steps
        or (lock is not None and workspace.numeric_id in lock.outputs),
        "soft": plan.mode.soft,
        "snapshot": plan.mode.snapshot,
        "policy_override": plan.mode.policy_override,
        "root": _record(workspace, PACKAGE).get("root"),
        "accepted_root": acceptance.get("root"),
    }
    evidence = {"seal": Evidence(kind="seal", subjects=(), data=data)}
    return decide(
        "seal",
        Case(evidence=evidence, subjects={}, artifacts=frozenset()),
        policy=_recorded_policy(workspace),
        profile=plan.release.profile,
        mode=plan.mode,
    )


def _record(workspace: Workspace, path: str) -> JSONObject:
    try:
        return read_record(workspace, path)
    except (OSError, FormatError):
        return {}


def _count(gates: JSON, status: str) -> list[str]:
    rows = gates if isinstance(gates, list) else []
    return [str(row["gate"]) for row in rows if isinstance(row, dict) and row.get("status") == status]


def _warnings(gates: JSON) -> list[str]:
    lines = []
    for row in gates if isinstance(gates, list) else []:
        if isinstance(row, dict) and row.get("status") == "warn" and isinstance(row["findings"], list):
            for finding in row["findings"]:
                if isinstance(finding, dict):
                    lines.append(f"{finding['code']} {finding['subject']}: found {finding['found']}")
                    lines.append(f"  {finding['recommendation']}")
    return lines


def _seal_line(plan: Plan, workspace: Workspace) -> str:
    verdict = seal_verdict(plan, workspace, remembered=True)
    if verdict.accepted:
        return "can be sealed"
    reasons = [
        f"{finding.code} ({finding.found})"
        for gate in verdict.gates
        if gate.status == "fail"
        for finding in gate.findings
    ]
    return "not yet: " + ", ".join(reasons)


def summarize(plan: Plan, workspace: Workspace, *, executed: int, standing: int, code: int) -> str:
    """The closing table of `doit release`; after a failure only what the gates said, if they were asked."""
    verdict = _record(workspace, VERDICT)
    gates = verdict.get("gates")
    steps = f"{executed} run, {standing} up to date" if executed else f"none run, {standing} up to date"
    rows: list[tuple[str, str]] = [("release", f"{plan.release.name} {plan.release.version.text}")]
    rows.append(("steps", steps))
    if code == 0:
        package = _record(workspace, PACKAGE)
        passed, warned = _count(gates, "pass"), _count(gates, "warn")
        summary = f"{len(passed)} passed" + (f", {len(warned)} warned: {', '.join(warned)}" if warned else "")
        off = _count(gates, "off")
        summary += f", {len(off)} off: {', '.join(off)}" if off else ""
        rows.append(("gates", summary))
        rows.extend(("", line) for line in _warnings(gates))
        rows.append(("level", "none: nothing of it was rebuilt yet"))
        rows.append(("root", str(package.get("root"))))
        rows.append(("exact_root", str(package.get("exact_root"))))
        where = os.path.relpath(workspace.root / plan.folder)
        rows.append(("directory", where))
        rows.extend(
            ("bundle", os.path.relpath(workspace.root / bundle_path(plan, kind)))
            for kind in plan.release.bundles
        )
        rows.append(("seal", _seal_line(plan, workspace)))
        rows.append(("verify", f"release-tasks verify {shlex.quote(where)} --root {package.get('root')}"))
    else:
        rows.append(("result", "refused" if code == 1 else "failed"))
    return "\n" + "\n".join(f"{name:<11}{text}".rstrip() for name, text in rows) + "\n"
