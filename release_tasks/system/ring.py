"""One reader, several consumers in threads, and a ring of reused buffers between them: constant memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

CHUNK = 1 << 20  # bytes; measured: a megabyte stays in the L2 cache between read and hash
DEPTH = 8  # buffers; measured with bench/disk_primitives.py: more only leave the cache

Consumer = Callable[[memoryview], None]


class _Ring:
    """The buffers, and how many consumers still look at each."""

    def __init__(self, consumers: int, *, chunk: int, depth: int) -> None:
        self.buffers = [memoryview(bytearray(chunk)) for _ in range(depth)]
        self.free: SimpleQueue[int] = SimpleQueue()
        for slot in range(depth):
            self.free.put(slot)
        self._readers = [0] * depth
        self._consumers = consumers
        self._lock = threading.Lock()

    def lend(self, slot: int) -> None:
        self._readers[slot] = self._consumers

    def give_back(self, slot: int) -> None:
        with self._lock:
            self._readers[slot] -= 1
            idle = not self._readers[slot]
        if idle:
            self.free.put(slot)


class _Worker(threading.Thread):
    """Feeds one consumer; after a failure it only gives buffers back, so that nobody waits forever."""

    def __init__(self, consume: Consumer, ring: _Ring, stop: threading.Event) -> None:
        super().__init__(name="release-tasks-ring", daemon=True)
        self.inbox: SimpleQueue[tuple[int, int] | None] = SimpleQueue()
        self.error: BaseException | None = None
        self._consume = consume
        self._ring = ring
        self._halt = stop

    def run(self) -> None:
        while (item := self.inbox.get()) is not None:
            slot, count = item
            if not self._halt.is_set():
                try:
                    self._consume(self._ring.buffers[slot][:count])
                except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
                    self.error = error
                    self._halt.set()
            self._ring.give_back(slot)


def pump(
    read: Callable[[memoryview], int],
    here: Consumer,
    beside: Sequence[Consumer] = (),
    *,
    chunk: int = CHUNK,
    depth: int = DEPTH,
) -> int:
    """Call `read` until it returns 0, hand what it filled to all consumers in order; returns the bytes read.

    `here` runs in the calling thread right after the read (the buffer is still in the cache), each of
    `beside` in a thread of its own. The first error of any of them stops the rest and is raised here.
    """
    if not beside:
        return _pump_alone(read, here, chunk)
    stop = threading.Event()
    ring = _Ring(len(beside) + 1, chunk=chunk, depth=depth)
    workers = [_Worker(consume, ring, stop) for consume in beside]
    total = 0
    for worker in workers:
        worker.start()
    try:
        while not stop.is_set():
            slot = ring.free.get()
            count = read(ring.buffers[slot])
            if not count:
                break
            total += count
            ring.lend(slot)
            for worker in workers:
                worker.inbox.put((slot, count))
            here(ring.buffers[slot][:count])
            ring.give_back(slot)
    except BaseException:
        stop.set()
        raise
    finally:
        for worker in workers:
            worker.inbox.put(None)
        for worker in workers:
            worker.join()
    for worker in workers:
        if worker.error is not None:
            raise worker.error
    return total


def _pump_alone(read: Callable[[memoryview], int], here: Consumer, chunk: int) -> int:
    buffer = memoryview(bytearray(chunk))
    total = 0
    while count := read(buffer):
        here(buffer[:count])
        total += count
    return total
