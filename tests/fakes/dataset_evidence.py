"""Evidence of a sound dataset of which everything is measured, and the same with a row in every list."""

from __future__ import annotations

import copy
from typing import Any

SOUND: dict[str, Any] = {
    "version": "1.0.0",
    "statistics": f"sha256:{'5' * 64}",
    "files": 3,
    "records": 200,
    "other_versions": [],
    "unreadable": [],
    "largest": [
        {"path": "data/a.jsonl", "bytes": 50_000_000},
        {"path": "data/b.jsonl", "bytes": 2},
        {"path": "data/schema.json", "bytes": 2},
    ],
    "unmatched": [],
    "empty_categories": [],
    "schema": {
        "path": "data/schema.json",
        "problem": None,
        "vacuous": False,
        "unchecked_formats": [],
        "files": 2,
        "valid_files": 2,
        "records": 200,
        "valid_records": 200,
        "examples": [],
    },
    "duplicates": {"records": 200, "exact": 2, "near": 1, "repeated_ids": [], "examples": []},
    "holdout": {"heldout": 20, "training": 180, "contaminated": 0, "examples": []},
    "weights": {"invalid": 0, "ess_ratio": 0.5, "concentration": 0.2},
    "marginals": {
        "converged": True,
        "fields": [{"field": "sex", "l1": 0.1, "level": "supercritical", "provenance": "real"}],
    },
    "provenance": [
        {"field": "age", "level": "supercritical", "ethnocultural": False, "fallback": 0.5, "estimated": 0.0},
        {"field": "job", "level": "critical", "ethnocultural": False, "fallback": 0.7, "estimated": 0.0},
    ],
    "texts": {
        "texts": 200,
        "schema_invalid": 10,
        "unparsed": 10,
        "too_short": 0,
        "too_long": 0,
        "other_language": 0,
        "pronouns": 0,
        "mock": 40,
        "examples": [],
    },
    "personal_data": [],
    # The last fetch failed, and a cache that is young enough stands in.
    "sources": [{"name": "api", "fetched_at": "2026-11-01T00:00:00Z", "status": 503, "from_cache": True}],
}

SAMPLE: dict[str, Any] = copy.deepcopy(SOUND)
PAIR = {"record": "data/a.jsonl#9", "original": "data/a.jsonl#1", "similarity": 1.0}
SAMPLE["other_versions"] = [{"version": "0.9.0", "records": 4}]
SAMPLE["unreadable"] = [{"path": "data/b.json", "problem": "not JSON"}]
SAMPLE["schema"] |= {"valid_files": 1, "valid_records": 199}
SAMPLE["schema"]["examples"] = [{"record": "data/a.jsonl#7", "problem": "age: -1 is less than 0"}]
SAMPLE["duplicates"]["examples"] = [{**PAIR}]
SAMPLE["holdout"]["examples"] = [{**PAIR}]
SAMPLE["texts"]["examples"] = [{"check": "too_short", "text": "data/a.jsonl#7: text"}]
SAMPLE["personal_data"] = [{"kind": "e-mail", "texts": 2, "first": "data/a.jsonl#3: text"}]
