"""The samples without a model: what they say agrees with what they are made of."""

from __future__ import annotations

import gzip
import importlib.util
import tomllib
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import release_tasks

ROOT = Path(release_tasks.__file__).parents[1]


def load(name: str) -> Any:
    return tomllib.loads((ROOT / name).read_text("utf-8"))


def test_the_data_are_released_as_the_model_read_them() -> None:
    model, data = load("release.toml")["dataset"], load("examples/tinycoder/release.toml")["dataset"]
    below = "examples/tinycoder/"
    paths = ("folder", "schema")
    assert data == {
        **model,
        "files": [path.removeprefix(below) for path in model["files"]],
        **{key: model[key].removeprefix(below) for key in paths},
    }


def test_own_release_has_the_version_of_the_package() -> None:
    text = (ROOT / "examples/own_release/release.toml").read_text("utf-8")
    version = release_tasks.__version__
    assert tomllib.loads(text)["release"]["version"] == version
    assert text.count(f"release_tasks-{version}") == 4


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The build script without its last line, which runs it."""
    text = (ROOT / "examples/own_release/build_distributions.py").read_text("utf-8")
    path = tmp_path_factory.mktemp("script") / "build_distributions.py"
    path.write_text(text.removesuffix("\n\nmain()\n") + "\n")
    spec = importlib.util.spec_from_file_location("build_distributions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(size=st.one_of(st.integers(0, 300), st.sampled_from([65_534, 65_535, 65_536, 131_070, 131_071])))
def test_stored_gzip_is_gzip(build: ModuleType, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    packed = build.gzip_stored(data)
    assert gzip.decompress(packed) == data
    assert zlib.decompressobj(31).decompress(packed) == data
    assert packed[4:8] == b"\0\0\0\0"
