from __future__ import annotations

import typing

from release_tasks.records.likeness import LIKENESSES, Likeness


def test_likenesses_go_from_the_same_bytes_to_nothing_alike() -> None:
    assert LIKENESSES == typing.get_args(Likeness) == ("bytes", "tensors", "tolerance", "none")
