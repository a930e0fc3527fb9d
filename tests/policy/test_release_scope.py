"""K7 and R6: each kind of file has the scans that it can bear, and no others."""

from __future__ import annotations

import pytest

from release_tasks.policy.release_scope import Scope, scope_of


@pytest.mark.parametrize(
    ("role", "path", "secrets", "network", "marks"),
    [
        ("weights", "model.safetensors", "none", False, False),
        ("gguf", "m.gguf", "none", False, False),
        ("extra", "adapter.SAFETENSORS", "none", False, False),
        ("tokenizer", "tokenizer.json", "patterns", False, False),
        ("preprocessor", "preprocessor.json", "patterns", True, False),
        ("preprocessor", "spm.model", "patterns", False, False),
        ("weights-index", "model.safetensors.index.json", "patterns", True, False),
        ("extra", "merges.txt", "patterns", False, False),
        ("extra", "a.tiktoken", "patterns", False, False),
        ("extra", "tokenizer_config.json", "all", True, True),
        ("extra", "modeling.py", "all", True, True),
        ("extra", "USAGE.md", "all", False, True),
        ("extra", "samples.jsonl", "all", False, False),
        ("config", "config.json", "all", True, True),
        ("config", "config.yaml", "all", True, True),
        ("readme", "README.txt", "all", False, True),
        ("card", "docs/MODEL_CARD.md", "all", False, True),
        ("evidence", "evidence/smoke.json", "all", False, False),
        ("metadata", "metadata.json", "all", False, False),
        ("lock", "evidence/release.lock", "all", False, False),
        ("declaration", "release.toml", "all", False, False),
    ],
)
def test_scope(role: str, path: str, secrets: str, *, network: bool, marks: bool) -> None:
    assert scope_of(role, path) == Scope(secrets, network=network, marks=marks)  # type: ignore[arg-type]
