"""seal.json beside the release: why it may be sealed, kept before its tag or its first receipt exists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.acceptance import sealed_table
from release_tasks.records.digest import Digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import Manifest
from release_tasks.stages.own_schema import check_own
from release_tasks.stages.records_io import read_object
from release_tasks.system.clock import now
from release_tasks.system.disk import write_atomic
from release_tasks.verbs.seal_verdict import Sealing

SEAL = "seal.json"
TAG = "tag.json"
CHECKLIST = "docs/RELEASE_CHECKLIST.md"


def sealable(sealing: Sealing) -> tuple[Manifest, Digest, Digest]:
    """Manifest, root and exact_root of a release that verified; AssertionError for any other."""
    checked = sealing.checked
    if checked.manifest is None or checked.root is None or checked.exact_root is None:
        raise AssertionError("BUG: a release that does not verify is to be sealed")
    return checked.manifest, checked.root, checked.exact_root


def sealed_root(attestations: Path) -> str | None:
    """The root that seal.json speaks of; None without one, or when it is damaged and so says nothing."""
    try:
        root = read_object(attestations / SEAL, where=SEAL).get("root")
    except (OSError, FormatError):
        return None
    return root if isinstance(root, str) else None


def keep_push(attestations: Path, *, tag: str, object_id: str, places: Sequence[str]) -> None:
    """Note which remotes were seen to have the tag; those noted before for the same tag object stay."""
    known = pushed_to(attestations, object_id)
    record: JSONObject = {
        "schema_version": 1,
        "tag": tag,
        "object": object_id,
        "pushed_to": list[JSON](sorted({*known, *places})),
        "seen_at": now(),
    }
    check_own("tag", record)
    write_atomic(attestations / TAG, dump_canonical(record))


def pushed_to(attestations: Path, object_id: str) -> tuple[str, ...]:
    """The remotes that were seen to have this tag object, as far as that was noted here."""
    try:
        record = read_object(attestations / TAG, where=TAG)
    except (OSError, FormatError):
        return ()
    places = record.get("pushed_to")
    if record.get("object") != object_id or not isinstance(places, list):
        return ()
    return tuple(place for place in places if isinstance(place, str))


def keep_seal(sealing: Sealing, *, tag: str, attestations: Path) -> None:
    """Write seal.json, and the checklist under the name of its version (B10); raises StorageError."""
    manifest, root, exact_root = sealable(sealing)
    table: list[JSON] = [row.to_json() for row in sealed_table(sealing.candidate, sealing.verdict, root=root)]
    record: JSONObject = {
        "schema_version": 1,
        "name": manifest.name,
        "version": manifest.version,
        "tag": tag,
        "commit": sealing.metadata["git_commit"],
        "root": str(root),
        "exact_root": str(exact_root),
        "level": sealing.level,
        "table": table,
        "verdict": sealing.verdict.to_json(),
        "judged_at": now(),
    }
    check_own("seal", record)
    checklist = sealing.kept.get(CHECKLIST)
    if checklist is not None:
        write_atomic(attestations / f"RELEASE_CHECKLIST_v{manifest.version}.md", checklist)
    write_atomic(attestations / SEAL, dump_canonical(record))
