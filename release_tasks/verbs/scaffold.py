"""The texts that `init` writes: release.toml and dodo.py, commented, from what was found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from release_tasks.config.layout import base_name
from release_tasks.config.schema import ReleaseType
from release_tasks.formats.safetensors_index import INDEX_NAME
from release_tasks.policy.profiles import PROFILES
from release_tasks.records.frozen_record import frozen
from release_tasks.records.paths import fold
from release_tasks.verbs.model_files import ModelFiles, Weights, nearest
from release_tasks.verbs.release_examples import MORE

RELEASE_SCHEMA = ".release/release.schema.json"
DODO = """\
import release_tasks

project = release_tasks.Project("release.toml")
DOIT_CONFIG = project.doit_config
"""
# Invented names, where the folder has none to offer.
_MODEL = "build/model.safetensors"
_GGUF = "build/model-Q8_0.gguf"


@frozen
class Heading:
    """What `[release]` begins with; `scheme` is None where the type's own is meant."""

    name: str
    version: str
    scheme: str | None
    type: ReleaseType = "model"


def release_text(heading: Heading, files: ModelFiles, *, stand_in: bool = False) -> str:
    """The text of release.toml; with `stand_in` undecided files get invented names, so it is complete."""
    return "\n".join((*head_lines(heading), *_artifacts(files, stand_in=stand_in), "", _more(files)))


def _more(files: ModelFiles) -> str:
    """Examples of all further tables, as comments; uncommented they are right."""
    chosen = _chosen(files)
    model = _MODEL if chosen is None else chosen.index or chosen.files[0]
    near = nearest(files.gguf, chosen.folder if chosen else None)
    return MORE.replace('"MODEL"', toml_text(model)).replace('"GGUF"', toml_text(near[0] if near else _GGUF))


def head_lines(heading: Heading) -> Iterator[str]:
    """The beginning of release.toml: how to go on, and [release]."""
    yield f"#:schema ./{RELEASE_SCHEMA}"
    yield "# What is released, and how it is made. Paths are relative to this file, and stay below it."
    yield "# `doit check` finds mistakes, `doit release` builds, `doit verify release/VERSION` proves."
    yield "schema = 1"
    yield ""
    yield "[release]"
    yield f"name = {toml_text(heading.name)}"
    yield f"version = {toml_text(heading.version)}"
    if heading.type != "model":
        yield f"type = {toml_text(heading.type)}"
    if heading.scheme is not None:
        yield f"scheme = {toml_text(heading.scheme)}"
    yield '# license = "Apache-2.0"  # SPDX expression'
    yield '# bundles = ["zip"]  # zip, tar, both or []'
    yield "# page = true  # an HTML page beside the release, for people who look; wants the extra plot"
    if heading.type == "model":
        yield '# architecture = "decoder"'
    yield f'# profile = "default"  # {", ".join(PROFILES)}, or one of the policy'
    yield ""


def _artifacts(files: ModelFiles, *, stand_in: bool) -> Iterator[str]:
    yield "[artifacts]"
    weights, chosen = _nearest_weights(files.weights), _chosen(files)
    yield "# The weights: one safetensors file, or all shards and their index."
    yield from _weights_lines(files.weights, weights, chosen, stand_in=stand_in)
    beside = chosen.folder if chosen else None
    tokenizer = nearest(files.tokenizers, beside)
    if tokenizer or not files.preprocessors:
        yield "# tokenizer.json of the tokenizers library; a model without text has `preprocessor` instead."
        yield from _one("tokenizer", files.tokenizers, tokenizer, "tokenizer.json", stand_in=stand_in)
    else:
        yield "# What a model without text has in place of a tokenizer."
        found = nearest(files.preprocessors, beside)
        yield from _one(
            "preprocessor", files.preprocessors, found, "preprocessor_config.json", stand_in=stand_in
        )
    yield '# tokenizer_version = "1"  # of the file above; it must change when the file does'
    yield "# The model's configuration, JSON or YAML."
    config = nearest(files.configs, beside)
    yield from _one("config", files.configs, config, "config.json", stand_in=stand_in)
    yield from _gguf(files.gguf, nearest(files.gguf, beside))
    places = {beside, *(path.rpartition("/")[0] for path in tokenizer if len(tokenizer) == 1)}
    yield from _extra([path for path in files.companions if path.rpartition("/")[0] in places])
    yield '# quality = "build/quality.json"  # quality metrics, packaged as evidence'
    yield '# training = "build/training.json"  # the record of the training, with its seed'


def _chosen(files: ModelFiles) -> Weights | None:
    weights = _nearest_weights(files.weights)
    return weights[0] if len(weights) == 1 and weights[0].usable else None


def _nearest_weights(weights: tuple[Weights, ...]) -> tuple[Weights, ...]:
    kept = nearest([item.files[0] for item in weights])
    return tuple(item for item in weights if item.files[0] in kept)


def _weights_lines(
    known: tuple[Weights, ...], near: tuple[Weights, ...], chosen: Weights | None, *, stand_in: bool
) -> Iterator[str]:
    if chosen is not None:
        yield from _weights_keys(chosen)
        others = [item.files[0] for item in known if item is not chosen]
        if others:
            yield f"# Further away, not taken: {toml_text(others)}"
        return
    yield from _why_no_weights(near)
    for item in known:
        yield from (f"# {line}" for line in _weights_keys(item))
    if not known:
        yield '# model = "build/model.safetensors"'
    if stand_in:
        yield 'model = "model.safetensors"'


def _weights_keys(weights: Weights) -> Iterator[str]:
    if len(weights.files) == 1 and not weights.missing:
        yield f"model = {toml_text(weights.files[0])}"
        return
    yield f"model = {toml_text(list(weights.files))}"
    beside = f"{weights.folder}/" if weights.folder else ""
    yield f"index = {toml_text(weights.index or beside + INDEX_NAME)}"


def _why_no_weights(near: tuple[Weights, ...]) -> Iterator[str]:
    if not near:
        yield "# None was found. Name the file, or the one that a step below will make:"
    elif len(near) > 1:
        yield "# CHOOSE: several files could be the weights."
    elif near[0].missing:
        there, missing = len(near[0].files), near[0].missing
        yield (
            f"# INCOMPLETE: {there} of {there + len(missing)} shards "
            f"{'is' if there == 1 else 'are'} there; the first that lacks is {missing[0]}."
        )
    else:
        yield "# INCOMPLETE: the index of the shards is missing."


def _one(
    key: str, known: tuple[str, ...], near: tuple[str, ...], usual: str, *, stand_in: bool
) -> Iterator[str]:
    if len(near) == 1:
        yield f"{key} = {toml_text(near[0])}"
        others = [path for path in known if path != near[0]]
        if others:
            yield f"# Further away, not taken: {toml_text(others)}"
        return
    yield "# CHOOSE: several files could be it." if near else "# None was found. Name the file:"
    yield from (f"# {key} = {toml_text(path)}" for path in known or (usual,))
    if stand_in:
        yield f"{key} = {toml_text(usual)}"


def _gguf(known: tuple[str, ...], near: tuple[str, ...]) -> Iterator[str]:
    if not known:
        yield f"# gguf = {toml_text([_GGUF])}  # other formats of the model"
        return
    clash = len({fold(base_name(path)) for path in near}) < len(near)
    yield "# CHOOSE: two of these would have one name in the release." if clash else "# GGUF files."
    yield f"{'# ' if clash else ''}gguf = {toml_text(list(near))}"
    others = [path for path in known if path not in near]
    if others:
        yield f"# Further away, not taken: {toml_text(others)}"


def _extra(companions: Iterable[str]) -> Iterator[str]:
    by_name: dict[str, str] = {}
    for path in companions:
        by_name.setdefault(fold(base_name(path)), path)
    if by_name:
        yield "# Further files, found beside the weights and the tokenizer; globs are allowed."
        yield f"extra = {toml_text(sorted(by_name.values()))}"
    else:
        yield '# extra = ["notes/*.txt"]  # further files; globs are allowed'


def toml_text(value: str | list[str]) -> str:
    """A TOML string or array: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False)
