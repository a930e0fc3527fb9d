"""The bundled model's benchmarks write reports that release_tasks reads, for every file of the model."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from release_tasks.formats.performance_json import parse_performance, read_performance
from release_tasks.records.performance import SPEED, Performance

CODER = Path(__file__).resolve().parents[2] / "examples" / "tinycoder"
sys.path.insert(0, str(CODER))

from bench_quality import chosen_tasks, draw, pass_at_k  # noqa: E402
from model import Config, Params, forward, generate, init, logits_of  # noqa: E402
from records import Record  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402

CONFIG = Config(vocab_size=270, width=32, layers=1, heads=2, hidden=64, context=64)
FILES = ("model.safetensors", "F32.gguf", "Q8_0.gguf")


def script(folder: Path, name: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CODER / name), *flags]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("model")
    save_file(init(CONFIG, 11), found / "model.safetensors", metadata={"format": "np"})
    (found / "config.json").write_bytes(CONFIG.dump())
    Tokenizer.train(["def solve(x): return x " * 3], 270).save(found / "tokenizer.json")
    (found / "records").mkdir()
    for number in range(3):
        record = {
            "id": f"r{number}",
            "split": "heldout",
            "prompt": f"add {number}",
            "solution": "x",
            "tests": ["assert 1"],
        }
        (found / "records" / f"{number}.json").write_text(json.dumps(record))
    for kind in ("F32", "Q8_0"):
        flags = ("--model", "model.safetensors", "--config", "config.json", "--tokenizer", "tokenizer.json")
        done = script(
            found, "export_gguf.py", *flags, "--type", kind, "--version", "1.0.0", "--out", f"{kind}.gguf"
        )
        assert done.returncode == 0, done.stderr
    return found


def report_of(folder: Path, name: str, *flags: str) -> Performance:
    common = ("--tokenizer", "tokenizer.json", "--records", "records", "--report", "out/report.json")
    done = script(folder, name, *common, *flags)
    assert done.returncode == 0, done.stderr
    data = (folder / "out" / "report.json").read_bytes()
    assert data.count(b"\n") == 1
    return read_performance(data, where="report.json")


@pytest.mark.parametrize("file", FILES)
def test_b7_speed_of_each_format_is_measured_and_named(folder: Path, file: str) -> None:
    """B7: model_hash is of the file measured, cli_args of the command measured, medians are medians."""
    flags = ("--model", file, "--iterations", "3", "--warmup", "1", "--tokens", "4", "--seed", "7")
    report = report_of(folder, "bench_speed.py", *flags)
    assert [(name, len(samples)) for name, samples in report.metrics] == [(name, 3) for name in sorted(SPEED)]
    assert report.model_hash == "sha256:" + hashlib.sha256((folder / file).read_bytes()).hexdigest()
    assert report.format == Path(file).suffix[1:]
    assert report.cli_args[0] == "python"
    assert report.cli_args[-len(flags) :] == flags
    assert (report.iterations, report.warmup, report.seed) == (3, 1, 7)
    assert (report.git_commit, report.git_dirty, report.mock) == (None, None, False)
    assert 1 < dict(report.metrics)["rss_mb"][0] < 10_000


def test_quality_is_a_function_of_the_seed(folder: Path) -> None:
    flags = ("--model", "model.safetensors", "--samples", "3", "--k", "1", "3", "--seed", "7")
    first, second = (report_of(folder, "bench_quality.py", *flags) for _ in range(2))
    assert first.metrics == second.metrics
    assert [name for name, _ in first.metrics] == ["compile_rate", "pass_at_1", "pass_at_3"]
    data = (folder / "out" / "report.json").read_bytes()
    assert {(m.unit, m.direction) for m in parse_performance(data, where="f").metrics} == {("1", "higher")}


@pytest.mark.parametrize(
    ("name", "flags", "message"),
    [
        (
            "bench_quality.py",
            ("--samples", "4", "--k", "1", "5"),
            "error: wanted: every k from 1 to the 4 samples",
        ),
        ("bench_quality.py", ("--temperature", "0"), "error: wanted: a temperature above 0"),
        (
            "bench_speed.py",
            ("--tokens", "1"),
            "error: wanted: iterations from 1, warm-up from 0, tokens from 2",
        ),
        ("bench_speed.py", ("--tokens", "64"), "bench_speed: no held-out prompt leaves room for 64 tokens"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_nothing_written(
    folder: Path, name: str, flags: tuple[str, ...], message: str
) -> None:
    common = ("--model", "model.safetensors", "--tokenizer", "tokenizer.json", "--records", "records")
    done = script(folder, name, *common, "--seed", "1", "--report", "refused.json", *flags)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].endswith(message)
    assert not (folder / "refused.json").exists()


@pytest.mark.parametrize(("drawn", "passed"), [(5, passed) for passed in range(6)])
def test_pass_at_k_is_the_share_of_draws_with_a_pass(drawn: int, passed: int) -> None:
    """Counted over all draws of k from n, as equation 1 of Chen et al. (2021) has it."""
    outcomes = [number < passed for number in range(drawn)]
    for k in range(1, drawn + 1):
        draws = [any(found) for found in itertools.combinations(outcomes, k)]
        assert pass_at_k(drawn, passed, k) == pytest.approx(sum(draws) / len(draws))


@pytest.mark.parametrize(("drawn", "passed", "k"), [(5, 1, 6), (5, 1, 0), (5, 6, 1), (5, -1, 1)])
def test_pass_at_k_of_more_than_was_drawn_is_refused(drawn: int, passed: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"pass@{k} of {drawn} samples with {passed} passed"):
        pass_at_k(drawn, passed, k)


def drawn_by(params: Params, seed: int, *, count: int, temperature: float) -> list[list[int]]:
    rng = np.random.Generator(np.random.PCG64(seed))
    return draw(params, CONFIG, [5, 6, 7], count, temperature=temperature, rng=rng)


def test_samples_follow_seed_and_temperature() -> None:
    params = init(CONFIG, 11)
    warm = drawn_by(params, 1, count=4, temperature=1.0)
    assert warm == drawn_by(params, 1, count=4, temperature=1.0)
    assert warm != drawn_by(params, 2, count=4, temperature=1.0)
    assert len({tuple(sample) for sample in warm}) > 1
    greedy = generate(params, CONFIG, [5, 6, 7], 96)
    assert drawn_by(params, 1, count=2, temperature=1e-6) == [greedy, greedy]


def test_first_tokens_are_drawn_from_the_softmax() -> None:
    """Frequencies of 4000 draws lie within five standard errors of the probabilities."""
    params = {
        name: value * (3 if name == "token_embd.weight" else 1) for name, value in init(CONFIG, 3).items()
    }
    short = Config(vocab_size=270, width=32, layers=1, heads=2, hidden=64, context=4)
    rng = np.random.Generator(np.random.PCG64(1))
    first = [(sample or [0])[0] for sample in draw(params, short, [5, 6, 7], 4000, temperature=0.5, rng=rng)]
    logits = (
        logits_of(params, forward(params, short, np.array([[5, 6, 7]]))[0][0, -1]).astype(np.float64) / 0.5
    )
    odds = np.exp(logits - logits.max())
    odds /= odds.sum()
    found = np.bincount(first, minlength=270) / 4000
    assert (np.abs(found - odds) <= 5 * np.sqrt(odds * (1 - odds) / 4000) + 1e-3).all()
    assert odds.max() > 0.02


def test_tasks_are_all_or_those_that_the_seed_picks() -> None:
    records = [Record(f"r{number}", "heldout", "p", "s", ()) for number in range(9)]
    assert chosen_tasks(records, None, 1) == records
    some = chosen_tasks(records, 4, 1)
    assert some == chosen_tasks(records, 4, 1) == sorted(some)
    assert len(set(some)) == 4
    with pytest.raises(ValueError, match="10 tasks of 9 held-out records"):
        chosen_tasks(records, 10, 1)
