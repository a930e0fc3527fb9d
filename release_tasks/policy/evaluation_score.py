"""Which samples are judged, and the score that their judgements give (K24)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from release_tasks.config.rubric import Criterion
from release_tasks.formats.judge_protocol import Judgement
from release_tasks.records.json_value import JSONObject


def choose_samples(samples: Sequence[JSONObject], *, size: int, seed: int) -> tuple[JSONObject, ...]:
    """Choose `size` samples, or all when there are fewer, sorted by id.

    Samples are ranked by SHA-256 of seed and id, so that the choice depends neither on their order nor on a
    generator of random numbers, and a sample that is added moves at most one other out.
    """

    def rank(sample: JSONObject) -> bytes:
        return hashlib.sha256(f"{seed}\0{sample['id']}".encode()).digest()

    chosen = sorted(samples, key=rank)[:size]
    return tuple(sorted(chosen, key=lambda sample: str(sample["id"])))


def sample_score(judgement: Judgement, criteria: Sequence[Criterion]) -> float:
    """The weighted score of one sample, from 0 to 1; a failed judgement counts as 0."""
    scores = dict(judgement.scores)
    if judgement.problem is not None:
        return 0.0
    return math.fsum(criterion.weight * scores[criterion.name] for criterion in criteria)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; 0 for none."""
    return math.fsum(values) / len(values) if values else 0.0
