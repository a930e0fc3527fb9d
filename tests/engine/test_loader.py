from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.engine.loader import ProjectLoader
from tests.fakes.small_project import small_project


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    small_project(folder)
    monkeypatch.chdir(folder)
    return folder


def test_the_loader_plans_without_a_dodo_file(root: Path) -> None:
    loader = ProjectLoader()
    loader.setup({})
    names = [task.name for task in loader.load_tasks(None, [])]
    assert "gate" in names
    assert loader.load_doit_config()["dep_file"] == ".release/state.sqlite"
    assert list(loader.namespace.values()) == [loader.project]
    assert not (root / "dodo.py").exists()


def test_the_loader_imports_nothing_from_the_current_folder(root: Path) -> None:
    (root / "dodo.py").write_text("raise SystemExit('imported')")
    (root / "gate.py").write_text("raise SystemExit('imported')")
    assert len(ProjectLoader().load_tasks(None, [])) > 5
    assert Path.cwd() == root
