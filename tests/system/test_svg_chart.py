# ruff: noqa: S314 - what was drawn a moment ago is read
import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.records.chart import Chart, ChartKind, Mark, Series
from release_tasks.system.drawing import can_draw
from release_tasks.system.svg_chart import COLOURS, draw_charts

HOSTILE = "<script>$x_1$ & \"'"


def chart(kind: ChartKind, **changed: object) -> Chart:
    values = {
        "key": f"the-{kind}",
        "kind": kind,
        "title": "latency",
        "description": "latency of two",
        "categories": ("10", "20", "30"),
        "series": (
            Series("one", (Mark(1.0, 0.5, 1.5), None, Mark(2.0))),
            Series(HOSTILE, (Mark(3.0), Mark(2.5, 2.0, 3.0), Mark(1.0, 0.9, 1.1)), 2.0),
        ),
        "axis": "step",
        **changed,
    }
    if kind == "bars":
        values["series"] = (Series("count", (Mark(1.0), Mark(2.0), Mark(1e6))),)
    return Chart(**values)  # type: ignore[arg-type]


KINDS: tuple[ChartKind, ...] = ("trend", "curve", "interval", "bars", "dots")


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return draw_charts(chart(kind) for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_named_and_asks_for_nothing(drawn: dict[str, str], kind: str) -> None:
    text = drawn[f"the-{kind}"]
    root = ET.fromstring(text)
    assert (root.tag, root.get("role"), root.get("class")) == ("svg", "img", "chart")
    assert root.get("aria-labelledby") == f"the-{kind}-title the-{kind}-desc"
    assert [(child.tag, child.text) for child in root[:2]] == [
        ("title", "latency"),
        ("desc", "latency of two"),
    ]
    for word in ("style", "http:", "https:", "<metadata", "url(http", "<!DOCTYPE", "DejaVu"):
        assert word not in text
    classes = {name for element in root.iter() for name in element.get("class", "").split()} - {"chart"}
    assert classes <= {f"{paint}-{name}" for paint in ("fill", "stroke") for name in COLOURS.values()}


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_those_that_are_referred_to(drawn: dict[str, str], kind: str) -> None:
    root = ET.fromstring(drawn[f"the-{kind}"])
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(one).startswith(f"the-{kind}-") for one in ids)
    used = {element.get("href", "").removeprefix("#") for element in root.iter("use")}
    clips = {element.get("clip-path", "").removeprefix("url(#").removesuffix(")") for element in root.iter()}
    assert (used | clips) - {""} <= set(ids)


def test_foreign_words_are_text_and_no_formula(drawn: dict[str, str]) -> None:
    texts = [element.text for element in ET.fromstring(drawn["the-trend"]).iter("text")]
    assert HOSTILE in texts
    assert "<script>" not in drawn["the-trend"]


def test_a_limit_far_from_the_values_is_not_drawn() -> None:
    def limits(limit: float) -> int:
        series = (Series("one", (Mark(1.0), Mark(2.0), Mark(1.5)), limit),)
        return draw_charts([chart("trend", series=series)])["the-trend"].count("stroke-limit")

    assert (limits(2.2), limits(50.0)) == (1, 0)


def test_the_same_data_are_the_same_bytes_whatever_the_user_prefers(
    drawn: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\naxes.grid: True\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    assert draw_charts(chart(kind) for kind in KINDS) == drawn
    assert dict(os.environ) == before


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert not can_draw()
    with pytest.raises(EnvironmentRefused) as caught:
        draw_charts([chart("bars")])
    assert str(caught.value) == (
        "the page needs matplotlib, which draws its charts\n"
        "  wanted: the extra plot\n"
        "  found:  no module matplotlib\n"
        "  hint:   pip install 'release_tasks[plot]', or leave page out of [release]"
    )
