import pytest

from release_tasks.records.chart import Chart


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "1"), (1234567.0, "1,234,567"), (0.123456, "0.1235"), (1e20, "1e+20"), (-2.5, "-2.5")],
)
def test_values_are_shown_as_people_read_them(value: float, shown: str) -> None:
    chart = Chart(key="k", kind="bars", title="t", description="d", categories=(), series=())
    assert chart.shown(value) == shown
