"""The verdict over what is recorded, without building anything: for programs and `gate --recorded` (P1)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from release_tasks.catalog import plan_steps
from release_tasks.config.load import find_config, find_policy, load_release
from release_tasks.errors import ConfigError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Decision, Mode, Verdict
from release_tasks.stages.execution import Context
from release_tasks.stages.judgement import judge, refusal
from release_tasks.stages.plan import Plan, make_plan
from release_tasks.stages.workspace import MissingInputError, Workspace


@frozen
class ReleaseDecision:
    """What the gate concludes: decision, codes in order (P3), trust payload and the whole verdict."""

    decision: Decision
    codes: tuple[GateCode, ...]
    payload: JSONObject
    verdict: Verdict


def decide_release(
    config: str | os.PathLike[str] | None = None,
    *,
    policy: str | os.PathLike[str] | None = None,
    profile: str | None = None,
    strict: bool | None = None,
    soft: bool = False,
    fail_fast: bool = False,
) -> ReleaseDecision:
    """Judge the recorded evidence of a project as everything is now; nothing is built, measured or written.

    `config` is a release.toml, by default the one of this folder or above it; `policy` another policy file,
    relative to the current folder; `strict` None leaves strictness to policy and profile. The scan for
    secrets reads the policy too: another one is refused as EVIDENCE_STALE until a run has scanned it. Raises
    ConfigError for what cannot be read, and with `fail_fast` GateRefused with the first gate that refuses.
    """
    environ = dict(os.environ)
    release = load_release(
        find_config(Path.cwd(), None if config is None else Path(config), environ), environ=environ
    )
    mode = Mode(
        soft=soft,
        strict=strict,
        policy_override=policy is not None,
        profile_override=profile is not None and profile != release.profile,
    )
    path = find_policy(release, None if policy is None else Path(policy).absolute())
    relative = None if path is None else os.path.relpath(path, release.root)
    plan = make_plan(release, mode, relative, profile=profile)
    return decide_recorded(plan, Workspace(release), fail_fast=fail_fast)


def decide_recorded(plan: Plan, workspace: Workspace, *, fail_fast: bool = False) -> ReleaseDecision:
    """Judge the recorded evidence of a plan; errors as `decide_release`."""
    step = next(step for step in plan_steps(plan) if step.verb == "gate")
    facts = dict(workspace.facts(step, {}))
    context = Context(plan=plan, step=step, workspace=workspace, facts=facts, report=_silent)
    try:
        judgement = judge(context)
    except MissingInputError as error:
        raise ConfigError(
            "a file that the evidence must speak of is not there",
            wanted=error.path,
            found="no such file",
            where=str(workspace.index.locate(error.path)),
            hint="run 'doit release'",
        ) from None
    verdict = judgement.verdict
    if fail_fast and not verdict.accepted:
        first = next(gate for gate in verdict.gates if gate.status == "fail")
        raise refusal(replace(verdict, gates=(first,)))
    return ReleaseDecision(
        decision=verdict.decision, codes=verdict.codes, payload=judgement.trust, verdict=verdict
    )


def _silent(_text: str) -> None:
    """Nothing runs, so there is no progress to show."""
