"""Where each artifact of `[artifacts]` stands in the release tree, and which names there are taken."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.config.declared import is_glob, split_root
from release_tasks.config.schema import Artifacts, Dataset

# Files and folders of the tree that packaging writes itself (design §5).
OWN_NAMES = ("MANIFEST.json", "README.txt", "checksum.txt", "data", "docs", "evidence", "metadata.json")


def base_name(declared: str) -> str:
    """Take the file name of a declared path, which may have a root."""
    return split_root(declared)[1].rpartition("/")[2]


def is_json(declared: str) -> bool:
    """Tell a configuration in JSON from one in YAML by its suffix."""
    return base_name(declared).casefold().endswith(".json")


def tree_names(artifacts: Artifacts) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """List (name in the tree, declared path, key below `[artifacts]`) of every artifact that is no glob.

    A single model, the tokenizer and the config get their standard names; shards, GGUF files and extra files
    keep their own file names. A config in JSON also stands as `config.yaml`, its rendering. What a glob of
    `extra` matches keeps its file name too, and the training record is not packaged.
    """
    single = len(artifacts.model) == 1 and artifacts.index is None
    for number, path in enumerate(artifacts.model):
        yield ("model.safetensors" if single else base_name(path)), path, ("model", number)
    if artifacts.index is not None:
        yield "model.safetensors.index.json", artifacts.index, ("index",)
    if artifacts.tokenizer is not None:
        yield "tokenizer.json", artifacts.tokenizer, ("tokenizer",)
    if artifacts.preprocessor is not None:
        yield base_name(artifacts.preprocessor), artifacts.preprocessor, ("preprocessor",)
    if artifacts.config is not None:
        if is_json(artifacts.config):
            yield "config.json", artifacts.config, ("config",)
        yield "config.yaml", artifacts.config, ("config",)
    if artifacts.quality is not None:
        yield "evidence/quality.json", artifacts.quality, ("quality",)
    for number, path in enumerate(artifacts.gguf):
        yield base_name(path), path, ("gguf", number)
    if artifacts.wheel is not None:
        yield base_name(artifacts.wheel), artifacts.wheel, ("wheel",)
    if artifacts.sdist is not None:
        yield base_name(artifacts.sdist), artifacts.sdist, ("sdist",)
    for number, path in enumerate(artifacts.extra):
        if not is_glob(path):
            yield base_name(path), path, ("extra", number)


def data_name(dataset: Dataset, declared: str) -> str:
    """Name a file of a released dataset in the tree: `data/` and its path below `dataset.folder`.

    A file that is not below it, or without such a folder, keeps its path below its root.
    """
    folder = f"{dataset.folder}/"
    below = declared.removeprefix(folder) if declared.startswith(folder) else split_root(declared)[1]
    return f"data/{below}"
