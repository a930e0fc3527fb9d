"""The trust payload 1.0 (P6 to P9): a verdict in the words that other programs of this kind read.

It is derived: a function of the verdict, the evidence, environment.json, run.json and the release's date.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from release_tasks.records.code_table import CODES, OTHER_TYPES
from release_tasks.records.evidence import Evidence
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.verdict import GateResult, Mode, Status, Verdict

PAYLOAD_VERSION = "1.0"
PAGE, RETRY = 3, 6  # priorities up to these want a person now, or another try with fresh data (P9)

Confidence = Literal["unknown", "low", "medium", "high"]
CONFIDENCES: tuple[Confidence, ...] = ("unknown", "low", "medium", "high")  # lowest first (P7)
Tier = Literal["production", "conditional", "rejected"]

HIGH_STAKES = "high_stakes"
# Any of these among the findings, waived or not, says that the data holds values that stand in for real ones.
FALLBACK_CODES: frozenset[GateCode] = frozenset(
    {
        GateCode.ESTIMATED_FIELD_USED,
        GateCode.ETHNOCULTURAL_FALLBACK_USED,
        GateCode.FALLBACK_CRITICAL_FIELD,
        GateCode.FALLBACK_SUPERCRITICAL_FIELD,
        GateCode.TARGET_FALLBACK_SUPERCRITICAL,
    }
)


@frozen
class RunFacts:
    """What the payload says of the run besides its verdict.

    `schema_hash` is the SHA-256 of the payload's JSON Schema, `timestamp` the date of the release (RFC 3339),
    None where it has none. `environment` is environment.json.
    """

    generator: str
    schema_hash: str
    run_id: str
    config_hash: str
    timestamp: str | None
    environment: JSONObject


def trust_payload(verdict: Verdict, evidence: Mapping[str, Evidence], run: RunFacts) -> JSONObject:
    """Say a verdict as payload 1.0: exactly the keys of its schema, plain JSON types only."""
    factors = confidence_factors(verdict, run.environment)
    base = base_confidence(len(factors)) if _measured(evidence) else "unknown"
    confidence = capped(base, *caps(verdict, evidence))
    refusing = refusing_codes(verdict)
    priority = escalation_priority(verdict.codes)
    return {
        "payload_version": PAYLOAD_VERSION,
        "generator_version": run.generator,
        "schema_hash": run.schema_hash,
        "decision": verdict.decision,
        "quality_tier": quality_tier(verdict, confidence),
        "confidence": confidence,
        "base_confidence": base,
        "confidence_factors": list(factors),
        "monotonicity_applied": confidence != base,
        "gate_codes": [str(code) for code in verdict.codes],
        "gate_code_details": [_detail(code, refusing) for code in verdict.codes],
        "hard_gates_triggered": [str(code) for code in verdict.codes if code in refusing],
        "should_escalate": not verdict.accepted and priority <= RETRY,
        "escalation_priority": priority,
        "profile": verdict.profile,
        "strict_mode": verdict.strict,
        "signals": {name: {**signals(evidence[name].data)} for name in sorted(evidence)},
        "run_id": run.run_id,
        "config_hash": run.config_hash,
        "generation_time_seconds": None,  # a duration would be another one at every rendering (design §5)
        "timestamp": run.timestamp,
    }


def _detail(code: GateCode, refusing: frozenset[GateCode]) -> JSONObject:
    info = CODES[code]
    return {
        "code": str(code),
        "category": str(info.category),
        "is_hard_gate": code in refusing,
        "recommendation": info.recommendation,
    }


def refusing_codes(verdict: Verdict) -> frozenset[GateCode]:
    """Codes that refuse here: policy, mode and strictness have had their say."""
    return frozenset(
        finding.code for gate in verdict.gates if gate.status == "fail" for finding in gate.findings
    )


def _measured(evidence: Mapping[str, Evidence]) -> bool:
    """Whether any record speaks of any file: those that the gate itself writes speak of none."""
    return any(record.subjects for record in evidence.values())


def confidence_factors(verdict: Verdict, environment: JSONObject) -> tuple[str, ...]:
    """Name everything that takes confidence away, one entry each (P8).

    Gates count one by one, those that were skipped once for each thing that release.toml does not declare,
    and steps once for each way in which they were not run as they should.
    """
    return (
        *_gates_with(verdict, "fail", "refused"),
        *_gates_with(verdict, "warn", "warned"),
        *_gates_with(verdict, "waived", "waived"),
        *_skipped(verdict),
        *(f"switched off: {gate.gate}" for gate in verdict.gates if gate.status == "off"),
        *(f"asked for with {flag}" for flag in mode_flags(verdict.mode)),
        *_how_steps_ran(environment),
    )


def _gates_with(verdict: Verdict, status: Status, word: str) -> Iterator[str]:
    for gate in verdict.gates:
        if gate.status == status:
            found = (*gate.findings, *(item.finding for item in gate.waived))
            yield f"{word}: {gate.gate} ({', '.join(sorted({str(finding.code) for finding in found}))})"


def _skipped(verdict: Verdict) -> Iterator[str]:
    for code, gates in skipped_gates(verdict.gates).items():
        count = f"{len(gates)} gate{'s' if len(gates) != 1 else ''}"
        yield f"not declared: {undeclared_name(code)} ({code}, {count})"


def skipped_gates(gates: Sequence[GateResult]) -> dict[GateCode, tuple[str, ...]]:
    """Names of the skipped gates by the code that says what release.toml does not declare.

    Gates that only look at releases of another type are left out.
    """
    found: dict[GateCode, tuple[str, ...]] = {}
    for gate in gates:
        code = gate.findings[0].code if gate.status == "skipped" else None
        if code is not None and code not in OTHER_TYPES:
            found[code] = (*found.get(code, ()), gate.gate)
    return found


def undeclared_name(code: GateCode) -> str:
    """What release.toml does not declare, as in DATASET_UNDECLARED."""
    return code.removesuffix("_UNDECLARED").lower()


def mode_flags(mode: Mode) -> tuple[str, ...]:
    """What makes a run no plain one: options as they are typed, and the type of an experiment."""
    flags = (
        ("--soft", mode.soft),
        ("--snapshot", mode.snapshot),
        ("--no-strict", mode.strict is False),
        ("--policy", mode.policy_override),
        ("--profile", mode.profile_override),
        ("type experimental", mode.experimental),
    )
    return tuple(flag for flag, given in flags if given)


def _how_steps_ran(environment: JSONObject) -> Iterator[str]:
    steps = environment.get("steps")
    rows: dict[str, JSON] = steps if isinstance(steps, dict) else {}
    unknown, open_, asserted = [], [], []
    for name, row in sorted(rows.items()):
        if not isinstance(row, dict):
            unknown.append(name)
            continue
        if row.get("hermetic") is not True:
            open_.append(name)
        numeric = row.get("numeric")
        if not isinstance(numeric, dict) or numeric.get("status") == "asserted":
            asserted.append(name)
    for word, names in (
        ("no record of how they ran: steps", unknown),
        ("run without a sandbox: steps", open_),
        ("numeric profile only asserted: steps", asserted),
    ):
        if names:
            yield f"{word} {', '.join(names)}"


def base_confidence(factors: int) -> Confidence:
    """0 factors: high; 1 or 2: medium; more: low (P8)."""
    if factors == 0:
        return "high"
    return "medium" if factors <= 2 else "low"


def caps(verdict: Verdict, evidence: Mapping[str, Evidence]) -> tuple[Confidence, ...]:
    """The limits that hold for a confidence (P7)."""
    limits: list[Confidence] = [] if verdict.accepted else ["low"]
    if verdict.profile == HIGH_STAKES and has_fallbacks(verdict, evidence):
        limits.append("medium")
    return tuple(limits)


def capped(confidence: Confidence, *limits: Confidence) -> Confidence:
    """The lowest of a confidence and its limits; never more than the confidence."""
    return min((confidence, *limits), key=CONFIDENCES.index)


def has_fallbacks(verdict: Verdict, evidence: Mapping[str, Evidence]) -> bool:
    """Whether values of the data stand in for real ones: a finding says so, or a measured share above 0."""
    found = {
        finding.code
        for gate in verdict.gates
        for finding in (*gate.findings, *(item.finding for item in gate.waived))
    }
    return bool(found & FALLBACK_CODES) or any(
        value > 0
        for record in evidence.values()
        for key, value in signals(record.data).items()
        if "fallback" in key
    )


def quality_tier(verdict: Verdict, confidence: Confidence) -> Tier:
    """`production`: passed in a plain run and nothing is held against it; `conditional`: read the factors."""
    if not verdict.accepted:
        return "rejected"
    return "production" if verdict.decision == "PASS" and confidence == "high" else "conditional"


def escalation_priority(codes: Sequence[GateCode]) -> int:
    """The most urgent priority of the codes: 1 (page) to 10 (P9)."""
    return min((CODES[code].priority for code in codes), default=10)


def escalation_words(priority: int) -> str:
    """What a refusal of this priority asks for."""
    if priority <= PAGE:
        return "page a person now"
    return "retry with fresh data" if priority <= RETRY else "no escalation"


def signals(data: JSON, prefix: str = "") -> dict[str, float]:
    """Every finite number of a record as a plain float, by its dotted path; a flag is no number."""
    if isinstance(data, dict):
        pairs = [(f"{prefix}.{key}" if prefix else key, item) for key, item in data.items()]
    elif isinstance(data, list):
        pairs = [(f"{prefix}[{index}]", item) for index, item in enumerate(data)]
    else:
        value = _plain(data)
        return {} if value is None else {prefix: value}
    return {key: value for path, item in pairs for key, value in signals(item, path).items()}


def _plain(value: JSON) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer that no float can hold is no measurement
        return None
    return number if math.isfinite(number) else None
