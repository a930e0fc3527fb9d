"""The scan for secrets once more, over exactly the bytes that will be released (design §4)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from release_tasks.errors import GateRefused
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.policy.decide import judge_again
from release_tasks.policy.policy_record import policy_from_json
from release_tasks.policy.profiles import in_force
from release_tasks.records.code_table import CODES
from release_tasks.records.evidence import Evidence
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, manifest_from_json
from release_tasks.records.release_contents import Contents
from release_tasks.records.verdict import GateResult
from release_tasks.stages.execution import Context
from release_tasks.stages.records_io import read_object
from release_tasks.stages.release_scan import Item, scan_release
from release_tasks.stages.retire import retire_candidate
from release_tasks.stages.workspace import STATE

_GATES = ("secrets", "network", "todo")  # file modes are those of the inputs; the release has its own
_POLICY = "evidence/policy.json"
_ENVIRONMENT = "evidence/environment.json"


def scan_staged(context: Context, folder: Path, contents: Contents) -> tuple[GateResult, ...]:
    """Judge every text of a packaged release, under the policy, mode and moment of its verdict.

    Weights are not opened. Raises GateRefused when a gate refuses, and the candidate is then retired, as
    after any refusal of the gate.
    """
    plan, workspace = context.plan, context.workspace
    policy = policy_from_json(read_object(folder / _POLICY, where=_POLICY), where=_POLICY)
    force = in_force(policy, plan.release.profile, plan.mode)
    if all(force.hardness(gate) == "off" for gate in _GATES):
        return ()
    manifest = manifest_from_json(parse_canonical(contents.kept[MANIFEST], where=MANIFEST))
    roles = {file.path: file.role for file in manifest.files}
    roles |= {MANIFEST: "manifest", CHECKSUMS: "checksums"}
    items = [Item(path=path, role=role, source=folder / path) for path, role in roles.items()]
    data = scan_release(items, scratch=workspace.root / STATE / "staging", report=context.report)
    subjects = tuple((file.path, file.entry.sha256) for file in manifest.files)
    decided_at = str(read_object(folder / _ENVIRONMENT, where=_ENVIRONMENT)["decided_at"])
    results = judge_again(
        Evidence(kind="secrets", subjects=subjects, data=data),
        _GATES,
        policy=policy,
        profile=plan.release.profile,
        mode=plan.mode,
        decided_at=datetime.fromisoformat(decided_at),
        file=MANIFEST,
    )
    failing = [result for result in results if result.status == "fail"]
    if failing:
        retire_candidate(plan, workspace)
        raise _refusal(failing, plan.staging)
    return results


def _refusal(failing: list[GateResult], where: str) -> GateRefused:
    findings = [finding for gate in failing for finding in gate.findings]
    lines = [f"{item.code} {item.subject}: wanted {item.wanted}, found {item.found}" for item in findings]
    hints = dict.fromkeys(CODES[finding.code].recommendation for finding in findings)
    return GateRefused(
        f"the gate refused the packaged release: {', '.join(gate.gate for gate in failing)}",
        found="\n".join(lines),
        where=where,
        hint="\n".join(hints),
    )
