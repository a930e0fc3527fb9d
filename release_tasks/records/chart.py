"""A chart as data: what is drawn, what is written beneath it, and what is read out instead of it."""

from __future__ import annotations

from typing import Literal

from release_tasks.records.frozen_record import frozen, frozen_positional

# trend: values over categories in their order; curve: over categories that are numbers; interval: one row for
# each series, of the last category; bars: one bar for each category; dots: a trend without lines.
ChartKind = Literal["trend", "curve", "interval", "bars", "dots"]


@frozen_positional
class Mark:
    """One value, and the interval in which it lies where its noise is known."""

    value: float
    low: float | None = None
    high: float | None = None


@frozen_positional
class Series:
    """Values under one name, one for each category or None; `limit` is what was wanted of them."""

    name: str
    marks: tuple[Mark | None, ...]
    limit: float | None = None


@frozen
class Chart:
    """One chart: `key` is its id in the page, `title` names it, `description` says what is seen in it.

    `unit` is empty for plain counts and shares; `better` says which way is, `chosen` is the category that is
    pointed at. `digits` are the significant ones that people are shown.
    """

    key: str
    kind: ChartKind
    title: str
    description: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""
    axis: str = ""
    better: str = ""
    chosen: int | None = None
    digits: int = 4

    def shown(self, value: float) -> str:
        """A value as people read it, without its unit."""
        if float(value).is_integer() and abs(value) < 10**15:
            return f"{value:,.0f}"
        return f"{value:.{self.digits}g}"
