"""Every format of benchmark reports, by the name that release.toml has for it."""

from __future__ import annotations

from typing import Protocol

from release_tasks.formats.asv_json import parse_asv
from release_tasks.formats.hyperfine_json import parse_hyperfine
from release_tasks.formats.lm_eval_json import parse_lm_eval
from release_tasks.formats.performance_json import parse_performance
from release_tasks.formats.pytest_benchmark_json import parse_pytest_benchmark
from release_tasks.records.benchmark_report import Report


class Parse(Protocol):
    """Bytes of a report to what it says; `where` names them in errors. Raises FormatError."""

    def __call__(self, data: bytes, *, where: str) -> Report:
        """Read one report."""
        ...


REPORTS: dict[str, Parse] = {
    "performance": parse_performance,
    "pytest-benchmark": parse_pytest_benchmark,
    "hyperfine": parse_hyperfine,
    "asv": parse_asv,
    "lm-eval": parse_lm_eval,
}
