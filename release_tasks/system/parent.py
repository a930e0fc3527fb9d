"""A worker process ends with the process that started it, however that one ended."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.process import BaseProcess

_watching = threading.Event()


def die_with_parent() -> None:
    """Watch the process that started this one, and end at once, without cleaning up, when it is gone.

    In a process that multiprocessing did not start, and at the second call, it does nothing. After a kill -9
    of the parent nobody holds the lock of its run any more: work that went on would meet that of the next.
    """
    parent = multiprocessing.parent_process()
    if parent is None or _watching.is_set():
        return
    _watching.set()
    threading.Thread(target=_end_after, args=(parent,), name="parent", daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
