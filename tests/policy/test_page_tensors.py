import re

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.page_tensors import HEIGHT, WIDTH, picture, weights_table
from release_tasks.records.tensor_overview import Distribution, TensorOverview, WeightsOverview


def tensor(name: str, size: int, distribution: Distribution | None = None) -> TensorOverview:
    return TensorOverview(
        name=name, dtype="F32", shape=(size,), values=size, bytes=4 * size, distribution=distribution
    )


def test_the_table_says_what_is_in_a_file() -> None:
    found = Distribution(
        read=3, not_finite=1, least=-1.0, mean=0.25, deviation=1.25, greatest=1.5, counts=(1, 0, 1)
    )
    table = weights_table(WeightsOverview(path="m.st", tensors=(tensor("a", 3, found), tensor("b", 1))))
    assert table.summary == "2 tensors (2 F32), 4 parameters"
    first, second = table.rows
    assert (first.share, second.share) == ("75.0 %", "25.0 %")
    assert first.spread == ("-1", "0.25", "1.25", "1.5")
    assert first.words == "Histogram of a: 3 values from -1 to 1.5, 1 not finite"
    assert (second.picture, second.words, second.spread) == ("", "", ("", "", "", ""))
    assert not table.sampled


def test_of_many_tensors_the_largest_are_shown_and_the_others_counted() -> None:
    tensors = tuple(tensor(f"t{number:04}", number + 1) for number in range(250))
    table = weights_table(WeightsOverview(path="m.st", tensors=tensors))
    assert (len(table.rows), table.hidden) == (200, 50)
    assert table.rows[0].name == "t0050"


def test_large_tensors_are_said_to_be_sampled() -> None:
    assert weights_table(WeightsOverview(path="m.st", tensors=(tensor("a", 65_537),))).sampled
    assert not weights_table(WeightsOverview(path="m.st", tensors=(tensor("a", 65_536),))).sampled


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_a_picture_stays_in_its_box_and_is_as_high_as_its_fullest_bin(counts: list[int]) -> None:
    path = picture(counts)
    if not any(counts):
        assert path == ""
        return
    heights = [float(text) for text in re.findall(r"V([\d.]+)H", path)]
    widths = [float(text) for text in re.findall(r"H([\d.]+)", path)]
    assert len(heights) == len(counts)
    assert min(heights) == 1.0
    assert all(0 <= height <= HEIGHT for height in heights)
    assert widths == sorted(widths)
    assert widths[-1] == WIDTH
    empty = [height for height, count in zip(heights, counts, strict=True) if not count]
    assert empty == [HEIGHT] * len(empty)
