from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.parity_rows import parse_rows
from release_tasks.records.digest import sha256
from release_tasks.records.parity import Agreement, ParityRow

FOUND = Agreement(tau=0.5, informative=2, tokens=3, reference_nll=1.25, candidate_nll=1.5, self_delta_nll=0.0)
ROW = ParityRow(
    row=0,
    pair="f32",
    kind="fp32",
    command=("python", "logits.py", "{model}"),
    reference=("model.safetensors", sha256("0" * 64)),
    candidate=("model.gguf", sha256("1" * 64)),
    files=(("logits.py", sha256("2" * 64)),),
    prompt="é",
    steps=2,
    seed=0,
    tokens=(0, 5, 7, 7),
    prompt_tokens=2,
    min_tau=0.95,
    max_nll=0.01,
    commit=None,
    found=FOUND,
)


def dump(*rows: ParityRow) -> bytes:
    return b"".join(dump_canonical(row.to_json()) for row in rows)


def test_a_row_says_everything_that_a_replay_needs() -> None:
    """B19: full token ids, seed, both model hashes, thresholds, commit, and what was found."""
    assert ROW.to_json() == {
        "schema_version": 1,
        "row": 0,
        "pair": "f32",
        "kind": "fp32",
        "command": ["python", "logits.py", "{model}"],
        "reference": {"path": "model.safetensors", "digest": f"sha256:{'0' * 64}"},
        "candidate": {"path": "model.gguf", "digest": f"sha256:{'1' * 64}"},
        "files": {"logits.py": f"sha256:{'2' * 64}"},
        "prompt": "é",
        "steps": 2,
        "seed": 0,
        "tokens": [0, 5, 7, 7],
        "prompt_tokens": 2,
        "thresholds": {"min_tau": 0.95, "max_nll": 0.01},
        "commit": None,
        "found": {
            "tau": 0.5,
            "informative": 2,
            "tokens": 3,
            "reference_nll": 1.25,
            "candidate_nll": 1.5,
            "self_delta_nll": 0.0,
            "delta_nll": 0.25,
        },
        "fails": True,
    }
    assert parse_rows(dump(ROW), where="r") == (ROW,)


NLL = st.floats(0, 1e6)
AGREEMENTS = st.builds(
    Agreement,
    tau=st.none() | st.floats(-1, 1),
    informative=st.integers(0, 99),
    tokens=st.integers(1, 99),
    reference_nll=NLL,
    candidate_nll=NLL,
    self_delta_nll=NLL,
)
ROWS = st.builds(
    ParityRow,
    row=st.just(0),
    pair=st.just("p"),
    kind=st.sampled_from(("fp32", "quantised")),
    command=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    reference=st.just(ROW.reference),
    candidate=st.just(ROW.candidate),
    files=st.dictionaries(st.text(max_size=5), st.just(sha256("3" * 64)), max_size=3).map(
        lambda files: tuple(sorted(files.items()))
    ),
    prompt=st.text(max_size=9),
    steps=st.just(2),
    seed=st.integers(0, 2**53),
    tokens=st.lists(st.integers(0, 2**40), min_size=5, max_size=5).map(tuple),
    prompt_tokens=st.just(3),
    min_tau=st.floats(-1, 1),
    max_nll=NLL,
    commit=st.none() | st.just("c" * 40),
    found=AGREEMENTS,
)


@given(ROWS)
def test_every_row_comes_back(row: ParityRow) -> None:
    assert parse_rows(dump(row), where="r") == (row,)


def bent(**changed: Any) -> bytes:
    return dump_canonical({**ROW.to_json(), **changed})


BAD: dict[str, tuple[bytes, str, str]] = {
    "cut": (dump(ROW)[:-1], "the last row breaks off", "r"),
    "spaces": (json.dumps(ROW.to_json()).encode() + b"\n", "JSON is not in canonical form", "r: line 1"),
    "no object": (b"[]\n", "not a row", "r: line 1"),
    "another version": (bent(schema_version=2), "not a row: schema_version", "r: line 1"),
    "a further key": (bent(more=1), "not a row: more", "r: line 1"),
    "a token that is none": (bent(tokens=[0, -1, 7, 7]), "not a row: tokens", "r: line 1"),
    "no digest": (
        bent(reference={"path": "m", "digest": "md5:0"}),
        "not a row: reference.digest",
        "r: line 1",
    ),
    "out of order": (dump(ROW, ROW), "rows are out of order", "r: line 2"),
    "a flag that lies": (bent(fails=False), "a row contradicts itself", "r: line 1"),
    "too few tokens": (bent(tokens=[0, 5, 7]), "a row contradicts itself", "r: line 1"),
    "a difference that is another": (
        bent(found={**FOUND.to_json(), "delta_nll": 0.0}),
        "a row contradicts itself",
        "r: line 1",
    ),
}


@pytest.mark.parametrize(("data", "what", "where"), BAD.values(), ids=BAD)
def test_what_the_writer_would_not_write_is_refused(data: bytes, what: str, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_rows(data, where="r")
    assert (caught.value.what, caught.value.where) == (what, where)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert parse_rows(data, where="r") == ()
