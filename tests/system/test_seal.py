from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.records.digest import sha256
from release_tasks.records.receipt import Receipt
from release_tasks.system.receipts import write_receipt
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


def receipt(beside: Path, destination: str, exact_root: str) -> None:
    write_receipt(
        beside,
        Receipt(
            destination=destination,
            uri="directory:store",
            name="tiny",
            version="1.0.0",
            root=sha256("b" * 64),
            exact_root=sha256(exact_root * 64),
            files=(),
            aliases=(),
            published_at="2026-11-21T20:00:00Z",
        ),
    )


def test_receipts_hold_the_root_too_when_they_agree_and_can_be_read(root: Path, beside: Path) -> None:
    receipt(beside, "hub", "a")
    receipt(beside, "store", "a")
    name = "receipts in 1.0.0.attestations"
    assert read_seal(root, "v1.0.0", beside) == Seal(name=name, commit=None, exact_root=f"sha256:{'a' * 64}")
    receipt(beside, "store", "c")
    assert read_seal(root, "v1.0.0", beside) == Seal(name=name, commit=None, exact_root=None)
    (beside / "receipts/store.json").write_bytes(b"junk")
    assert read_seal(root, "v1.0.0", beside) == Seal(name=name, commit=None, exact_root=None)


def test_what_is_no_receipt_seals_nothing(root: Path, beside: Path) -> None:
    (beside / "receipts").mkdir(parents=True)
    (beside / f"receipts/.store.json.{'0' * 16}.tmp").write_bytes(b"half")
    (beside / "receipts/store.moves.jsonl").write_bytes(b"")
    assert read_seal(root, "v1.0.0", beside) is None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("1" * 40 + "\n", "Needed a single revision"),
        ("", "ignoring broken ref refs/tags/v1.0.0"),
        ("rubbish\n", "ignoring broken ref refs/tags/v1.0.0"),
    ],
)
def test_a_tag_that_cannot_be_followed_is_not_one_that_is_not_there(
    root: Path, beside: Path, content: str, found: str
) -> None:
    (root / ".git/refs/tags/v1.0.0").write_text(content)
    with pytest.raises(EnvironmentRefused) as caught:
        read_seal(root, "v1.0.0", beside)
    assert str(caught.value) == (
        "git cannot tell what the tag v1.0.0 is\n"
        "  wanted: a tag of a commit, and a git that may read this repository\n"
        f"  found:  {found}\n"
        f"  where:  {root}\n"
        "  hint:   the version may be sealed by it: mend what git says, then run again"
    )


def test_a_tag_of_no_commit_is_an_error(root: Path, beside: Path) -> None:
    git(root, "tag", "v1.0.0", "HEAD^{tree}")
    with pytest.raises(EnvironmentRefused, match="git cannot tell what the tag"):
        read_seal(root, "v1.0.0", beside)


def test_without_git_a_sealed_version_is_no_candidate(
    root: Path, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(root, "tag", "v1.0.0")
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(EnvironmentRefused) as caught:
        read_seal(root, "v1.0.0", beside)
    assert caught.value.found == "there is no git on the search path"
    assert read_seal(root, "v2.0.0", beside) is None


def test_a_worktree_whose_git_refuses_cannot_tell(root: Path, beside: Path, tmp_path: Path) -> None:
    git(root, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    assert read_seal(tmp_path / "tree", "v1.0.0", beside) is None
    (tmp_path / "tree/.git").write_text("gitdir: nowhere\n")
    with pytest.raises(EnvironmentRefused) as caught:
        read_seal(tmp_path / "tree", "v1.0.0", beside)
    assert (caught.value.found or "").startswith("not a git repository: ")
