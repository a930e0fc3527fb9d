"""What release.toml says for a dataset and for tooling; models are in test_parse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.release_toml import SCHEMA, parse, problems

VERSION = "2026.01.31_build1"
DATASET = {
    "schema": 1,
    "release": {"name": "d", "version": VERSION, "type": "dataset"},
    "dataset": {"version": VERSION, "files": ["data/*.json"]},
}
TOOLING = {
    "schema": 1,
    "release": {"name": "t", "version": "1.0.0", "type": "tooling"},
    "artifacts": {"wheel": "dist/t-1.0.0-py3-none-any.whl", "sdist": "dist/t-1.0.0.tar.gz"},
}
MODEL_KEYS = ("config", "gguf", "index", "model", "preprocessor", "quality", "tokenizer", "training")


def with_(document: dict[str, Any], **tables: Any) -> dict[str, Any]:
    """A document with keys of tables replaced or added."""
    return {**document, **{name: {**document.get(name, {}), **keys} for name, keys in tables.items()}}


@pytest.mark.parametrize("document", [DATASET, TOOLING, with_(DATASET, artifacts={"extra": ["LICENSE"]})])
def test_reader_and_schema_take_it(document: Any) -> None:
    SCHEMA.validate(document)
    parse(document)


def test_a_dataset_has_dates_for_versions_and_no_artifacts() -> None:
    release = parse(DATASET)
    assert (release.scheme, release.version.tag_name("d")) == ("calendar", f"d_{VERSION}")
    assert (release.artifacts.model, release.artifacts.config, release.artifacts.tokenizer) == (
        (),
        None,
        None,
    )


def test_a_dataset_may_choose_semver() -> None:
    document = with_(DATASET, release={"version": "1.0.0", "scheme": "semver"}, dataset={"version": "1.0.0"})
    SCHEMA.validate(document)
    assert parse(document).version.tag_name("d") == "v1.0.0"


def test_k17_release_version_overrides_release_and_data() -> None:
    release = parse(DATASET, RELEASE_VERSION="2026.02.01_hotfix2")
    assert release.dataset is not None
    assert release.version.text == release.dataset.version == "2026.02.01_hotfix2"


def test_of_a_model_the_data_keep_their_own_version() -> None:
    artifacts = {"model": "m.safetensors", "tokenizer": "t.json", "config": "c.json"}
    document = {**TOOLING, "release": {"name": "m", "version": "1.0.0"}, "artifacts": artifacts}
    release = parse({**document, "dataset": DATASET["dataset"]}, RELEASE_VERSION="2.0.0")
    assert release.dataset is not None
    assert release.dataset.version == VERSION


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            with_(DATASET, dataset={"version": "2026.01.31_build2"}),
            ("the version of the data is not that of their release\n"
            f"  wanted: {VERSION}, as release.version\n  found:  2026.01.31_build2\n"
            "  where:  release.toml: dataset.version\n"
            "  hint:   a dataset that is released by itself has one version: write it in both places"),
        ),
        (
            {key: DATASET[key] for key in ("schema", "release")},
            "dataset is missing\n  wanted: [dataset] with version and files\n  where:  release.toml: dataset",
        ),
        (
            with_(DATASET, checkpoint={"record": "a.json", "metric": "loss", "direction": "lower"}),
            ("[checkpoint] speaks of weights, which a release of type dataset does not have\n"
            '  wanted: type = "model", or no such table\n  where:  release.toml: checkpoint'),
        ),
        (
            {key: TOOLING[key] for key in ("schema", "release")},
            ("artifacts is missing\n  wanted: [artifacts] with wheel and sdist\n"
            "  where:  release.toml: artifacts"),
        ),
        (
            with_(TOOLING, artifacts={"sdist": "dist/t.zip"}),
            ("file has the wrong suffix\n  wanted: .tar.gz\n  found:  dist/t.zip\n"
            "  where:  release.toml: artifacts.sdist"),
        ),
        (
            with_(TOOLING, artifacts={"extra": ["other/t-1.0.0.tar.gz"]}),
            ("two files would be t-1.0.0.tar.gz in the release\n"
            "  found: other/t-1.0.0.tar.gz and dist/t-1.0.0.tar.gz\n  where: release.toml: artifacts.extra[0]"),
        ),
        (
            with_(TOOLING, dataset=DATASET["dataset"]),
            ("[dataset] speaks of data, which a release of type tooling does not have\n"
            '  wanted: type = "model", or no such table\n  where:  release.toml: dataset'),
        ),
        (
            with_(TOOLING, cards={"model": "card.md"}),
            ("a model card speaks of a model, which a release of type tooling does not have\n"
            "  wanted: no such key\n  where:  release.toml: cards.model"),
        ),
    ],
)  # fmt: skip
def test_whole_message(document: Any, message: str) -> None:
    assert problems(document) == message


@pytest.mark.parametrize("key", MODEL_KEYS)
@pytest.mark.parametrize("document", [DATASET, TOOLING])
def test_keys_of_a_model_belong_to_a_model(document: Any, key: str) -> None:
    found = problems(with_(document, artifacts={key: "a.json"}))
    assert f"where:  release.toml: artifacts.{key}\n" in found
    assert 'hint:   it belongs to a release of type = "model"' in found
    assert list(SCHEMA.iter_errors(with_(document, artifacts={key: "a.json"})))


def test_wheels_belong_to_tooling() -> None:
    artifacts = {"model": "m.safetensors", "tokenizer": "t.json", "config": "c.json", "wheel": "a.whl"}
    document = {**TOOLING, "release": {"name": "m", "version": "1.0.0"}, "artifacts": artifacts}
    assert 'hint:   it belongs to a release of type = "tooling"' in problems(document)
    assert list(SCHEMA.iter_errors(document))
