from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from release_tasks.config.load import load_release
from release_tasks.errors import ConfigError
from release_tasks.verbs.init import init
from release_tasks.verbs.tooling_scaffold import TRIAL, read_project, trial_text
from tests.fakes.release_toml import SCHEMA

PROJECT = (
    '[build-system]\nbuild-backend = "flit_core.buildapi"\n[project]\nname = "Nice.Tool"\nversion = "2.0.0"\n'
)


def write(folder: Path, text: str = PROJECT) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    (folder / "README.md").write_text("A tool.")
    return folder


def test_the_project_is_read(tmp_path: Path) -> None:
    project = read_project(write(tmp_path))
    assert (project.name, project.version, project.module) == ("Nice.Tool", "2.0.0", "nice_tool")
    assert (project.backend, project.sources, project.beside) == (
        "flit_core.buildapi",
        "nice_tool",
        ("README.md",),
    )
    (tmp_path / "src").mkdir()
    bare = read_project(write(tmp_path, '[project]\nname = "a"\ndynamic = ["version"]\n'))
    assert (bare.version, bare.backend, bare.sources) == (None, "setuptools.build_meta:__legacy__", "src/a")


def test_what_init_writes_is_a_release_of_tooling(tmp_path: Path) -> None:
    assert TRIAL in init(write(tmp_path), release_type="tooling")
    document = tomllib.loads((tmp_path / "release.toml").read_text("utf-8"))
    SCHEMA.validate(document)
    release = load_release(tmp_path / "release.toml", environ={})
    assert (release.type, release.version.text) == ("tooling", "2.0.0")
    assert release.artifacts.wheel == "dist/nice_tool-2.0.0-py3-none-any.whl"
    assert release.steps[0].writes == (release.artifacts.wheel, release.artifacts.sdist)
    assert release.steps[0].command[2] == (
        "import flit_core.buildapi as backend; backend.build_wheel('dist'); backend.build_sdist('dist')"
    )
    assert "/dist/\n" in (tmp_path / ".gitignore").read_text()


def test_a_backend_that_is_an_object_is_called_as_one(tmp_path: Path) -> None:
    init(write(tmp_path, '[project]\nname = "a"\n'), release_type="tooling", version="1.0.0-rc.1")
    release = load_release(tmp_path / "release.toml", environ={})
    assert release.artifacts.sdist == "dist/a-1.0.0rc1.tar.gz"
    assert (
        "import setuptools.build_meta as backend; backend.__legacy__.build_wheel('dist')"
        in (release.steps[0].command[2])
    )


def test_the_trial_is_python(tmp_path: Path) -> None:
    ast.parse(trial_text(read_project(write(tmp_path))))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, ("nothing says what is built\n  wanted: a pyproject.toml with [project] name\n"
         "  found:  no such file\n  where:  {path}")),
        ("[project]\n", ("nothing says what is built\n  wanted: a pyproject.toml with [project] name\n"
         "  found:  no name\n  where:  {path}")),
        ("[project", ("TOML is malformed\n  found: Expected ']' at the end of a table declaration "
         "(at end of document)\n  where: {path}")),
    ],
)  # fmt: skip
def test_whole_message(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_project(tmp_path)
    assert str(caught.value) == message.format(path=tmp_path / "pyproject.toml")
