import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from release_tasks.errors import IntegrityError, RegistryError, SealedError
from release_tasks.records.receipt import AliasMove
from release_tasks.registries.directory import DirectoryRegistry
from release_tasks.registries.protocol import Shipment
from tests.fakes.release_tree import NAME, VERSION, release_files
from tests.fakes.shipments import Heard, make_shipment, opening


@pytest.fixture
def shipment(tmp_path: Path) -> Shipment:
    return make_shipment(tmp_path / "local")


def opened(tmp_path: Path) -> tuple[DirectoryRegistry, Heard]:
    found, heard = opening(tmp_path, place=tmp_path / "store")
    return DirectoryRegistry(found), heard


def send(registry: DirectoryRegistry, shipment: Shipment) -> list[str]:
    with registry.held():
        assert registry.published(shipment) is None
        registry.stage(shipment)
        registry.verify(shipment)
        return [file.path for file in registry.finish(shipment)]


def test_all_of_a_release_arrives_and_is_found_again(tmp_path: Path, shipment: Shipment) -> None:
    registry, heard = opened(tmp_path)
    paths = send(registry, shipment)
    home = tmp_path / "store" / NAME
    assert paths == sorted(
        [f"{VERSION}/{path}" for path in release_files()]
        + [f"{VERSION}.attestations/acceptance.json", f"{VERSION}.html"]
        + [f"{NAME}-{VERSION}.tar", f"{NAME}-{VERSION}.tar.sha256"]
    )
    assert all((home / path).is_file() for path in paths)
    assert all((home / path).stat().st_mode & 0o222 == 0 for path in paths)
    assert [path.name for path in home.glob(".staging*")] == []
    assert len(heard.sent()) == len(paths)
    assert [path.name for path in home.glob("*.lock")] == []
    found = registry.published(shipment)
    assert found is not None
    assert [file.path for file in found] == paths
    assert registry.check(shipment.version, shipment.tag) == shipment.root


def test_what_was_staged_whole_is_not_sent_again(tmp_path: Path, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path)
    with registry.held():
        registry.stage(shipment)
    staged = tmp_path / "store" / NAME / f".staging-{VERSION}"
    half = staged / "model.safetensors"
    half.chmod(0o644)
    half.write_bytes(half.read_bytes()[:10])
    (staged / "of-another-candidate.json").write_text("x")
    registry, heard = opened(tmp_path)
    send(registry, shipment)
    assert heard.sent() == ["model.safetensors"]
    assert registry.published(shipment) is not None


def test_staged_bytes_that_change_are_not_published(tmp_path: Path, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path)
    with registry.held():
        registry.stage(shipment)
        place = tmp_path / "store" / NAME / f".staging-{VERSION}/metadata.json"
        place.chmod(0o644)
        place.write_text("{}")
        with pytest.raises(IntegrityError, match="the copy is not what was verified"):
            registry.verify(shipment)
    assert not (tmp_path / "store" / NAME / VERSION).exists()


def test_source_that_changes_is_not_published(tmp_path: Path, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path)
    source = next(item.source for item in shipment.items if item.path == "metadata.json")
    source.write_text("{}")
    with registry.held(), pytest.raises(IntegrityError, match="the copy is not what was verified"):
        registry.stage(shipment)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (f"{VERSION}/metadata.json", b"{}"),
        (f"{VERSION}/more.txt", b"x"),
        (f"{VERSION}/README.txt", None),
        (f"{NAME}-{VERSION}.tar", b"x"),
        (f"{NAME}-{VERSION}.tar.sha256", None),
    ],
)
def test_other_bytes_under_the_version_are_named_and_left(
    tmp_path: Path, shipment: Shipment, path: str, data: bytes | None
) -> None:
    registry, _ = opened(tmp_path)
    send(registry, shipment)
    place = tmp_path / "store" / NAME / path
    place.unlink(missing_ok=True)
    if data is not None:
        place.write_bytes(data)
    with pytest.raises(SealedError) as caught:
        registry.published(shipment)
    name = path.removeprefix(f"{VERSION}/")
    assert str(caught.value).startswith(
        f"{VERSION} is published already, with other bytes\n  wanted: {name}: "
    )
    assert caught.value.hint == "a published version never changes: raise release.version with 'doit bump'"


def test_folder_that_is_not_there_is_not_made_unless_it_is_ours(tmp_path: Path, shipment: Shipment) -> None:
    found, _ = opening(tmp_path, place=tmp_path / "unmounted")
    registry = DirectoryRegistry(replace(found, own=False))
    assert registry.published(shipment) is None
    with pytest.raises(RegistryError) as caught, registry.held():
        pass
    assert str(caught.value) == (
        "the destination is not there\n  wanted: a folder\n  found:  nothing\n"
        f"  where:  {tmp_path / 'unmounted'}\n  hint:   make it, or mount the disk that it is on"
    )


def test_one_publication_at_a_time(tmp_path: Path) -> None:
    first, second = opened(tmp_path)[0], opened(tmp_path)[0]
    busy = pytest.raises(RegistryError, match="another publication is at work there")
    with first.held(), busy, second.held():
        pass
    with second.held():
        pass


def test_aliases_move_and_are_recorded_once(tmp_path: Path, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path)
    send(registry, shipment)
    move = AliasMove(alias="current", before=None, version=VERSION)
    assert registry.read_alias("current") is None
    for _ in range(2):
        registry.move_alias(move, by="publish", at="2026-11-21T20:00:00Z")
    assert registry.read_alias("current") == VERSION
    assert registry.moves("current") == (move,)
    assert registry.moves("latest") == ()
    with pytest.raises(RegistryError, match="current would lead to nothing"):
        registry.move_alias(replace(move, version="9.9.9"), by="rollback", at="2026-11-21T20:00:00Z")
    shutil.rmtree(tmp_path / "store" / NAME / VERSION)
    with pytest.raises(RegistryError, match="current would lead to nothing"):
        registry.move_alias(move, by="rollback", at="2026-11-21T20:00:00Z")


def test_damaged_version_is_not_verified(tmp_path: Path, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path)
    send(registry, shipment)
    place = tmp_path / "store" / NAME / VERSION / "model.safetensors"
    data = place.read_bytes()
    place.chmod(0o644)
    place.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(IntegrityError, match="does not verify: DIGEST_MISMATCH"):
        registry.check(shipment.version, shipment.tag)


def test_a_version_that_is_not_there_does_not_hold(tmp_path: Path, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path)
    with pytest.raises(IntegrityError) as caught:
        registry.check(shipment.version, shipment.tag)
    assert str(caught.value) == (
        f"not published there\n  wanted: {VERSION}\n  where:  {tmp_path / 'store' / NAME}"
    )
