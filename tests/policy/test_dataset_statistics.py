from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.dataset_statistics import MEASURES, DataFile, build_statistics
from release_tasks.records.digest import sha256
from tests.fakes.dataset_evidence import SAMPLE

DIGEST = sha256("d" * 64)


def built(evidence: Any, *names: str) -> Any:
    files = tuple(DataFile(path=name, size=2, sha256=DIGEST) for name in names)
    return build_statistics(
        version="1", digest=DIGEST, files=files, categories={"b": 1, "a": 0}, evidence=evidence
    )


def test_k23_files_counts_and_digests() -> None:
    found = built(SAMPLE, "b", "a")
    assert [row["path"] for row in found["files"]] == ["a", "b"]
    assert found["files"][0] == {"path": "a", "bytes": 2, "sha256": "d" * 64, "records": None, "valid": None}
    assert (found["file_count"], found["bytes"], found["record_count"]) == (2, 4, 200)
    assert found["dataset_hash"] == str(DIGEST)
    assert set(MEASURES) <= set(found)
    assert not {"sources", "unmatched", "largest"} & set(
        found
    )  # clocks, files that are no input, a selection


def test_words_of_other_libraries_are_left_out() -> None:
    found = built(SAMPLE)
    for name in ("schema", "duplicates", "holdout", "texts"):
        assert "examples" in SAMPLE[name]
        assert not {"examples", "problem"} & set(found[name])


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(0, 2**53), st.booleans())
def test_k5_floats_are_rounded_and_nothing_else(ratio: float, count: int, flag: bool) -> None:  # noqa: FBT001
    evidence = copy.deepcopy(SAMPLE)
    evidence["weights"] = {"invalid": count, "ess_ratio": ratio, "concentration": 1.0}
    evidence["marginals"]["converged"] = flag
    found = built(evidence)
    assert found["weights"] == {"invalid": count, "ess_ratio": round(ratio, 6), "concentration": 1.0}
    assert found["marginals"]["converged"] is flag
    assert type(found["weights"]["invalid"]) is int


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_k5_nan_and_infinity_are_refused(value: float) -> None:
    evidence = copy.deepcopy(SAMPLE)
    evidence["weights"]["ess_ratio"] = value
    with pytest.raises(FormatError, match="value has no canonical JSON"):
        dump_canonical(built(evidence))
