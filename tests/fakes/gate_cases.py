"""Evidence of a sound release for every kind, and the same with a row in every list; tests bend one place."""

from __future__ import annotations

import copy
from typing import Any

from release_tasks.config.policy import Policy
from release_tasks.policy.gates import Case, decide
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import Evidence
from release_tasks.records.verdict import GateResult, Mode, Point

COMMIT = "c" * 40
ROOT = f"sha256:{'a' * 64}"
NOW: dict[str, Digest] = {"model": sha256("0" * 64), "tokenizer": sha256("1" * 64)}

EVIDENCE: dict[str, Any] = {
    "frozen-inputs": {"lock": True, "differences": []},
    "frozen-outputs": {
        "lock": True,
        "numeric_id": "v3-linux",
        "known": True,
        "frozen_ids": ["v3-linux"],
        "differences": [],
    },
    "version": {"version": "1.0.0", "tag": "v1.0.0", "tag_commit": None, "commit": COMMIT},
    "artifacts": {
        "contract": "model/1",
        "missing": [],
        "invalid": [],
        "weights": [
            {
                "path": "model.safetensors",
                "canonical": True,
                "tensors": 1,
                "dtypes": ["F32"],
                "not_finite": [],
            }
        ],
        "pickles": [],
        "remote_code": [],
    },
    "smoke": {"ran": True, "ended_well": True, "check": "python", "sample_ok": True, "problem": None},
    "seal": {
        "commit": COMMIT,
        "dirty": False,
        "head": COMMIT,
        "lock_committed": True,
        "policy": "release_policy.yml",
        "policy_committed": True,
        "numeric_id": "v3-linux",
        "numeric_known": True,
        "soft": False,
        "snapshot": False,
        "policy_override": False,
        "root": ROOT,
        "accepted_root": ROOT,
    },
}

SAMPLE: dict[str, Any] = copy.deepcopy(EVIDENCE)
for _kind in ("frozen-inputs", "frozen-outputs"):
    SAMPLE[_kind]["differences"] = [{"name": "a", "frozen": f"sha256:{'1' * 64}", "now": None}]
SAMPLE["artifacts"]["missing"] = [{"role": "config"}]
SAMPLE["artifacts"]["invalid"] = [{"path": "m", "wanted": "a header", "problem": "cut"}]
SAMPLE["artifacts"]["pickles"] = [{"path": "m", "problem": "p"}]
SAMPLE["artifacts"]["remote_code"] = [{"path": "m", "problem": "p"}]
SAMPLE["artifacts"]["weights"][0]["not_finite"] = [{"tensor": "w", "elements": 9, "nan": 1, "infinite": 0}]
_OF_ARTIFACTS = {"artifacts", "smoke"}


def case_of(changed: dict[str, Any]) -> Case:
    """Make a case from the sound evidence, with the data of some kinds replaced."""
    records = {
        kind: Evidence(
            kind=kind,
            subjects=tuple(NOW.items()) if kind in _OF_ARTIFACTS else (),
            data=changed.get(kind, data),
        )
        for kind, data in EVIDENCE.items()
    }
    return Case(evidence=records, subjects=NOW, artifacts=frozenset(NOW))


def judged(changed: dict[str, Any]) -> dict[str, GateResult]:
    """Judge the sound evidence with changes at both points, everything hard; returns the results by gate."""
    points: tuple[Point, ...] = ("candidate", "seal")
    return {
        result.gate: result
        for point in points
        for result in decide(point, case_of(changed), policy=Policy(), profile="p", mode=Mode()).gates
    }
