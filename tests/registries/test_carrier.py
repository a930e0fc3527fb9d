from dataclasses import replace
from pathlib import Path

import pytest

from release_tasks.errors import IntegrityError, RegistryError, SealedError
from release_tasks.records.version import parse_version
from release_tasks.registries.carrier import CarrierRegistry
from release_tasks.registries.protocol import Shipment
from release_tasks.verbs.verify import verify
from tests.fakes.release_tree import VERSION, release_files
from tests.fakes.shipments import make_shipment, opening


@pytest.fixture
def shipment(tmp_path: Path) -> Shipment:
    return make_shipment(tmp_path / "local")


def opened(tmp_path: Path) -> CarrierRegistry:
    return CarrierRegistry(opening(tmp_path, place=tmp_path / "carry" / "x.tar")[0])


def send(registry: CarrierRegistry, shipment: Shipment) -> None:
    with registry.held():
        assert registry.published(shipment) is None
        registry.stage(shipment)
        registry.verify(shipment)
        registry.finish(shipment)


def test_bundle_is_the_same_wherever_it_is_made_and_verifies(tmp_path: Path, shipment: Shipment) -> None:
    send(opened(tmp_path), shipment)
    send(opened(tmp_path / "again"), make_shipment(tmp_path / "again" / "local"))
    file = tmp_path / "carry/x.tar"
    assert file.read_bytes() == (tmp_path / "again/carry/x.tar").read_bytes()
    report = verify(file, root=shipment.root.hex, tag=None, full=True, cwd=tmp_path)
    assert (report.ok, report.files) == (True, len(release_files()))
    assert [path.name for path in file.parent.iterdir()] == ["x.tar"]
    registry = opened(tmp_path)
    (found,) = registry.published(shipment) or ()
    assert (found.path, found.size) == ("x.tar", file.stat().st_size)
    assert registry.check(shipment.version, shipment.tag) == shipment.root


def test_left_of_an_interrupted_run_is_written_anew(tmp_path: Path, shipment: Shipment) -> None:
    (tmp_path / "carry").mkdir()
    (tmp_path / "carry/.x.tar.staging").write_text("half")
    send(opened(tmp_path), shipment)
    assert not (tmp_path / "carry/.x.tar.staging").exists()


def test_staged_bytes_that_change_are_not_published(tmp_path: Path, shipment: Shipment) -> None:
    registry = opened(tmp_path)
    with registry.held():
        registry.stage(shipment)
        staged = tmp_path / "carry/.x.tar.staging"
        data = bytearray(staged.read_bytes())
        data[data.index(b'"version"') + 2] ^= 1
        staged.write_bytes(data)
        with pytest.raises(IntegrityError, match="does not verify"):
            registry.verify(shipment)


def test_another_release_in_the_file_is_refused(tmp_path: Path, shipment: Shipment) -> None:
    send(opened(tmp_path), shipment)
    other = replace(shipment, version=parse_version("1.0.1"), root=shipment.exact_root)
    with pytest.raises(SealedError) as caught:
        opened(tmp_path).published(other)
    assert str(caught.value) == (
        f"there is another file already: {shipment.name} {VERSION}\n"
        f"  wanted: root {other.root}\n  found:  root {shipment.root}\n  where:  {tmp_path / 'carry/x.tar'}\n"
        "  hint:   write {version} in the file's name of the uri, so that each version has its own"
    )
    (tmp_path / "carry/x.tar").write_text("notes of a person")
    with pytest.raises(SealedError, match="there is another file already: no release"):
        opened(tmp_path).published(shipment)
    assert (tmp_path / "carry/x.tar").read_text() == "notes of a person"


def test_no_aliases_and_one_publication_at_a_time(tmp_path: Path) -> None:
    registry = opened(tmp_path)
    assert registry.held_as("latest") is None
    assert registry.read_alias("latest") is None
    assert registry.moves("latest") == ()
    busy = pytest.raises(RegistryError, match="another publication")
    with registry.held(), busy, opened(tmp_path).held():
        pass
