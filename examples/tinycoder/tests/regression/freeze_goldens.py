"""Write what the built model answers now as goldens.json, which the regression tests hold later models to.

    python examples/tinycoder/tests/regression/freeze_goldens.py

Run it after a training that was meant to change the model, read the difference, and commit it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
CODER = HERE.parents[1]
BUILD = CODER.parents[1] / "build" / "tinycoder"
GOLDENS = HERE / "goldens.json"
sys.path.insert(0, str(CODER))

from generate import LIMIT
from judge import passes
from model import Config, Params, forward, generate, logits_of
from records import question, read_records
from tokenizer import Tokenizer
from weights import read_model, read_tokenizer

EVERY = 17  # of the held-out records, sorted by file name
TOP = 5


def weights_digest() -> str:
    """Return the SHA-256 of the built weights."""
    return hashlib.sha256((BUILD / "model.safetensors").read_bytes()).hexdigest()


def answer(params: Params, config: Config, tokenizer: Tokenizer, prompt: str) -> dict[str, Any]:
    """Return the ids of a prompt, the highest logits after it, and the ids that are written then."""
    ids = tokenizer.encode(question(prompt))
    states, _ = forward(params, config, np.array([ids]))
    logits = logits_of(params, states[0, -1])
    best = np.argsort(-logits, kind="stable")[:TOP]
    return {
        "prompt_ids": ids,
        "top": [[int(i), round(float(logits[i]), 4)] for i in best],
        "ids": generate(params, config, ids, LIMIT),
    }


def main() -> None:
    """Ask the model every prompt and write the answers to goldens.json; takes no argument."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    params, config = read_model(BUILD)
    tokenizer = read_tokenizer(BUILD)
    records = read_records(CODER / "data" / "records", "heldout")[::EVERY]
    rows = []
    for record in records:
        found = answer(params, config, tokenizer, record.prompt)
        right = passes(tokenizer.decode(found["ids"]), record.tests)
        rows.append(
            {"id": record.id, "prompt": record.prompt, "tests": record.tests, "right": right, **found}
        )
    content = {"schema_version": 1, "weights": weights_digest(), "answers": rows}
    GOLDENS.write_bytes((json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
    print(f"{len(rows)} answers, {sum(row['right'] for row in rows)} of them right, in {GOLDENS.name}")


if __name__ == "__main__":
    main()
