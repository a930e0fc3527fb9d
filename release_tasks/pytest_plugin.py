"""The pytest plugin: marks `structural` and `heuristic`, told to whoever reads the JUnit report.

Every test says in its report which of the two it is (`release_mark`) and how many tests the run was to have
(`release_collected`), so that a run that stopped early cannot pass for a whole one. Loaded by the entry point
`pytest11`; without it every test counts as structural.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

MARKS = {
    "structural": "a release is refused when this test fails; a test without a mark is structural",
    "heuristic": "this test advises only: its failure is a warning in the verdict of a release",
}
MARK_PROPERTY = "release_mark"
COLLECTED_PROPERTY = "release_collected"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, so that `--strict-markers` knows them."""
    for mark, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")


def _marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()} & MARKS.keys()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Make a test that bears both marks an error of its file: one that also xdist and the report can show."""
    report = yield
    items = [item for item in report.result if isinstance(item, pytest.Item)] if report.passed else []
    both = [item.name for item in items if len(_marks(item)) > 1]
    if both:
        report.outcome = "failed"
        report.result = []
        report.longrepr = f"marked both structural and heuristic, a test is one of them: {', '.join(both)}"
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write into the report of every selected test what it is, and how many there are."""
    collected = str(len({item.nodeid for item in session.items}))
    for item in session.items:
        # A conftest may add marks late: in doubt a test is structural.
        mark = "heuristic" if _marks(item) == {"heuristic"} else "structural"
        item.user_properties += [(MARK_PROPERTY, mark), (COLLECTED_PROPERTY, collected)]
