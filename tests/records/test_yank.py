from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.records.digest import sha256
from release_tasks.records.yank import Yank, YankEvent, yank_from_json

EVENTS = st.builds(
    YankEvent,
    act=st.sampled_from(["yank", "undo"]),
    reason=st.text(),
    at=st.just("2026-11-21T20:00:00Z"),
)
YANKS = st.builds(
    Yank,
    version=st.text(),
    root=st.just(sha256("a" * 64)),
    events=st.lists(EVENTS, min_size=1).map(tuple),
)


@given(YANKS)
def test_a_record_reads_back(yank: Yank) -> None:
    assert yank_from_json(yank.to_json(), where="x") == yank
    assert (yank.mark is None) == (yank.events[-1].act == "undo")


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"events": []},
        {"events": [{"act": "yank", "reason": "x", "at": "yesterday"}]},
        {"events": [{"act": "delete", "reason": "x", "at": "2026-11-21T20:00:00Z"}]},
        {"events": [{"act": "yank", "at": "2026-11-21T20:00:00Z"}]},
        {"root": "sha256:1"},
        {"more": 1},
    ],
)
def test_any_other_shape_is_refused(change: dict[str, object]) -> None:
    event = YankEvent(act="yank", reason="x", at="2026-11-21T20:00:00Z")
    sound = Yank(version="1.0.0", root=sha256("a" * 64), events=(event,)).to_json()
    with pytest.raises(FormatError):
        yank_from_json({**sound, **change}, where="x")  # type: ignore[dict-item]
