"""Scan the texts of a release for secrets, network use and open marks, before packaging and after."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.policy.network_use import network_uses
from release_tasks.policy.open_marks import open_marks
from release_tasks.policy.release_scope import MEMBER_ROLE, scope_of
from release_tasks.records.archive_listing import Listing
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import CHECKSUMS, MANIFEST
from release_tasks.stages.execution import Report
from release_tasks.system.distribution_file import read_sdist, read_wheel
from release_tasks.system.scanners.all_scanners import scanners
from release_tasks.system.scanners.protocol import Document

_READERS: dict[str, Callable[..., Listing]] = {"wheel": read_wheel, "sdist": read_sdist}
_SNIFFED = 8192  # bytes that must hold no NUL, as git tells text
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@frozen
class Item:
    """A file to scan: its name in the release, its role there, and where its bytes are."""

    path: str
    role: str
    source: Path | bytes


def scan_release(items: Iterable[Item], *, scratch: Path, report: Report) -> JSONObject:
    """Scan every text among the files with every scanner that is there; returns data of evidence `secrets`.

    Weights are not opened; wheels and source archives are, and each member is a text of its own. Modes are
    not looked at: the caller sets `modes`. `scratch` is a folder that copies of texts may be written to while
    the scan lasts.
    """
    documents: list[Document] = []
    left_out: list[JSON] = []
    network: list[JSON] = []
    marks: list[JSON] = []
    for item in sorted(_with_members(items), key=lambda item: item.path):
        scope = scope_of(item.role, item.path)
        text = None if scope.secrets == "none" else _text(item.source)
        if text is None:
            reason = "weights" if scope.secrets == "none" else "binary"
            left_out.append({"path": item.path, "reason": reason})
            continue
        holds_digests = item.path in {MANIFEST, CHECKSUMS}
        document = Document(item.path, text, scope.secrets, holds_digests=holds_digests)
        documents.append(document)
        if scope.network:
            uses = network_uses(item.path, text, document.lines)
            network += [{"path": item.path, "line": use.line, "found": use.found} for use in uses]
        if scope.marks:
            found = open_marks(document.lines)
            marks += [{"path": item.path, "line": mark.line, "mark": mark.mark} for mark in found]
    report(f"scanning {len(documents)} texts for secrets")
    return {
        **_secrets(documents, scratch),
        "not_scanned": left_out,
        "network": network,
        "marks": marks,
        "modes": None,
    }


def _with_members(items: Iterable[Item]) -> Iterator[Item]:
    """Every file, and the members of the archives that are Python distributions."""
    for item in items:
        yield item
        reader = _READERS.get(item.role)
        if reader is not None and isinstance(item.source, Path):
            with contextlib.suppress(FormatError):  # the evidence of kind `distribution` says so
                listing = reader(item.source, keep=("",), where=item.path)
                for name, data in listing.kept.items():
                    yield Item(path=f"{item.path}/{name}", role=MEMBER_ROLE, source=data)


def _secrets(documents: Sequence[Document], scratch: Path) -> JSONObject:
    results = [scanner.scan(documents) for scanner in scanners(scratch)]
    return {
        "scanners": [
            {
                "name": result.name,
                "version": result.version,
                "controls": result.controls,
                "missed": list(result.missed),
                "problem": result.problem,
            }
            for result in results
        ],
        "scanned": [document.path for document in documents],
        "secrets": [
            {"path": hit.path, "line": hit.line, "rule": hit.rule, "fingerprint": hit.fingerprint}
            for hit in sorted(hit for result in results for hit in result.hits)
        ],
    }


def _text(source: Path | bytes) -> str | None:
    """The text of a file, or None for one that is binary; text in no known encoding is read byte by byte."""
    if isinstance(source, Path):
        with source.open("rb") as stream:
            head = stream.read(_SNIFFED)
            encoding = _BOMS.get(head[:2])
            if encoding is None and b"\0" in head:
                return None
            data = head + stream.read()
    else:
        data, encoding = source, _BOMS.get(source[:2])
        if encoding is None and b"\0" in data[:_SNIFFED]:
            return None
    try:
        return data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
