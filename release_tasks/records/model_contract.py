"""What users of a release rely on: tensors, tokenizer, configuration, dataset, figures and licence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release_tasks.records.frozen_record import frozen, frozen_positional
from release_tasks.records.json_value import JSON, JSONObject


@frozen_positional
class TensorContract:
    """A tensor as users see it; `dtype` is that of safetensors."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@frozen
class TokenizerContract:
    """The tokenizer, or the preprocessor in its place; `tokens` is None where no vocabulary can be read."""

    digest: str
    version: str | None
    tokens: int | None


@frozen
class DatasetContract:
    """The dataset that the weights were trained on; `size` in bytes."""

    version: str
    digest: str
    records: int | None
    size: int


@frozen_positional
class MetricContract:
    """What a metric means: its name as `bench.metric`, unit and better direction."""

    name: str
    unit: str
    direction: str

    def to_json(self) -> JSONObject:
        """Write the metric as plain JSON."""
        return {"name": self.name, "unit": self.unit, "direction": self.direction}


@frozen
class ModelContract:
    """One release as its users see it; pairs are sorted by name.

    `config` has dotted keys with scalars as they are, lists as the digest of their canonical JSON. `quality`
    are the numbers of quality.json, `formats` the names of the model files with `{version}` for the version.
    `exact_root` is None until a release is packaged.
    """

    tensors: tuple[TensorContract, ...] = ()
    tokenizer: TokenizerContract | None = None
    config: tuple[tuple[str, JSON], ...] = ()
    dataset: DatasetContract | None = None
    quality: tuple[tuple[str, float], ...] = ()
    formats: tuple[str, ...] = ()
    model_hash: str | None = None
    license: str | None = None
    exact_root: str | None = None

    def to_json(self) -> JSONObject:
        """Write the contract as plain JSON."""
        tokenizer, dataset = self.tokenizer, self.dataset
        return {
            "tensors": [
                {"name": tensor.name, "dtype": tensor.dtype, "shape": list[JSON](tensor.shape)}
                for tensor in self.tensors
            ],
            "tokenizer": None
            if tokenizer is None
            else {"digest": tokenizer.digest, "version": tokenizer.version, "tokens": tokenizer.tokens},
            "config": [{"key": key, "value": value} for key, value in self.config],
            "dataset": None
            if dataset is None
            else {
                "version": dataset.version,
                "digest": dataset.digest,
                "records": dataset.records,
                "bytes": dataset.size,
            },
            "quality": [{"name": name, "value": value} for name, value in self.quality],
            "formats": list[JSON](self.formats),
            "model_hash": self.model_hash,
            "license": self.license,
            "exact_root": self.exact_root,
        }


def contract_from_json(value: Mapping[str, Any]) -> ModelContract:
    """Read what `to_json` wrote; the shape must have been checked, KeyError and TypeError are bugs."""
    tokenizer, dataset = value["tokenizer"], value["dataset"]
    return ModelContract(
        tensors=tuple(
            TensorContract(row["name"], row["dtype"], tuple(row["shape"])) for row in value["tensors"]
        ),
        tokenizer=None if tokenizer is None else TokenizerContract(**tokenizer),
        config=tuple((row["key"], row["value"]) for row in value["config"]),
        dataset=None
        if dataset is None
        else DatasetContract(
            version=dataset["version"],
            digest=dataset["digest"],
            records=dataset["records"],
            size=dataset["bytes"],
        ),
        quality=tuple((row["name"], row["value"]) for row in value["quality"]),
        formats=tuple(value["formats"]),
        model_hash=value["model_hash"],
        license=value["license"],
        exact_root=value["exact_root"],
    )
