import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from release_tasks.errors import PathError
from release_tasks.registries.github_assets import asset_name, make_assets
from tests.fakes.release_tree import NAME, VERSION, archive, release_files
from tests.fakes.shipments import item, make_shipment


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("MANIFEST.json", "MANIFEST.json"),
        ("checksum.txt", "checksum.txt"),
        ("docs/MODEL_CARD.md", "MODEL_CARD.md"),
        ("docs/RELEASE_CHECKLIST.md", "RELEASE_CHECKLIST_v1.0.0.md"),
        ("docs/.eval_results/a.yaml", "eval_results-a.yaml"),
        ("docs/my notes (ä).md", "my.notes.....md"),
        ("evidence/bench/latency.json", "bench-latency.json"),
        ("evidence/bench/a/b.json", "bench-a-b.json"),
        ("evidence/verdict.json", None),
        ("model.safetensors", None),
    ],
)
def test_names_are_flat(tmp_path: Path, path: str, name: str | None) -> None:
    source = tmp_path / "x"
    source.write_text("x")
    assert asset_name(item("release", path, source), "v1.0.0") == name


def test_archives_are_the_same_wherever_they_are_made(tmp_path: Path) -> None:
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        made.append([(a.name, a.sha256) for a in make_assets(make_shipment(folder / "local"), folder)])
    assert made[0] == made[1]
    packed = (tmp_path / "a" / f"{NAME}-v{VERSION}-artifacts.tar.gz").read_bytes()
    assert gzip.decompress(packed) == archive(release_files(), "tar")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    shipment = make_shipment(tmp_path / "local")
    source = tmp_path / "x"
    source.write_text("x")
    twins = (item("release", "docs/a-b.md", source), item("release", "docs/a/b.md", source))
    with pytest.raises(PathError, match="two paths collide"):
        make_assets(replace(shipment, items=(*shipment.items, *twins)), tmp_path)
