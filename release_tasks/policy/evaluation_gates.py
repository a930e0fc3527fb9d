"""The gates of evaluations: samples that a judge scored by a rubric (K24)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from release_tasks.policy.evidence_shape import (
    COUNT,
    FLAG,
    RATE,
    TEXT,
    TEXT_OR_NULL,
    EvidenceKind,
    one,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, number, rows, text
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

_SHOWN = 3  # failed judgements that are named
_TOLERANCE = 1e-9


def _contradictions(data: JSONObject) -> Iterator[str]:
    """Find what the record says of itself and its rows do not bear out."""
    samples = rows(data, "samples")
    scores = [number(row, "score") for row in samples]
    expected = math.fsum(scores) / len(scores) if scores else 0.0
    if abs(expected - number(data, "score")) > _TOLERANCE:
        yield f"score {data['score']}, but its samples have a mean of {expected:.6g}"
    if any(row["problem"] is not None and number(row, "score") != 0 for row in samples):
        yield "a failed judgement that does not count as 0"
    if len(samples) != min(number(data, "available"), number(data, "asked")):
        yield f"{len(samples)} judged, of {data['available']} with {data['asked']} asked for"
    criteria = [(number(row, "weight"), number(row, "mean")) for row in rows(data, "criteria")]
    weights = math.fsum(weight for weight, _ in criteria)
    if abs(weights - 1) > _TOLERANCE:
        yield f"weights that sum to {weights:.6g}"
    weighted = math.fsum(weight * mean for weight, mean in criteria)
    if abs(weighted - number(data, "score")) > _TOLERANCE:
        yield f"score {data['score']}, but its criteria give {weighted:.6g}"


def _evaluation(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    name = f"evaluation {text(data['name'])}"
    wanted = "a record whose score follows from its judgements"
    for contradiction in _contradictions(data):
        yield Finding(code=GateCode.EVALUATION_INVALID, subject=name, wanted=wanted, found=contradiction)
    if number(data, "score") < number(data, "threshold"):
        yield Finding(
            code=GateCode.EVALUATION_BELOW_THRESHOLD,
            subject=name,
            wanted=f"a score of {data['threshold']} or more",
            found=f"{number(data, 'score'):.6g} over {len(rows(data, 'samples'))} samples: "
            + ", ".join(f"{row['name']} {number(row, 'mean'):.6g}" for row in rows(data, "criteria")),
        )
    if number(data, "available") < number(data, "asked"):
        yield Finding(
            code=GateCode.EVALUATION_SAMPLE_SMALL,
            subject=name,
            wanted=f"{data['asked']} samples",
            found=f"{data['available']} in all",
        )
    failed = [row for row in rows(data, "samples") if row["problem"] is not None]
    if failed:
        first = "; ".join(f"{row['id']}: {row['problem']}" for row in failed[:_SHOWN])
        yield Finding(
            code=GateCode.EVALUATION_JUDGEMENTS_FAILED,
            subject=name,
            wanted=f"a judgement by {text(data['judge'])} of every sample",
            found=f"{len(failed)} failed: {first}",
        )


EVALUATION_KINDS: dict[str, EvidenceKind] = {
    "evaluation": EvidenceKind(
        many=True,
        fields={
            "name": TEXT,
            "mock": FLAG,
            "judge": one("stub, local or command", lambda value: value in ("stub", "local", "command")),
            "threshold": RATE,
            "asked": COUNT,
            "available": COUNT,
            "score": RATE,
            "criteria": rows_of({"name": TEXT, "weight": RATE, "mean": RATE}),
            "samples": rows_of({"id": TEXT, "score": RATE, "problem": TEXT_OR_NULL}),
        },
    ),
}

EVALUATION_GATES: tuple[Gate, ...] = (
    Gate(
        name="evaluation",
        point="candidate",
        evidence="evaluation",
        check=_evaluation,
        doc="Judged samples reach the score that the rubric wants.",
        undeclared=GateCode.EVALUATION_UNDECLARED,
    ),
)
