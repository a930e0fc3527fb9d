"""Decide over the evidence and write it down; after a refusal nothing of this version stays released."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.stages.evidence import OWN_RECORDS
from release_tasks.stages.execution import Context
from release_tasks.stages.gate import ENVIRONMENT, POLICY, RUN, TRUST, VERDICT
from release_tasks.stages.judgement import judge, refusal
from release_tasks.stages.own_schema import check_own
from release_tasks.stages.records_io import write_evidence, write_record
from release_tasks.stages.retire import retire_candidate


def judge_candidate(context: Context) -> None:
    """Write verdict, trust payload, run manifest, environment and policy, and the gate's own evidence.

    Raises GateRefused naming every failing gate, and what `judge` raises.
    """
    judgement = judge(context)
    verdict = judgement.verdict.to_json()
    for name, record in (("verdict", verdict), ("run", judgement.run), ("trust-payload", judgement.trust)):
        check_own(name, record)
    for name in OWN_RECORDS:
        write_evidence(context.workspace, evidence_path(name), judgement.case.evidence[name])
    for path, record in (
        (POLICY, judgement.policy),
        (ENVIRONMENT, judgement.environment),
        (RUN, judgement.run),
        (TRUST, judgement.trust),
        (VERDICT, verdict),
    ):
        write_record(context.workspace, path, record)
    if not judgement.verdict.accepted:
        retire_candidate(context.plan, context.workspace)
        raise refusal(judgement.verdict)
