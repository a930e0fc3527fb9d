from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.config.rubric import Criterion
from release_tasks.formats.judge_protocol import Judgement
from release_tasks.policy.evaluation_score import choose_samples, mean, sample_score

SAMPLES: list[Any] = [{"id": f"s{number}"} for number in range(20)]
CRITERIA = (
    Criterion(name="correct", weight=0.75, description="d"),
    Criterion(name="short", weight=0.25, description="d"),
)


@given(st.permutations(SAMPLES), st.integers(0, 25), st.integers(0, 5))
def test_the_choice_depends_on_ids_and_seed_alone(samples: list[Any], size: int, seed: int) -> None:
    chosen = choose_samples(samples, size=size, seed=seed)
    assert chosen == choose_samples(SAMPLES, size=size, seed=seed)
    assert len(chosen) == min(size, len(SAMPLES))
    assert [item["id"] for item in chosen] == sorted(item["id"] for item in chosen)


def test_another_seed_chooses_others() -> None:
    choices = {tuple(item["id"] for item in choose_samples(SAMPLES, size=5, seed=seed)) for seed in range(8)}
    assert len(choices) == 8


def test_a_sample_that_is_added_moves_at_most_one_out() -> None:
    before = {item["id"] for item in choose_samples(SAMPLES, size=5, seed=1)}
    for number in range(50):
        after = {item["id"] for item in choose_samples([*SAMPLES, {"id": f"new{number}"}], size=5, seed=1)}
        assert len(before - after) <= 1


@pytest.mark.parametrize(
    ("judgement", "score"),
    [
        (Judgement(sample="a", scores=(("correct", 1.0), ("short", 0.0))), 0.75),
        (Judgement(sample="a", scores=(("correct", 1.0), ("short", 1.0))), 1.0),
        (Judgement(sample="a", problem="no answer"), 0.0),
    ],
)
def test_k24_a_failed_judgement_counts_as_zero(judgement: Judgement, score: float) -> None:
    assert sample_score(judgement, CRITERIA) == score


def test_the_mean_of_nothing_is_zero() -> None:
    assert (mean([]), mean([1.0, 0.0, 0.0, 1.0])) == (0.0, 0.5)
