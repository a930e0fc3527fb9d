"""`[artifacts]`: which file plays which part, safe formats only, one file for each name of the tree."""

from __future__ import annotations

import re
from collections.abc import Collection

from release_tasks.config.declared import declared_path, is_glob
from release_tasks.config.fields import Table, given
from release_tasks.config.layout import OWN_NAMES, base_name, tree_names
from release_tasks.config.readers import Reader, did_you_mean, text
from release_tasks.config.schema import Artifacts
from release_tasks.errors import ConfigError
from release_tasks.records.paths import fold
from release_tasks.records.step import Tree, tree_matches

# Formats that run code when they are loaded, or may (numpy's hold pickled objects when asked).
PICKLE_SUFFIXES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".joblib", ".npy", ".npz")
_SHARD = re.compile(r"model-([0-9]{5})-of-([0-9]{5})\.safetensors", re.ASCII)


def refuse_pickle(path: str) -> None:
    """Raise ConfigError when a file's suffix says that loading it can run code."""
    if path.casefold().endswith(PICKLE_SUFFIXES):
        is_bin = path.casefold().endswith(".bin")
        raise ConfigError(
            "pickle formats are refused",
            wanted="a format that holds data only, as safetensors does",
            found=path,
            hint="convert it to safetensors" if is_bin else "save tensors as safetensors and records as JSON",
        )


def _artifact(roots: Collection[str], *suffixes: str, globs: bool = False) -> Reader[str]:
    reader = declared_path(roots=roots, globs=globs)

    def read(value: object) -> str:
        path = reader(value)
        refuse_pickle(path)
        if suffixes and not path.casefold().endswith(suffixes):
            raise ConfigError("file has the wrong suffix", wanted=" or ".join(suffixes), found=path)
        return path

    return read


def weights_file(roots: Collection[str], artifacts: Artifacts | None) -> Reader[str]:
    """Make a reader of the name of a model file that `[artifacts]` declares, in whatever format.

    What is measured must be what is released. The index stands for all shards; without valid `[artifacts]`
    every file will do, for what is wrong with them is said already.
    """
    reader = declared_path(roots=roots, globs=False)

    def read(value: object) -> str:
        path = reader(value)
        if artifacts is None:
            return path
        single = filter(None, (artifacts.index, artifacts.wheel, artifacts.sdist))
        named = (*artifacts.model, *single, *artifacts.gguf, *artifacts.extra)
        if path not in named and not tree_matches(Tree(tuple(filter(is_glob, artifacts.extra))), path):
            raise ConfigError(
                "file is no artifact of the release",
                wanted="a file of model, index, gguf or extra in [artifacts]",
                found=path,
                hint=did_you_mean(path, named),
            )
        return path

    return read


def _model(table: Table, roots: Collection[str]) -> tuple[str, ...] | None:
    wanted = "one file, or the list of all shards"
    reader = _artifact(roots, ".safetensors")
    if table.holds_list("model"):
        return table.many("model", reader, required=wanted, least=1)
    one = table.one("model", reader, required=wanted)
    return None if one is None else (one,)


def _check_shards(table: Table, model: tuple[str, ...]) -> None:
    if len(model) == 1:
        if "index" in table:
            table.problem(
                ConfigError(
                    "index without shards",
                    wanted="no index, or two shards and more in model",
                    found=f"one model file, {model[0]}",
                ),
                "index",
            )
        return
    if "index" not in table:
        table.problem(
            ConfigError(
                "index is missing", wanted="the index of the shards, as model.safetensors.index.json"
            ),
            "index",
        )
    wanted = [f"model-{number:05}-of-{len(model):05}.safetensors" for number in range(1, len(model) + 1)]
    found = [base_name(path) for path in model]
    for number, name in enumerate(found):
        if name not in wanted:
            meant = _SHARD.fullmatch(name)
            table.problem(
                ConfigError(
                    "shard has the wrong name",
                    wanted=f"{wanted[0]} to {wanted[-1]}",
                    found=name,
                    hint=f"{len(model)} shards are listed; this name counts {int(meant[2])}"
                    if meant
                    else None,
                ),
                "model",
                number,
            )


def _check_tree(table: Table, artifacts: Artifacts) -> None:
    taken = {fold(name): f"{name}, which packaging writes" for name in OWN_NAMES}
    for name, declared, path in tree_names(artifacts):
        key = fold(name)
        if key in taken:
            table.problem(
                ConfigError(
                    f"two files would be {name} in the release", found=f"{declared} and {taken[key]}"
                ),
                *path,
            )
        taken.setdefault(key, declared)


# What a release without a model says of keys that it does not know.
_OF_A_MODEL = dict.fromkeys(
    (
        "model",
        "index",
        "tokenizer",
        "tokenizer_version",
        "preprocessor",
        "config",
        "quality",
        "training",
        "gguf",
    ),
    'it belongs to a release of type = "model"',
)


def read_further_files(table: Table, roots: Collection[str]) -> Artifacts | None:
    """Read `[artifacts]` of a dataset, whose files stand in `[dataset]`: further ones, and no weights."""
    extra = table.many("extra", _artifact(roots, globs=True))
    table.close(_OF_A_MODEL)
    artifacts = Artifacts(**given(extra=extra))
    _check_tree(table, artifacts)
    return artifacts


def read_tooling(table: Table, roots: Collection[str]) -> Artifacts | None:
    """Read `[artifacts]` of a Python distribution: its wheel, its source archive, and further files."""
    wheel = table.one(
        "wheel", _artifact(roots, ".whl"), required="the wheel, as dist/NAME-1.0.0-py3-none-any.whl"
    )
    sdist = table.one(
        "sdist", _artifact(roots, ".tar.gz"), required="the source archive, as dist/NAME-1.0.0.tar.gz"
    )
    extra = table.many("extra", _artifact(roots, globs=True))
    table.close(_OF_A_MODEL)
    if wheel is None or sdist is None:
        return None
    artifacts = Artifacts(wheel=wheel, sdist=sdist, **given(extra=extra))
    _check_tree(table, artifacts)
    return artifacts


def read_artifacts(table: Table, roots: Collection[str]) -> Artifacts | None:
    """Read `[artifacts]` of a model; `roots` are the declared root names."""
    model = _model(table, roots)
    config = table.one(
        "config",
        _artifact(roots, ".json", ".yaml", ".yml"),
        required="the model's configuration, JSON or YAML",
    )
    index = table.one("index", _artifact(roots, ".json"))
    tokenizer = table.one("tokenizer", _artifact(roots, ".json"))
    tokenizer_version = table.one("tokenizer_version", text)
    preprocessor = table.one("preprocessor", _artifact(roots))
    quality = table.one("quality", _artifact(roots, ".json"))
    training = table.one("training", _artifact(roots, ".json"))
    gguf = table.many("gguf", _artifact(roots, ".gguf"))
    extra = table.many("extra", _artifact(roots, globs=True))
    table.close(dict.fromkeys(("wheel", "sdist"), 'it belongs to a release of type = "tooling"'))
    if ("tokenizer" in table) == ("preprocessor" in table):
        found = "both" if "tokenizer" in table else "neither"
        table.problem(
            ConfigError(
                "exactly one of tokenizer and preprocessor must be there",
                wanted="tokenizer for a model of text, preprocessor for another",
                found=found,
            ),
            "preprocessor" if found == "both" else "tokenizer",
        )
    if model is None:
        return None
    _check_shards(table, model)
    if config is None:
        return None
    artifacts = Artifacts(
        model=model,
        config=config,
        **given(
            index=index,
            tokenizer=tokenizer,
            tokenizer_version=tokenizer_version,
            preprocessor=preprocessor,
            quality=quality,
            training=training,
            gguf=gguf,
            extra=extra,
        ),
    )
    _check_tree(table, artifacts)
    return artifacts
