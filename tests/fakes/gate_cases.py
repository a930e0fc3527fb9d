"""Evidence of a sound release for every kind, and the same with a row in every list; tests bend one place."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from release_tasks.config.policy import Policy
from release_tasks.policy.decide import Case, decide
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import Evidence, kind_of
from release_tasks.records.verdict import GateResult, Mode, Point, Verdict
from tests.fakes import bench_evidence, change_evidence, dataset_evidence

COMMIT = "c" * 40
DECIDED_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROOT = f"sha256:{'a' * 64}"
NOW: dict[str, Digest] = {"model": sha256("0" * 64), "tokenizer": sha256("1" * 64)}

_SAME_PATH = f"sha256:{'7' * 64}"
_ARCHIVE = {
    "name": "tool",
    "version": "1.0.1",
    "inside_name": "tool",
    "inside_version": "1.0.1",
    "fallback": None,
    "members": 4,
    "unsafe": [],
    "record": [],
}
_PROMPT = {
    "tau": 1.0,
    "informative": 32,
    "tokens": 40,
    "reference_nll": 1.5,
    "candidate_nll": 1.5,
    "self_delta_nll": 0.0,
    "path": _SAME_PATH,
    "again": _SAME_PATH,
}

EVIDENCE: dict[str, Any] = {
    **bench_evidence.EVIDENCE,
    **change_evidence.EVIDENCE,
    "frozen-inputs": {"lock": True, "differences": []},
    "frozen-outputs": {
        "lock": True,
        "numeric_id": "v3-linux",
        "known": True,
        "frozen_ids": ["v3-linux"],
        "differences": [],
    },
    "version": {
        "version": "1.0.1",
        "tag": "v1.0.1",
        "tag_commit": COMMIT,
        "commit": COMMIT,
        "experimental": False,
        "patch": {
            "base": "1.0.0",
            "reason": "a wrong licence in the card",
            "sealed": True,
            "files": [{"path": "model", "base": ROOT, "now": ROOT}],
        },
    },
    "artifacts": {
        "contract": "model/1",
        "missing": [],
        "invalid": [],
        "weights": [
            {
                "path": "model.safetensors",
                "canonical": True,
                "not_finite": [],
            }
        ],
        "pickles": [],
        "remote_code": [],
        "formats": [],
    },
    "frozen-versions": {
        "lock": True,
        "config": {"frozen": ROOT, "now": ROOT},
        "dataset": {"frozen": ROOT, "now": ROOT, "frozen_version": "1.0", "version": "1.0"},
        "tokenizer": {"frozen": ROOT, "now": ROOT, "frozen_version": "1", "version": "1"},
        "vocabulary": None,
        "training": {"record": "training.json", "seed": 1, "problem": None, "step_seed": 1},
        "seeds": [{"step": "train", "frozen": 1, "now": 1}],
    },
    "checkpoint": {
        "record": "training.json",
        "metric": "loss",
        "direction": "lower",
        "corrupt": False,
        "problem": None,
        "released": ROOT,
        "checkpoints": [
            {"step": 100, "sha256": f"sha256:{'b' * 64}", "value": 0.5},
            {"step": 200, "sha256": ROOT, "value": 0.25},
            {"step": 300, "sha256": f"sha256:{'d' * 64}", "value": 0.25},
        ],
    },
    "recipe": {"sources": ["records.py", "train.py"], "findings": [], "accepted": []},
    "distribution": {
        "name": "tool",
        "version": "1.0.1",
        "files": [
            {
                "path": "tool-1.0.1-py3-none-any.whl",
                "kind": "wheel",
                "problem": None,
                "found": {"kind": "wheel", **_ARCHIVE},
            },
            {
                "path": "tool-1.0.1.tar.gz",
                "kind": "sdist",
                "problem": None,
                "found": {"kind": "sdist", **_ARCHIVE},
            },
        ],
    },
    "cards": {
        "model": "cards/model.md",
        "data": None,
        "sources": ["cards/model.md"],
        "grounds": ["always"],
        "front": {
            "language": ["en"],
            "tags": ["tiny"],
            "pipeline_tag": None,
            "library_name": None,
            "datasets": ["tiny/data"],
            "benchmark": None,
        },
        "flaws": [],
    },
    "tests/unit": {
        "name": "unit",
        "exit_code": 0,
        "tests": {"structural": 3, "heuristic": 2},
        "missing": 0,
        "failed": [],
        "skipped": [],
    },
    "suites": {"declared": ["unit", "integration", "pipeline", "regression"]},
    "parity/f32": {
        "name": "f32",
        "kind": "fp32",
        "reference": {
            "path": "model.safetensors",
            "digest": f"sha256:{'0' * 64}",
            "wanted_format": "safetensors",
            "format": "safetensors",
        },
        "candidate": {
            "path": "model.gguf",
            "digest": f"sha256:{'4' * 64}",
            "wanted_format": "gguf",
            "format": "gguf",
        },
        "steps": 32,
        "min_tau": None,
        "max_nll": None,
        "rows": [_PROMPT, {**_PROMPT, "tau": 0.95}, {**_PROMPT, "tau": 0.95}],
    },
    "secrets": {
        "scanners": [
            {"name": "detect-secrets", "version": "1.5.0", "controls": 41, "missed": [], "problem": None}
        ],
        "scanned": ["config.json"],
        "not_scanned": [{"path": "model.safetensors", "reason": "weights"}],
        "secrets": [],
        "network": [],
        "modes": [],
        "marks": [],
    },
    "evaluation/style": {
        "name": "style",
        "mock": False,
        "judge": "command",
        "threshold": 0.5,
        "asked": 2,
        "available": 3,
        "score": 0.75,
        "criteria": [
            {"name": "correct", "weight": 0.75, "mean": 0.75},
            {"name": "short", "weight": 0.25, "mean": 0.75},
        ],
        "samples": [
            {"id": "a", "score": 1.0, "problem": None},
            {"id": "b", "score": 0.5, "problem": None},
        ],
    },
    "commands": {"commands": [{"name": "step:train", "command": "python train.py"}]},
    "smoke": {
        "ran": True,
        "ended_well": True,
        "check": "python",
        "sample_ok": True,
        "sample": "pass",
        "problem": None,
    },
    "dataset": dataset_evidence.SOUND,
    "seal": {
        "commit": COMMIT,
        "dirty": False,
        "head": COMMIT,
        "changed": [],
        "problems": [],
        "lock_released": True,
        "inputs": [],
        "lock_committed": True,
        "policy": "release_policy.yml",
        "policy_committed": True,
        "numeric_id": "v3-linux",
        "numeric_known": True,
        "soft": False,
        "snapshot": False,
        "policy_override": False,
        "profile_override": False,
        "experimental": False,
        "not_strict": False,
        "waivers": [{"gate": "smoke", "subject": "[smoke]", "by": "Ada", "expires": "2099-12-31"}],
        "root": ROOT,
        "accepted_root": ROOT,
        "rebuild": {
            "root": ROOT,
            "weights": "rebuilt",
            "levels": {"bytes": 1, "tensors": 1, "tolerance": 1},
        },
    },
}

SAMPLE: dict[str, Any] = copy.deepcopy(EVIDENCE)
for _kind in ("frozen-inputs", "frozen-outputs"):
    SAMPLE[_kind]["differences"] = [{"name": "a", "frozen": f"sha256:{'1' * 64}", "now": None}]
SAMPLE["artifacts"]["missing"] = [{"role": "config"}]
SAMPLE["artifacts"]["invalid"] = [{"path": "m", "wanted": "a header", "problem": "cut"}]
SAMPLE["artifacts"]["pickles"] = [{"path": "m", "problem": "p"}]
SAMPLE["artifacts"]["remote_code"] = [{"path": "m", "problem": "p"}]
SAMPLE["artifacts"]["formats"] = [{"path": "m.gguf", "pairs": ["f32"], "copies": []}]
SAMPLE["artifacts"]["weights"][0]["not_finite"] = [{"tensor": "w", "elements": 9, "nan": 1, "infinite": 0}]
SAMPLE["secrets"]["secrets"] = [
    {"path": "config.json", "line": 3, "rule": "AWS Access Key", "fingerprint": f"sha256:{'e' * 64}"}
]
SAMPLE["secrets"]["network"] = [{"path": "config.json", "line": 3, "found": "model_url: https://a.invalid"}]
SAMPLE["secrets"]["modes"] = [{"path": "config.json", "found": "world-writable (0666)"}]
SAMPLE["secrets"]["marks"] = [{"path": "notes.md", "line": 3, "mark": "TODO"}]
_CLOCK = {"source": "train.py", "line": 3, "column": 5, "rule": "clock", "found": "time.time()"}
SAMPLE["recipe"]["findings"] = [_CLOCK]
SAMPLE["cards"]["flaws"] = [
    {
        "rule": "number",
        "source": "cards/model.md",
        "line": 3,
        "wanted": "a figure",
        "found": "97.3 %",
    }
]
SAMPLE["recipe"]["accepted"] = [{**_CLOCK, "line": 9, "reason": "goes to the log only"}]
for _key in ("unsafe", "record"):
    SAMPLE["distribution"]["files"][0]["found"][_key] = [{"member": "tool/a.py", "problem": "p"}]
SAMPLE["dataset"] = dataset_evidence.SAMPLE
SAMPLE.update(bench_evidence.SAMPLE)
SAMPLE.update(change_evidence.SAMPLE)
SAMPLE["tests/unit"]["failed"] = [
    {"id": "a::b", "mark": "structural", "outcome": "failed", "message": "1 == 2"},
    {"id": "a::c", "mark": "heuristic", "outcome": "error", "message": "no data"},
]
SAMPLE["tests/unit"]["skipped"] = [{"id": "a::d", "mark": "structural", "reason": "not today"}]
# What each record speaks of; a record that is not named here speaks of nothing.
_BOUND = {"parity/f32", "artifacts", "smoke"}
SUBJECTS: dict[str, dict[str, Digest]] = {name: NOW if name in _BOUND else {} for name in EVIDENCE}


def case_of(changed: dict[str, Any]) -> Case:
    """Make a case from the sound evidence, with the data of some kinds replaced."""
    records = {
        name: Evidence(
            kind=kind_of(name),
            subjects=tuple(SUBJECTS[name].items()),
            data=changed.get(name, data),
        )
        for name, data in EVIDENCE.items()
    }
    return Case(evidence=records, expected=SUBJECTS)


def decided(
    case: Case | dict[str, Any],
    *,
    point: Point = "candidate",
    policy: Policy | None = None,
    profile: str = "default",
    mode: Mode | None = None,
    decided_at: datetime = DECIDED_AT,
) -> Verdict:
    """Judge a case, or the sound evidence with the data of some records replaced; everything hard."""
    return decide(
        point,
        case if isinstance(case, Case) else case_of(case),
        policy=policy or Policy(),
        profile=profile,
        mode=mode or Mode(),
        decided_at=decided_at,
    )


def judged(changed: dict[str, Any]) -> dict[str, GateResult]:
    """Judge the sound evidence with changes at both points, everything hard; returns the results by gate."""
    points: tuple[Point, ...] = ("candidate", "seal")
    return {result.gate: result for point in points for result in decided(changed, point=point).gates}
