"""Sound evidence about commits and contract, and what its gates must refuse or warn of."""

from __future__ import annotations

import json
from typing import Any

from release_tasks.records.gate_code import GateCode

_A, _B, _C = (f"sha256:{letter * 64}" for letter in "abc")
COMMIT_ROW: dict[str, Any] = {
    "commit": "1" * 40,
    "parents": 1,
    "subject": "fix(data): count empty records too",
    "type": "fix",
    "scope": "data",
    "description": "count empty records too",
    "breaking_text": None,
    "reverts": [],
    "reworded": None,
    "problems": [],
}
COMMITS: dict[str, Any] = {
    "version": "1.0.1",
    "known": True,
    "last": {"tag": "v1.0.0", "version": "1.0.0", "commit": "0" * 40},
    "commits": [COMMIT_ROW],
}
MODEL: dict[str, Any] = {
    "tensors": [{"name": "embedding", "dtype": "F32", "shape": [4, 8]}],
    "tokenizer": {"digest": _A, "version": "1", "tokens": 4},
    "config": [{"key": "layers", "value": 2}, {"key": "rope.theta", "value": 10000.0}],
    "dataset": {"version": "1.0", "digest": _B, "records": 10, "bytes": 1000},
    "quality": [{"name": "pass@1", "value": 0.5}],
    "formats": ["safetensors", "tiny-{version}-F32.gguf"],
    "model_hash": _C,
    "license": "Apache-2.0",
    "exact_root": None,
}
METRIC = {"name": "speed.latency", "unit": "ms", "direction": "lower"}
CONTRACT: dict[str, Any] = {
    "version": "1.0.1",
    "scheme": "semver",
    "mode": "release",
    "tags_known": True,
    "rules": {"breaking_before_1": "minor", "feature_before_1": "minor", "ignore_config": []},
    "last": {
        "tag": "v1.0.0",
        "version": "1.0.0",
        "path": "baselines/1.0.0.json",
        "exact_root": _A,
        "committed": True,
        "problem": None,
        "contract": {**MODEL, "exact_root": _A},
        "metrics": [METRIC],
    },
    "now": {"contract": MODEL, "metrics": [METRIC]},
    "entries": [
        {key: COMMIT_ROW[key] for key in ("commit", "type", "scope", "description", "breaking_text")}
    ],
}
# No value is shared: tests bend them one by one.
EVIDENCE: dict[str, Any] = json.loads(json.dumps({"commits": COMMITS, "contract": CONTRACT}))


def commits(**values: Any) -> dict[str, Any]:
    """The evidence with other values for its one commit."""
    return {"commits": {**COMMITS, "commits": [{**COMMIT_ROW, **values}]}}


def contract(**values: Any) -> dict[str, Any]:
    """The evidence with another contract of this release."""
    return {"contract": {**CONTRACT, "now": {**CONTRACT["now"], "contract": {**MODEL, **values}}}}


def last(**values: Any) -> dict[str, Any]:
    """The evidence with another last release."""
    return {"contract": {**CONTRACT, "last": {**CONTRACT["last"], **values}}}


def entry(**values: Any) -> dict[str, Any]:
    """The evidence with another commit that users should know of."""
    return {"contract": {**CONTRACT, "entries": [{**CONTRACT["entries"][0], **values}]}}


_NO_TENSORS = contract(tensors=[])
_UNCONVENTIONAL = ["not conventional"]
_VAGUE = {"description": "misc", "problems": ["vague: words that name no change"]}
CONTROLS: list[tuple[str, dict[str, Any], GateCode]] = [
    ("changelog", commits(subject="fix: misc", **_VAGUE), GateCode.CHANGELOG_ENTRY_VAGUE),
    (
        "changelog",
        commits(
            type=None,
            scope=None,
            subject="Mend it all well",
            description="Mend it all well",
            problems=_UNCONVENTIONAL,
        ),
        GateCode.COMMIT_UNCONVENTIONAL,
    ),
    ("changelog", {"commits": {**COMMITS, "known": False, "commits": []}}, GateCode.CHANGELOG_UNKNOWN),
    ("version-level", _NO_TENSORS, GateCode.VERSION_TOO_LOW),
    (
        "version-level",
        contract(tokenizer={"digest": _B, "version": "2", "tokens": 5}),
        GateCode.VERSION_TOO_LOW,
    ),
    ("version-level", contract(model_hash=_A), GateCode.VERSION_TOO_LOW),
    (
        "version-level",
        contract(config=[{"key": "layers", "value": 3}, MODEL["config"][1]]),
        GateCode.VERSION_TOO_LOW,
    ),
    ("version-level", contract(license="MIT"), GateCode.VERSION_TOO_LOW),
    ("version-level", entry(breaking_text="another key"), GateCode.VERSION_TOO_LOW),
    ("version-level", entry(type="feat"), GateCode.VERSION_TOO_LOW),
    ("version-level", last(contract=None), GateCode.CONTRACT_UNKNOWN),
    ("version-level", last(exact_root=_B), GateCode.BASELINE_INVALID),
    (
        "version-level",
        last(contract=None, exact_root=None, problem="no such file"),
        GateCode.CONTRACT_UNKNOWN,
    ),
    (
        "version-level",
        last(contract=None, committed=False, problem="no such file"),
        GateCode.BASELINE_MISSING,
    ),
    (
        "version-level",
        {"contract": {**CONTRACT, "last": None, "tags_known": False}},
        GateCode.BASELINE_MISSING,
    ),
    ("version-level", last(contract=None, problem="JSON is malformed"), GateCode.BASELINE_INVALID),
]
SAMPLE: dict[str, Any] = json.loads(json.dumps(EVIDENCE))
SAMPLE["commits"]["commits"][0] |= {
    "type": "revert",
    "reverts": ["2" * 12],
    "breaking_text": "the loader wants another key",
}
