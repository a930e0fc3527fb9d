from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from release_tasks.records.digest import sha256
from release_tasks.records.identity import tree_digest
from release_tasks.stages.metadata import _REASONS, build_metadata, metrics_summary, model_hash, training_seed
from tests.fakes.release_tree import WEIGHTS, manifest_file
from tests.fakes.small_project import SmallProject, small_project

EXACT = sha256("e" * 64)
MODEL = manifest_file("model.safetensors", "weights", "exact", "application/octet-stream", WEIGHTS)
SHARDS = tuple(
    manifest_file(
        f"model-0000{n}-of-00002.safetensors", "weights", "exact", "application/octet-stream", WEIGHTS
    )
    for n in (1, 2)
)
CONFIG = manifest_file("config.json", "config", "exact", "application/json", b"{}")
YAML = manifest_file("config.yaml", "config", "exact", "application/yaml", b"{}\n")
TOKENIZER = manifest_file("tokenizer.json", "tokenizer", "exact", "application/json", b"{ }")


def built(project: SmallProject, quality: Path | None = None, **facts: str) -> Any:
    context = project.context(project.step("package"), facts)
    return build_metadata(context, files=(CONFIG, YAML, MODEL, TOKENIZER), exact_root=EXACT, quality=quality)


def test_what_is_not_known_is_null_with_a_reason(tmp_path: Path) -> None:
    """R14: null with a reason, never a default."""
    made = built(small_project(tmp_path), source="none", date="none")
    nulls = {key for key, value in made.items() if value is None}
    assert nulls == set(_REASONS) - {"tokenizer_hash"}
    assert made["reasons"] == {key: _REASONS[key] for key in sorted(nulls)}
    assert made["model_hash"] == str(MODEL.entry.sha256)
    assert made["config_hash"] == str(CONFIG.entry.sha256)
    assert made["tokenizer_hash"] == str(TOKENIZER.entry.sha256)
    assert made["exact_root"] == str(EXACT)


def test_the_commit_and_its_flag_are_those_of_the_build(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    made = built(project, source="a" * 40, date="2026-01-01T00:00:00Z")
    assert (made["git_commit"], made["git_commit_short"], made["git_dirty"]) == ("a" * 40, "a" * 12, False)
    assert made["date"] == "2026-01-01T00:00:00Z"
    assert built(project, source="a" * 40 + "+dirty")["git_dirty"] is True


def test_shards_are_hashed_as_a_set_with_their_names() -> None:
    assert model_hash((CONFIG, MODEL)) == MODEL.entry.sha256
    wanted = tree_digest((file.path, file.entry.sha256.hex) for file in SHARDS)
    assert model_hash(SHARDS) == model_hash(SHARDS[::-1]) == wanted


STEP = '[[step]]\nname = "train"\ncommand = ["python", "t.py"]\nreads = ["t.py"]\nwrites = ["{writes}"]\n{seed}\n'


@pytest.mark.parametrize(
    ("writes", "seed", "record", "wanted"),
    [
        ("model.safetensors", "seed = 7", None, 7),
        ("model.safetensors", "", None, None),
        ("other", "seed = 7", None, None),  # a step that makes something else says nothing of the weights
        ("model.safetensors", "seed = 7", b'{"seed": 9}', 9),  # the record of the training itself is nearer
        ("model.safetensors", "seed = 7", b'{"steps": 1}', None),  # and never a default
        ("model.safetensors", "seed = 7", b"[1]", None),
    ],
)
def test_the_seed_is_the_one_of_the_training(
    tmp_path: Path, writes: str, seed: str, record: bytes | None, wanted: int | None
) -> None:
    """R14: seed from the training record, not from a default."""
    project = small_project(
        tmp_path,
        artifacts='training = "train.json"' if record else "",
        more=STEP.format(writes=writes, seed=seed),
        files={"train.json": record or b"", "t.py": b""},
    )
    assert training_seed(project.plan, project.workspace) == wanted


def test_metrics_are_the_numbers_of_quality_json(tmp_path: Path) -> None:
    quality = tmp_path / "quality.json"
    quality.write_text(
        '{"schema_version": 1, "loss": 0.5, "n": 3, "ok": true, "name": "x", "deep": {"a": 1}, "a": -0.0}'
    )
    assert metrics_summary(quality) == {"a": -0.0, "loss": 0.5, "n": 3}
    quality.write_text("[1]")
    assert metrics_summary(quality) is None
    assert metrics_summary(None) is None


def test_the_dataset_is_hashed_over_paths_and_bytes_each_file_once(tmp_path: Path) -> None:
    """K22, and a file that two patterns match counts once."""
    more = '[dataset]\nversion = "3"\nfiles = ["data/a.json", "data/*.json", "data/**"]\n'
    project = small_project(tmp_path, more=more, files={"data/a.json": b"1", "data/b.json": b"2"})
    made = built(project)
    entries = [(path, project.workspace.index.sha256(path).hex) for path in ("data/a.json", "data/b.json")]  # type: ignore[union-attr]
    assert made["dataset_hash"] == str(tree_digest(entries))
    assert made["dataset_version"] == "3"
    (tmp_path / "data/b.json").rename(tmp_path / "data/c.json")
    assert built(project.again())["dataset_hash"] != made["dataset_hash"]
