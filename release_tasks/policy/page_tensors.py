"""The tensor table of the page: shapes in words, distributions as small pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from release_tasks.policy.content_figures import shown_number
from release_tasks.records.frozen_record import frozen
from release_tasks.records.tensor_overview import WHOLE, Distribution, TensorOverview, WeightsOverview

WIDTH, HEIGHT = 96, 24  # of a small histogram, in CSS pixels
_SHOWN = 200  # tensors of one file; `inspect --json` has all


@frozen
class TensorRow:
    """One line of the table; `picture` is SVG path data in a box of WIDTH by HEIGHT, empty without values."""

    name: str
    dtype: str
    shape: str
    values: str
    bytes: str
    share: str
    spread: tuple[str, str, str, str]
    picture: str
    words: str


@frozen
class WeightsTable:
    """One file of weights: what is in it in a few words, its tensors, and how many are not shown."""

    path: str
    summary: str
    rows: tuple[TensorRow, ...]
    hidden: int
    problem: str | None
    sampled: bool


def weights_table(file: WeightsOverview) -> WeightsTable:
    """Describe one file: the largest tensors in the order of their names."""
    largest = sorted(file.tensors, key=lambda tensor: (-tensor.bytes, tensor.name))[:_SHOWN]
    total = sum(tensor.bytes for tensor in file.tensors)
    return WeightsTable(
        path=file.path,
        summary=_summary(file),
        rows=tuple(_row(tensor, total) for tensor in sorted(largest, key=lambda tensor: tensor.name)),
        hidden=len(file.tensors) - len(largest),
        problem=file.problem,
        sampled=any(tensor.values > WHOLE for tensor in file.tensors),
    )


def _summary(file: WeightsOverview) -> str:
    dtypes = Counter(tensor.dtype for tensor in file.tensors)
    kinds = ", ".join(f"{count} {dtype}" for dtype, count in sorted(dtypes.items()))
    count = len(file.tensors)
    return f"{count} tensor{'s' if count != 1 else ''} ({kinds}), {file.values:,} parameters"


def _row(tensor: TensorOverview, total: int) -> TensorRow:
    found = tensor.distribution
    return TensorRow(
        name=tensor.name,
        dtype=tensor.dtype,
        shape=" × ".join(map(str, tensor.shape)) or "scalar",
        values=f"{tensor.values:,}",
        bytes=f"{tensor.bytes:,}",
        share=f"{100 * tensor.bytes / total:.1f} %" if total else "",
        spread=("", "", "", "") if found is None else _spread(found),
        picture="" if found is None else picture(found.counts),
        words="" if found is None else _words(tensor.name, found),
    )


def _spread(found: Distribution) -> tuple[str, str, str, str]:
    least, mean, deviation, greatest = (
        f"{value:.3g}" for value in (found.least, found.mean, found.deviation, found.greatest)
    )
    return least, mean, deviation, greatest


def _words(name: str, found: Distribution) -> str:
    odd = f", {found.not_finite} not finite" if found.not_finite else ""
    ends = f"{shown_number(found.least)} to {shown_number(found.greatest)}"
    return f"Histogram of {name}: {found.read} values from {ends}{odd}"


def picture(counts: Sequence[int]) -> str:
    """A histogram as one filled outline: a step for each bin, as high as its share of the fullest."""
    most = max(counts, default=0)
    if not most:
        return ""
    width = WIDTH / len(counts)
    parts = [f"M0 {HEIGHT}"]
    for index, count in enumerate(counts):
        height = HEIGHT - max(count / most * (HEIGHT - 1), 0.75 if count else 0)
        parts.append(f"V{height:.2f}H{(index + 1) * width:.2f}")
    return "".join((*parts, f"V{HEIGHT}Z"))
