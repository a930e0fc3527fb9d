"""Write what was measured as a performance report (docs/reference/benchmarks.md), without release_tasks."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import statistics
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


def summary(samples: list[float]) -> dict[str, Any]:
    """Return samples with their statistics; p95 is linear between ranks (Hyndman and Fan 1996, 7)."""
    ranked = sorted(samples)
    rank = 0.95 * (len(ranked) - 1)
    low, high = ranked[int(rank)], ranked[min(int(rank) + 1, len(ranked) - 1)]
    return {
        "median": statistics.median(ranked),
        "p95": low + (high - low) * (rank - int(rank)),
        "min": ranked[0],
        "max": ranked[-1],
        "stddev": statistics.stdev(ranked) if len(ranked) > 1 else 0.0,
        "samples": samples,
    }


def processor() -> str | None:
    """Return the name of the processor where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def threads() -> int:
    """Return how many threads numpy's BLAS uses, at least one."""
    import threadpoolctl  # noqa: PLC0415 - after numpy, whose libraries it looks for

    return max([int(pool["num_threads"]) for pool in threadpoolctl.threadpool_info()], default=1)


def write_report(
    path: Path,
    *,
    model: Path,
    seed: int,
    iterations: int,
    warmup: int,
    metrics: dict[str, list[float]],
) -> None:
    """Write the report on one model file; a sandbox has no repository, so the commit is null."""
    cpu = processor()
    report = {
        "schema_version": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "platform": platform.platform(),
        "wsl2": "microsoft" in platform.release().casefold(),
        "git_commit": None,
        "git_dirty": None,
        "model_id": "tinycoder",
        "model_hash": "sha256:" + hashlib.sha256(model.read_bytes()).hexdigest(),
        "format": model.suffix.removeprefix("."),
        "cli_args": ["python", *sys.argv],
        "iterations": iterations,
        "warmup": warmup,
        "metrics": {name: summary(samples) for name, samples in metrics.items()},
        "environment": {
            "deterministic": True,
            "seed": seed,
            "cpu_count": os.cpu_count() or 1,
            "threads": threads(),
            **({} if cpu is None else {"cpu": cpu}),
            "versions": {"numpy": version("numpy"), "python": platform.python_version()},
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((json.dumps(report, sort_keys=True, separators=(",", ":")) + "\n").encode())
