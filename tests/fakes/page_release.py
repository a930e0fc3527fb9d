"""A release directory with something in every section of its page, and one whose every text is hostile."""

from __future__ import annotations

import copy
import random
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.records.digest import Digest
from release_tasks.records.evidence import Evidence, kind_of
from release_tasks.stages.page_action import read_page, render_page
from tests.fakes import release_tree
from tests.fakes.gate_cases import EVIDENCE, decided
from tests.fakes.rebuilds import report, written
from tests.fakes.release_tree import Parts, entry, root_of, safetensors

HOSTILE = "<script>alert(1)</script>\"'&$x_1$"
_JSON = "application/json"
_KINDS = (
    "artifacts",
    "bench/speed",
    "bench/quality",
    "parity/f32",
    "tests/unit",
    "evaluation/style",
    "checkpoint",
)
_STATISTICS = {
    "schema_version": 1,
    "dataset_version": "1.0",
    "record_count": 30,
    "categories": {"code": 20, "prose": 10},
    "holdout": {"training": 25, "heldout": 5, "contaminated": 0},
}


def weights(name: str = "blk.0.attn.weight") -> bytes:
    """A file of two tensors, of which one is read in runs."""
    numbers = random.Random(7)
    large = struct.pack("<70000f", *(numbers.gauss(0, 1) for _ in range(70000)))
    return safetensors(
        {name: ("F32", (2, 3), release_tree.FLOATS), "token_embd.weight": ("F32", (700, 100), large)}
    )


def release_bytes(*, hostile: bool = False, refused: bool = False) -> dict[str, bytes]:
    """Every file of the release; `hostile` puts markup wherever a text is free, `refused` fails some gates."""
    word = HOSTILE if hostile else "fine"
    parts: Parts = dict(release_tree.PARTS)
    model = weights(HOSTILE if hostile else "blk.0.attn.weight")
    parts["model.safetensors"] = ("weights", "exact", "application/vnd.safetensors", model)
    evidence = {kind: copy.deepcopy(EVIDENCE[kind]) for kind in _KINDS}
    changed: dict[str, Any] = {}
    if hostile:
        for kind in ("bench/speed", "parity/f32", "tests/unit", "evaluation/style"):
            evidence[kind]["name"] = word
        evidence["bench/speed"]["metrics"][0]["name"] = word
        evidence["bench/speed"]["machine"] = [{"name": word, "value": word}]
        evidence["checkpoint"]["metric"] = word
    if refused or hostile:
        changed["checkpoint"] = {**EVIDENCE["checkpoint"], "problem": word}
        changed["secrets"] = {
            **EVIDENCE["secrets"],
            "marks": [{"path": word, "line": 3, "mark": "TODO"}],
        }
    subjects = {"build/model.safetensors": entry("model.safetensors", model).sha256}
    for kind, data in evidence.items():
        record = Evidence(
            kind=kind_of(kind), subjects=tuple(subjects.items()) if kind == "artifacts" else (), data=data
        )
        parts[f"evidence/{kind}.json"] = ("evidence", "recorded", _JSON, dump_canonical(record.to_json()))
    lineage = [
        {
            "step": f"train {word}",
            "reads": ["train.py", f"data/{word}/*.json"],
            "writes": ["build/model.safetensors"],
        },
        {"step": "export", "reads": ["build/model.safetensors"], "writes": [f"build/{word}.bin"]},
    ]
    for path, role, cls, value in (
        ("evidence/verdict.json", "verdict", "derived", decided(changed).to_json()),
        ("evidence/environment.json", "environment", "recorded", {"kind": "environment", "lineage": lineage}),
        ("evidence/dataset_statistics.json", "dataset-statistics", "exact", _statistics(word)),
    ):
        parts[path] = (role, cls, _JSON, dump_canonical(value))
    return release_tree.release_files(parts)


def _statistics(word: str) -> Any:
    value = copy.deepcopy(_STATISTICS)
    value["categories"] = {word: 20, "prose": 10}
    return value


def write_page_release(home: Path, *, hostile: bool = False, refused: bool = False) -> tuple[Path, Digest]:
    """Write the release below `home`; returns its folder and its root."""
    files = release_bytes(hostile=hostile, refused=refused)
    return release_tree.write_release(home / release_tree.VERSION, files), root_of(files)


@cache
def rendered(*, hostile: bool = False, refused: bool = False, later: bool = False) -> bytes:
    """The page of the release; `later` than three others, and rebuilt."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        release, root = write_page_release(project / "release", hostile=hostile, refused=refused)
        if later:
            write_baselines(project, "0.1.0", "0.2.0", "0.9.0")
            write_rebuild(release.parent, root)
        return render_page(read_page(release, root=root))


def write_baselines(project: Path, *versions: str) -> None:
    """Commit what earlier versions measured, each a little slower than the one after it."""
    (project / "baselines").mkdir(exist_ok=True)
    for number, version in enumerate(reversed(versions)):
        benches = [
            {key: EVIDENCE[kind][key] for key in ("name", "model_hash", "machine", "settings")}
            | {"metrics": [_slower(row, 1 + number / 10) for row in EVIDENCE[kind]["metrics"]]}
            for kind in ("bench/quality", "bench/speed")
        ]
        value = {"schema_version": 1, "version": version, "benches": benches}
        (project / "baselines" / f"{version}.json").write_bytes(dump_canonical(value))


def _slower(row: Any, factor: float) -> Any:
    kept = {key: row[key] for key in ("name", "unit", "direction", "exact", "stderr")}
    return {**kept, "samples": [value * factor for value in row["samples"]]}


def write_rebuild(home: Path, root: Digest) -> Path:
    """Attest a rebuild of the release beside it."""
    file = home / f"{release_tree.VERSION}.attestations" / "rebuild.json"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(dump_canonical(written(report(root=root))))
    return file
