"""What one run of a benchmark of our own format measured, and of what, with what and where (B7, B22)."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen

# Unit and better direction of the metrics of speed; a report has all of them or none.
SPEED = {
    "throughput_tps": ("tokens/s", "higher"),
    "first_token_ms": ("ms", "lower"),
    "latency_ms_per_token": ("ms", "lower"),
    "rss_mb": ("MB", "lower"),
    "load_ms": ("ms", "lower"),
}


@frozen
class Performance:
    """A performance report.

    `date` is when it was measured (RFC 3339 with offset). `git_commit` is 40 hex digits; it and `git_dirty`
    are None together, where the command could not see a repository. `model_hash` is `sha256:<hex>` of the
    file measured, `format` that file's, `cli_args` the command that measured it. `metrics` are sorted by
    name, each with one sample per iteration or one for all of them. `threads` are those that the measured
    library used. `cpu` (the processor's name) and `versions` (of libraries, sorted) may be missing.
    """

    date: str
    platform: str
    wsl2: bool
    git_commit: str | None
    git_dirty: bool | None
    model_id: str
    model_hash: str
    format: str
    cli_args: tuple[str, ...]
    iterations: int
    warmup: int
    metrics: tuple[tuple[str, tuple[float, ...]], ...]
    deterministic: bool
    seed: int | None
    cpu_count: int
    threads: int
    cpu: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    mock: bool = False
