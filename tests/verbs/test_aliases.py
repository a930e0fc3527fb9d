"""Where aliases lead: in the folder itself where it is, else by what was written down here."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.config.load import load_release
from release_tasks.config.schema import Release
from release_tasks.records.digest import Digest
from release_tasks.records.receipt import AliasMove, Receipt
from release_tasks.registries.alias_links import write_link
from release_tasks.system.alias_history import append_move, read_history
from release_tasks.verbs.aliases import Pointers, alias_pointers
from tests.fakes.small_project import small_project

DIGEST = Digest("sha256", "0" * 64)
SHELF = '[publish.shelf]\nuri = "directory:shelf"\n'
HUB = '[publish.hub]\nuri = "github:someone/tiny"\naliases = ["latest"]\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_project(tmp_path / "project", more=SHELF + HUB).root


def release(root: Path) -> Release:
    return load_release(root / "release.toml", environ={})


def receipt(destination: str, version: str, *, at: str, alias: str = "latest") -> Receipt:
    return Receipt(
        destination=destination,
        uri="directory:shelf",
        name="tiny",
        version=version,
        root=DIGEST,
        exact_root=DIGEST,
        files=(),
        aliases=(AliasMove(alias=alias, before=None, version=version),),
        published_at=at,
    )


def rolled_back(root: Path, destination: str, version: str, *, at: str, alias: str = "latest") -> Path:
    file = root / f"release/{version}.attestations/receipts/{destination}.moves.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    append_move(file, AliasMove(alias=alias, before="2.0.0", version=version), by="rollback", at=at)
    return file


def test_a_rollback_counts_as_much_as_a_publication(root: Path) -> None:
    receipts = [
        receipt("hub", "2.0.0", at="2026-01-02T00:00:00Z"),
        receipt("hub", "1.0.0", at="2026-01-01T00:00:00Z"),
    ]
    told = alias_pointers(release(root), receipts)
    assert told == (Pointers(destination="hub", versions=(("latest", "2.0.0"),), seen=False),)
    rolled_back(root, "hub", "1.0.0", at="2026-01-02T00:00:00Z")  # of one second, it came after
    told = alias_pointers(release(root), receipts)
    assert told == (Pointers(destination="hub", versions=(("latest", "1.0.0"),), seen=False),)
    later = receipt("hub", "3.0.0", at="2026-01-03T00:00:00Z")
    (told_later,) = alias_pointers(release(root), [*receipts, later])
    assert told_later.versions == (("latest", "3.0.0"),)


def test_a_folder_that_is_here_is_believed_more_than_its_records(root: Path) -> None:
    receipts = [receipt("shelf", "2.0.0", at="2026-01-02T00:00:00Z", alias="current")]
    told = alias_pointers(release(root), receipts)
    assert told == (Pointers(destination="shelf", versions=(("current", "2.0.0"),), seen=False),)
    home = root / "shelf" / "tiny"
    (home / "1.0.0").mkdir(parents=True)
    write_link(home, "current", "1.0.0")
    told = alias_pointers(release(root), receipts)
    assert told == (Pointers(destination="shelf", versions=(("current", "1.0.0"),), seen=True),)


def test_what_cannot_be_read_is_told(root: Path) -> None:
    rolled_back(root, "hub", "1.0.0", at="2026-01-02T00:00:00Z").write_text("{}\n")
    (root / "shelf" / "tiny" / "current").mkdir(parents=True)
    assert alias_pointers(release(root), []) == (
        Pointers(
            destination="hub",
            versions=(),
            seen=False,
            problems=("release/1.0.0.attestations/receipts/hub.moves.jsonl cannot be read",),
        ),
        Pointers(
            destination="shelf",
            versions=(),
            seen=True,
            problems=("the alias current is not one that release_tasks makes",),
        ),
    )


def test_the_history_keeps_its_times(root: Path) -> None:
    file = rolled_back(root, "hub", "1.0.0", at="2026-01-02T00:00:00Z")
    assert read_history(file) == (
        ("2026-01-02T00:00:00Z", AliasMove(alias="latest", before="2.0.0", version="1.0.0")),
    )
