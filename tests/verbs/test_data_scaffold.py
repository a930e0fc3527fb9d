from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from release_tasks.config.load import load_release
from release_tasks.errors import ConfigError, ConfigErrors
from release_tasks.verbs.data_scaffold import DataFiles, find_data_files
from release_tasks.verbs.init import init
from tests.fakes.release_toml import SCHEMA


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    return folder


def test_data_are_found_in_the_usual_folders(tmp_path: Path) -> None:
    assert find_data_files(tmp_path) is None
    write(
        tmp_path, "records/a.txt", "dataset/deep/b.jsonl", "dataset/c.csv", "dataset/readme.md", "schema.json"
    )
    assert find_data_files(tmp_path) == DataFiles(
        folder="dataset", suffixes=(".csv", ".jsonl"), schema="schema.json"
    )
    write(tmp_path, "data/a.json", "data/schema.json")
    found = find_data_files(tmp_path)
    assert found == DataFiles(folder="data", suffixes=(".json",), schema="data/schema.json")


@pytest.mark.parametrize("names", [(), ("data/a.json", "data/schema.json"), ("dataset/x/a.jsonl",)])
def test_what_init_writes_is_a_release_of_data(tmp_path: Path, names: tuple[str, ...]) -> None:
    init(write(tmp_path, *names), release_type="dataset", name="corpus", version="2026.01.31_build1")
    SCHEMA.validate(tomllib.loads((tmp_path / "release.toml").read_text("utf-8")))
    release = load_release(tmp_path / "release.toml", environ={})
    assert (release.type, release.scheme, release.name) == ("dataset", "calendar", "corpus")
    assert release.dataset is not None
    assert release.dataset.version == release.version.text == "2026.01.31_build1"


def test_the_first_version_is_of_today_and_another_scheme_is_said(tmp_path: Path) -> None:
    init(write(tmp_path / "a", "data/a.json"), release_type="dataset")
    assert load_release(tmp_path / "a/release.toml", environ={}).version.text.endswith("_build1")
    init(write(tmp_path / "b", "data/a.json"), release_type="dataset", version="1.0.0")
    assert load_release(tmp_path / "b/release.toml", environ={}).scheme == "semver"
    with pytest.raises(ConfigErrors):
        init(write(tmp_path / "c", "data/a.json"), release_type="dataset", version="today")


def test_a_type_that_nothing_begins_with(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        init(tmp_path, release_type="patch")
    assert str(caught.value) == (
        "there is nothing to begin a release of this type with\n  wanted: model, dataset or tooling\n"
        "  found:  patch\n  where:  --type\n"
        "  hint:   a patch or an experiment begins with the release.toml of its model"
    )
