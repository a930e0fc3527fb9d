"""What the page shows of a tensor: its place in the file, and how its values are distributed."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen

BINS = 32
WHOLE = 65_536  # values up to which a tensor is read whole
RUN = 4_096  # values that are read in one piece of a larger one


@frozen
class Distribution:
    """Finite values: least, mean, standard deviation, greatest, and counts in equal bins between the ends.

    `read` values were looked at, of which `not_finite` were NaN or infinite. There are BINS bins, or one when
    all values are the same.
    """

    read: int
    not_finite: int
    least: float
    mean: float
    deviation: float
    greatest: float
    counts: tuple[int, ...]


@frozen
class TensorOverview:
    """One tensor: dtype, row-major shape, how many values and bytes; `distribution` where they are known."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: int
    bytes: int
    distribution: Distribution | None


@frozen
class WeightsOverview:
    """One file of weights, its tensors by name; `problem` says why it could not be looked into."""

    path: str
    tensors: tuple[TensorOverview, ...]
    problem: str | None = None

    @property
    def values(self) -> int:
        """How many values, which are parameters, the file has."""
        return sum(tensor.values for tensor in self.tensors)
