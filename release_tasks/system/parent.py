"""A worker process ends with the process that started it, however that one ended."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

_POLL_S, _START_S = 0.02, 10.0
_watching = threading.Event()


def die_with_parent() -> None:
    """Watch the process that started this one, and end at once, without cleaning up, when it is gone.

    Works from when multiprocessing unpickles a worker's task, before it tells the worker of its parent; in a
    process that it did not start, and at the second call, nothing comes of it. After a kill -9 of the parent
    nobody holds the lock of its run any more: work that went on would meet that of the next run.
    """
    if not _watching.is_set():
        _watching.set()
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    end = time.monotonic() + _START_S
    while (parent := multiprocessing.parent_process()) is None:
        if time.monotonic() > end:
            return
        time.sleep(_POLL_S)
    parent.join()
    os._exit(1)
