"""Measure compile rate and pass@k: several samples per held-out task, compiled and run against its tests."""

from __future__ import annotations

import argparse
import hashlib
import math
import random
from pathlib import Path

import numpy as np
from judge import compiles, passes
from model import Config, Params, forward, logits_of
from performance import write_report
from records import Record, question, read_records
from tokenizer import Tokenizer
from weights import read_model, read_tokenizer

LIMIT = 96  # tokens, as in generate.py


def pass_at_k(drawn: int, passed: int, k: int) -> float:
    """Estimate without bias the share of draws of k samples in which one passes: 1 - C(n-c, k) / C(n, k).

    Chen et al., Evaluating Large Language Models Trained on Code (2021), equation 1. ValueError when k
    exceeds the samples drawn, or more passed than were drawn.
    """
    if not 1 <= k <= drawn or not 0 <= passed <= drawn:
        raise ValueError(f"pass@{k} of {drawn} samples with {passed} passed")
    return 1 - math.comb(drawn - passed, k) / math.comb(drawn, k)


def draw(
    params: Params,
    config: Config,
    prompt: list[int],
    count: int,
    *,
    temperature: float,
    rng: np.random.Generator,
) -> list[list[int]]:
    """Continue a prompt `count` times side by side, each token drawn from softmax(logits / temperature).

    The draw inverts the distribution function in float64, with one uniform number per sample and position,
    whether or not the sample has ended, so that samples do not depend on each other.
    """
    cache: list[tuple[np.ndarray, np.ndarray]] = []
    tokens = np.tile(np.array(prompt), (count, 1))
    new: list[list[int]] = [[] for _ in range(count)]
    ended = np.zeros(count, bool)
    for _ in range(min(LIMIT, config.context - len(prompt))):
        states, _ = forward(params, config, tokens, cache)
        logits = logits_of(params, states[:, -1]).astype(np.float64) / temperature
        odds = np.exp(logits - logits.max(-1, keepdims=True)).cumsum(-1)
        wanted = rng.random(count) * odds[:, -1]
        chosen = np.minimum((odds <= wanted[:, None]).sum(-1), odds.shape[-1] - 1)  # the product may round up
        ended |= chosen == 0
        if ended.all():
            break
        for row in np.flatnonzero(~ended):
            new[row].append(int(chosen[row]))
        tokens = np.where(ended, 0, chosen)[:, None]
    return new


def chosen_tasks(records: list[Record], count: int | None, seed: int) -> list[Record]:
    """Return all records, or `count` that the seed picks, in their order; ValueError when there are fewer."""
    if count is None:
        return records
    if not 1 <= count <= len(records):
        raise ValueError(f"{count} tasks of {len(records)} held-out records")
    return sorted(random.Random(seed).sample(records, count))


def judge_task(
    record: Record, params: Params, config: Config, tokenizer: Tokenizer, args: argparse.Namespace
) -> tuple[int, int]:
    """Return how many of a task's samples compiled, and how many passed all tests."""
    # Each task has a generator of its own: another choice of tasks leaves its samples as they are.
    digest = hashlib.sha256(f"{args.seed}:{record.id}".encode()).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
    prompt = tokenizer.encode(question(record.prompt))
    answers = draw(params, config, prompt, args.samples, temperature=args.temperature, rng=rng)
    codes = [tokenizer.decode(answer) for answer in answers]
    judged = {code: (compiles(code), compiles(code) and passes(code, record.tests)) for code in set(codes)}
    return sum(judged[code][0] for code in codes), sum(judged[code][1] for code in codes)


def main() -> None:
    """Write the report: compile rate over all samples, pass@k averaged over tasks."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True, help=".safetensors or .gguf file")
    parser.add_argument("--config", type=Path, help="config.json, when it is not beside the weights")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True, help="picks the tasks and draws the samples")
    parser.add_argument("--tasks", type=int, help="fewer tasks than all that are held out")
    parser.add_argument("--samples", type=int, default=10, help="samples per task")
    parser.add_argument("--k", type=int, nargs="+", default=[1, 5, 10])
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--report", type=Path, required=True)
    args = parser.parse_args()
    if max(args.k) > args.samples or min(args.k) < 1:
        parser.error(f"wanted: every k from 1 to the {args.samples} samples")
    if not 0 < args.temperature < math.inf:
        parser.error("wanted: a temperature above 0")
    params, config = read_model(args.model, args.config)
    tokenizer = read_tokenizer(args.tokenizer)
    tasks = chosen_tasks(read_records(args.records, "heldout"), args.tasks, args.seed)
    counts = [judge_task(record, params, config, tokenizer, args) for record in tasks]
    metrics = {"compile_rate": [sum(compiled for compiled, _ in counts) / (len(tasks) * args.samples)]}
    for k in args.k:
        shares = [pass_at_k(args.samples, passed, k) for _, passed in counts]
        metrics[f"pass_at_{k}"] = [math.fsum(shares) / len(shares)]
    write_report(args.report, model=args.model, seed=args.seed, iterations=1, warmup=0, metrics=metrics)
    print(" ".join(f"{name} {value:.6g}" for name, (value,) in metrics.items()), f"of {len(tasks)} tasks")


if __name__ == "__main__":
    main()
