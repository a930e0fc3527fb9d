"""Collect the evidence, decide, write the verdict; after a refusal nothing of this version stays released."""

from __future__ import annotations

import contextlib

from release_tasks.errors import FormatError, GateRefused
from release_tasks.policy.gates import Case, decide
from release_tasks.records.evidence import Evidence, evidence_path
from release_tasks.records.gate_code import CODES
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Verdict
from release_tasks.stages.artifacts_action import artifact_subjects
from release_tasks.stages.environment_record import environment_record
from release_tasks.stages.execution import Context
from release_tasks.stages.frozen_action import current_inputs, input_subjects
from release_tasks.stages.gate import ENVIRONMENT, POLICY, VERDICT, evidence_kinds
from release_tasks.stages.gate_policy import policy_in_force, policy_json
from release_tasks.stages.layout import place_artifacts
from release_tasks.stages.records_io import read_evidence, write_evidence, write_record
from release_tasks.stages.retire import retire_candidate
from release_tasks.system.clock import now
from release_tasks.system.git import head_commit


def _version_evidence(context: Context) -> Evidence:
    release = context.plan.release
    commit = head_commit(context.workspace.root)
    tag = context.facts["seal"]
    data: JSONObject = {
        "version": release.version.text,
        "tag": release.version.tag_name(release.name),
        "tag_commit": None if tag == "none" else tag,
        "commit": None if commit is None else commit.id,
    }
    return Evidence(kind="version", subjects=(), data=data)


def collect_case(context: Context) -> Case:
    """Read every evidence record that is there and sound; what is damaged counts as missing."""
    found = {}
    for kind in evidence_kinds():
        with contextlib.suppress(FormatError, OSError):
            found[kind] = read_evidence(context.workspace, evidence_path(kind))
    version = _version_evidence(context)
    write_evidence(context.workspace, evidence_path("version"), version)
    found["version"] = version
    placed = place_artifacts(context.plan, context.workspace)
    # What was frozen is bound as well: an input edited between its check and the training is seen here.
    inputs = input_subjects(current_inputs(context.plan, context.workspace))
    artifacts = dict(artifact_subjects(context, placed))
    return Case(evidence=found, subjects={**dict(inputs), **artifacts}, artifacts=frozenset(artifacts))


def judge_candidate(context: Context) -> None:
    """Write verdict.json, environment.json and policy.json; raises GateRefused naming every failing gate."""
    plan = context.plan
    policy = policy_in_force(plan)
    verdict = decide(
        "candidate", collect_case(context), policy=policy, profile=plan.release.profile, mode=plan.mode
    )
    write_record(context.workspace, POLICY, policy_json(policy))
    write_record(context.workspace, ENVIRONMENT, environment_record(context.workspace, decided_at=now()))
    write_record(context.workspace, VERDICT, verdict.to_json())
    if not verdict.accepted:
        retire_candidate(plan, context.workspace)
        raise refusal(verdict)


def refusal(verdict: Verdict) -> GateRefused:
    """Put a rejecting verdict into words: every failing gate with what it wanted and found."""
    failing = [gate for gate in verdict.gates if gate.status == "fail"]
    lines = {
        f"{finding.code} {finding.subject}: wanted {finding.wanted}, found {finding.found}": None
        for gate in failing
        for finding in gate.findings
    }  # what two gates found is said once
    hints = {CODES[finding.code].recommendation: None for gate in failing for finding in gate.findings}
    names = ", ".join(gate.gate for gate in failing)
    return GateRefused(
        f"the gate refused the release: {names}",
        found="\n".join(lines),
        where=VERDICT if verdict.point == "candidate" else None,
        hint="\n".join(hints),
    )
