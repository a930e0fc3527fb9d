"""The files of a small release as its documents are rendered from: two formats, one baseline, cards."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.content import build_content
from release_tasks.records.content import Content
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import Evidence, kind_of
from release_tasks.records.identity import FileEntry
from release_tasks.records.manifest import ManifestFile
from tests.fakes.gate_cases import EVIDENCE

HASH = f"sha256:{'a' * 64}"
MODEL_TEXT = "\n".join(
    f"## {title}\n\n{words}\n"
    for title, words in {
        "Overview": 'A model of {{ figure("bench.speed.load_ms") }}.',
        "Intended use": "Tests.",
        "Limitations": 'Written for Python {{ stated("3.11", "a version") }}.',
        "Ethical considerations": "None that we know of.",
        "Deployment": "Copy it.",
        "Maintenance": "By us.",
        "Citation": "Cite the root.",
    }.items()
)
DATA_TEXT = "\n".join(
    f"## {title}\n\nWords.\n"
    for title in ("Overview", "Uses", "Sources and attribution", "Ethical considerations", "Contact")
)


def metric(name: str, direction: str, unit: str, samples: list[float], *, exact: bool = False) -> Any:
    """One metric of benchmark evidence."""
    ordered = sorted(samples)
    return {
        "name": name,
        "direction": direction,
        "unit": unit,
        "exact": exact,
        "samples": samples,
        "stderr": None,
        "median": ordered[len(ordered) // 2],
        "low": ordered[0],
        "high": ordered[-1],
        "reported_direction": None,
        "reported_unit": None,
    }


def bench(name: str, form: str, load: float, rate: float) -> Any:
    """Evidence of one benchmark: `load_ms` in five samples, `pass_at_1` exact."""
    return {
        "name": name,
        "format": "performance",
        "mock": False,
        "ended": "well",
        "problem": None,
        "machine": [{"name": "cpu", "value": "one"}],
        "settings": [{"name": "format", "value": form}, {"name": "seed", "value": "1"}],
        "model_hash": HASH,
        "artifact": {"path": f"build/model.{form}", "sha256": str(_digest(form.encode()))},
        "imported": None,
        "metrics": [
            metric("load_ms", "lower", "ms", [load + step / 10 for step in range(5)]),
            metric("pass_at_1", "higher", "1", [rate], exact=True),
        ],
    }


METADATA: dict[str, Any] = {
    "schema_version": 1,
    "name": "tiny",
    "version": "1.1.0",
    "release_type": "model",
    "license": "Apache-2.0",
    "dataset_version": "1",
    "dataset_hash": HASH,
    "tokenizer_version": "1",
    "tokenizer_hash": HASH,
    "model_hash": HASH,
    "config_hash": HASH,
    "git_commit": "c" * 40,
    "git_commit_short": "c" * 12,
    "git_dirty": False,
    "training_seed": 7,
    "date": "2026-01-31T12:00:00Z",
    "metrics_summary": None,
    "docs_version": None,
    "architecture": "bag of words",
    "exact_root": HASH,
    "reasons": {"docs_version": "release.toml has no release.docs_version", "metrics_summary": "none"},
}
STATISTICS: dict[str, Any] = {
    "schema_version": 1,
    "record_count": 1150,
    "file_count": 3,
    "bytes": 2048,
    "categories": {"sum": 700, "loop": 450},
    "duplicates": {"exact": 0, "near": 0, "records": 1150, "repeated_ids": []},
    "holdout": {"contaminated": 0, "heldout": 150, "training": 1000},
    "schema": {"path": "data/schema.json", "valid_records": 1150, "valid_files": 3},
    "texts": {"texts": 1150, "unparsed": 0},
    "files": [{"path": "data/a.json", "bytes": 1, "records": 1}],
}
CARDS: dict[str, Any] = {
    "model": "cards/model.md",
    "data": "cards/data.md",
    "sources": ["cards/model.md", "cards/data.md"],
    "grounds": ["always"],
    "front": {
        "language": ["en"],
        "tags": ["tiny"],
        "pipeline_tag": "text-generation",
        "library_name": "numpy",
        "datasets": [],
        "benchmark": "tiny/held-out",
    },
    "flaws": [],
}
_OLD = {
    "name": "speed",
    "model_hash": HASH,
    "machine": [{"name": "cpu", "value": "one"}],
    "settings": [{"name": "format", "value": "safetensors"}, {"name": "seed", "value": "1"}],
    "metrics": [
        {
            "name": "load_ms",
            "unit": "ms",
            "direction": "lower",
            "exact": False,
            "samples": [12.0],
            "stderr": None,
        }
    ],
}
BASELINE = {"schema_version": 1, "version": "1.0.0", "benches": [_OLD]}


def _digest(data: bytes) -> Digest:
    return sha256(hashlib.sha256(data).hexdigest())


def evidence(name: str, data: Any) -> bytes:
    """An evidence record as bytes."""
    return dump_canonical(Evidence(kind=kind_of(name), subjects=(), data=data).to_json())


def _verdict() -> Any:
    def gate(name: str, status: str, *evidence: str) -> Any:
        paths = [f".release/records/{path}" for path in evidence]
        return {
            "gate": name, "hardness": "hard", "status": status, "findings": [], "evidence": paths, "waived": [],
        }  # fmt: skip

    return {
        "schema_version": 1,
        "point": "candidate",
        "decision": "PASS",
        "codes": ["PASS"],
        "profile": "default",
        "strict": False,
        "mode": {
            "soft": False, "snapshot": False, "strict": None, "policy_override": False,
            "profile_override": False, "experimental": False,
        },
        "gates": [gate("tests", "pass", "tests/unit.json"), gate("bench", "skipped"), gate("recipe", "pass")],
    }  # fmt: skip


def tree(**changes: bytes | None) -> dict[str, tuple[str, str, bytes]]:
    """The files by path: (role, class, bytes); `changes` replace or remove files by their base name."""
    unit = copy.deepcopy(EVIDENCE["tests/unit"])
    parity = copy.deepcopy(EVIDENCE["parity/f32"])
    files: dict[str, tuple[str, str, bytes]] = {
        "model.safetensors": ("weights", "exact", b"safetensors"),
        "model.gguf": ("gguf", "exact", b"gguf"),
        "config.json": ("config", "exact", b'{"layers": 2, "name": "x|y", "tied": true}'),
        "metadata.json": ("metadata", "derived", dump_canonical(METADATA)),
        "evidence/quality.json": ("quality", "exact", b'{"schema_version": 1, "mean": 0.70289855}'),
        "evidence/dataset_statistics.json": ("dataset-statistics", "exact", dump_canonical(STATISTICS)),
        "evidence/bench/speed.json": ("evidence", "recorded", evidence("bench/speed", bench("speed", "safetensors", 10, 0.5))),
        "evidence/bench/gguf.json": ("evidence", "recorded", evidence("bench/gguf", bench("gguf", "gguf", 5, 0.4))),
        "evidence/tests/unit.json": ("evidence", "recorded", evidence("tests/unit", unit)),
        "evidence/parity/f32.json": ("evidence", "recorded", evidence("parity/f32", parity)),
        "evidence/cards.json": ("evidence", "recorded", evidence("cards", CARDS)),
        "evidence/cards/model.md": ("card-text", "recorded", MODEL_TEXT.encode()),
        "evidence/cards/data.md": ("card-text", "recorded", DATA_TEXT.encode()),
        "evidence/baseline.json": (
            "baseline",
            "recorded",
            json.dumps({"schema_version": 1, "tag": "v1.0.0", "reason": None, "baseline": BASELINE}).encode(),
        ),
        "evidence/environment.json": ("environment", "recorded", b'{"generator": "release_tasks 0.1.0"}'),
        "evidence/verdict.json": ("verdict", "derived", dump_canonical(_verdict())),
    }  # fmt: skip
    for name, data in changes.items():
        path = next(path for path in files if path.rpartition("/")[2].partition(".")[0] == name)
        role, cls, _ = files.pop(path)
        if data is not None:
            files[path] = (role, cls, data)
    return files


def listed(files: dict[str, tuple[str, str, bytes]]) -> tuple[ManifestFile, ...]:
    """The files as a manifest lists them."""
    return tuple(
        ManifestFile(
            entry=FileEntry(path, len(data), _digest(data), Digest("blake3", "0" * 64)),
            media_type="application/json",
            role=role,
            cls=cls,  # type: ignore[arg-type]
        )
        for path, (role, cls, data) in sorted(files.items())
    )


def content(**changes: bytes | None) -> Content:
    """The content graph of the small release, some files replaced or removed by their base name."""
    return content_of(tree(**changes))


def content_of(files: dict[str, tuple[str, str, bytes]]) -> Content:
    """The content graph of these files."""
    return build_content(listed(files), {path: data for path, (_, _, data) in files.items()})
