from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from release_tasks.system.seal import Seal, is_sealed, read_seal, seal_in_doubt, seal_unknown


def git(root: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-qm", "one", "--allow-empty")
    return folder


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    return tmp_path / "1.0.0.attestations"


def test_a_candidate_has_no_seal(root: Path, beside: Path, tmp_path: Path) -> None:
    assert read_seal(root, "v1.0.0", beside) is None
    (beside / "receipts").mkdir(parents=True)
    git(root, "tag", "v1.0.0-rc.1")
    assert not is_sealed(root, "v1.0.0", beside)
    assert read_seal(tmp_path, "v1.0.0", beside) is None


def test_a_tag_seals_and_its_message_holds_the_root(root: Path, beside: Path) -> None:
    digest = f"sha256:{'a' * 64}"
    git(root, "tag", "-a", "v1.0.0", "-m", f"tiny 1.0.0\n\nroot: x\nexact_root: {digest}\n")
    assert read_seal(root, "v1.0.0", beside) == Seal(
        name="v1.0.0", commit=git(root, "rev-parse", "HEAD"), exact_root=digest
    )


@pytest.mark.parametrize("options", [(), ("-a", "-m", "made by hand")])
def test_a_tag_of_another_hand_seals_too(root: Path, beside: Path, options: tuple[str, ...]) -> None:
    git(root, "tag", *options, "v1.0.0")
    assert read_seal(root, "v1.0.0", beside) == Seal(
        name="v1.0.0", commit=git(root, "rev-parse", "HEAD"), exact_root=None
    )


def test_a_receipt_seals_without_a_tag(root: Path, beside: Path) -> None:
    (beside / "receipts").mkdir(parents=True)
    (beside / "receipts" / "hub.json").touch()
    assert read_seal(root, "v1.0.0", beside) == Seal(
        name="receipts in 1.0.0.attestations", commit=None, exact_root=None
    )
    assert is_sealed(root, "v1.0.0", beside)


@pytest.mark.parametrize(
    ("ci", "doubt"), [(None, False), ("", False), ("false", False), ("0", False), ("true", True), ("1", True)]
)
def test_under_ci_a_clone_that_may_lack_the_tag_is_in_doubt(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str | None, *, doubt: bool
) -> None:
    """Design §4: a clone without tags is "seal unknown", and replacing is refused under CI."""
    git(root, "commit", "-qm", "two", "--allow-empty")
    git(tmp_path, "clone", "-q", "--depth=1", root.as_uri(), "clone")
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    clone = tmp_path / "clone"
    assert seal_unknown(clone, "v1.0.0")
    assert not seal_unknown(root, "v1.0.0")
    assert seal_in_doubt(clone, "v1.0.0") is doubt
    assert not seal_in_doubt(root, "v1.0.0")
    git(clone, "tag", "v1.0.0")
    assert not seal_in_doubt(clone, "v1.0.0")  # the tag is here: nothing is unknown
