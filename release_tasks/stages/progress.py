"""How far a step is, in words for the live display: bytes done, bytes to do, rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_EVERY_S = 0.2
_UNITS = ("B", "kB", "MB", "GB", "TB")


def human_bytes(count: float) -> str:
    """Write a number of bytes with a decimal unit, as disks are sold: `1.5 GB`."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


class ByteProgress:
    """Adds up bytes from any number of threads and reports at most five times a second."""

    def __init__(self, report: Callable[[str], None], *, what: str, total: int) -> None:
        self._report = report
        self._what = what
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._said = 0.0
        self._lock = threading.Lock()

    def __call__(self, count: int) -> None:
        """Count bytes that are done."""
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now - self._said < _EVERY_S:
                return
            self._said = now
            done = self._done
        rate = done / max(now - self._began, 1e-6)
        text = f"{self._what}: {human_bytes(done)} of {human_bytes(self._total)}, {human_bytes(rate)}/s"
        self._report(text)
