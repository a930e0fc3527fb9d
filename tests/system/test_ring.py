from __future__ import annotations

import io
import threading
import time

import pytest

from release_tasks.system.ring import pump


@pytest.mark.parametrize("depth", [1, 2, 7])
def test_every_consumer_sees_every_byte_in_order_through_few_buffers(depth: int) -> None:
    data = bytes(range(256)) * 41 + b"end"
    seen: list[list[bytes]] = [[], [], []]

    def slow(piece: memoryview) -> None:
        time.sleep(0.0002)
        seen[2].append(bytes(piece))

    count = pump(
        io.BytesIO(data).readinto,
        lambda piece: seen[0].append(bytes(piece)),
        (lambda piece: seen[1].append(bytes(piece)), slow),
        chunk=100,
        depth=depth,
    )
    assert count == len(data)
    assert [b"".join(pieces) for pieces in seen] == [data] * 3


@pytest.mark.parametrize("culprit", ["read", "here", "beside"])
def test_the_first_error_stops_all_and_is_raised_in_the_caller(culprit: str) -> None:
    calls = 0

    def fail(name: str) -> None:
        nonlocal calls
        if name == culprit:
            calls += 1
            if calls == 3:
                raise OSError(5, "bad sector")

    def read(buffer: memoryview) -> int:
        fail("read")
        return len(buffer)  # endless: only the error ends it

    before = threading.active_count()
    with pytest.raises(OSError, match="bad sector"):
        pump(read, lambda _: fail("here"), (lambda _: fail("beside"),), chunk=10, depth=3)
    assert threading.active_count() == before
    assert calls == 3
