"""The texts that `init` writes: release.toml, the policy and dodo.py, commented, from what was found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from release_tasks.config.layout import base_name
from release_tasks.formats.safetensors_index import INDEX_NAME
from release_tasks.policy.gates import DEFAULT_POLICY, GATES, KNOWN_THRESHOLDS
from release_tasks.records.paths import fold
from release_tasks.verbs.model_files import ModelFiles, Weights, nearest

RELEASE_SCHEMA = ".release/release.schema.json"
POLICY_SCHEMA = ".release/policy.schema.json"
DODO = """\
import release_tasks

project = release_tasks.Project("release.toml")
DOIT_CONFIG = project.doit_config
"""
_POINTS = {
    "candidate": "Before packaging, over the evidence.",
    "seal": "Before a candidate is tagged or published.",
}
_MORE = """\
# The commands that make the artifacts. One runs again when what it reads, or itself, changed.
# [[step]]
# name = "train"
# command = ["python", "train.py", "--seed", "{seed}", "--out", "{writes}"]
# reads = ["train.py", "data/**/*.json"]  # all that it reads, scripts too
# writes = ["build/model.safetensors"]
# params = { lr = 0.001 }  # {params.lr} in command
# seed = 7

# The data that the model was made of.
# [dataset]
# version = "1.0.0"
# files = ["data/**/*.json"]

# A command that loads the model, and prints a sample that must pass the check.
# [smoke]
# command = ["python", "generate.py"]
# check = "python"  # or "rust", or a command of yours
# reads = ["generate.py"]

# What the commands see of the machine.
# [environment]
# numeric = "auto"  # auto, v3, portable or none
# pass = ["CUDA_VISIBLE_DEVICES"]  # variables besides the usual ones
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """What `[release]` begins with."""

    name: str
    version: str
    scheme: str


def release_text(heading: Heading, files: ModelFiles, *, stand_in: bool = False) -> str:
    """The text of release.toml; with `stand_in` undecided files get invented names, so it is complete."""
    return "\n".join((*_head(heading), *_artifacts(files, stand_in=stand_in), "", _MORE))


def policy_text() -> str:
    """The text of release_policy.yml: every gate that there is, as it counts without a policy."""
    lines = [
        f"# yaml-language-server: $schema={POLICY_SCHEMA}",
        "schema: 1",
        "",
        "# hard: refuses the release. soft: warns. off: is not asked. A gate that is not listed is hard.",
        "gates:",
    ]
    for point, when in _POINTS.items():
        lines += ["", f"  # {when}"]
        for gate in (gate for gate in GATES if gate.point == point):
            lines += [f"  {gate.name}: {DEFAULT_POLICY.hardness(gate.name)}  # {gate.doc}"]
    lines += [
        "",
        "# The gates that `doit release --soft` may turn into warnings; such a release cannot be published.",
        "soft_allowed: [smoke]",
    ]
    if KNOWN_THRESHOLDS:
        lines += ["", "# Numbers that the gates compare with.", "# thresholds:"]
        lines += [f"#   {name}: 0" for name in sorted(KNOWN_THRESHOLDS)]
    return "\n".join(lines) + "\n"


def _head(heading: Heading) -> Iterator[str]:
    yield f"#:schema ./{RELEASE_SCHEMA}"
    yield "# What is released, and how it is made. Paths are relative to this file, and stay below it."
    yield "# `doit check` finds mistakes, `doit release` builds, `doit verify release/VERSION` proves."
    yield "schema = 1"
    yield ""
    yield "[release]"
    yield f"name = {_toml(heading.name)}"
    yield f"version = {_toml(heading.version)}"
    if heading.scheme != "semver":
        yield f"scheme = {_toml(heading.scheme)}"
    yield '# license = "Apache-2.0"  # SPDX expression'
    yield '# bundles = ["zip"]  # zip, tar, both or []'
    yield '# architecture = "decoder"'
    yield ""


def _artifacts(files: ModelFiles, *, stand_in: bool) -> Iterator[str]:
    yield "[artifacts]"
    weights = _nearest_weights(files.weights)
    chosen = weights[0] if len(weights) == 1 and weights[0].usable else None
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
    yield "# The model's configuration, JSON or YAML."
    config = nearest(files.configs, beside)
    yield from _one("config", files.configs, config, "config.json", stand_in=stand_in)
    yield from _gguf(files.gguf, nearest(files.gguf, beside))
    places = {beside, *(path.rpartition("/")[0] for path in tokenizer if len(tokenizer) == 1)}
    yield from _extra([path for path in files.companions if path.rpartition("/")[0] in places])
    yield '# quality = "build/quality.json"  # quality metrics, packaged as evidence'
    yield '# training = "build/training.json"  # the record of the training, with its seed'


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
            yield f"# Further away, not taken: {_toml(others)}"
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
        yield f"model = {_toml(weights.files[0])}"
        return
    yield f"model = {_toml(list(weights.files))}"
    beside = f"{weights.folder}/" if weights.folder else ""
    yield f"index = {_toml(weights.index or beside + INDEX_NAME)}"


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
        yield f"{key} = {_toml(near[0])}"
        others = [path for path in known if path != near[0]]
        if others:
            yield f"# Further away, not taken: {_toml(others)}"
        return
    yield "# CHOOSE: several files could be it." if near else "# None was found. Name the file:"
    yield from (f"# {key} = {_toml(path)}" for path in known or (usual,))
    if stand_in:
        yield f"{key} = {_toml(usual)}"


def _gguf(known: tuple[str, ...], near: tuple[str, ...]) -> Iterator[str]:
    if not known:
        return
    clash = len({fold(base_name(path)) for path in near}) < len(near)
    yield "# CHOOSE: two of these would have one name in the release." if clash else "# GGUF files."
    yield f"{'# ' if clash else ''}gguf = {_toml(list(near))}"
    others = [path for path in known if path not in near]
    if others:
        yield f"# Further away, not taken: {_toml(others)}"


def _extra(companions: Iterable[str]) -> Iterator[str]:
    by_name: dict[str, str] = {}
    for path in companions:
        by_name.setdefault(fold(base_name(path)), path)
    if by_name:
        yield "# Further files, found beside the weights and the tokenizer; globs are allowed."
        yield f"extra = {_toml(sorted(by_name.values()))}"
    else:
        yield '# extra = ["notes/*.txt"]  # further files; globs are allowed'


def _toml(value: str | list[str]) -> str:
    """A TOML string or array: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False)
