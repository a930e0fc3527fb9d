"""How alike two formats of a model answer: Kendall's τ-b of their top tokens, difference of mean NLL."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from release_tasks.policy.rank_correlation import kendall_tau_b
from release_tasks.records.parity import Agreement

LEAST_COMMON = 3  # tokens that both sides have among their top ones, for a step to say anything
_MOST_INFORMATIVE = 8

Top = Sequence[tuple[int, float]]  # token id, logit


def informative_wanted(steps: int) -> int:
    """The least number of informative steps: min(8, steps // 3), and never none."""
    return max(1, min(_MOST_INFORMATIVE, steps // 3))


def step_tau(reference: Top, candidate: Top) -> float | None:
    """τ-b of the logits of the tokens that both have among their top ones; None for fewer than three."""
    theirs = dict(candidate)
    common = [(logit, theirs[token]) for token, logit in reference if token in theirs]
    if len(common) < LEAST_COMMON:
        return None
    return kendall_tau_b([ours for ours, _ in common], [other for _, other in common])


def agreement(
    reference: Sequence[Top],
    candidate: Sequence[Top],
    *,
    reference_nll: Sequence[float],
    candidate_nll: Sequence[float],
    chosen_nll: Sequence[float],
) -> Agreement:
    """Compare the answers of both sides to one text.

    The top lists are those of the steps; `reference_nll` and `candidate_nll` are of every token of the text
    that something predicts, in nats; `chosen_nll` is what the reference said of the chosen tokens, the last
    ones of the text, when it chose them. Raises ValueError when the sides differ in length.
    """
    taus = [step_tau(*tops) for tops in zip(reference, candidate, strict=True)]
    informative = [tau for tau in taus if tau is not None]
    enough = len(informative) >= informative_wanted(len(taus))
    if len(reference_nll) != len(candidate_nll):
        raise ValueError("the two sides scored texts of different lengths")
    again = reference_nll[len(reference_nll) - len(chosen_nll) :]
    return Agreement(
        tau=statistics.median(informative) if enough else None,
        informative=len(informative),
        tokens=len(reference_nll),
        reference_nll=_mean(reference_nll),
        candidate_nll=_mean(candidate_nll),
        self_delta_nll=abs(_mean(chosen_nll) - _mean(again)),
    )


def pair_tau(taus: Sequence[float]) -> float:
    """The figure of a pair: the median over its prompts, of which there must be one."""
    return statistics.median(taus)


def pair_delta_nll(texts: Sequence[tuple[int, float, float]]) -> float:
    """Absolute difference of the token-weighted mean NLLs of both sides over all texts, nats.

    A text is its number of tokens and the mean NLL of each side; together they must have a token.
    """
    total = sum(tokens for tokens, _, _ in texts)
    sides = (math.fsum(text[0] * text[side] for text in texts) / total for side in (1, 2))
    return abs(next(sides) - next(sides))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
