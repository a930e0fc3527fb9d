from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from release_tasks.config.schema import Root
from release_tasks.verbs.rebuild_roots import place_roots, roots_in_repository
from tests.fakes.release_toml import parse, sample


def test_a_root_inside_the_repository_is_part_of_its_commit(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    project = repository / "examples/own"
    project.mkdir(parents=True)
    (tmp_path / "link").symlink_to(repository / "examples")
    names = {"all": "../..", "beside": "../data", "linked": "../../../link", "out": "../../..", "far": "/srv"}
    release = replace(
        parse(sample("minimal")), roots=tuple(Root(name=name, path=path) for name, path in names.items())
    )
    inside = roots_in_repository(release, project=project, repository=repository)
    assert inside == {"all": "", "beside": "examples/data/", "linked": "examples/"}
    placed = place_roots(release, inside, copy=Path("/copy"), place=Path("/place"))
    assert {root.name: root.path for root in placed.roots} == {
        "all": "/copy",
        "beside": "/copy/examples/data",
        "linked": "/copy/examples",
        "out": "/place/roots/out",
        "far": "/place/roots/far",
    }
