"""Measure what is in the records: weights, marginals, provenance, texts and personal data, as plain JSON.

A measure is None where release.toml does not declare what it needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from release_tasks.config.schema import Dataset
from release_tasks.formats.marginal_targets import Targets
from release_tasks.policy.dataset_measures import EXAMPLES, Violations
from release_tasks.policy.marginal_error import l1_distance, shares
from release_tasks.policy.personal_data import personal_data
from release_tasks.policy.record_values import texts_of, value_at
from release_tasks.policy.record_weights import effective_size_ratio, heaviest_share
from release_tasks.policy.text_checks import language_of, parse_problem, pronouns_differ, words_of
from release_tasks.records.data_record import DataRecord
from release_tasks.records.json_value import JSON, JSONObject

Records = Sequence[DataRecord]


def _weight(dataset: Dataset, record: DataRecord) -> float | None:
    """The weight of a record, None unless it is a float of 0 or more; 1 where none is declared."""
    value = 1.0 if dataset.weight is None else value_at(record.value, dataset.weight)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def measure_weights(dataset: Dataset, records: Records) -> JSONObject | None:
    """Effective sample size ratio and the share of the heaviest 1 %; a weight that is none counts as 0."""
    if dataset.weight is None:
        return None
    weights = [_weight(dataset, record) for record in records]
    numbers = [weight or 0.0 for weight in weights]
    return {
        "invalid": weights.count(None),
        "ess_ratio": effective_size_ratio(numbers),
        "concentration": heaviest_share(numbers),
    }


def _level(dataset: Dataset, field: str) -> str:
    if field in dataset.supercritical:
        return "supercritical"
    return "critical" if field in dataset.critical else "other"


def measure_marginals(dataset: Dataset, targets: Targets | None, records: Records) -> JSONObject | None:
    """The L1 distance of each weighted marginal from its target."""
    if targets is None:
        return None
    weights = [_weight(dataset, record) or 0.0 for record in records]
    fields: list[JSON] = []
    for marginal in targets.marginals:
        values = (value_at(record.value, marginal.field) for record in records)
        found = shares(zip(values, weights, strict=True))
        fields.append(
            {
                "field": marginal.field,
                "l1": l1_distance(found, marginal.shares),
                "level": _level(dataset, marginal.field),
                "provenance": marginal.provenance,
            }
        )
    return {"converged": targets.converged, "fields": fields}


def measure_provenance(dataset: Dataset, records: Records) -> list[JSON] | None:
    """For each field the shares of records whose value is a fallback and an estimate.

    Fields are those declared critical, super-critical or ethnocultural, and all that a record speaks of. A
    record that says of a declared field neither `real` nor `estimated` has a fallback there.
    """
    if dataset.provenance is None:
        return None
    declared = {*dataset.critical, *dataset.supercritical, *dataset.ethnocultural}
    said: list[JSONObject] = []
    for record in records:
        value = value_at(record.value, dataset.provenance)
        said.append(value if isinstance(value, dict) else {})
    measured: list[JSON] = []
    for field in sorted(declared.union(*said)):
        origins = [item.get(field) if field in item or field in declared else "real" for item in said]
        total = max(1, len(origins))
        measured.append(
            {
                "field": field,
                "level": _level(dataset, field),
                "ethnocultural": field in dataset.ethnocultural,
                "fallback": sum(origin not in ("real", "estimated") for origin in origins) / total,
                "estimated": origins.count("estimated") / total,
            }
        )
    return measured


def measure_texts(dataset: Dataset, records: Records, violations: Violations) -> JSONObject | None:
    """Count the texts of which each check complains; a text is one declared field of one record.

    One that is missing or no string counts as a violation of the schema, and as nothing else.
    """
    if not dataset.text:
        return None
    wrong: dict[str, list[str]] = defaultdict(list)
    mock = 0
    for record in records:
        fields = {name for item in violations.get(record.place, ()) for name in item.fields}
        mock += dataset.mock is not None and value_at(record.value, dataset.mock) is True
        for name in dataset.text:
            value, place = value_at(record.value, name), f"{record.place}: {name}"
            if not isinstance(value, str) or name in fields:
                wrong["schema_invalid"].append(place)
            if isinstance(value, str):
                for check in _complaints(dataset, record, value):
                    wrong[check].append(place)
    asked = {
        "too_short": dataset.min_chars,
        "too_long": dataset.max_chars,
        "other_language": dataset.language,
        "pronouns": dataset.pronouns,
    }
    examples: list[JSON] = [
        {"check": check, "text": place} for check in sorted(wrong) for place in wrong[check][:EXAMPLES]
    ]
    counts: JSONObject = {check: None if key is None else len(wrong[check]) for check, key in asked.items()}
    return {
        "texts": len(records) * len(dataset.text),
        "schema_invalid": len(wrong["schema_invalid"]),
        "unparsed": len(wrong["unparsed"]),
        **counts,
        "mock": None if dataset.mock is None else mock * len(dataset.text),
        "examples": examples,
    }


def _complaints(dataset: Dataset, record: DataRecord, text: str) -> list[str]:
    found = []
    if parse_problem(text) is not None:
        found.append("unparsed")
    if dataset.min_chars is not None and len(text) < dataset.min_chars:
        found.append("too_short")
    if dataset.max_chars is not None and len(text) > dataset.max_chars:
        found.append("too_long")
    words = words_of(text) if dataset.language or dataset.pronouns else []
    if dataset.language is not None and language_of(words, dataset.language) not in {None, dataset.language}:
        found.append("other_language")
    if dataset.pronouns is not None:
        declared = value_at(record.value, dataset.pronouns)
        if pronouns_differ(words, declared, dataset.language or "en"):
            found.append("pronouns")
    return found


def measure_personal_data(records: Records) -> list[JSON]:
    """By kind: how many texts hold such data, and where the first one is; the data are quoted nowhere."""
    places: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for name, text in texts_of(record.value):
            for kind in personal_data(text):
                places[kind].append(f"{record.place}: {name}")
    return [{"kind": kind, "texts": len(found), "first": found[0]} for kind, found in sorted(places.items())]
