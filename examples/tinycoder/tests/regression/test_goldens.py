"""The model still answers as it did when its goldens were frozen.

The numbers are those of one set of weights. Other weights (a new training, another numeric profile) skip the
exact comparison, which the verdict shows as TESTS_SKIPPED with the command that freezes them anew, and are
held to being as good.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from freeze_goldens import GOLDENS, answer, weights_digest
from generate import LIMIT
from judge import passes
from model import Config, Params, generate
from tokenizer import Tokenizer

Model = tuple[Params, Config]
FROZEN = json.loads(GOLDENS.read_bytes())
ANSWERS = [pytest.param(row, id=row["id"]) for row in FROZEN["answers"]]
COMMAND = "python examples/tinycoder/tests/regression/freeze_goldens.py"
FEWER = 2  # so many right answers may be lost by other weights, of those that were right


@pytest.fixture
def same_weights() -> None:
    if weights_digest() != FROZEN["weights"]:
        pytest.skip(f"the goldens are of other weights: {COMMAND}")


@pytest.mark.structural
@pytest.mark.parametrize("row", ANSWERS)
def test_prompts_have_the_frozen_ids(tokenizer: Tokenizer, row: dict) -> None:
    assert tokenizer.encode(row["prompt"] + "\n") == row["prompt_ids"]


@pytest.mark.structural
@pytest.mark.usefixtures("same_weights")
@pytest.mark.parametrize("row", ANSWERS)
def test_the_same_weights_write_the_frozen_ids(model: Model, tokenizer: Tokenizer, row: dict) -> None:
    found = answer(*model, tokenizer, row["prompt"])
    assert found["ids"] == row["ids"]
    assert [i for i, _ in found["top"]] == [i for i, _ in row["top"]]
    assert [logit for _, logit in found["top"]] == pytest.approx([x for _, x in row["top"]], abs=1e-3)


@pytest.mark.structural
def test_any_weights_are_about_as_often_right(model: Model, tokenizer: Tokenizer) -> None:
    right = [
        passes(tokenizer.decode(generate(*model, row["prompt_ids"], LIMIT)), tuple(row["tests"]))
        for row in FROZEN["answers"]
    ]
    assert sum(right) >= sum(row["right"] for row in FROZEN["answers"]) - FEWER


@pytest.mark.heuristic
@pytest.mark.parametrize("row", ANSWERS)
def test_an_answer_has_about_its_frozen_length(model: Model, row: dict) -> None:
    assert abs(len(generate(*model, row["prompt_ids"], LIMIT)) - len(row["ids"])) <= 10
