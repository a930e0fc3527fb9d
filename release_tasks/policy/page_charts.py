"""The other charts of the page: checkpoints, parity, what the data and the weights are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from release_tasks.policy.content import STATISTICS
from release_tasks.policy.content_figures import shown_number
from release_tasks.records.chart import Chart, Mark, Series
from release_tasks.records.content import Content
from release_tasks.records.json_value import JSON
from release_tasks.records.tensor_overview import WeightsOverview

CHECKPOINT = "evidence/checkpoint.json"
_MOST_BARS = 12
_DIGITS = re.compile(r"(?<![A-Za-z])\d+(?![A-Za-z])")


def _number(value: JSON) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def checkpoint_chart(content: Content) -> Chart | None:
    """The metric by which the released checkpoint was chosen, over all of them; None with less than two."""
    data = content.record(CHECKPOINT).get("data")
    rows = data.get("checkpoints") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(rows, list):
        return None
    points = [
        (step, value, row["sha256"] == data.get("released"))
        for row in rows
        if isinstance(row, dict)
        and (step := _number(row.get("step"))) is not None
        and (value := _number(row.get("value"))) is not None
    ]
    if len(points) < 2:
        return None
    metric = str(data.get("metric"))
    chosen = next((index for index, (_, _, released) in enumerate(points) if released), None)
    told = "" if chosen is None else f", released is that of step {points[chosen][0]:.0f}"
    return Chart(
        key="checkpoints",
        kind="curve",
        title=f"{metric} by training step",
        description=f"{metric} of {len(points)} checkpoints{told}.",
        categories=tuple(f"{step:.0f}" for step, _, _ in points),
        series=(Series(metric, tuple(Mark(value) for _, value, _ in points)),),
        axis="training step",
        better=str(data.get("direction", "")),
        chosen=chosen,
    )


def parity_chart(content: Content) -> Chart | None:
    """Kendall's τ-b of every prompt, by pair; None without pairs that were measured on the same prompts."""
    taus: dict[str, list[Mark | None]] = {}
    for pair in content.pairs:
        data = content.record(pair.path).get("data")
        rows = data.get("rows") if isinstance(data, dict) else None
        if isinstance(rows, list) and rows:
            found = [_number(row.get("tau")) if isinstance(row, dict) else None for row in rows]
            taus[pair.name] = [None if tau is None else Mark(tau) for tau in found]
    if not taus:
        return None
    most = max(map(len, taus.values()))
    least = min((mark.value for marks in taus.values() for mark in marks if mark), default=1.0)
    return Chart(
        key="parity-tau",
        kind="dots",
        title="Agreement of the top tokens, prompt by prompt (Kendall τ-b)",
        description=f"τ-b of {_pairs(len(taus))} over {most} prompts; the lowest is {shown_number(least)}.",
        categories=tuple(map(str, range(1, most + 1))),
        series=tuple(
            Series(name, (*marks, *(None for _ in range(most - len(marks))))) for name, marks in taus.items()
        ),
        axis="prompt",
        better="higher",
    )


def _pairs(count: int) -> str:
    return f"{count} pair{'s' if count != 1 else ''}"


def dataset_chart(content: Content) -> Chart | None:
    """How many records each category has; None without categories."""
    counts = content.record(STATISTICS).get("categories")
    return (
        None
        if not isinstance(counts, dict)
        else _bars("categories", "Records by category", counts, "records")
    )


def weights_chart(weights: Sequence[WeightsOverview]) -> Chart | None:
    """Which parts of the model its values are in, by the names of tensors; None where none can be read."""
    known = next((file for file in weights if file.tensors), None)
    if known is None:
        return None
    counts: Counter[str] = Counter()
    for tensor in known.tensors:
        counts[_DIGITS.sub("*", tensor.name)] += tensor.values
    return _bars("weights-by-kind", f"Parameters by kind of tensor, {known.path}", dict(counts), "parameters")


def _bars(key: str, title: str, counts: Mapping[str, JSON], what: str) -> Chart | None:
    """One bar for each count, the largest first; what does not fit is added up."""
    pairs = [(name, value) for name, count in counts.items() if (value := _number(count)) is not None]
    ordered = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    if not ordered:
        return None
    rest = ordered[_MOST_BARS - 1 :] if len(ordered) > _MOST_BARS else []
    shown = ordered[: len(ordered) - len(rest)]
    if rest:
        shown.append((f"{len(rest)} others", sum(value for _, value in rest)))
    total = sum(value for _, value in ordered)
    first, count = ordered[0]
    return Chart(
        key=key,
        kind="bars",
        title=title,
        description=f"{total:,.0f} {what} in {len(ordered)} parts; the largest is {first} with {count:,.0f}.",
        categories=tuple(name for name, _ in shown),
        series=(Series(what, tuple(Mark(value) for _, value in shown)),),
    )
