"""Charts drawn with matplotlib's SVG backend: the same data are the same bytes.

Text stays text, so that it is set in the page's own letters; colours are names that the page gives a meaning
to in its light and dark scheme. Series differ by marker as well as by colour.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

from release_tasks.formats.inline_svg import inline_svg
from release_tasks.records.chart import Chart, Series
from release_tasks.system.drawing import plot_refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The hex colours that the figure is drawn with, and the names that the page paints.
_INK, _LINE, _LIMIT = "#000001", "#000002", "#000003"
_SERIES = ("#000011", "#000012", "#000013", "#000014", "#000015", "#000016")
COLOURS = {
    _INK: "ink",
    _LINE: "line",
    _LIMIT: "limit",
    **{colour: f"s{index}" for index, colour in enumerate(_SERIES, 1)},
}
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (2, 1.2)), (0, (6, 1.5, 1.5, 1.5)), "-", "-")
_WIDTH, _HEIGHT = 3.7, 2.15  # inches of 72 units
_ROW = 0.44  # inches for each row of bars and intervals
_LEGEND = 0.2  # inches for each line of the legend
_TICKS = 5
_LONGEST = 40  # characters of a name in a chart
_IN_LEGEND = 20  # and in a legend, of two columns
_IN_TICK = 12  # and below an axis
_DODGE = 0.22  # of a category, between dots of two series that would hide each other
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "release_tasks",
    "font.family": "DejaVu Sans",  # comes with matplotlib: only to measure by
    "font.size": 9.0,
    "text.parse_math": False,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": False,
    "path.simplify": False,
}


def draw_charts(charts: Iterable[Chart]) -> dict[str, str]:
    """Draw charts, by key, as SVG for the page.

    Raises EnvironmentRefused where matplotlib is not installed.
    """
    with _figures() as new_figure:
        return {
            chart.key: inline_svg(
                _drawn(new_figure(figsize=(_WIDTH, _height(chart))), chart),
                key=chart.key,
                colours=COLOURS,
                title=chart.title,
                description=chart.description,
            )
            for chart in charts
        }


@contextmanager
def _figures() -> Iterator[Callable[..., Figure]]:
    """The library's own defaults, whatever a matplotlibrc says, and no cache left behind."""
    with tempfile.TemporaryDirectory(prefix="release_tasks-") as folder:
        before = os.environ.get("MPLCONFIGDIR")
        os.environ["MPLCONFIGDIR"] = folder
        try:
            from matplotlib import rc_context, rcdefaults  # noqa: PLC0415 - an extra, and slow to import
            from matplotlib.figure import Figure  # noqa: PLC0415 - the same
        except ImportError:
            raise plot_refused() from None
        finally:
            if before is None:
                del os.environ["MPLCONFIGDIR"]
            else:
                os.environ["MPLCONFIGDIR"] = before
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of letters that the font lacks, which the browser has
            with rc_context():
                rcdefaults()
                with rc_context(_SETTINGS):
                    yield Figure


def _height(chart: Chart) -> float:
    if chart.kind == "bars":
        return 0.1 + _ROW * len(chart.categories)
    if chart.kind == "interval":
        return 0.45 + _ROW * len(chart.series)
    return _HEIGHT + _LEGEND * _legend_lines(chart)


def _legend_lines(chart: Chart) -> int:
    return (len(chart.series) + 1) // 2 if len(chart.series) > 1 else 0


def _drawn(figure: Figure, chart: Chart) -> str:
    axes = figure.add_axes(_room(chart))
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_LINE)
    axes.tick_params(colors=_INK, length=0, labelsize=9)
    {"bars": _bars, "interval": _intervals}.get(chart.kind, _lines)(axes, chart)
    out = StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return out.getvalue()


def _room(chart: Chart) -> tuple[float, float, float, float]:
    """Where the axes are: left, bottom, width and height, as parts of the figure."""
    height = _height(chart)
    if chart.kind == "bars":
        return 0.01, 0.02, 0.8, 0.96
    if chart.kind == "interval":
        return 0.03, 0.3 / height, 0.94, 1 - 0.34 / height
    below = 0.42 + _LEGEND * _legend_lines(chart)
    return 0.15, below / height, 0.83, 1 - (below + 0.1) / height


def _bars(axes: Axes, chart: Chart) -> None:
    """One bar for each category, its name above it and its value at its end."""
    marks = [mark for series in chart.series for mark in series.marks]
    values = [0.0 if mark is None else mark.value for mark in marks]
    places = range(len(values))
    axes.barh(places, values, height=0.34, color=_SERIES[0], align="center")
    for place, (name, value) in enumerate(zip(chart.categories, values, strict=True)):
        axes.text(0, place - 0.26, _clipped(name), color=_INK, va="bottom", ha="left", fontsize=9)
        axes.annotate(
            chart.shown(value),
            (value, place),
            xytext=(4, 0),
            textcoords="offset points",
            color=_INK,
            va="center",
            fontsize=9,
        )
    axes.set_xlim(0, max(values, default=0) or 1)
    axes.set_ylim(len(values) - 0.5, -0.65)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)


def _clipped(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _intervals(axes: Axes, chart: Chart) -> None:
    """One row for each series: its name, its median, and the interval in which that lies."""
    for place, series in enumerate(chart.series):
        mark = series.marks[-1]
        colour = _SERIES[place % len(_SERIES)]
        axes.axhline(place, color=_LINE, linewidth=0.8, zorder=0)
        if mark is not None:
            if mark.low is not None and mark.high is not None:
                axes.plot([mark.low, mark.high], [place, place], color=colour, linewidth=3.2)
            axes.plot(
                [mark.value], [place], marker=_MARKERS[place % len(_MARKERS)], color=colour, markersize=6
            )
        axes.annotate(
            _clipped(series.name),
            (0, place),
            xycoords=("axes fraction", "data"),
            xytext=(0, 6.5),
            textcoords="offset points",
            color=_INK,
            va="bottom",
            fontsize=9,
        )
    axes.set_ylim(len(chart.series) - 0.7, -0.75)
    axes.set_yticks([])
    axes.margins(x=0.06)
    axes.locator_params(axis="x", nbins=_TICKS)


def _lines(axes: Axes, chart: Chart) -> None:
    """Values over releases, training steps or prompts; limits are dashed."""
    numeric = chart.kind == "curve"
    places = (
        [float(text) for text in chart.categories] if numeric else [*map(float, range(len(chart.categories)))]
    )
    for index, series in enumerate(chart.series):
        _line(axes, chart, series, index, places)
    if chart.chosen is not None:
        axes.axvline(places[chart.chosen], color=_LIMIT, linewidth=1, dashes=(1, 2), zorder=0)
    if not numeric:
        step = -(-len(places) // _TICKS)
        shown = range((len(places) - 1) % step, len(places), step)
        axes.set_xticks(
            [places[index] for index in shown],
            [_clipped(chart.categories[index], _IN_TICK) for index in shown],
        )
        axes.set_xlim(-0.4, max(places, default=0) + 0.4)
    else:
        axes.locator_params(axis="x", nbins=_TICKS)
    axes.locator_params(axis="y", nbins=5)
    axes.margins(y=0.14)
    _limits(axes, chart)
    axes.grid(visible=True, axis="y", color=_LINE, linewidth=0.6)
    axes.set_xlabel(chart.axis, color=_INK, fontsize=9, labelpad=2)
    if len(chart.series) > 1:
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(-0.05, -0.36 / (_HEIGHT - 0.52)),
            ncols=2,
            frameon=False,
            labelcolor=_INK,
            fontsize=9,
            borderaxespad=0,
            handlelength=1.8,
            columnspacing=1.2,
        )


def _limits(axes: Axes, chart: Chart) -> None:
    """Dashed lines where they are near the values; a far limit would press these into a corner."""
    low, high = axes.get_ylim()
    for limit in sorted({series.limit for series in chart.series if series.limit is not None}):
        if 1.5 * low - 0.5 * high <= limit <= 1.5 * high - 0.5 * low:
            axes.axhline(limit, color=_LIMIT, linewidth=1, dashes=(4, 3), zorder=0)


def _line(axes: Axes, chart: Chart, series: Series, index: int, places: Sequence[float]) -> None:
    aside = (index - (len(chart.series) - 1) / 2) * _DODGE if chart.kind == "dots" else 0.0
    known = [(x + aside, mark) for x, mark in zip(places, series.marks, strict=True) if mark is not None]
    colour = _SERIES[index % len(_SERIES)]
    axes.plot(
        [x for x, _ in known],
        [mark.value for _, mark in known],
        color=colour,
        marker=_MARKERS[index % len(_MARKERS)],
        markersize=4.5,
        linewidth=1.6,
        linestyle="none" if chart.kind == "dots" else _DASHES[index % len(_DASHES)],
        label=_clipped(series.name, _IN_LEGEND),
    )
    for x, mark in known:
        if mark.low is not None and mark.high is not None and mark.low < mark.high:
            axes.plot([x, x], [mark.low, mark.high], color=colour, linewidth=1.1)
