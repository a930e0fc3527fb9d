"""Answer with logits: the command of [parity.*], JSON Lines in and out (docs/reference/logits-protocol.md).

The model has no token for the beginning of a text. As in GPT-2, END (id 0), which separates texts, is put
before every prompt in its place; training texts do not begin with it, but both sides of a pair see the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from model import Array, Config, Params, forward, logits_of
from records import question
from tokenizer import Tokenizer
from weights import read_model, read_tokenizer

VERSION = 1
TOP = 10
BOS = 0  # END, for want of a token of its own


def top(logits: Array) -> list[list[int | float]]:
    """Return the ten largest of logits (V,) as [id, logit], equal ones by id."""
    best = np.argsort(-logits, kind="stable")[:TOP]
    return [[int(i), float(logits[i])] for i in best]


def surprise(logits: Array, token: int) -> float:
    """Return the negative log-likelihood of a token in nats under logits (V,), summed in float64."""
    wide = logits.astype(np.float64)
    high = wide.max()
    return float(high + np.log(np.exp(wide - high).sum()) - wide[token])


def greedy(params: Params, config: Config, tokens: list[int], steps: int) -> dict[str, Any]:
    """Continue by exactly `steps` tokens; END is a token like any other."""
    cache: list[tuple[Array, Array]] = []
    path, tops, nll = list(tokens), [], []
    new = tokens
    for _ in range(steps):
        states, _ = forward(params, config, np.array([new]), cache)
        logits = logits_of(params, states[0, -1])
        tops.append(top(logits))
        new = [int(logits.argmax())]
        nll.append(surprise(logits, new[0]))
        path += new
    return {"tokens": path, "prompt_tokens": len(tokens), "top": tops, "nll": nll}


def score(params: Params, config: Config, tokens: list[int], start: int) -> dict[str, Any]:
    """Score given tokens in one pass; row i of the logits predicts token i + 1."""
    states, _ = forward(params, config, np.array([tokens[:-1]]))
    logits = logits_of(params, states[0])
    nll = [surprise(row, token) for row, token in zip(logits, tokens[1:], strict=True)]
    return {"top": [top(row) for row in logits[start - 1 :]], "nll": nll}


def answer(params: Params, config: Config, tokenizer: Tokenizer, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request; ValueError for one that this command does not know."""
    if request["version"] != VERSION:
        raise ValueError(f"version {request['version']} of the protocol is not known here")
    match request["op"]:
        case "greedy":  # the seed is for commands that draw; the largest logit is not drawn
            tokens = [BOS, *tokenizer.encode(question(request["prompt"]))]
            if len(tokens) + request["steps"] > config.context:
                raise ValueError(f"{len(tokens)} + {request['steps']} tokens exceed the context")
            return greedy(params, config, tokens, request["steps"])
        case "score":
            return score(params, config, request["tokens"], request["from"])
        case other:
            raise ValueError(f"operation {other!r} is not known here")


def main() -> None:
    """Read requests from standard input until it ends; answer each with one line, in order."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True, help=".safetensors or .gguf file")
    parser.add_argument("--config", type=Path, help="config.json, for .safetensors")
    parser.add_argument("--tokenizer", type=Path, required=True)
    args = parser.parse_args()
    params, config = read_model(args.model, args.config)
    tokenizer = read_tokenizer(args.tokenizer)
    for line in sys.stdin:
        request = json.loads(line)
        head = {"version": VERSION, "id": request["id"], "op": request["op"]}
        print(json.dumps({**head, **answer(params, config, tokenizer, request)}))


if __name__ == "__main__":
    main()
