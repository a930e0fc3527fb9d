"""The gates of format parity: every further format of the model answers like the model itself (B6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from release_tasks.config.schema import PairKind
from release_tasks.policy.evidence_shape import (
    AMOUNT,
    CORRELATION,
    COUNT,
    DIGEST,
    TEXT,
    TEXT_OR_NULL,
    EvidenceKind,
    Misfit,
    nested,
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, number, rows, text
from release_tasks.policy.parity_method import informative_wanted, pair_delta_nll, pair_tau
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

_SHOWN = 10  # rows that a finding names


def _coverage(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "formats"):
        path, pairs, copies = text(row["path"]), row["pairs"], row["copies"]
        if not pairs:
            yield Finding(
                code=GateCode.PARITY_UNDECLARED,
                subject=path,
                wanted="a pair [parity.<pair>] that has it as candidate, and leads back to the model",
                found="none",
            )
        if copies:
            names = ", ".join(map(text, copies)) if isinstance(copies, list) else text(copies)
            yield Finding(
                code=GateCode.PARITY_INVALID,
                subject=path,
                wanted="a format of its own",
                found=f"the same bytes as {names}",
            )


def _parity(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    unusable = tuple(_sides(data))
    yield from unusable
    if unusable:  # nothing was measured
        return
    measured = rows(data, "rows")
    flaws = (*_self_consistent(data, rules), *_enough(data))
    yield from flaws
    if not flaws:
        yield from _agreement(data, rules, measured)


def _subject(data: JSONObject) -> str:
    return f"[parity.{text(data['name'])}]"


def _sides(data: JSONObject) -> Iterator[Finding]:
    sides = [side for side in (data["reference"], data["candidate"]) if isinstance(side, dict)]
    for side in sides:
        if side["wanted_format"] not in {None, side["format"]}:
            yield Finding(
                code=GateCode.PARITY_INVALID,
                subject=text(side["path"]),
                wanted=f"a file of the format {text(side['wanted_format'])}, as its suffix says",
                found=text(side["format"] or "something else"),
            )
    if len({text(side["digest"]) for side in sides}) == 1:
        yield Finding(
            code=GateCode.PARITY_INVALID,
            subject=_subject(data),
            wanted="two formats of the model",
            found=f"the same bytes: {' and '.join(text(side['path']) for side in sides)}",
        )


def _limits(data: JSONObject, rules: Rules) -> tuple[float, float]:
    """Least τ-b and largest ΔNLL: the pair's own, else those in force for its kind."""
    kind = text(data["kind"])
    own = [None if data[key] is None else number(data, key) for key in ("min_tau", "max_nll")]
    in_force = [rules.limit(f"min_parity_tau_{kind}"), rules.limit(f"max_parity_nll_{kind}")]
    least, most = (limit if mine is None else mine for mine, limit in zip(own, in_force, strict=True))
    return least, most


def _self_consistent(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    measured = rows(data, "rows")
    other = [index for index, row in enumerate(measured) if row["path"] != row["again"]]
    if other:
        yield Finding(
            code=GateCode.PARITY_NOT_DETERMINISTIC,
            subject=_subject(data),
            wanted="the same token ids from two runs of the reference",
            found=f"other ids in {_names(other)}",
        )
    _, most = _limits(data, rules)
    adrift = [index for index, row in enumerate(measured) if number(row, "self_delta_nll") > most]
    if adrift:
        worst = max(number(measured[index], "self_delta_nll") for index in adrift)
        yield Finding(
            code=GateCode.PARITY_INVALID,
            subject=_subject(data),
            wanted=f"a reference that scores what it chose as when it chose it, within {most}",
            found=f"{worst} in {_names(adrift)}",
        )


def _enough(data: JSONObject) -> Iterator[Finding]:
    measured = rows(data, "rows")
    if not measured:
        yield Finding(
            code=GateCode.PARITY_TOO_FEW, subject=_subject(data), wanted="at least one prompt", found="none"
        )
    least = informative_wanted(int(number(data, "steps")))
    few = [
        index
        for index, row in enumerate(measured)
        if row["tau"] is None or number(row, "informative") < least
    ]
    if few:
        found = ", ".join(text(measured[index]["informative"]) for index in few[:_SHOWN])
        yield Finding(
            code=GateCode.PARITY_TOO_FEW,
            subject=_subject(data),
            wanted=f"at least {least} steps with three tokens in common, for every prompt",
            found=f"{found} in {_names(few)}",
        )


def _agreement(data: JSONObject, rules: Rules, measured: list[JSONObject]) -> Iterator[Finding]:
    least, most = _limits(data, rules)
    taus = [number(row, "tau") for row in measured]
    tau = pair_tau(taus)
    if not tau >= least:
        low = [index for index, value in enumerate(taus) if value < least]
        yield Finding(
            code=GateCode.PARITY_FAILED,
            subject=f"{_subject(data)} τ-b",
            wanted=f">= {least}",
            found=f"{tau}; below it: {_names(low)}",
        )
    texts = [
        (int(number(row, "tokens")), number(row, "reference_nll"), number(row, "candidate_nll"))
        for row in measured
    ]
    delta = pair_delta_nll(texts)
    if not delta <= most:
        high = [index for index, (_, ours, theirs) in enumerate(texts) if abs(ours - theirs) > most]
        above = f"; above it: {_names(high)}" if high else ""
        yield Finding(
            code=GateCode.PARITY_FAILED,
            subject=f"{_subject(data)} ΔNLL",
            wanted=f"<= {most}",
            found=f"{delta}{above}",
        )


def _names(indexes: list[int]) -> str:
    shown = ", ".join(map(str, indexes[:_SHOWN]))
    more = f" and {len(indexes) - _SHOWN} more" if len(indexes) > _SHOWN else ""
    return f"row{'s' if len(indexes) != 1 else ''} {shown}{more}"


def _contradictions(data: JSONObject) -> Iterator[Misfit]:
    """Find prompts that lack the tokens of their steps, or have more informative steps than steps."""
    steps = number(data, "steps")
    for index, row in enumerate(rows(data, "rows")):
        if number(row, "tokens") < max(1, steps):  # each step adds a token that something predicts
            yield Misfit(
                f"rows[{index}].tokens", f"one at least for each of {steps:g} steps", f"{row['tokens']}"
            )
        if number(row, "informative") > steps:
            wanted = f"at most the {steps:g} steps"
            yield Misfit(f"rows[{index}].informative", wanted, f"{row['informative']}")


_SIDE = nested({"path": TEXT, "digest": DIGEST, "wanted_format": TEXT_OR_NULL, "format": TEXT_OR_NULL})
_KINDS = get_args(PairKind)

PARITY_KINDS: dict[str, EvidenceKind] = {
    "parity": EvidenceKind(
        fields={
            "name": TEXT,
            "kind": one("fp32 or quantised", lambda value: value in _KINDS),
            "reference": _SIDE,
            "candidate": _SIDE,
            "steps": COUNT,
            "min_tau": or_null(CORRELATION),
            "max_nll": or_null(AMOUNT),
            "rows": rows_of(
                {
                    "tau": or_null(CORRELATION),
                    "informative": COUNT,
                    "tokens": COUNT,
                    "reference_nll": AMOUNT,
                    "candidate_nll": AMOUNT,
                    "self_delta_nll": AMOUNT,
                    "path": DIGEST,
                    "again": DIGEST,
                }
            ),
        },
        many=True,
        contradictions=_contradictions,
    ),
}

PARITY_GATES: tuple[Gate, ...] = (
    Gate(
        name="parity-coverage",
        point="candidate",
        evidence="artifacts",
        check=_coverage,
        doc="Every further format of the model is compared with it, and none is a copy.",
    ),
    Gate(
        name="parity",
        point="candidate",
        evidence="parity",
        check=_parity,
        doc="Every declared pair of formats answers alike: τ-b, ΔNLL, and the same tokens twice.",
        undeclared=GateCode.PARITY_UNDECLARED,
    ),
)
