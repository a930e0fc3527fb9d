"""The shape of the contract of a release, in a baseline and in evidence."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.evidence_shape import (
    COUNT,
    DIGEST,
    NUMBER,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    Misfit,
    nested,
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.records.json_value import JSON

_SIZES = one(
    "a list of whole numbers, 0 or more",
    lambda value: isinstance(value, list) and all(type(item) is int and item >= 0 for item in value),
)


def _scalar(value: JSON, key: str) -> Iterator[Misfit]:
    if isinstance(value, dict | list):
        yield Misfit(key, "a scalar", ascii(value)[:100])
    elif not isinstance(value, str | bool | None):
        yield from NUMBER(value, key)


CONTRACT = nested(
    {
        "tensors": rows_of({"name": TEXT, "dtype": TEXT, "shape": _SIZES}),
        "tokenizer": or_null(nested({"digest": DIGEST, "version": TEXT_OR_NULL, "tokens": or_null(COUNT)})),
        "config": rows_of({"key": TEXT, "value": _scalar}),
        "dataset": or_null(
            nested({"version": TEXT, "digest": DIGEST, "records": or_null(COUNT), "bytes": COUNT})
        ),
        "quality": rows_of({"name": TEXT, "value": NUMBER}),
        "formats": TEXTS,
        "model_hash": or_null(DIGEST),
        "license": TEXT_OR_NULL,
        "exact_root": or_null(DIGEST),
    }
)
