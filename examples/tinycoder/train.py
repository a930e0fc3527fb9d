"""Train the model with Adam and keep the checkpoint that validates best."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from model import Array, Config, Params, forward, init, logits_of, loss_and_grads
from records import Record, question, read_records
from safetensors.numpy import save
from tokenizer import Tokenizer

METRIC, DIRECTION = "validation_exact_match", "higher"  # share of records whose solution is predicted whole
VALIDATION_EVERY_NTH = 10  # of the training split, in file order; held-out records are never looked at


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """Ids of one record, and where its solution begins."""

    ids: list[int]
    start: int


def example(record: Record, tokenizer: Tokenizer) -> Example:
    """Return prompt, solution and END as ids."""
    asked = tokenizer.encode(question(record.prompt))
    return Example(ids=[*asked, *tokenizer.encode(record.solution), 0], start=len(asked))


def batch_of(examples: list[Example]) -> tuple[Array, Array]:
    """Return padded ids (B, T) and the mask (B, T-1) of the predictions that count: solution and END."""
    length = max(len(one.ids) for one in examples)
    tokens = np.zeros((len(examples), length), np.int64)
    target = np.zeros((len(examples), length - 1), bool)
    for row, one in enumerate(examples):
        tokens[row, : len(one.ids)] = one.ids
        target[row, one.start - 1 : len(one.ids) - 1] = True
    return tokens, target


def batches(examples: list[Example], size: int, rng: np.random.Generator) -> list[list[Example]]:
    """Return one epoch in random order; neighbours have like lengths, so that little is padding."""
    jitter = rng.random(len(examples)) * 8
    order = np.argsort([len(one.ids) for one in examples] + jitter, kind="stable")
    chunks = [order[at : at + size] for at in range(0, len(order), size)]
    return [[examples[i] for i in chunks[c]] for c in rng.permutation(len(chunks))]


def exact_match(params: Params, config: Config, examples: list[Example]) -> float:
    """Return the share of examples whose every solution token is the most likely one."""
    right = 0
    for at in range(0, len(examples), 16):
        tokens, target = batch_of(examples[at : at + 16])
        states, _ = forward(params, config, tokens[:, :-1])
        right += int(((logits_of(params, states).argmax(-1) == tokens[:, 1:]) | ~target).all(-1).sum())
    return right / len(examples)


class Adam:
    """Adam (Kingma & Ba 2015) with clipping to a gradient norm of 1 and decoupled weight decay."""

    def __init__(self, params: Params, decay: float) -> None:
        self.decay = decay
        self.means = {name: np.zeros_like(value) for name, value in params.items()}
        self.squares = {name: np.zeros_like(value) for name, value in params.items()}
        self.steps = 0

    def step(self, params: Params, grads: Params, rate: float) -> None:
        """Change `params` in place."""
        self.steps += 1
        norm = float(np.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in grads.values())))
        clip = np.float32(min(1.0, 1.0 / (norm + 1e-6)))
        rate32 = np.float32(rate * (1 - 0.98**self.steps) ** 0.5 / (1 - 0.9**self.steps))
        for name in params:
            value, grad = params[name], grads[name] * clip
            mean, square = self.means[name], self.squares[name]
            mean += np.float32(0.1) * (grad - mean)
            square += np.float32(0.02) * (grad * grad - square)
            if value.ndim > 1:
                value *= np.float32(1 - rate * self.decay)
            value -= rate32 * mean / (np.sqrt(square) + np.float32(1e-8))


def weights_file(params: Params) -> bytes:
    """Return the bytes of model.safetensors.

    safetensors 0.8.0 writes several metadata keys in random order, and takes every array for C order.
    """
    tensors = {name: np.ascontiguousarray(value) for name, value in params.items()}
    return save(tensors, metadata={"format": "np"})


def train(config: Config, examples: list[Example], args: argparse.Namespace) -> tuple[Params, dict[str, Any]]:
    """Return the chosen weights and the training record."""
    validation = examples[::VALIDATION_EVERY_NTH]
    rest = [one for i, one in enumerate(examples) if i % VALIDATION_EVERY_NTH]
    params = init(config, args.seed)
    optimiser = Adam(params, args.weight_decay)
    rng = np.random.Generator(np.random.PCG64(args.seed + 1))
    best: Params = {}
    chosen = {"step": 0, METRIC: -1.0}
    checkpoints: list[dict[str, Any]] = []
    queue: list[list[Example]] = []
    recent: list[float] = []
    for step in range(1, args.steps + 1):
        if not queue:
            queue = batches(rest, args.batch, rng)
        loss, grads = loss_and_grads(params, config, *batch_of(queue.pop()))
        recent.append(loss)
        rate = args.rate * min(1.0, step / args.warmup, 1.02 - step / args.steps)
        optimiser.step(params, grads, rate)
        if step % args.check_every == 0 or step == args.steps:
            score = exact_match(params, config, validation)
            mean = sum(recent) / len(recent)
            print(f"step {step}/{args.steps} loss {mean:.4f} {METRIC} {score:.4f}", flush=True)
            digest = hashlib.sha256(weights_file(params)).hexdigest()
            checkpoints.append(
                {"step": step, "loss": round(mean, 6), METRIC: round(score, 6), "sha256": digest}
            )
            recent.clear()
            if score > chosen[METRIC]:
                chosen = {"step": step, METRIC: round(score, 6)}
                best = {name: value.copy() for name, value in params.items()}
    settings = {name: getattr(args, name) for name in ("batch", "rate", "warmup", "weight_decay")}
    record = {"schema_version": 1, "seed": args.seed, "steps": args.steps, "settings": settings}
    record |= {"examples": len(rest), "validation_examples": len(validation), "metric": METRIC}
    return best, record | {"direction": DIRECTION, "checkpoint": chosen, "checkpoints": checkpoints}


def main() -> None:
    """Write model.safetensors, config.json and training.json."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the three files")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--warmup", type=int, default=50)
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--check-every", type=int, default=100)
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=256)
    args = parser.parse_args()
    tokenizer = Tokenizer.load(args.tokenizer)
    examples = [example(record, tokenizer) for record in read_records(args.records, "train")]
    shape = {"width": args.width, "layers": args.layers, "heads": args.heads, "hidden": args.hidden}
    config = Config(vocab_size=len(tokenizer.tokens), **shape)
    weights, record = train(config, examples, args)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.safetensors").write_bytes(weights_file(weights))
    (args.out / "config.json").write_bytes(config.dump())
    (args.out / "training.json").write_bytes((json.dumps(record, indent=2, sort_keys=True) + "\n").encode())


if __name__ == "__main__":
    main()
