"""What a timing depends on besides the code: the processor, its number of cores, the system."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path


@functools.cache
def machine_facts() -> tuple[tuple[str, str], ...]:
    """Facts of this machine that must be alike for two timings to be compared, sorted by name."""
    return (
        ("cpu", _processor()),
        ("cpu_count", str(os.cpu_count())),
        ("system", f"{platform.system()} {platform.machine()}"),
    )


def _processor() -> str:
    """The processor's name as Linux has it, elsewhere what Python knows of it."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        text = ""
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine() or "unknown"
