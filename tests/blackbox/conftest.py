"""Fixtures of the black-box tests: one project is built once, and every test gets a copy of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The helpers of these tests; test modules cannot import each other under --import-mode=importlib.
sys.path.append(str(Path(__file__).parent))

from project import Project, copy_project, released_project, write_project


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A frozen, committed, released project; never change it, copy it."""
    return released_project(tmp_path_factory.mktemp("built") / "project")


@pytest.fixture
def released(built: Project, tmp_path: Path) -> Project:
    """A released project of the test's own."""
    return copy_project(built, tmp_path / "project")


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A committed project that was never built."""
    return write_project(tmp_path / "project")
