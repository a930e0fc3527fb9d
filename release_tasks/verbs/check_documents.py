"""`check --docs`: do the documents of a release say what its evidence says, and the cards all they must."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from release_tasks import __version__
from release_tasks.config.schema import Release
from release_tasks.policy.content import content_reads
from release_tasks.policy.document_check import document_flaws
from release_tasks.policy.traces import known_sources, traces_in
from release_tasks.records.card import CardFlaw
from release_tasks.records.digest import sha256
from release_tasks.records.document import DOCUMENT_ROLES
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import MANIFEST, ManifestFile
from release_tasks.stages.cards_action import card_flaws
from release_tasks.stages.documents_action import read_content, render_documents
from release_tasks.stages.plan import EXPERIMENTS, RELEASES
from release_tasks.stages.release_manifest import read_release_manifest
from release_tasks.stages.workspace import Workspace
from release_tasks.system.storage import storage_errors

_ENVIRONMENT = "evidence/environment.json"
_SHOWN = 5  # lines of a document that are told one by one


@frozen
class DocumentFlaw:
    """One place where a document does not say what it should; lines are counted from 1."""

    path: str
    line: int
    wanted: str
    found: str

    def to_json(self) -> JSONObject:
        """Write the flaw as plain JSON."""
        return {"path": self.path, "line": self.line, "wanted": self.wanted, "found": self.found}


@frozen
class DocumentReport:
    """What was looked at and found: documents, traced numbers, flaws.

    `generator` is the version that made the release where it is not this one: then its documents are not
    rendered again, for its templates may have been others.
    """

    documents: int
    figures: int
    flaws: tuple[DocumentFlaw, ...]
    generator: str | None

    def to_json(self) -> JSONObject:
        """Write the report as plain JSON."""
        return {
            "ok": not self.flaws,
            "documents": self.documents,
            "figures": self.figures,
            "generator": self.generator,
            "flaws": list[JSON](flaw.to_json() for flaw in self.flaws),
        }


def has_release(release: Release) -> bool:
    """Whether anything was released from this project yet."""
    return any(
        file.is_file()
        for home in (RELEASES, EXPERIMENTS)
        for file in (release.root / home).glob(f"*/{MANIFEST}")
    )


def check_card_sources(release: Release) -> tuple[DocumentFlaw, ...]:
    """Look at the texts of `[cards]` in the working tree, by file and line.

    Raises FormatError for a text that is not UTF-8, StorageError when one cannot be read.
    """
    if release.cards is None:
        return ()
    return tuple(map(_flaw_of, card_flaws(release, Workspace(release))))


def _flaw_of(flaw: CardFlaw) -> DocumentFlaw:
    return DocumentFlaw(path=flaw.source, line=flaw.line, wanted=flaw.wanted, found=flaw.found)


def check_documents(folder: Path) -> DocumentReport:
    """Render the documents of a release directory again and compare; check every number and its source.

    Raises ConfigError when there is no such release, IntegrityError for a manifest that is malformed,
    FormatError for evidence that no release of ours has, StorageError when the system refuses.
    """
    manifest = read_release_manifest(folder)
    content = read_content(folder, manifest.files)
    generator = str(content.record(_ENVIRONMENT).get("generator"))
    same = generator == f"release_tasks {__version__}"
    listed = [file.path for file in manifest.files if file.role in DOCUMENT_ROLES]
    with storage_errors(folder):
        changed = tuple(_changed_evidence(folder, manifest.files))
        found = {path: (folder / path).read_bytes() for path in listed if (folder / path).is_file()}
    texts = {path: data.decode("utf-8", "replace") for path, data in found.items()}
    rendered = {document.path: document.data for document in render_documents(content)} if same else {}
    sources = known_sources(content)
    paths = sorted(rendered.keys() | set(listed))
    flaws = (
        *changed,
        *(_flaw_of(flaw) for path, text in texts.items() for flaw in document_flaws(path, text, sources)),
        *(flaw for path in paths for flaw in _drift(path, rendered, found, same=same)),
    )
    first = {(flaw.path, flaw.line): flaw for flaw in reversed(flaws)}
    return DocumentReport(
        documents=len(texts),
        figures=sum(1 for text in texts.values() for _ in traces_in(text)),
        flaws=tuple(first[place] for place in sorted(first)),
        generator=None if same else generator,
    )


def _drift(
    path: str, rendered: Mapping[str, bytes], found: Mapping[str, bytes], *, same: bool
) -> Iterator[DocumentFlaw]:
    """Yield the first lines of a document that are others than what the evidence gives."""
    if path not in found:
        yield DocumentFlaw(path=path, line=1, wanted="a document", found="no such file")
    elif same and path not in rendered:
        yield DocumentFlaw(path=path, line=1, wanted="no such document", found="one that no evidence gives")
    elif same and rendered[path] != found[path]:
        wanted, there = (
            data.decode("utf-8", "replace").split("\n") for data in (rendered[path], found[path])
        )
        length = max(len(wanted), len(there))
        padded = [[*lines, *["(the end)"] * (length - len(lines))] for lines in (wanted, there)]
        differing = [number for number in range(length) if padded[0][number] != padded[1][number]]
        for number in differing[:_SHOWN] or [length - 1]:
            yield DocumentFlaw(path=path, line=number + 1, wanted=padded[0][number], found=padded[1][number])


def _changed_evidence(folder: Path, files: Iterable[ManifestFile]) -> Iterator[DocumentFlaw]:
    """Yield every file that documents are rendered from and that is no longer the one of the manifest."""
    known = {file.path: file for file in files}
    for path in content_reads(known.values()):
        wanted = known[path].entry.sha256
        found = sha256(hashlib.sha256((folder / path).read_bytes()).hexdigest())
        if found != wanted:
            yield DocumentFlaw(
                path=path,
                line=1,
                wanted=f"sha256:{wanted.short}, as {MANIFEST} says",
                found=f"sha256:{found.short}",
            )
