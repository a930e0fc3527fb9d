"""Find the model files in a folder: which could be weights, tokenizer and configuration, nearest first."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from release_tasks.config.declared import declared_path
from release_tasks.errors import ConfigError
from release_tasks.formats.safetensors_index import INDEX_NAME, shard_name
from release_tasks.records.frozen_record import frozen
from release_tasks.records.paths import fold
from release_tasks.system.storage import storage_errors

# Where training scripts and hubs put what they make; looked into before any other folder.
USUAL_FOLDERS = (
    "model", "models", "checkpoint", "checkpoints", "weights", "build", "out", "output", "artifacts",
    "tokenizer",
)  # fmt: skip
_IGNORED = frozenset(
    {"__pycache__", "dist", "env", "node_modules", "release", "site-packages", "tests", "venv"}
)
_DEPTH = 3  # folders below the project that are looked into
_SHARD = re.compile(r"model-[0-9]{5}-of-([0-9]{5})\.safetensors", re.ASCII)
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_COMPANIONS = frozenset(
    {"chat_template.jinja", "generation_config.json", "special_tokens_map.json", "tokenizer_config.json"}
)
_declarable = declared_path(roots=None, globs=False)


@frozen
class Weights:
    """One file, or a set of shards with its index (None: it is missing); `missing` names absent shards."""

    files: tuple[str, ...]
    index: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether a release could be made of it."""
        return not self.missing and (len(self.files) == 1 or self.index is not None)

    @property
    def folder(self) -> str:
        """The folder of the files, `` for the project itself."""
        return self.files[0].rpartition("/")[0]


@frozen
class ModelFiles:
    """What was found, as relative POSIX paths, nearest first; `pickles` are weights that run code."""

    weights: tuple[Weights, ...]
    tokenizers: tuple[str, ...]
    preprocessors: tuple[str, ...]
    configs: tuple[str, ...]
    gguf: tuple[str, ...]
    companions: tuple[str, ...]
    pickles: tuple[str, ...]


def find_model_files(folder: Path) -> ModelFiles:
    """Look through a folder, three levels deep, without hidden folders, environments and releases.

    Files whose names no `release.toml` can declare are passed over. Raises StorageError when a folder cannot
    be listed.
    """
    paths = sorted(filter(_can_declare, _walk(folder)), key=lambda path: (_distance(path), path))
    safetensors = [path for path in paths if path.endswith(".safetensors")]
    return ModelFiles(
        weights=tuple(_weights(safetensors, frozenset(paths))),
        tokenizers=_named(paths, "tokenizer.json"),
        preprocessors=_named(paths, "preprocessor_config.json"),
        configs=_named(paths, "config.json", "config.yaml", "config.yml"),
        gguf=tuple(path for path in paths if path.endswith(".gguf")),
        companions=_named(paths, *_COMPANIONS),
        pickles=tuple(path for path in paths if path.endswith(_PICKLES) and _distance(path) < (2, 0)),
    )


def nearest(paths: Iterable[str], beside: str | None = None) -> tuple[str, ...]:
    """Keep the paths at the least distance: in the folder `beside`, else as `find_model_files` ranks them."""
    ranked = [((-1, 0) if path.rpartition("/")[0] == beside else _distance(path), path) for path in paths]
    least = min(ranked)[0] if ranked else None
    return tuple(path for distance, path in ranked if distance == least)


def _distance(path: str) -> tuple[int, int]:
    *folders, _ = path.split("/")
    if not folders:
        return (0, 0)
    return (1, 0) if len(folders) == 1 and folders[0] in USUAL_FOLDERS else (2, len(folders))


def _can_declare(path: str) -> bool:
    try:
        _declarable(path)
    except ConfigError:
        return False
    return True


def _named(paths: Iterable[str], *names: str) -> tuple[str, ...]:
    return tuple(path for path in paths if path.rpartition("/")[2] in names)


def _walk(top: Path, prefix: str = "", depth: int = 0) -> Iterator[str]:
    with storage_errors(top), os.scandir(top) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            hidden = entry.name.startswith(".") or fold(entry.name) in _IGNORED
            environment = os.path.lexists(f"{entry.path}/pyvenv.cfg")
            if depth < _DEPTH and not hidden and not environment:
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", depth + 1)
        elif entry.is_file():  # links to files count: that is how hub caches are laid out
            yield prefix + entry.name


def _weights(safetensors: Iterable[str], paths: frozenset[str]) -> Iterator[Weights]:
    sets: dict[tuple[str, int], list[str]] = {}
    for path in safetensors:
        folder, slash, name = path.rpartition("/")
        shard = _SHARD.fullmatch(name)
        if shard is None:
            yield Weights(files=(path,))
        else:
            sets.setdefault((folder + slash, int(shard[1])), []).append(path)
    for (folder, count), files in sets.items():
        wanted = tuple(f"{folder}{shard_name(number, count)}" for number in range(1, count + 1))
        index = folder + INDEX_NAME
        yield Weights(
            files=tuple(sorted(files)),
            index=index if index in paths and len(files) > 1 else None,
            missing=tuple(path for path in wanted if path not in files),
        )
