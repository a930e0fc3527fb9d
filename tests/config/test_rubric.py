from __future__ import annotations

import pytest

from release_tasks.config.rubric import Criterion, Rubric, parse_rubric
from release_tasks.errors import ConfigError

RUBRIC = """schema: 1
threshold: 0.6
sample_size: 3
seed: 7
criteria:
  correct: {weight: 0.7, description: Does what is asked}
  short: {weight: 0.3, description: Says no more}
instruction: |
  Judge {{ sample.text }}.
"""


def parse(text: str) -> Rubric:
    return parse_rubric(text.encode(), where="rubric.yml")


def test_k24_a_rubric() -> None:
    assert parse(RUBRIC) == Rubric(
        criteria=(
            Criterion(name="correct", weight=0.7, description="Does what is asked"),
            Criterion(name="short", weight=0.3, description="Says no more"),
        ),
        threshold=0.6,
        sample_size=3,
        seed=7,
        instruction="Judge {{ sample.text }}.\n",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "weight: 0.3",
            "weight: 0.2",
            "weights do not sum to 1\n  wanted: 1\n  found:  0.9\n  where:  rubric.yml: criteria",
        ),
        (
            "weight: 0.7",
            "weight: 1.7",
            "number out of range\n  wanted: 0 to 1\n  found:  1.7\n  where:  rubric.yml: criteria.correct.weight",
        ),
        (
            "threshold: 0.6\n",
            "",
            "threshold is missing\n  wanted: the least score that passes, 0 to 1\n  where:  rubric.yml: threshold",
        ),
        (
            "sample_size: 3",
            "sample_size: 0",
            "number out of range\n  wanted: 1 to 1000000\n  found:  integer 0\n  where:  rubric.yml: sample_size",
        ),
        (
            "seed: 7",
            "sead: 7",
            (
                "unknown key\n"
                "  wanted: one of criteria, instruction, sample_size, schema, seed, threshold\n"
                "  found:  sead\n  where:  rubric.yml: sead\n  hint:   did you mean seed?"
            ),
        ),
        (
            "  correct:",
            "  Correct!:",
            (
                "text refused\n  wanted: a-z, then also 0-9 and _; at most 64 characters\n"
                '  found:  string "Correct!"\n  where:  rubric.yml: criteria."Correct!"'
            ),
        ),
        (
            "  Judge {{ sample.text }}.\n",
            "",
            'wrong type\n  wanted: a text: what the judge is told\n  found:  string ""\n  where:  rubric.yml: instruction',
        ),
    ],
)
def test_k24_what_is_wrong_is_said(old: str, new: str, message: str) -> None:
    assert old in RUBRIC
    with pytest.raises(ConfigError) as caught:
        parse(RUBRIC.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize("data", [b"\xff", b"- 1", b"schema: 2", b"a: [", b""])
def test_what_is_no_rubric_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_rubric(data, where="rubric.yml")


def test_decimal_weights_sum_to_one() -> None:
    """Ten times 0.1 is not 1 in binary."""
    rows = "".join(f"  c{n}: {{weight: 0.1, description: d}}\n" for n in range(10))
    head, _, rest = RUBRIC.partition("  correct:")
    text = head + rows + rest[rest.index("instruction:") :]
    assert len(parse(text).criteria) == 10
