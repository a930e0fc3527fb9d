"""The step `secrets`, and the scan of staged bytes, without doit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from release_tasks.records.manifest import MANIFEST
from release_tasks.stages import release_scan
from release_tasks.stages.input_modes import input_modes, modes_fact
from release_tasks.stages.release_scan import Item, scan_release
from release_tasks.stages.secrets_action import scan_artifacts
from release_tasks.system.scanners.planted import aws_key, github_token
from tests.fakes.release_tree import WEIGHTS
from tests.fakes.small_project import SmallProject, silent, small_project

EXTRA = 'extra = ["words/*"]'


def evidence(project: SmallProject) -> Any:
    project.run("secrets", scan_artifacts)
    return json.loads((project.root / ".release/records/secrets.json").read_text())


def scan(*items: Item, scratch: Path) -> Any:
    return scan_release(items, scratch=scratch, report=silent)


def test_the_evidence_names_what_was_scanned_and_what_was_not(tmp_path: Path) -> None:
    """K7: binary files and weights are named."""
    files = {"words/a.md": b"fine\n", "words/b.bin.dat": b"\0\1\2", "words/w.gguf": b"GGUF"}
    found = evidence(small_project(tmp_path, artifacts=EXTRA, files=files))
    data = found["data"]
    assert data["scanned"] == ["a.md", "config.json", "config.yaml", "release.toml", "tokenizer.json"]
    assert data["not_scanned"] == [
        {"path": "b.bin.dat", "reason": "binary"},
        {"path": "model.safetensors", "reason": "weights"},
        {"path": "w.gguf", "reason": "weights"},
    ]
    assert data["scanners"][0]["name"] == "detect-secrets"
    assert (data["secrets"], data["network"], data["marks"]) == ([], [], [])
    assert {"config.json", "release.toml", "words/*"} <= set(found["subjects"])


def test_weights_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K7: 4 GB of weights cost the scan nothing."""
    opened: list[Path] = []
    read = release_scan._text
    monkeypatch.setattr(release_scan, "_text", lambda source: opened.append(source) or read(source))
    (tmp_path / "m").write_bytes(WEIGHTS)
    (tmp_path / "c").write_bytes(b"{}")
    data = scan(
        Item(path="model.safetensors", role="weights", source=tmp_path / "m"),
        Item(path="config.json", role="config", source=tmp_path / "c"),
        scratch=tmp_path,
    )
    assert opened == [tmp_path / "c"]
    assert data["not_scanned"] == [{"path": "model.safetensors", "reason": "weights"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_in_any_encoding_is_scanned(tmp_path: Path, encoding: str) -> None:
    data = scan(
        Item(path="a.md", role="extra", source=f"clé {aws_key()}\n".encode(encoding)), scratch=tmp_path
    )
    assert [(row["path"], row["line"], row["rule"]) for row in data["secrets"]] == [
        ("a.md", 1, "AWS Access Key")
    ]


def test_without_any_scanner_the_evidence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_scan, "scanners", lambda _scratch: ())
    data = scan(Item(path="a.md", role="extra", source=aws_key().encode()), scratch=tmp_path)
    assert (data["scanners"], data["secrets"]) == ([], [])


def test_the_evidence_holds_no_secret(tmp_path: Path) -> None:
    files = {"words/a.md": f"TODO {aws_key()}\n".encode(), "words/b.json": b'{"u": "https://%s@h.invalid"}'}
    files["words/b.json"] %= github_token().encode()
    found = evidence(small_project(tmp_path, artifacts=EXTRA, files=files))
    assert {row["path"] for row in found["data"]["secrets"]} >= {"a.md"}
    assert found["data"]["network"] == [{"path": "b.json", "line": 1, "found": "u: https://h.invalid"}]
    assert found["data"]["marks"] == [{"path": "a.md", "line": 1, "mark": "TODO"}]
    text = json.dumps(found)
    assert aws_key() not in text
    assert github_token() not in text


def test_the_digests_of_a_manifest_are_known(tmp_path: Path) -> None:
    digest = "8f3a61c5d09e27b4" * 4
    text = json.dumps({"tensors": {"token_embd.weight": digest}}).encode()
    assert scan(Item(path=MANIFEST, role="manifest", source=text), scratch=tmp_path)["secrets"] == []
    assert len(scan(Item(path="other.json", role="extra", source=text), scratch=tmp_path)["secrets"]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
def test_modes_of_artifacts_and_of_what_commands_read(tmp_path: Path) -> None:
    smoke = '[smoke]\ncommand = ["python", "smoke.py"]\nreads = ["smoke.py", "data/*"]\n'
    files = {"words/a.md": b"x\n", "smoke.py": b"pass\n", "data/one": b"1"}
    project = small_project(tmp_path, artifacts=EXTRA, more=smoke, files=files)
    release, index = project.plan.release, project.workspace.index
    assert (input_modes(release, index), modes_fact(release, index)) == ((), "safe")
    for name in ("words/a.md", "smoke.py", "data/one"):
        (project.root / name).chmod(0o666)
    assert modes_fact(release, index) == (
        "smoke.py: world-writable (0666); words/a.md: world-writable (0666)"
    )
    assert evidence(project.again())["data"]["modes"] == [
        {"path": "smoke.py", "found": "world-writable (0666)"},
        {"path": "words/a.md", "found": "world-writable (0666)"},
    ]


def test_a_change_of_bits_is_a_change_of_the_step(tmp_path: Path) -> None:
    """Changing bits changes no digest; without the fact a refusal would stand after they were mended."""
    project = small_project(tmp_path)
    step = project.step("secrets")
    before = project.workspace.facts(step, {})
    (project.root / "config.json").chmod(0o666)
    assert dict(before)["modes"] == "safe"
    assert dict(project.again().workspace.facts(step, {}))["modes"] == "config.json: world-writable (0666)"


def test_a_policy_elsewhere_and_a_config_outside_are_no_error(tmp_path: Path) -> None:
    project = small_project(tmp_path, policy="absent.yml")
    assert "release.toml" in evidence(project)["data"]["scanned"]
