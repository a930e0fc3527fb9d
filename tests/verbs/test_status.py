"""Versions as `status` shows them, from directories, tags and receipts that are really there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from release_tasks.config.load import load_release
from release_tasks.errors import ConfigError, FormatError, GateRefused, IntegrityError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.tag_message import TagFacts, compose_message
from release_tasks.records.digest import parse_digest
from release_tasks.records.receipt import AliasMove, Receipt
from release_tasks.records.verdict import Mode
from release_tasks.stages.plan import Plan, make_plan
from release_tasks.system.git_tag import create_tag
from release_tasks.system.yank_file import read_yank
from release_tasks.verbs.aliases import Pointers, alias_pointers
from release_tasks.verbs.load import load
from release_tasks.verbs.status import ReleaseRow, release_rows
from release_tasks.verbs.status_text import render_status
from release_tasks.verbs.verify import verify
from release_tasks.verbs.yank import render_yank, yank_release
from tests.fakes.release_tree import release_files, root_of, write_release
from tests.fakes.small_project import TOML

ROOT = root_of(release_files())
EXACT_ROOT = parse_digest(str(json.loads(release_files()["MANIFEST.json"])["exact_root"]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "release.toml").write_text(TOML.format(release="", artifacts="", more=""), "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "commit", "-qm", "one", "--allow-empty"], cwd=folder, check=True)
    write_release(folder / "release" / "1.0.0")
    return folder


def plan(root: Path) -> Plan:
    release = load_release(root / "release.toml", environ=dict(os.environ))
    return make_plan(release, Mode(), None)


def rows(root: Path) -> tuple[ReleaseRow, ...]:
    return release_rows(plan(root))


def tag(root: Path, name: str = "v1.0.0") -> None:
    facts = TagFacts(
        name="tiny",
        version="1.0.0",
        root=ROOT,
        exact_root=EXACT_ROOT,
        model_hash=None,
        commit="d" * 40,
        verdict="PASS",
        level=None,
    )
    create_tag(root, name, compose_message(facts, ""), commit="HEAD")


def receipt(root: Path, destination: str, alias_of: str, *, at: str) -> None:
    folder = root / "release/1.0.0.attestations/receipts"
    folder.mkdir(parents=True, exist_ok=True)
    record = Receipt(
        destination=destination,
        uri="directory:/store",
        name="tiny",
        version="1.0.0",
        root=ROOT,
        exact_root=ROOT,
        files=(),
        aliases=(AliasMove(alias="current", before=None, version=alias_of),),
        published_at=at,
    )
    (folder / f"{destination}.json").write_bytes(dump_canonical(record.to_json()))


def test_a_candidate_and_what_seals_it(root: Path) -> None:
    (row,) = rows(root)
    assert (row.version, row.state, row.decision, row.level) == ("1.0.0", "candidate", "PASS", None)
    assert (row.root, row.tag, row.problems) == (ROOT, None, ())
    tag(root)
    (row,) = rows(root)
    assert row.state == "sealed"
    assert row.tag is not None
    assert not row.tag.binds  # its commit is not the one that built the directory
    file = root / "release/1.0.0/metadata.json"
    file.write_text(file.read_text().replace("0123456789" * 4, row.tag.commit))
    (row,) = rows(root)
    assert (row.state, row.tag is not None and row.tag.binds) == ("sealed", True)


def test_a_receipt_seals_and_tells_where_the_aliases_lead(root: Path) -> None:
    receipt(root, "mirror", "1.0.0", at="2026-11-21T20:00:00Z")
    (row,) = rows(root)
    assert (row.state, [item.destination for item in row.receipts]) == ("sealed", ["mirror"])
    (found,) = alias_pointers(plan(root).release, row.receipts)
    assert found == Pointers(destination="mirror", versions=(("current", "1.0.0"),), seen=False)


def test_damage_is_seen_at_a_glance(root: Path) -> None:
    folder = root / "release/1.0.0"
    (folder / "extra.txt").write_text("x")
    (folder / "README.txt").chmod(0o644)
    (folder / "README.txt").write_text("other")
    (folder / "config.json").unlink()
    beside = root / "release/1.0.0.attestations"
    (beside / "receipts").mkdir(parents=True)
    (beside / "receipts" / "mirror.json").write_text("{}\n")
    (beside / "yank.json").write_text("{}\n")
    (row,) = rows(root)
    assert row.problems == (
        "README.txt has 5 bytes, not 16",
        "config.json is missing",
        "extra.txt is extra",
        "receipts/mirror.json cannot be read: not a receipt that release_tasks writes",
        "perhaps yanked: yank.json is damaged",
    )


def test_a_directory_without_a_manifest_that_reads_has_no_root(root: Path) -> None:
    manifest = root / "release/1.0.0/MANIFEST.json"
    manifest.chmod(0o644)
    manifest.write_text("{}")
    (row,) = rows(root)
    assert (row.root, len(row.problems)) == (None, 1)


def test_tags_without_a_directory_and_versions_in_their_order(root: Path) -> None:
    for name in ("v10.0.0", "v9.0.0", "v1.x", "other"):
        tag(root, name)
    write_release(root / "release/.rejected/1.0.0")
    write_release(root / "experiments/1.0.0")
    found = [(row.version, row.state, row.folder) for row in rows(root)]
    assert found == [
        ("1.0.0", "candidate", "release/1.0.0"),
        ("1.0.0", "experiment", "experiments/1.0.0"),
        ("1.0.0", "rejected", "release/.rejected/1.0.0"),
        ("9.0.0", "sealed", None),
        ("10.0.0", "sealed", None),
    ]


def test_the_text(root: Path) -> None:
    assert render_status("tiny", "1.0.0", (), (), ()) == (
        "tiny, release.toml says 1.0.0\n"
        "no release yet: run 'doit release'\n"
        "nothing would run: every step is up to date\n"
    )
    tag(root)
    seen = Pointers(destination="mirror", versions=(("current", "1.0.0"), ("latest", "1.1.0")), seen=True)
    told = Pointers(destination="hub", versions=(("latest", "1.0.0"),), seen=False, problems=("lost",))
    text = render_status("tiny", "1.0.0", rows(root), (told, seen), "no such file")
    assert f"1.0.0    sealed  PASS     none   {ROOT.hex[:16]}  v1.0.0 at " in text
    assert text.endswith(
        "hub: latest is 1.0.0, by the records here\n"
        "hub: lost\n"
        "mirror: current is 1.0.0, latest is 1.1.0\n"
        "what would run cannot be told: no such file\n"
    )


def test_a_yank_marks_and_its_undoing_keeps_the_history(root: Path) -> None:
    tag(root)
    done = yank_release(plan(root), "1.0.0", reason=" wrong\n licence ", act="yank")
    assert (done.event.reason, done.changed) == ("wrong licence", True)
    assert not yank_release(plan(root), "1.0.0", reason="wrong licence", act="yank").changed
    (row,) = rows(root)
    assert row.yanked == done.event
    report = verify(root / "release/1.0.0", root=None, tag=None, full=False, cwd=root)
    assert (report.ok, report.yanked) == (True, f"since {done.event.at}: wrong licence")
    undone = yank_release(plan(root), "1.0.0", reason="it was right", act="undo")
    assert render_yank(undone) == f"1.0.0 is not yanked any more, since {undone.event.at}: it was right\n"
    assert read_yank(root / "release/1.0.0.attestations") is None
    with pytest.raises(GateRefused, match=r"1\.0\.0 is not yanked"):
        yank_release(plan(root), "1.0.0", reason="again", act="undo")


def test_whoever_loads_a_yanked_release_is_warned(root: Path) -> None:
    tag(root)
    yank_release(plan(root), "1.0.0", reason="wrong licence", act="yank")
    with pytest.warns(UserWarning, match=r"tiny 1\.0\.0 is yanked since .*: wrong licence"):
        load(root / "release/1.0.0")
    (root / "release/1.0.0.attestations/yank.json").write_text("{}\n")
    with pytest.raises(FormatError, match=r"yank\.json is damaged"):
        load(root / "release/1.0.0")


def test_what_cannot_be_yanked(root: Path) -> None:
    with pytest.raises(GateRefused) as caught:
        yank_release(plan(root), "1.0.0", reason="x", act="yank")
    assert str(caught.value) == (
        "1.0.0 is not sealed: there is nothing to yank\n"
        "  wanted: the tag v1.0.0, or a receipt\n"
        "  found:  neither\n"
        "  where:  release/1.0.0\n"
        "  hint:   a candidate is replaced by the next 'doit release'"
    )
    tag(root)
    for version in ("2.0.0", "", "../1.0.0", ".rejected"):
        with pytest.raises(ConfigError, match="no release"):
            yank_release(plan(root), version, reason="x", act="yank")
    with pytest.raises(ConfigError, match="a yank without a reason"):
        yank_release(plan(root), "1.0.0", reason=" ", act="yank")
    (root / "release/1.0.0/extra.txt").write_text("x")
    with pytest.raises(IntegrityError, match=r"1\.0\.0 does not verify"):
        yank_release(plan(root), "1.0.0", reason="x", act="yank")


def test_receipts_of_another_release_are_said_to_be_that(root: Path) -> None:
    """They seal, for something was published under this version; but they tell nothing of this directory."""
    receipt(root, "store", "1.0.0", at="2026-01-01T00:00:00Z")
    file = root / "release/1.0.0.attestations/receipts/store.json"
    other = f"sha256:{'e' * 64}"
    file.write_text(file.read_text().replace(f'"root":"{ROOT}","schema', f'"root":"{other}","schema'))
    (row,) = rows(root)
    assert (row.state, row.receipts) == ("sealed", ())
    assert row.problems == (f"receipts/store.json is of another release of this version, root {other}",)
    file.write_text(file.read_text().replace('"version":"1.0.0"}', '"version":"2.0.0"}'))
    (row,) = rows(root)
    assert (row.state, row.problems) == ("sealed", ("receipts/store.json is of tiny 2.0.0",))
    file.rename(file.with_name("mirror.json"))
    (row,) = rows(root)
    assert row.problems == ("receipts/mirror.json cannot be read: the receipt of another destination",)


def test_a_published_version_whose_directory_is_lost_is_still_told(root: Path) -> None:
    receipt(root, "store", "1.0.0", at="2026-01-01T00:00:00Z")
    shutil.rmtree(root / "release/1.0.0")
    (row,) = rows(root)
    assert (row.version, row.state, row.folder, len(row.receipts)) == ("1.0.0", "sealed", None, 1)


def test_a_link_in_place_of_the_directory_is_told(root: Path) -> None:
    (root / "release/1.0.0").rename(root / "elsewhere")
    (root / "release/1.0.0").symlink_to("../elsewhere")
    (row,) = rows(root)
    assert row.problems == ("release/1.0.0 is a symbolic link, which is not followed",)


def test_a_mark_that_is_no_file_or_of_another_version_is_no_absent_one(root: Path) -> None:
    tag(root)
    yank_release(plan(root), "1.0.0", reason="bad", act="yank")
    file = root / "release/1.0.0.attestations/yank.json"
    data = file.read_text()
    file.write_text(data.replace('"version":"1.0.0"', '"version":"2.0.0"'))
    (row,) = rows(root)
    assert row.problems == ("perhaps yanked: the mark of another version",)
    file.write_text(data.replace(str(ROOT), f"sha256:{'e' * 64}"))
    with pytest.raises(IntegrityError) as caught:
        yank_release(plan(root), "1.0.0", reason="it is good", act="undo")
    assert str(caught.value) == (
        "yank.json speaks of another release\n"
        f"  wanted: root {ROOT}\n"
        f"  found:  root sha256:{'e' * 64}\n"
        "  where:  1.0.0.attestations/yank.json\n"
        "  hint:   find out which of the two was published; nothing was changed"
    )
    file.unlink()
    file.symlink_to("nowhere")
    (row,) = rows(root)
    assert row.problems == ("perhaps yanked: not a record",)
    report = verify(root / "release/1.0.0", root=None, tag=None, full=False, cwd=root)
    assert report.yanked == "perhaps: not a record, found a symbolic link"
