"""The logits command of the bundled model keeps the protocol, for both formats."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from release_tasks.formats.logits_protocol import (
    Answer,
    GreedyAnswer,
    GreedyRequest,
    Request,
    ScoreAnswer,
    ScoreRequest,
    dump_requests,
    parse_answers,
)
from release_tasks.formats.prompts import parse_prompts

CODER = Path(__file__).resolve().parents[2] / "examples" / "tinycoder"
sys.path.insert(0, str(CODER))

from model import Config, init  # noqa: E402
from records import read_records  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402

CONFIG = Config(vocab_size=270, width=32, layers=1, heads=2, hidden=64, context=48)
GREEDY = GreedyRequest(prompt="the fox", steps=6, seed=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("model")
    save_file(init(CONFIG, 11), found / "model.safetensors", metadata={"format": "np"})
    (found / "config.json").write_bytes(CONFIG.dump())
    texts = ["the quick brown fox " * 3 + "jumps over the lazy dog"]
    Tokenizer.train(texts, 270).save(found / "tokenizer.json")
    command = [sys.executable, str(CODER / "export_gguf.py"), "--model", "model.safetensors"]
    command += ["--config", "config.json", "--tokenizer", "tokenizer.json", "--type", "F32"]
    subprocess.run(
        [*command, "--version", "1.2.3", "--out", "f32.gguf"], cwd=found, check=True, capture_output=True
    )
    return found


def ask(folder: Path, model: str, *requests: Request) -> tuple[Answer, ...]:
    command = [sys.executable, str(CODER / "logits.py"), "--model", model]
    done = subprocess.run(
        [*command, "--config", "config.json", "--tokenizer", "tokenizer.json"],
        cwd=folder,
        input=dump_requests(requests),
        capture_output=True,
        check=True,
    )
    return parse_answers(done.stdout, requests)


def test_both_formats_give_the_same_answers_and_score_as_they_chose(folder: Path) -> None:
    (path,) = ask(folder, "model.safetensors", GREEDY)
    assert isinstance(path, GreedyAnswer)
    assert path.tokens[0] == 0  # END stands for the BOS that the model has not
    request = ScoreRequest(tokens=path.tokens, start=path.prompt_tokens)
    again, score = ask(folder, "model.safetensors", GREEDY, request)
    assert again == path
    assert isinstance(score, ScoreAnswer)
    assert score.nll[-6:] == pytest.approx(path.nll, abs=1e-5)
    assert [top[0][0] for top in score.top] == list(path.tokens[-6:])
    assert ask(folder, "f32.gguf", request) == (score,)


def test_an_answer_depends_on_its_request_alone(folder: Path) -> None:
    other = GreedyRequest(prompt="a lazy dog", steps=4, seed=0)
    both = ask(folder, "model.safetensors", other, GREEDY)
    assert both == (
        *ask(folder, "model.safetensors", other),
        *ask(folder, "model.safetensors", GREEDY),
    )


def test_twenty_prompts_that_the_model_never_saw() -> None:
    prompts = parse_prompts((CODER / "parity_prompts.jsonl").read_bytes(), where="parity_prompts.jsonl")
    records = [
        record.prompt
        for split in ("train", "heldout")
        for record in read_records(CODER / "data/records", split)
    ]
    assert len(set(prompts)) == 20
    assert not set(prompts) & set(records)
