"""docs/reference/variations.md names exactly the variations that the table has and the worker applies."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.records.variation import ASPECTS, UNSUPPORTED
from release_tasks.system.surroundings import ORDINARY
from release_tasks.system.variation import unavailable
from release_tasks.system.varied import CHANGES, vary

_TEXT = (Path(__file__).parents[2] / "docs/reference/variations.md").read_text("utf-8")
_ROWS = {line.split("`")[1]: line for line in _TEXT.splitlines() if line.startswith("| `")}


def test_table_page_and_implementation_name_the_same_set() -> None:
    assert list(_ROWS) == list(ASPECTS) == list(CHANGES)


@pytest.mark.parametrize("name", ASPECTS)
def test_every_variation_has_its_row(name: str) -> None:
    cells = [cell.strip() for cell in _ROWS[name].strip("|").split("|")]
    assert cells[:2] == [f"`{name}`", ASPECTS[name].doc]
    assert len(cells) == 7
    assert all(cells)


@pytest.mark.parametrize("name", ["path", "home", "user", "hostname", "timezone", "hash-seed"])
def test_the_values_are_those_of_the_page(name: str) -> None:
    fields = {
        "path": ("build",),
        "user": ("user", "uid", "gid"),
        "hash-seed": ("hash_seed",),
    }.get(name, (name,))
    cells = [cell.strip() for cell in _ROWS[name].split("|")]
    for cell, place in zip(cells[3:6], (ORDINARY, vary({name}, 1), vary({name}, 2)), strict=True):
        first, *rest = (str(getattr(place, field)) for field in fields)
        assert cell == ", ".join((f"`{first}`", *rest))


def test_what_is_not_in_the_default_set_and_not_supported_is_said() -> None:
    for aspect in ASPECTS.values():
        assert (f"`{aspect.name}` is not in the default set" in _TEXT) != aspect.default
    assert all(f"`{name.replace('-', '_')}`" in _TEXT for name in UNSUPPORTED)


def test_everything_can_be_asked_for() -> None:
    assert {name for name, _why in unavailable(ASPECTS, boxed=True)} <= ASPECTS.keys()
