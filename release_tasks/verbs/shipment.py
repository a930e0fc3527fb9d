"""What is published of a version: the verified directory, its bundles, its attestations and its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from release_tasks.errors import FormatError, GateRefused, IntegrityError
from release_tasks.formats.checksum_file import parse_checksums
from release_tasks.policy.release_check import check_release
from release_tasks.policy.release_notes import NotesFacts, release_notes
from release_tasks.policy.tag_message import version_section
from release_tasks.records.digest import Digest
from release_tasks.records.receipt import RECEIPTS
from release_tasks.records.yank import YANK
from release_tasks.registries.github_assets import asset_name
from release_tasks.registries.protocol import Item, Kind, Shipment
from release_tasks.stages.bundle import bundle_path
from release_tasks.stages.plan import Plan
from release_tasks.system.git_tag import TagObject
from release_tasks.system.hashing import digest_many
from release_tasks.system.release_archive import read_release_archive
from release_tasks.system.walk import walk_regular
from release_tasks.verbs.publish_journal import JOURNAL
from release_tasks.verbs.seal_record import sealable
from release_tasks.verbs.seal_verdict import Sealing

_CHANGELOG = "docs/CHANGELOG.md"
_NOT_CARRIED = (f"{RECEIPTS}/", f"{JOURNAL}/", YANK)  # what is said of publishing, which comes later


def pack_shipment(plan: Plan, sealing: Sealing, tag: TagObject | None) -> Shipment:
    """List every file with both digests as they are now; the release must be the one that was judged.

    Raises GateRefused for a bundle that is missing, IntegrityError for one of other bytes and for a release
    that changes under our hands.
    """
    root = plan.release.root
    manifest, digest, exact_root = sealable(sealing)
    release = _items("release", root / plan.folder, walk_regular(root / plan.folder))
    stated = {file.path: file.entry.sha256 for file in manifest.files}
    for item in release:
        if stated.get(item.path, item.sha256) != item.sha256:
            raise _other(item.source, stated[item.path], item.sha256)
    attestations = root / plan.attestations
    attested = [
        path
        for path in walk_regular(attestations)
        if not path.startswith(_NOT_CARRIED) and not path.rpartition("/")[2].startswith(".")
    ]
    page = root / f"{plan.folder}.html"
    items = [
        *release,
        *_items("attestation", attestations, attested),
        *_bundles(plan, digest),
        *_items("page", page.parent, [page.name] if page.is_file() else []),
    ]
    items.sort(key=lambda item: (item.kind, item.path))
    version = plan.release.version
    name = version.tag_name(plan.release.name)
    return Shipment(
        name=plan.release.name,
        version=version,
        tag=name,
        tag_object=None if tag is None else tag.id,
        root=digest,
        exact_root=exact_root,
        items=tuple(items),
        notes=release_notes(
            NotesFacts(
                name=plan.release.name,
                version=version.text,
                tag=name,
                root=digest,
                exact_root=exact_root,
                changelog=version_section(
                    sealing.kept.get(_CHANGELOG, b"").decode("utf-8", "replace"), version.text
                ),
                documents=_documents(release, name),
                bundle=_first_bundle(plan),
            )
        ),
    )


def _documents(release: list[Item], tag: str) -> tuple[str, ...]:
    """The names of documents and performance records among the assets, sorted."""
    named = ((item.path, asset_name(item, tag)) for item in release)
    return tuple(sorted(name for path, name in named if name is not None and "/" in path))


def _first_bundle(plan: Plan) -> str | None:
    return next((Path(bundle_path(plan, kind)).name for kind in plan.release.bundles), None)


def _items(kind: Kind, folder: Path, paths: list[str]) -> list[Item]:
    found = digest_many([folder / path for path in paths])
    items = []
    for path, digests in zip(paths, found, strict=True):
        if digests.sha256 is None or digests.blake3 is None:
            raise AssertionError("BUG: both digests were asked for")
        items.append(
            Item(
                kind=kind,
                path=path,
                source=folder / path,
                size=digests.size,
                sha256=digests.sha256,
                blake3=digests.blake3,
            )
        )
    return items


def _bundles(plan: Plan, root: Digest) -> Iterator[Item]:
    """Every bundle with its checksum file; each must hold this very release."""
    for kind in plan.release.bundles:
        file = plan.release.root / bundle_path(plan, kind)
        checksum = file.with_name(f"{file.name}.sha256")
        if not file.is_file() or not checksum.is_file():
            raise GateRefused(
                f"the bundle {file.name} is missing",
                wanted="the bundle and its checksum beside the release",
                where=plan.folder,
                hint="run 'doit release', which makes it again",
            )
        item, stated = _items("bundle", file.parent, [file.name, checksum.name])
        found = check_release(read_release_archive(file, full=True, tensors=False))
        if found.problems or found.root != root:
            raise _other(file, root, found.root)
        if _stated(checksum, file.name) != item.sha256:
            raise _other(checksum, item.sha256, _stated(checksum, file.name))
        yield item
        yield stated


def _stated(checksum: Path, name: str) -> Digest | None:
    try:
        return dict(parse_checksums(checksum.read_bytes(), where=checksum.name)).get(name)
    except FormatError:
        return None


def _other(path: Path, wanted: Digest, found: Digest | None) -> IntegrityError:
    return IntegrityError(
        f"{path.name} is not what was accepted",
        wanted=str(wanted),
        found="nothing that can be read" if found is None else str(found),
        where=str(path),
        hint="run 'doit release', which makes it again",
    )
