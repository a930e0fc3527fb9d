"""Put a release together in its staging folder: read every input once, digest what passes, describe it all.

What is copied must be what was judged: the digests of the copy are compared with the evidence, so that a
database that lies about a file can spoil a no-op but never a release.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from release_tasks.errors import IntegrityError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.formats.checksum_file import dump_checksums
from release_tasks.formats.text_template import render_template
from release_tasks.formats.yaml_rendering import render_yaml
from release_tasks.records.contract import CURRENT
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.evidence import evidence_path
from release_tasks.records.identity import FileEntry, exact_root, root, tree_digest
from release_tasks.records.lock import LOCK
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, Manifest, ManifestFile, TensorDigests
from release_tasks.records.step import RECORDS, Class
from release_tasks.stages.dataset import KIND as DATASET
from release_tasks.stages.dataset import STATISTICS
from release_tasks.stages.documents_action import read_content, render_documents
from release_tasks.stages.evidence import released_records
from release_tasks.stages.execution import Context
from release_tasks.stages.frozen_action import read_lock
from release_tasks.stages.gate import JUDGEMENT, VERDICT
from release_tasks.stages.layout import Placed, media_type, place_artifacts
from release_tasks.stages.metadata import build_metadata
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.progress import ByteProgress
from release_tasks.stages.records_io import read_evidence, read_record, write_record
from release_tasks.system.copying import CopyJob, copy_many
from release_tasks.system.disk import fsync_tree, remove_tree
from release_tasks.system.hashing import FileDigests, digest_file
from release_tasks.system.safetensors_file import Layout, read_layout
from release_tasks.system.storage import storage_errors

READ_ONLY = 0o444


class _Staging:
    """The folder in the making, and the manifest entries of what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[ManifestFile] = []

    def place(self, name: str) -> Path:
        path = self.folder / name
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(
        self, name: str, digests: FileDigests, *, role: str, cls: Class, tensors: TensorDigests | None = None
    ) -> None:
        entry = entry_of(name, digests)
        self.files.append(
            ManifestFile(entry=entry, media_type=media_type(name), role=role, cls=cls, tensors=tensors)
        )

    def write(self, name: str, data: bytes, *, role: str, cls: Class) -> FileEntry:
        digests = self.write_bytes(name, data)
        if role:
            self.add(name, digests, role=role, cls=cls)
        return entry_of(name, digests)

    def write_bytes(self, name: str, data: bytes) -> FileDigests:
        path = self.place(name)
        with storage_errors(path):
            path.write_bytes(data)
            path.chmod(READ_ONLY)
        return digest_file(path)

    def sorted(self) -> tuple[ManifestFile, ...]:
        return tuple(sorted(self.files, key=lambda file: file.path))


def entry_of(name: str, digests: FileDigests) -> FileEntry:
    """The identity entry of a file whose bytes were digested with both hashes."""
    if digests.sha256 is None or digests.blake3 is None:
        raise AssertionError("BUG: a released file needs both digests")
    return FileEntry(name, digests.size, digests.sha256, digests.blake3)


def _copy_artifacts(context: Context, staging: _Staging, placed: Sequence[Placed]) -> None:
    jobs: list[CopyJob] = []
    layouts: dict[str, Layout] = {}
    real = [item for item in placed if not item.rendered]
    for item in real:
        source = context.workspace.index.locate(item.declared)
        if item.role == "weights":
            layouts[item.name] = read_layout(source, where=item.declared, follow=True)
        ranges = layouts[item.name].ranges if item.name in layouts else ()
        jobs.append(CopyJob(source=source, dest=staging.place(item.name), ranges=ranges, mode=READ_ONLY))
    total = sum(job_size(job) for job in jobs)
    progress = ByteProgress(context.report, what=f"copying {len(jobs)} files", total=total)
    judged = dict(read_evidence(context.workspace, evidence_path("artifacts")).subjects)
    frozen = _frozen(context)
    for item, digests in zip(real, copy_many(jobs, follow=True, on_bytes=progress), strict=True):
        _refuse_other_bytes(item.declared, digests.sha256, judged.get(item.declared))
        _refuse_other_bytes(item.declared, digests.sha256, frozen.get(item.declared, digests.sha256))
        tensors = layouts[item.name].digests(digests.ranges) if item.name in layouts else None
        staging.add(item.name, digests, role=item.role, cls=item.cls, tensors=tensors)
    for item in placed:
        if item.rendered:
            data = (staging.folder / "config.json").read_bytes()
            staging.write(item.name, render_yaml(data, where=item.declared), role=item.role, cls=item.cls)


def job_size(job: CopyJob) -> int:
    """Size of a job's source in bytes."""
    return Path(job.source).stat().st_size


def _frozen(context: Context) -> dict[str, Digest]:
    """What release.lock says of single files, as far as the verdict claims that they are so."""
    lock = read_lock(context.workspace)
    gates = read_record(context.workspace, VERDICT)["gates"]
    rows = [row for row in gates if isinstance(row, dict)] if isinstance(gates, list) else []
    passed = {row["gate"] for row in rows if row["status"] == "pass"}
    if lock is None:
        return {}
    inputs = dict(lock.inputs.files) if "lock-inputs" in passed else {}
    outputs = lock.outputs.get(context.workspace.numeric_id, ()) if "lock-outputs" in passed else ()
    return inputs | dict(outputs)


def _refuse_other_bytes(path: str, found: Digest | None, wanted: Digest | None) -> None:
    if wanted != found:
        raise IntegrityError(
            f"{path} is not the file that was judged (EVIDENCE_STALE)",
            wanted=str(wanted) if wanted else "evidence about this file",
            found=str(found),
            where=path,
            hint="the file or the state changed; remove .release/*.sqlite, then run again",
        )


def _copy_records(context: Context, staging: _Staging) -> None:
    base = context.workspace.root
    for write, name in released_records(context.plan):
        entry = staging.write(name, (base / write.path).read_bytes(), role=write.role, cls=write.cls)
        if write.path == STATISTICS:
            judged = read_evidence(context.workspace, evidence_path(DATASET)).data["statistics"]
            _refuse_other_bytes(write.path, entry.sha256, parse_digest(str(judged)))
    lock = base / LOCK
    if lock.exists():
        staging.write("evidence/release.lock", lock.read_bytes(), role="lock", cls="recorded")
    for write in JUDGEMENT:
        name = write.path.replace(f"{RECORDS}/", "evidence/")
        staging.write(name, (base / write.path).read_bytes(), role=write.role, cls=write.cls)


def _describe(context: Context, staging: _Staging) -> tuple[Manifest, list[FileEntry]]:
    """Write what is derived from the rest: metadata, README, and last MANIFEST and checksums."""
    release = context.plan.release
    exact = exact_root(file.entry for file in staging.files if file.cls == "exact")
    quality = staging.folder / "evidence/quality.json" if release.artifacts.quality else None
    metadata = build_metadata(context, files=staging.sorted(), exact_root=exact, quality=quality)
    staging.write("metadata.json", dump_canonical(metadata), role="metadata", cls="derived")
    for document in render_documents(read_content(staging.folder, staging.sorted())):
        staging.write(document.path, document.data, role=document.role, cls="derived")
    readme = render_template("README.txt", metadata=metadata, files=staging.sorted())
    staging.write("README.txt", readme, role="readme", cls="derived")
    manifest = Manifest(
        contract=CURRENT[release.type].name,
        name=release.name,
        version=release.version.text,
        exact_root=exact,
        files=staging.sorted(),
    )
    entry = staging.write(MANIFEST, dump_canonical(manifest.to_json()), role="", cls="derived")
    lines = [(file.path, file.entry.sha256) for file in manifest.files]
    sums = dump_checksums([*lines, (MANIFEST, entry.sha256)])
    return manifest, [entry, staging.write(CHECKSUMS, sums, role="", cls="derived")]


def render_release(context: Context) -> tuple[Manifest, tuple[FileEntry, ...]]:
    """Build `release/.staging-<version>`, not flushed; returns its manifest and every file as written.

    Raises IntegrityError when a file is not the one that was judged, StorageError when the disk refuses; the
    staging folder is removed then.
    """
    folder = context.workspace.root / context.plan.staging
    remove_tree(folder)
    staging = _Staging(folder)
    try:
        with storage_errors(folder):
            folder.mkdir(parents=True)
        _copy_artifacts(context, staging, place_artifacts(context.plan, context.workspace))
        _copy_records(context, staging)
        manifest, own = _describe(context, staging)
    except BaseException:
        remove_tree(folder)
        raise
    return manifest, (*(file.entry for file in manifest.files), *own)


def package_release(context: Context) -> str:
    """Render the release, flushed, and its record; returns the tree digest that the folder will have.

    Raises as `render_release`; the staging folder is removed then.
    """
    plan, workspace = context.plan, context.workspace
    manifest, entries = render_release(context)
    folder = workspace.root / plan.staging
    try:
        fsync_tree(folder)
    except BaseException:
        remove_tree(folder)
        raise
    write_record(
        workspace,
        PACKAGE,
        {
            "schema_version": 1,
            "root": str(root(entries)),
            "exact_root": str(manifest.exact_root),
            "files": len(entries),
            "bytes": sum(entry.size for entry in entries),
        },
    )
    return tree_digest((f"{plan.folder}/{entry.path}", entry.sha256.hex) for entry in entries).hex
