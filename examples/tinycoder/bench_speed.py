"""Measure how fast one model file loads and writes, and how much memory it takes."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from model import Config, Params, forward, logits_of
from performance import write_report
from records import question, read_records
from weights import read_model, read_tokenizer


def timed_tokens(params: Params, config: Config, prompt: list[int], count: int) -> list[float]:
    """Write `count` tokens greedily, past END too, and return the seconds that each took."""
    cache: list[tuple[np.ndarray, np.ndarray]] = []
    taken = []
    tokens = prompt
    for _ in range(count):
        begun = perf_counter()
        states, _ = forward(params, config, np.array([tokens]), cache)
        tokens = [int(logits_of(params, states[0, -1]).argmax())]
        taken.append(perf_counter() - begun)
    return taken


def peak_megabytes() -> float:
    """Return the peak resident memory of this process in 10^6 bytes."""
    import resource  # noqa: PLC0415 - not on Windows, where memory is not measured

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # macOS counts in bytes


def prompts(args: argparse.Namespace, config: Config) -> list[list[int]]:
    """Return the ids of one prompt per iteration, warm-up first, drawn by the seed from held-out records."""
    tokenizer = read_tokenizer(args.tokenizer)
    asked = [tokenizer.encode(question(record.prompt)) for record in read_records(args.records, "heldout")]
    fitting = [ids for ids in asked if len(ids) + args.tokens <= config.context]
    if not fitting:
        raise SystemExit(f"bench_speed: no held-out prompt leaves room for {args.tokens} tokens")
    return random.Random(args.seed).choices(fitting, k=args.warmup + args.iterations)


def peak_of_a_child(args: argparse.Namespace, prompt: list[int]) -> float:
    """Return the peak memory of a process that loads this model and writes one answer, in 10^6 bytes.

    The child reads neither tokenizer nor records: they are not the model's.
    """
    command = [sys.executable, __file__, "--child", *sys.argv[1:]]
    given = json.dumps(prompt).encode()
    done = subprocess.run(command, check=True, input=given, stdout=subprocess.PIPE, timeout=args.timeout)
    return float(done.stdout)


def measure(args: argparse.Namespace) -> dict[str, list[float]]:
    """Return the samples of every metric, one per iteration."""
    found: dict[str, list[float]] = {
        name: [] for name in ("throughput_tps", "first_token_ms", "latency_ms_per_token", "rss_mb", "load_ms")
    }
    _, config = read_model(args.model, args.config)
    for number, prompt in enumerate(prompts(args, config)):
        begun = perf_counter()
        params, config = read_model(args.model, args.config)
        loaded = perf_counter() - begun
        first, *rest = timed_tokens(params, config, prompt, args.tokens)
        if number < args.warmup:
            continue
        found["load_ms"].append(loaded * 1e3)
        found["first_token_ms"].append(first * 1e3)
        found["latency_ms_per_token"].append(sum(rest) / len(rest) * 1e3)
        found["throughput_tps"].append(args.tokens / (first + sum(rest)))
        found["rss_mb"].append(peak_of_a_child(args, prompt))
    return found


def main() -> None:
    """Write the report; with --child load the model, write one answer and print the peak memory."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True, help=".safetensors or .gguf file")
    parser.add_argument("--config", type=Path, help="config.json, when it is not beside the weights")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True, help="draws the prompts")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=32, help="tokens that each iteration writes")
    parser.add_argument(
        "--timeout", type=float, default=120, help="seconds for the child that shows its memory"
    )
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.iterations < 1 or args.warmup < 0 or args.tokens < 2:
        parser.error("wanted: iterations from 1, warm-up from 0, tokens from 2")
    if args.child:
        params, config = read_model(args.model, args.config)
        timed_tokens(params, config, json.load(sys.stdin), args.tokens)
        print(peak_megabytes())
        return
    metrics = measure(args)
    write_report(
        args.report,
        model=args.model,
        seed=args.seed,
        iterations=args.iterations,
        warmup=args.warmup,
        metrics=metrics,
    )
    print(" ".join(f"{name} {np.median(samples):.6g}" for name, samples in metrics.items()))


if __name__ == "__main__":
    main()
