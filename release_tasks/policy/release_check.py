"""What makes a finished release whole: every rule over what was read from it, every problem collected.

Nothing here reads: `system.release_tree` and `system.release_archive` make the Contents. A digest that was
not recomputed counts as MANIFEST.json states it, so that an anchored root still binds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from release_tasks.errors import PathError, ReleaseError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.formats.checksum_file import dump_checksums
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.release_metadata import check_metadata
from release_tasks.records.contract import CONTRACTS
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.identity import FileEntry, exact_root, root
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, Manifest, ManifestFile, manifest_from_json
from release_tasks.records.release_contents import (
    MAX_RECORD_BYTES,
    METADATA,
    TREE,
    VERDICT,
    Contents,
    FoundFile,
    Problem,
    ProblemCode,
)
from release_tasks.records.verdict import Decision

_SET_ID, _WORLD_WRITE, _EXECUTE = 0o6000, 0o002, 0o111
_DECISIONS: tuple[Decision, ...] = ("PASS", "PASS_WITH_WARNINGS")
_TENSORS_SHOWN = 20  # tensors named in the problems of one file


@frozen
class Checked:
    """The outcome: `root` and `exact_root` are None when they cannot be computed from what is there."""

    manifest: Manifest | None
    root: Digest | None
    exact_root: Digest | None
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.problems


def read_manifest(kept: Mapping[str, bytes]) -> tuple[Manifest | None, tuple[Problem, ...]]:
    """Parse MANIFEST.json out of the kept files; None and the one problem when it is not one of ours."""
    data = kept.get(MANIFEST)
    if data is None:
        wanted = f"the list of all files, at most {MAX_RECORD_BYTES} bytes"
        return None, (_problem(ProblemCode.MISSING_FILE, MANIFEST, wanted),)
    try:
        manifest = manifest_from_json(parse_canonical(data, where=MANIFEST))
    except ReleaseError as error:
        code = ProblemCode.PATH if isinstance(error, PathError) else ProblemCode.MANIFEST_INVALID
        found = ": ".join(text for text in (error.what, error.found) if text)
        wanted = error.wanted or "a manifest that release_tasks writes"
        return None, (_problem(code, MANIFEST, wanted, found),)
    if dump_canonical(manifest.to_json()) != data:
        same = _problem(
            ProblemCode.MANIFEST_INVALID, MANIFEST, "the values that release_tasks writes", "other types"
        )
        return None, (same,)
    if manifest.contract not in CONTRACTS:
        wanted = f"contract {' or '.join(CONTRACTS)}"
        return manifest, (_problem(ProblemCode.MANIFEST_INVALID, MANIFEST, wanted, manifest.contract),)
    return manifest, ()


def check_release(contents: Contents, *, anchor: Digest | None = None) -> Checked:
    """Apply every rule of a finished release; `anchor` is the root that the caller trusts, if any."""
    manifest, problems = read_manifest(contents.kept)
    found = {file.path: file for file in contents.files}
    collected = [*contents.problems, *_modes(contents.files), *problems]
    if manifest is None:
        if anchor is not None:
            collected.append(_problem(ProblemCode.ROOT_MISMATCH, TREE, str(anchor), "no root: no manifest"))
        return Checked(manifest=None, root=None, exact_root=None, problems=tuple(collected))
    collected += _files(manifest, found, contents)
    entries = _entries(manifest, found)
    exact = [entries[file.path] for file in manifest.files if file.cls == "exact" and file.path in entries]
    whole = entries.keys() == found.keys() == {file.path for file in manifest.files} | {MANIFEST, CHECKSUMS}
    all_exact = len(exact) == sum(file.cls == "exact" for file in manifest.files)
    tree_root = root(entries.values()) if whole else None
    found_exact = exact_root(exact) if all_exact else None
    if contents.complete:
        collected += _records(manifest, contents, entries)
    if found_exact is not None and found_exact != manifest.exact_root:
        wanted = str(manifest.exact_root)
        collected.append(_problem(ProblemCode.EXACT_ROOT_MISMATCH, MANIFEST, wanted, str(found_exact)))
    if anchor is not None and tree_root != anchor:
        text = "no root: files are missing or extra" if tree_root is None else str(tree_root)
        collected.append(_problem(ProblemCode.ROOT_MISMATCH, TREE, str(anchor), text))
    return Checked(manifest=manifest, root=tree_root, exact_root=found_exact, problems=tuple(collected))


def _problem(code: ProblemCode, path: str, wanted: str, found: str = "none") -> Problem:
    return Problem(code=code, path=path, wanted=wanted, found=found)


def _modes(files: tuple[FoundFile, ...]) -> Iterator[Problem]:
    kinds = ((_SET_ID, "setuid or setgid"), (_WORLD_WRITE, "world-writable"), (_EXECUTE, "executable"))
    for file in files:
        flaws = [name for bits, name in kinds if file.mode is not None and file.mode & bits]
        if file.mode is not None and flaws:
            found = f"{file.mode:04o}: {', '.join(flaws)}"
            yield _problem(ProblemCode.MODE, file.path, "a plain file, as 0644 or 0444", found)


def _files(manifest: Manifest, found: Mapping[str, FoundFile], contents: Contents) -> Iterator[Problem]:
    known = {MANIFEST, CHECKSUMS}
    for file in manifest.files:
        known.add(file.path)
        here = found.get(file.path)
        if here is not None:
            yield from _file(file, here, tensors_read=contents.tensors_read)
        elif contents.complete:
            yield _problem(ProblemCode.MISSING_FILE, file.path, f"{file.entry.size} bytes")
    if CHECKSUMS not in found and contents.complete:
        yield _problem(ProblemCode.MISSING_FILE, CHECKSUMS, "the checksums of every file")
    for path in sorted(found.keys() - known):
        yield _problem(
            ProblemCode.EXTRA_FILE, path, f"only files that {MANIFEST} lists", f"{found[path].size} bytes"
        )
    if contents.folder not in {None, f"{manifest.name}-{manifest.version}"}:
        wanted = f"the top folder {manifest.name}-{manifest.version}"
        yield _problem(ProblemCode.ARCHIVE, TREE, wanted, str(contents.folder))


def _file(file: ManifestFile, here: FoundFile, *, tensors_read: bool) -> Iterator[Problem]:
    if here.size != file.entry.size:
        wanted, size = f"{file.entry.size} bytes", f"{here.size} bytes"
        yield _problem(ProblemCode.SIZE_MISMATCH, file.path, wanted, size)
        return
    for stated, computed in ((file.entry.sha256, here.sha256), (file.entry.blake3, here.blake3)):
        if computed is not None and computed != stated:
            yield _problem(ProblemCode.DIGEST_MISMATCH, file.path, str(stated), str(computed))
    if tensors_read and here.blake3 is not None and file.tensors is not None:
        yield from _tensors(file, here)


def _tensors(file: ManifestFile, here: FoundFile) -> Iterator[Problem]:
    if file.tensors is None or here.tensors is None:
        yield _problem(ProblemCode.TENSOR_MISMATCH, file.path, "a safetensors file", "another format")
        return
    stated, found = dict(file.tensors.tensors), dict(here.tensors.tensors)
    if file.tensors.header != here.tensors.header:
        wanted, text = f"header {file.tensors.header}", f"header {here.tensors.header}"
        yield _problem(ProblemCode.TENSOR_MISMATCH, file.path, wanted, text)
    differ = [name for name in sorted(stated.keys() | found.keys()) if stated.get(name) != found.get(name)]
    for name in differ[:_TENSORS_SHOWN]:
        wanted, text = (f"{name} {digests.get(name, 'absent')}" for digests in (stated, found))
        yield _problem(ProblemCode.TENSOR_MISMATCH, file.path, wanted, text)
    if len(differ) > _TENSORS_SHOWN:
        more = f"{len(differ) - _TENSORS_SHOWN} more differ"
        yield _problem(ProblemCode.TENSOR_MISMATCH, file.path, "the stated tensors", more)


def _entries(manifest: Manifest, found: Mapping[str, FoundFile]) -> dict[str, FileEntry]:
    """Entries of the identity: sizes and digests as computed, else as stated."""
    entries: dict[str, FileEntry] = {}
    for file in manifest.files:
        here = found.get(file.path)
        if here is not None:
            sha, blake = here.sha256 or file.entry.sha256, here.blake3 or file.entry.blake3
            entries[file.path] = FileEntry(file.path, here.size, sha, blake)
    for path in (MANIFEST, CHECKSUMS):
        here = found.get(path)
        if here is not None and here.sha256 is not None and here.blake3 is not None:
            entries[path] = FileEntry(path, here.size, here.sha256, here.blake3)
    return entries


def _records(manifest: Manifest, contents: Contents, entries: Mapping[str, FileEntry]) -> Iterator[Problem]:
    yield from _checksums(manifest, contents, entries)
    yield from _contract(manifest)
    metadata = contents.kept.get(METADATA)
    if metadata is None:
        yield _problem(
            ProblemCode.METADATA_MISMATCH, METADATA, "the metadata of the release", "no such record"
        )
    else:
        yield from check_metadata(metadata, manifest)
    yield from _verdict(contents.kept.get(VERDICT))


def _checksums(manifest: Manifest, contents: Contents, entries: Mapping[str, FileEntry]) -> Iterator[Problem]:
    data = contents.kept.get(CHECKSUMS)
    if MANIFEST not in entries or not any(file.path == CHECKSUMS for file in contents.files):
        return  # a missing file has been said already
    if data is None:
        wanted = f"at most {MAX_RECORD_BYTES} bytes"
        yield _problem(ProblemCode.CHECKSUM_MISMATCH, CHECKSUMS, wanted, "more")
        return
    stated = [(file.path, file.entry.sha256) for file in manifest.files]
    right = dump_checksums([*stated, (MANIFEST, entries[MANIFEST].sha256)])
    if data == right:
        return
    ours, theirs = right.splitlines(), data.splitlines()
    line = next(
        (number for number, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )
    shown = ascii(theirs[line].decode("utf-8", "replace"))[1:-1][:200] if line < len(theirs) else "the end"
    yield _problem(
        ProblemCode.CHECKSUM_MISMATCH,
        CHECKSUMS,
        f"line {line + 1}: {ours[line].decode('utf-8') if line < len(ours) else 'the end'}",
        f"line {line + 1}: {shown}" if data else "an empty file",
    )


def _contract(manifest: Manifest) -> Iterator[Problem]:
    contract = CONTRACTS.get(manifest.contract)
    if contract is None:
        return  # said when the manifest was read
    for slot in contract.missing(Counter(file.role for file in manifest.files)):
        wanted = f"{slot.least} file{'s' if slot.least > 1 else ''} of role {slot.role.replace('|', ' or ')}"
        yield _problem(ProblemCode.CONTRACT, TREE, wanted)
    for file in manifest.files:
        if file.role in contract.foreign:
            wanted = f"no file of role {file.role} in a release of contract {contract.name}"
            yield _problem(ProblemCode.CONTRACT, file.path, wanted, f"{file.entry.size} bytes")
    classes = {role: slot.cls for slot in contract.slots for role in slot.role.split("|")}
    for file in manifest.files:
        wanted_class = classes.get(file.role, file.cls)
        if file.cls != wanted_class:
            yield _problem(
                ProblemCode.CLASS,
                file.path,
                f"class {wanted_class} for role {file.role}",
                f"class {file.cls}",
            )
        if file.role == "weights" and file.tensors is None:
            yield _problem(ProblemCode.CONTRACT, file.path, "the BLAKE3 of every tensor of the weights")
    for path, role in ((METADATA, "metadata"), (VERDICT, "verdict")):
        if not any(file.path == path and file.role == role for file in manifest.files):
            yield _problem(ProblemCode.CONTRACT, path, f"a file of role {role} at {path}")


def _verdict(data: bytes | None) -> Iterator[Problem]:
    if data is None:
        yield _problem(ProblemCode.VERDICT, VERDICT, "the verdict of the gates", "no such record")
        return
    try:
        value = parse_strict(data, where=VERDICT)
    except ReleaseError as error:
        yield _problem(ProblemCode.VERDICT, VERDICT, error.wanted or "JSON", f"{error.what}: {error.found}")
        return
    decision = value.get("decision") if isinstance(value, dict) else None
    if decision not in _DECISIONS:
        yield _problem(ProblemCode.VERDICT, VERDICT, " or ".join(_DECISIONS), ascii(decision)[:100])
