from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.parity_method import (
    agreement,
    informative_wanted,
    pair_delta_nll,
    pair_tau,
    step_tau,
)

TOP = [(token, 10.0 - token) for token in range(10)]


def shifted(by: int) -> list[tuple[int, float]]:
    """The same logits for other tokens: `10 - by` of them in common with TOP."""
    return [(token + by, logit) for token, logit in TOP]


@pytest.mark.parametrize(
    ("steps", "wanted"), [(1, 1), (2, 1), (3, 1), (6, 2), (23, 7), (24, 8), (32, 8), (1000, 8)]
)
def test_informative_steps_that_are_needed(steps: int, wanted: int) -> None:
    """B6: min(8, steps // 3); a measurement without a single informative step is none."""
    assert informative_wanted(steps) == wanted


def test_steps_are_compared_on_the_tokens_in_common() -> None:
    assert step_tau(TOP, TOP) == 1.0
    assert step_tau(TOP, [(token, -logit) for token, logit in TOP]) == -1.0
    assert step_tau(TOP, shifted(7)) == 1.0  # 7, 8 and 9, in the same order on both sides
    assert step_tau(TOP, shifted(8)) is None  # two in common say nothing


def test_all_tied_steps_count_as_no_agreement() -> None:
    assert step_tau(TOP, [(token, 1.0) for token, _ in TOP]) == 0.0


def test_figures_of_one_prompt() -> None:
    found = agreement(
        [TOP, TOP, TOP],
        [TOP, shifted(9), [(token, -logit) for token, logit in TOP]],
        reference_nll=[1.0, 2.0, 3.0, 4.0],
        candidate_nll=[1.5, 2.5, 3.5, 4.5],
        chosen_nll=[2.0, 3.0, 4.25],
    )
    assert (found.tau, found.informative, found.tokens) == (0.0, 2, 4)  # median of 1 and -1
    assert (found.reference_nll, found.candidate_nll, found.delta_nll) == (2.5, 3.0, 0.5)
    assert found.self_delta_nll == pytest.approx(0.25 / 3)


def test_too_few_informative_steps_give_no_figure() -> None:
    tops = [TOP] * 24
    poor = [TOP] * 7 + [shifted(8)] * 17
    nll = [1.0] * 24
    found = agreement(tops, poor, reference_nll=nll, candidate_nll=nll, chosen_nll=nll)
    assert (found.tau, found.informative) == (None, 7)
    assert found.fails(min_tau=-1, max_nll=1)


def test_thresholds_are_inclusive() -> None:
    nll = [1.0, 2.0]
    found = agreement([TOP], [TOP], reference_nll=nll, candidate_nll=[1.5, 2.5], chosen_nll=[2.0])
    assert not found.fails(min_tau=1.0, max_nll=0.5)
    assert found.fails(min_tau=1.0, max_nll=math.nextafter(0.5, 0))
    assert found.fails(min_tau=math.nextafter(1.0, 2), max_nll=0.5)


def test_sides_of_different_lengths_are_a_bug() -> None:
    with pytest.raises(ValueError, match="texts of different lengths"):
        agreement([TOP], [TOP], reference_nll=[1.0], candidate_nll=[1.0, 2.0], chosen_nll=[1.0])


def test_the_figure_of_a_pair_is_the_median_over_prompts() -> None:
    assert pair_tau([0.2, 1.0, 0.9]) == 0.9


def test_mean_nll_is_weighted_by_tokens() -> None:
    """A long text counts more than a short one: 30 tokens off by 0.4 and 10 by -0.8 nats."""
    assert pair_delta_nll([(30, 1.0, 1.4), (10, 2.0, 1.2)]) == pytest.approx(abs(30 * 0.4 - 10 * 0.8) / 40)


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 20), st.floats(0, 20)), min_size=1))
def test_order_of_prompts_does_not_matter(texts: list[tuple[int, float, float]]) -> None:
    assert pair_delta_nll(texts) == pair_delta_nll(texts[::-1])
    assert pair_delta_nll([(tokens, nll, nll) for tokens, nll, _ in texts]) == 0.0
