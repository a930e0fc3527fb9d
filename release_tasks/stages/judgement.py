"""What the gate concludes from recorded evidence: the verdict and all that is said of it, not yet written."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import datetime

from release_tasks.errors import FormatError, GateRefused
from release_tasks.policy.decide import Case, decide
from release_tasks.policy.run_manifest import OutputFile, configuration_hash, run_manifest
from release_tasks.policy.trust_payload import RunFacts, trust_payload
from release_tasks.records.code_table import CODES
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import Evidence, evidence_path
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import RECORDS
from release_tasks.records.verdict import Verdict
from release_tasks.records.version import parse_version
from release_tasks.stages.environment_record import environment_record
from release_tasks.stages.evidence import OWN_RECORDS, evidence_records
from release_tasks.stages.evidence_record import step_subjects
from release_tasks.stages.execution import Context
from release_tasks.stages.frozen_action import current_inputs, input_subjects
from release_tasks.stages.gate import VERDICT, commands
from release_tasks.stages.gate_policy import policy_in_force, policy_json
from release_tasks.stages.layout import artifact_subjects, place_artifacts
from release_tasks.stages.locked_artifact import locked_digest
from release_tasks.stages.own_schema import schema_bytes
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_evidence
from release_tasks.stages.workspace import MissingInputError, Workspace
from release_tasks.system.clock import now
from release_tasks.system.git import head_id, tag_commit


@frozen
class Judgement:
    """A verdict, the evidence under it, and the records that belong to it."""

    verdict: Verdict
    case: Case
    policy: JSONObject
    environment: JSONObject
    run: JSONObject
    trust: JSONObject


def _patch(plan: Plan, workspace: Workspace) -> JSONObject | None:
    """The weights as the lock of the patched version has them, beside those of now; None for no patch."""
    release = plan.release
    if release.base is None:
        return None
    commit = tag_commit(workspace.root, parse_version(release.base, release.scheme).tag_name(release.name))
    files: list[JSON] = []
    for path in release.artifacts.model:
        now = workspace.index.sha256(path)
        base = None if commit is None else locked_digest(workspace, commit, path)
        files.append({"path": path, "base": base, "now": None if now is None else str(now)})
    return {"base": release.base, "reason": release.reason, "sealed": commit is not None, "files": files}


def _version_evidence(context: Context) -> Evidence:
    release = context.plan.release
    tag = context.facts["seal"]
    data: JSONObject = {
        "version": release.version.text,
        "tag": release.version.tag_name(release.name),
        "tag_commit": None if tag == "none" else tag,
        "commit": head_id(context.workspace.root),
        "experimental": context.plan.mode.experimental,
        "patch": _patch(context.plan, context.workspace),
    }
    return Evidence(kind="version", subjects=(), data=data)


def _command_evidence(context: Context) -> Evidence:
    rows: list[JSON] = [{"name": name, "command": command} for name, command in commands(context.plan)]
    return Evidence(kind="commands", subjects=(), data={"commands": rows})


def expected_subjects(plan: Plan, workspace: Workspace) -> dict[str, dict[str, Digest]]:
    """What each record of the plan must speak of, with the digests that it has now.

    What was frozen is bound as well: an input edited between its check and the training is seen here. A
    record about another record that is not there is left out.
    """
    artifacts = dict(artifact_subjects(workspace, place_artifacts(plan, workspace)))
    particular = {
        "frozen-inputs": dict(input_subjects(current_inputs(plan, workspace))),
        "frozen-outputs": {},
        "artifacts": artifacts,
        "smoke": artifacts,
    }
    subjects = {}
    for name, step in evidence_records(plan).items():
        try:
            subjects[name] = particular[name] if name in particular else dict(step_subjects(workspace, step))
        except MissingInputError as error:
            if not error.path.startswith(f"{RECORDS}/"):
                raise  # a record that was not made yet makes what was said about it missing, no more
    return subjects


def collect_case(context: Context, *, recorded: bool = False) -> Case:
    """Read every evidence record that is there and sound; what is damaged counts as missing.

    `recorded`: what the gate wrote of itself is read as well, not collected anew.
    """
    asked = evidence_records(context.plan)
    expected = expected_subjects(context.plan, context.workspace)
    found = {}
    for name in (*expected, *(OWN_RECORDS if recorded else ())):
        with contextlib.suppress(FormatError, OSError):
            found[name] = read_evidence(context.workspace, evidence_path(name))
    for record in () if recorded else (_version_evidence(context), _command_evidence(context)):
        found[record.kind] = record
    wanted: dict[str, dict[str, Digest]] = {name: {} for name in (*asked, *OWN_RECORDS)}
    return Case(evidence=found, expected={**wanted, **expected})


def judge(context: Context, *, environment: JSONObject | None = None) -> Judgement:
    """Decide over the recorded evidence, as everything is now; nothing is measured and nothing is written.

    `context` is that of the step `gate`. With the `environment` of an earlier decision, as its
    environment.json has it, decide once more at that moment and over what that gate wrote of itself. Raises
    ConfigErrors for a bad policy, ConfigError for an unknown profile, MissingInputError when a file that
    evidence must speak of is not there.
    """
    plan, workspace = context.plan, context.workspace
    policy = policy_in_force(plan)
    recorded = environment is not None
    decided_at = now() if environment is None else str(environment["decided_at"])
    case = collect_case(context, recorded=recorded)
    verdict = decide(
        "candidate",
        case,
        policy=policy,
        profile=plan.release.profile,
        mode=plan.mode,
        decided_at=datetime.fromisoformat(decided_at),
    )
    policy_record = policy_json(policy, plan)
    environment = environment or environment_record(workspace, decided_at=decided_at)
    run = run_manifest(
        plan.release,
        verdict,
        case.evidence,
        config_hash=configuration_hash(plan.release, policy=policy_record, mode=plan.mode),
        environment=environment,
        outputs=[
            OutputFile(name=item.name, declared=item.declared, role=item.role, cls=item.cls)
            for item in place_artifacts(plan, workspace)
            if not item.rendered
        ],
    )
    trust = trust_payload(verdict, case.evidence, _facts(context, run=run, environment=environment))
    return Judgement(
        verdict=verdict, case=case, policy=policy_record, environment=environment, run=run, trust=trust
    )


def _facts(context: Context, *, run: JSONObject, environment: JSONObject) -> RunFacts:
    date = context.facts["date"]
    schema = sha256(hashlib.sha256(schema_bytes("trust-payload")).hexdigest())
    return RunFacts(
        generator=str(environment["generator"]),
        schema_hash=str(schema),
        run_id=str(run["run_id"]),
        config_hash=str(run["config_hash"]),
        timestamp=None if date == "none" else date,
        environment=environment,
    )


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
