"""From a sentence to a function that runs, through the commands that a user has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from judge import compiles, passes
from records import Record, read_records

CODER = Path(__file__).resolve().parents[2]
PROMPT = "Write solve(xs): return the sum of the squares of the numbers in xs that are even."
HELD_OUT = read_records(CODER / "data" / "records", "heldout")[::12]


def write(script: str, *args: str) -> str:
    command = [sys.executable, str(CODER / script), *args]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def ask(build: Path, prompt: str) -> str:
    return write("generate.py", "--model", str(build), "--prompt", prompt)


@pytest.fixture(scope="module")
def answers(build: Path) -> list[tuple[Record, str]]:
    return [(record, ask(build, record.prompt)) for record in HELD_OUT]


@pytest.mark.structural
def test_the_same_sentence_gives_the_same_code_again(build: Path) -> None:
    first = ask(build, PROMPT)
    assert first == ask(build, PROMPT)
    assert first.strip()


@pytest.mark.structural
def test_a_laid_out_release_answers(build: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        shutil.copy(build / name, tmp_path)
    code = write("smoke.py", str(tmp_path))
    assert compiles(code)
    assert code == ask(build, PROMPT)


@pytest.mark.structural
def test_the_judge_tells_a_solution_from_a_wrong_one() -> None:
    for record in HELD_OUT:
        assert passes(record.solution, record.tests)
        assert not passes("def solve(*_args):\n    return object()\n", record.tests)


@pytest.mark.structural
def test_most_answers_to_unseen_sentences_compile(answers: list[tuple[Record, str]]) -> None:
    assert sum(compiles(code) for _, code in answers) > len(answers) / 2


@pytest.mark.heuristic
def test_half_of_the_answers_to_unseen_sentences_are_right(answers: list[tuple[Record, str]]) -> None:
    assert sum(passes(code, record.tests) for record, code in answers) >= len(answers) / 2


@pytest.mark.heuristic
def test_answers_are_as_different_as_their_questions(answers: list[tuple[Record, str]]) -> None:
    assert len({code for _, code in answers}) >= 0.9 * len(answers)


@pytest.mark.heuristic
def test_answers_are_about_as_long_as_the_solutions(answers: list[tuple[Record, str]]) -> None:
    written, wanted = (
        sum(map(len, texts)) for texts in zip(*((c, r.solution) for r, c in answers), strict=True)
    )
    assert 0.5 < written / wanted < 2
