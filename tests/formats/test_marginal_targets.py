from __future__ import annotations

import json
from typing import Any

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.marginal_targets import parse_targets

SEX: dict[str, Any] = {"provenance": "real", "shares": {"f": 0.52, "m": 0.48}}


def parsed(value: Any) -> Any:
    return parse_targets(json.dumps(value).encode(), where="t.json")


def test_targets_are_read_by_field() -> None:
    targets = parsed({"marginals": {"sex": SEX, "age": {"provenance": "fallback", "shares": {"old": 1}}}})
    assert [(item.field, item.shares, item.provenance) for item in targets.marginals] == [
        ("age", {"old": 1.0}, "fallback"),
        ("sex", {"f": 0.52, "m": 0.48}, "real"),
    ]
    assert targets.converged is None
    assert parsed({"marginals": {"sex": SEX}, "converged": False}).converged is False


@pytest.mark.parametrize(
    "bad",
    [
        {"provenance": "guessed"},
        {"shares": {"f": 0.52, "m": 0.47}},
        {"shares": {"f": 1.5, "m": -0.5}},
        {"shares": {"f": True}},
        {"shares": {}},
        {"more": 1},
    ],
)
def test_shares_that_are_none_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as caught:
        parsed({"marginals": {"sex": {**SEX, **bad}}})
    assert str(caught.value) == (
        "not a marginal: sex\n"
        "  wanted: provenance, one of real, estimated, fallback, and shares from 0 to 1 whose sum is 1\n"
        "  found:  something else\n"
        "  where:  t.json"
    )


@pytest.mark.parametrize(
    "bad",
    [
        [],
        {},
        {"marginals": {}},
        {"marginals": {"sex": SEX}, "converged": None},
        {"marginals": {"sex": SEX}, "x": 1},
    ],
)
def test_another_shape_is_refused(bad: Any) -> None:
    with pytest.raises(FormatError, match="not targets of marginals"):
        parsed(bad)
