"""The gates of what is in the records: weights, marginals, provenance, texts, personal data and sources.

A measure that release.toml does not ask for is null in the evidence, and is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

from release_tasks.policy.evidence_shape import (
    COUNT,
    FLAG,
    FLAG_OR_NULL,
    MOMENT,
    NUMBER,
    RATE,
    TEXT,
    Field,
    nested,
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Check, Rules, number, part_if_asked, rows, text
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

_DAY_S = 86_400
_FETCHED = frozenset({*range(200, 300), 304})  # HTTP: success, and "what you have is still so"


def _finding(code: GateCode, subject: str, wanted: str, found: str) -> Finding:
    return Finding(code=code, subject=subject, wanted=wanted, found=found)


def _weights(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    weights = part_if_asked(data, "weights")
    if weights is None:
        return
    if weights["invalid"] != 0:
        wanted, found = "a weight of 0 or more in every record", f"{weights['invalid']} records without one"
        yield _finding(GateCode.DATASET_RECORDS_INVALID, "dataset.weight", wanted, found)
    least, ratio = rules.limit("min_ess_ratio"), number(weights, "ess_ratio")
    if ratio < least:
        wanted = f"an effective sample size of at least {least:g} of the records"
        yield _finding(GateCode.ESS_TOO_LOW, "dataset.weight", wanted, f"{ratio:.4g}")
    most, heavy = rules.limit("max_weight_concentration"), number(weights, "concentration")
    if heavy > most:
        wanted = f"at most {most:g} of all weight in the heaviest 1 % of records"
        yield _finding(GateCode.WEIGHT_CONCENTRATION_HIGH, "dataset.weight", wanted, f"{heavy:.4g}")


def _marginals(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    marginals = part_if_asked(data, "marginals")
    if marginals is None:
        return
    if marginals["converged"] is False:
        yield _finding(
            GateCode.IPF_DIVERGENCE, "dataset.targets", "a fitting that converged", "one that did not"
        )
    fields = rows(marginals, "fields")
    distances = [number(row, "l1") for row in fields]
    most, mean = rules.limit("max_marginal_l1_mean"), math.fsum(distances) / max(1, len(distances))
    if mean > most:
        wanted = f"a mean L1 distance of marginals of at most {most:g}"
        yield _finding(GateCode.MARGINAL_ERROR_HIGH, "dataset.targets", wanted, f"{mean:.4g}")
    highest = rules.limit("max_marginal_l1_category")
    for row, distance in zip(fields, distances, strict=True):
        subject = f"dataset.targets: {text(row['field'])}"
        if distance > highest:
            wanted = f"an L1 distance from the target of at most {highest:g}"
            yield _finding(GateCode.MARGINAL_ERROR_CRITICAL, subject, wanted, f"{distance:.4g}")
        if row["level"] == "supercritical" and row["provenance"] == "fallback":
            wanted = "a target that is not a fallback for a super-critical field"
            yield _finding(GateCode.TARGET_FALLBACK_SUPERCRITICAL, subject, wanted, "fallback")


def _provenance(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    if data["provenance"] is None:
        return
    limits = {
        "critical": (GateCode.FALLBACK_CRITICAL_FIELD, rules.limit("max_fallback_critical")),
        "supercritical": (GateCode.FALLBACK_SUPERCRITICAL_FIELD, rules.limit("max_fallback_supercritical")),
    }
    for row in rows(data, "provenance"):
        subject, fallback = f"dataset.provenance: {text(row['field'])}", number(row, "fallback")
        code, most = limits.get(text(row["level"]), (None, 1.0))
        if code is not None and fallback > most:
            wanted = f"at most {most:g} fallback values in a {row['level']} field"
            yield _finding(code, subject, wanted, f"{fallback:.4g}")
        if row["ethnocultural"] is not False and fallback > 0:
            wanted = "no fallback values in an ethnocultural field"
            yield _finding(GateCode.ETHNOCULTURAL_FALLBACK_USED, subject, wanted, f"{fallback:.4g}")
        if number(row, "estimated") > 0:
            found = f"{number(row, 'estimated'):.4g} estimated"
            yield _finding(GateCode.ESTIMATED_FIELD_USED, subject, "real values", found)


_TEXT_CODES = (
    ("too_short", GateCode.NARRATIVE_TOO_SHORT, "texts of at least dataset.min_chars characters"),
    ("too_long", GateCode.NARRATIVE_TOO_LONG, "texts of at most dataset.max_chars characters"),
    ("other_language", GateCode.NARRATIVE_LANGUAGE_INVALID, "texts in dataset.language"),
    ("pronouns", GateCode.NARRATIVE_PRONOUN_MISMATCH, "texts with the pronouns that the record declares"),
)


def _texts(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    texts = part_if_asked(data, "texts")
    if texts is None or not texts["texts"]:
        return
    total = number(texts, "texts")
    least = rules.limits["min_schema_valid_rate"]
    least = rules.limit("min_validation_rate") if least is None else least
    for key, code, what in (
        ("schema_invalid", GateCode.NARRATIVE_SCHEMA_INVALID, "pass the schema"),
        ("unparsed", GateCode.NARRATIVE_PARSE_FAILURE, "are text"),
    ):
        count = number(texts, key)
        if 1 - count / total < least:
            wanted = f"at least {least:g} of the texts that {what}"
            yield _finding(code, "dataset.text", wanted, _quoted(texts, key, f"{1 - count / total:.4g}"))
    for key, code, wanted in _TEXT_CODES:
        if texts[key] is not None and texts[key] != 0:
            found = _quoted(texts, key, f"{texts[key]} of {total:g} otherwise")
            yield _finding(code, "dataset.text", wanted, found)
    most = rules.limit("max_mock_ratio")
    if texts["mock"] is not None and number(texts, "mock") / total > most:
        found = f"{number(texts, 'mock') / total:.4g}"
        yield _finding(
            GateCode.NARRATIVE_MOCK_RATIO_HIGH, "dataset.mock", f"at most {most:g} of the texts mock", found
        )


def _quoted(texts: JSONObject, key: str, found: str) -> str:
    """What was found, and the first three texts of which it is true."""
    places = [text(row["text"]) for row in rows(texts, "examples") if row["check"] == key]
    return "; ".join([found, *places[:3]])


def _personal_data(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in [] if data["personal_data"] is None else rows(data, "personal_data"):
        yield _finding(
            GateCode.NARRATIVE_PII_DETECTED,
            text(row["kind"]),
            "no personal data in any text",
            f"{row['texts']} texts, the first: {text(row['first'])}",
        )


def _sources(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    most = rules.limit("max_cache_age_days")
    for row in [] if data["sources"] is None else rows(data, "sources"):
        subject = f"dataset.sources: {text(row['name'])}"
        if row["from_cache"] is not True and row["status"] not in _FETCHED:
            status = "no answer" if row["status"] is None else f"HTTP status {row['status']}"
            yield _finding(GateCode.PXWEB_FETCH_FAILED, subject, "a fetch that succeeded", status)
        fetched = datetime.fromisoformat(text(row["fetched_at"]))
        age = (rules.decided_at - fetched).total_seconds() / _DAY_S
        if not 0 <= age <= most:
            wanted = f"data fetched at most {most:g} days before the decision"
            found = f"{text(row['fetched_at'])}, {f'{age:.1f} days before' if age >= 0 else 'which is after'}"
            yield _finding(GateCode.PXWEB_CACHE_STALE, subject, wanted, found)


_LEVEL = one(
    "critical, supercritical or other", lambda value: value in ("critical", "supercritical", "other")
)
_ORIGIN = one("real, estimated or fallback", lambda value: value in ("real", "estimated", "fallback"))
_COUNT_OR_NULL = or_null(COUNT)

DATASET_VALUE_FIELDS: dict[str, Field] = {
    "weights": or_null(nested({"invalid": COUNT, "ess_ratio": RATE, "concentration": RATE})),
    "marginals": or_null(
        nested(
            {
                "converged": FLAG_OR_NULL,
                "fields": rows_of({"field": TEXT, "l1": NUMBER, "level": _LEVEL, "provenance": _ORIGIN}),
            }
        )
    ),
    "provenance": or_null(
        rows_of({"field": TEXT, "level": _LEVEL, "ethnocultural": FLAG, "fallback": RATE, "estimated": RATE})
    ),
    "texts": or_null(
        nested(
            {
                "texts": COUNT,
                "schema_invalid": COUNT,
                "unparsed": COUNT,
                "too_short": _COUNT_OR_NULL,
                "too_long": _COUNT_OR_NULL,
                "other_language": _COUNT_OR_NULL,
                "pronouns": _COUNT_OR_NULL,
                "mock": _COUNT_OR_NULL,
                "examples": rows_of({"check": TEXT, "text": TEXT}),
            }
        )
    ),
    "personal_data": or_null(rows_of({"kind": TEXT, "texts": COUNT, "first": TEXT})),
    "sources": or_null(
        rows_of({"name": TEXT, "fetched_at": MOMENT, "status": _COUNT_OR_NULL, "from_cache": FLAG})
    ),
}

DATASET_VALUE_CHECKS: tuple[tuple[str, Check, str], ...] = (
    ("dataset-weights", _weights, "Weights leave enough effective records and do not rest on a few."),
    (
        "dataset-marginals",
        _marginals,
        "Shares of categories are near their targets, and the fitting converged.",
    ),
    ("dataset-provenance", _provenance, "Critical fields are not guessed."),
    (
        "dataset-texts",
        _texts,
        "Texts are text, of the declared length, language and pronouns, and few are mock.",
    ),
    ("dataset-pii", _personal_data, "No text holds personal data."),
    ("dataset-sources", _sources, "Every source was fetched, not too long before the decision."),
)
