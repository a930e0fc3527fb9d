"""Read the contract of a model from its files, in a project as in a release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_tasks.config.layout import is_json
from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.errors import ConfigError, FormatError, IntegrityError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.formats.tokenizer_json import parse_tokenizer
from release_tasks.policy.config_keys import config_keys
from release_tasks.records.digest import Digest
from release_tasks.records.identity import tree_digest
from release_tasks.records.json_value import JSON
from release_tasks.records.model_contract import (
    DatasetContract,
    ModelContract,
    TensorContract,
    TokenizerContract,
)
from release_tasks.system.safetensors_file import read_header


@dataclass(frozen=True, slots=True)
class ContractFile:
    """A file as a release names it: role, name in the release, where it is now, and its digest."""

    role: str
    name: str
    path: Path
    sha256: Digest


def read_contract(
    files: Sequence[ContractFile],
    *,
    version: str,
    tokenizer_version: str | None,
    license_: str | None,
    statistics: JSON,
) -> ModelContract:
    """Read the contract; `statistics` is dataset_statistics.json, None without a dataset.

    What is malformed adds nothing, or counts as a whole: the gates `weights` and `contract` refuse it.
    """
    weights = [file for file in files if file.role == "weights"]
    return ModelContract(
        tensors=tuple(sorted(_tensors(weights), key=lambda tensor: tensor.name)),
        tokenizer=_tokenizer(files, tokenizer_version),
        config=_config([file for file in files if file.role == "config"]),
        dataset=_dataset(statistics),
        quality=_quality([file for file in files if file.role == "quality"]),
        formats=tuple(sorted(_formats(files, version))),
        model_hash=_model_hash(weights),
        license=license_,
    )


def _model_hash(weights: Sequence[ContractFile]) -> str | None:
    """As metadata.json has it: of the one file, else over names and digests of the shards."""
    if len(weights) == 1:
        return str(weights[0].sha256)
    return str(tree_digest((file.name, file.sha256.hex) for file in weights)) if weights else None


def _tensors(weights: Iterable[ContractFile]) -> Iterator[TensorContract]:
    for file in weights:
        try:
            _, header = read_header(file.path, where=file.name)
        except (FormatError, IntegrityError):
            continue
        yield from (TensorContract(tensor.name, tensor.dtype, tensor.shape) for tensor in header.tensors)


def _tokenizer(files: Iterable[ContractFile], version: str | None) -> TokenizerContract | None:
    for file in files:
        if file.role in {"tokenizer", "preprocessor"}:
            tokens = _tokens(file) if file.role == "tokenizer" else None
            return TokenizerContract(digest=str(file.sha256), version=version, tokens=tokens)
    return None


def _tokens(file: ContractFile) -> int | None:
    try:
        return len(parse_tokenizer(file.path.read_bytes(), where=file.name).tokens)
    except FormatError:  # a tokenizer of another library
        return None


def _config(files: Sequence[ContractFile]) -> tuple[tuple[str, JSON], ...]:
    """The one in JSON where there are two: its YAML rendering says the same again."""
    ordered = sorted(files, key=lambda file: (not is_json(file.name), file.name))
    if not ordered:
        return ()
    file = ordered[0]
    try:
        return config_keys(_parsed(file))
    except (ConfigError, FormatError, UnicodeDecodeError):  # as YAML that is not plain
        return (("", str(file.sha256)),)


def _parsed(file: ContractFile) -> JSON:
    data = file.path.read_bytes()
    if is_json(file.name):
        return parse_strict(data, where=file.name)
    value: JSON = parse_plain_yaml(data.decode("utf-8"), where=file.name)  # type: ignore[assignment]
    return value


def _dataset(statistics: JSON) -> DatasetContract | None:
    match statistics:
        case {
            "dataset_version": str() as version,
            "dataset_hash": str() as digest,
            "record_count": int() | None as records,
            "bytes": int() as size,
        }:
            return DatasetContract(version=version, digest=digest, records=records, size=size)
        case _:
            return None


def _quality(files: Sequence[ContractFile]) -> tuple[tuple[str, float], ...]:
    """The numbers at the top level, as metrics_summary in metadata.json has them."""
    try:
        value = parse_strict(files[0].path.read_bytes(), where=files[0].name) if files else None
    except FormatError:
        return ()
    items = sorted(value.items()) if isinstance(value, dict) else ()
    return tuple(
        (key, item)
        for key, item in items
        if isinstance(item, int | float) and not isinstance(item, bool) and key != "schema_version"
    )


def _formats(files: Iterable[ContractFile], version: str) -> set[str]:
    found = {file.name.replace(version, "{version}") for file in files if file.role == "gguf"}
    return found | {"safetensors" for file in files if file.role == "weights"}
