"""How every benchmark measures: cases take turns in random order, ratios are formed within one run.

Nothing here asserts: a ratio that misses its limit is printed as `NO` and written down like any other.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"
QUIET = 1.2  # load average below which a measurement is worth writing down
_SEED = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run: wall seconds, peak RSS in MB (10^6 bytes) of its process and children, CPU seconds."""

    seconds: float
    rss_mb: float | None = None
    cpu: float | None = None


Case = Callable[[], Run]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """Ours over the peer's, from medians and from the fastest runs; `limit` None: given for comparison."""

    name: str
    value: float
    fastest: float
    limit: float | None
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the ratio of medians keeps its limit, None where there is none."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(kw_only=True)
class Bench:
    """What one benchmark found, on its way to the table and to the result file."""

    name: str
    rounds: int
    warmup: int
    cli_args: list[str]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    rss_mb: dict[str, list[float]] = field(default_factory=dict)
    ratios: list[Ratio] = field(default_factory=list)
    peers: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    load_before: tuple[float, ...] = ()

    def measure(
        self, cases: Mapping[str, Case], *, rounds: int | None = None, warmup: int | None = None
    ) -> None:
        """Run all cases once per round, in an order drawn anew for each round; the first rounds count not."""
        order = random.Random(_SEED)
        warm = self.warmup if warmup is None else warmup
        for turn in range((rounds or self.rounds) + warm):
            for name in order.sample(sorted(cases), len(cases)):
                run = cases[name]()
                if turn < warm:
                    continue
                self.seconds.setdefault(name, []).append(run.seconds)
                if run.rss_mb is not None:
                    self.rss_mb.setdefault(name, []).append(run.rss_mb)
                if run.cpu is not None:
                    self.seconds.setdefault(f"{name}, CPU", []).append(run.cpu)

    def median(self, name: str) -> float:
        """Median seconds of a case."""
        return statistics.median(self.seconds[name])

    def compare(
        self,
        name: str,
        ours: str,
        limit: Callable[[Callable[[str], float]], float],
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        inverse: bool = False,
    ) -> None:
        """Add the ratio of `ours` to `limit`, which is given the median (or fastest) seconds of any case.

        With `inverse`, and with `at_least`, it is how many times faster ours is.
        """
        fastest = {case: min(samples) for case, samples in self.seconds.items()}
        value, best = self.median(ours) / limit(self.median), fastest[ours] / limit(fastest.__getitem__)
        if inverse or at_least is not None:
            value, best = 1 / value, 1 / best
        self.ratios.append(
            Ratio(
                name=name,
                value=value,
                fastest=best,
                limit=at_most if at_least is None else at_least,
                at_least=inverse or at_least is not None,
            )
        )

    def rate(self, name: str, value: float, *, at_most: float) -> None:
        """Add a plain figure with its limit, such as a peak RSS in MB."""
        self.ratios.append(Ratio(name=name, value=value, fastest=value, limit=at_most))


def stats(samples: Sequence[float]) -> dict[str, Any]:
    """Median, p95 (nearest rank), min, max, standard deviation and the samples, rounded to 1 µs."""
    ordered = sorted(samples)
    rank = max(0, -(-95 * len(ordered) // 100) - 1)
    figures = {
        "median": statistics.median(ordered),
        "p95": ordered[rank],
        "min": ordered[0],
        "max": ordered[-1],
        "stddev": statistics.stdev(ordered) if len(ordered) > 1 else 0.0,
    }
    return {name: round(value, 6) for name, value in figures.items()} | {
        "samples": [round(sample, 6) for sample in samples]
    }


def child_env(**more: str) -> dict[str, str]:
    """The surrounding environment with byte-code caching on, as it is for users, and `more` variables."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return env | more


def run_child(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    says: str = "",
    reports_seconds: bool = False,
) -> Run:
    """Run a command to its end; wall seconds from start to exit, peak RSS of it and its children by wait4.

    With `reports_seconds` the last line of its output is the seconds to count instead (start-up left out).
    Raises AssertionError when it fails, or does not print `says`: then it did not do what is measured.
    """
    run, said = run_and_read(argv, cwd=cwd, env=env)
    if says not in said:
        raise AssertionError(f"{' '.join(argv)} did not say {says!r}:\n{said[-2000:]}")
    return Run(seconds=float(said.split()[-1]), rss_mb=run.rss_mb) if reports_seconds else run


def run_and_read(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> tuple[Run, str]:
    """`run_child`, and what the command printed."""
    with tempfile.TemporaryFile() as kept:
        began = time.perf_counter()
        child = subprocess.Popen(
            argv, cwd=cwd, env=dict(env or child_env()), stdin=subprocess.DEVNULL, stdout=kept, stderr=kept
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        kept.seek(0)
        said = kept.read().decode("utf-8", "replace")
    if child.returncode:
        raise AssertionError(f"{' '.join(argv)} exited with {child.returncode}:\n{said[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(seconds=seconds, rss_mb=usage.ru_maxrss * scale / 1e6), said


def timed(work: Callable[[], object]) -> Case:
    """A case that is a call in this process."""

    def case() -> Run:
        began = time.perf_counter()
        work()
        return Run(seconds=time.perf_counter() - began)

    return case


def script(name: str) -> str:
    """Path of a console script of the running environment."""
    return str(Path(sys.executable).parent / name)


def peer(bench: Bench, name: str, *version: str) -> str | None:
    """Find another tool: the program that BENCH_<NAME> names, else the one on PATH; records its version."""
    program = os.environ.get(f"BENCH_{name.upper()}") or shutil.which(name)
    if program is None:
        bench.peers[name] = {"version": "not installed: not measured"}
        bench.notes.append(f"{name} is not installed (set BENCH_{name.upper()} to its program)")
        return None
    asked = subprocess.run(
        [program, *(version or ("--version",))], capture_output=True, text=True, check=False
    )
    said = (asked.stdout or asked.stderr).strip().splitlines()
    bench.peers[name] = {"version": said[0] if said else "unknown"}
    return program


def command_text(argv: Sequence[str]) -> str:
    """A command as one line without machine paths: absolute paths keep their last part."""
    return " ".join(Path(word).name if word.startswith("/") else word for word in argv)


@contextmanager
def scratch(folder: Path | None) -> Iterator[Path]:
    """A folder that is gone afterwards, on the disk that is to be measured."""
    with tempfile.TemporaryDirectory(prefix="release-bench-", dir=folder) as path:
        yield Path(path).resolve()


def wait_for_quiet(seconds: float) -> tuple[float, ...]:
    """Wait until the load average of the last minute is below QUIET, `seconds` at the most; returns it."""
    until = time.monotonic() + seconds
    while os.getloadavg()[0] >= QUIET and time.monotonic() < until:
        time.sleep(5)
    return tuple(round(value, 2) for value in os.getloadavg())


def main(
    name: str,
    run: Callable[[Bench, argparse.Namespace, Path], None],
    *,
    rounds: int,
    small_rounds: int = 2,
    warmup: int = 1,
    options: Callable[[argparse.ArgumentParser], None] | None = None,
    argv: Sequence[str] | None = None,
) -> Bench:
    """Parse the common options, run one benchmark in a scratch folder, print its table, write its result."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog=f"bench/{name}.py", description=f"Benchmark {name}; see bench/README.md."
    )
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes; writes no result")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for a quiet machine")
    parser.add_argument("--folder", type=Path, default=None, help="where large files go")
    parser.add_argument("--out", type=Path, default=None, help="result file; default bench/results")
    if options is not None:
        options(parser)
    asked = parser.parse_args(arguments)
    bench = Bench(
        name=name,
        rounds=asked.rounds or (small_rounds if asked.small else rounds),
        warmup=warmup,
        cli_args=_without_paths(arguments),
    )
    bench.load_before = wait_for_quiet(asked.wait)
    with scratch(asked.folder) as folder:
        run(bench, asked, folder)
    print(table(bench), flush=True)
    if not asked.small or asked.out is not None:
        write(bench, asked.out or RESULTS / f"{name}.json")
    return bench


def _without_paths(arguments: list[str]) -> list[str]:
    kept, skip = [], False
    for word in arguments:
        if not skip and not word.startswith(("--folder", "--out")):
            kept.append(word)
        skip = word in {"--folder", "--out"}
    return kept


def table(bench: Bench) -> str:
    """The result for people: every case, every ratio, the bad ones too."""
    lines = [f"\n{bench.name}  (load before {bench.load_before[0] if bench.load_before else '?'})"]
    lines.append(f"  {'case':<46}{'median s':>10}{'min s':>10}{'p95 s':>10}{'RSS MB':>8}")
    for name, samples in bench.seconds.items():
        figures = stats(samples)
        rss = f"{max(bench.rss_mb[name]):8.0f}" if name in bench.rss_mb else f"{'':8}"
        times = "".join(f"{figures[key]:10.4f}" for key in ("median", "min", "p95"))
        lines.append(f"  {name:<46}{times}{rss}")
    lines.append(f"  {'ratio':<66}{'medians':>8}{'fastest':>9}{'limit':>9}  holds")
    for ratio in bench.ratios:
        sign = ">=" if ratio.at_least else "<="
        limit = "" if ratio.limit is None else f"{sign} {ratio.limit:g}"
        holds = {None: "", True: "yes", False: "NO"}[ratio.holds]
        lines.append(f"  {ratio.name:<66}{ratio.value:8.2f}{ratio.fastest:9.2f}{limit:>9}  {holds}")
    lines += [f"  note: {note}" for note in bench.notes]
    return "\n".join(lines)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def result(bench: Bench) -> dict[str, Any]:
    """The result in the keys of our performance JSON; what has no meaning here is null."""
    metrics = {f"{name} [s]": stats(samples) for name, samples in bench.seconds.items()}
    metrics |= {f"{name} [MB]": stats(samples) for name, samples in bench.rss_mb.items()}
    return {
        "schema_version": 1,
        "name": bench.name,
        "platform": platform.platform(),
        "wsl2": "microsoft" in platform.release().lower(),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "git_commit": _git("rev-parse", "HEAD") or None,
        "git_dirty": bool(
            _git("status", "--porcelain", "--untracked-files=no", "--", "release_tasks", "bench/*.py")
        ),
        "model_id": None,
        "model_hash": None,
        "cli_args": bench.cli_args,
        "format": None,
        "iterations": bench.rounds,
        "warmup": bench.warmup,
        "metrics": metrics,
        "ratios": {
            ratio.name: {
                "value": round(ratio.value, 4),
                "fastest": round(ratio.fastest, 4),
                "limit": ratio.limit,
                "sense": "at least" if ratio.at_least else "at most",
                "holds": ratio.holds,
            }
            for ratio in bench.ratios
        },
        "peers": bench.peers,
        "notes": bench.notes,
        "environment": {
            "deterministic": False,
            "seed": _SEED,
            "cpu_count": os.cpu_count(),
            "threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "python": platform.python_version(),
            "load_before": list(bench.load_before),
            "load_after": [round(value, 2) for value in os.getloadavg()],
        },
    }


def write(bench: Bench, path: Path) -> None:
    """Write the result file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result(bench), indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
