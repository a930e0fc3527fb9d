"""`check --docs`: do the documents of a release say what its evidence says, and the cards all they must."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from release_tasks import __version__
from release_tasks.config.schema import Release
from release_tasks.policy.card_text import number_flaws, section_flaws
from release_tasks.policy.traces import Sources, known_sources, traces_in, without_traces
from release_tasks.records.card import CARD_SECTIONS, CardFlaw, CardName
from release_tasks.records.document import DATA_CARD, DOCUMENT_ROLES, MODEL_CARD
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import MANIFEST
from release_tasks.stages.cards_action import card_flaws
from release_tasks.stages.documents_action import read_content, render_documents
from release_tasks.stages.plan import EXPERIMENTS, RELEASES
from release_tasks.stages.workspace import Workspace
from release_tasks.system.storage import storage_errors
from release_tasks.verbs.release_content import read_release_manifest

_ENVIRONMENT = "evidence/environment.json"
_SHOWN = 5  # lines of a document that are told one by one
_CARDS: tuple[tuple[str, CardName], ...] = ((MODEL_CARD, "model"), (DATA_CARD, "data"))


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
    with storage_errors(release.root):
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
        found = {path: (folder / path).read_bytes() for path in listed if (folder / path).is_file()}
    texts = {path: data.decode("utf-8", "replace") for path, data in found.items()}
    rendered = {document.path: document.data for document in render_documents(content)} if same else {}
    sources = known_sources(content)
    paths = sorted(rendered.keys() | set(listed))
    flaws = (
        *(flaw for path, text in texts.items() for flaw in _numbers(path, text, sources)),
        *_sections(texts),
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


def _numbers(path: str, text: str, sources: Sources) -> Iterator[DocumentFlaw]:
    """Yield every number that its evidence does not bear out, and every one that has no source."""
    for trace in traces_in(text):
        flaw = trace.flaw(sources)
        if flaw is not None:
            yield DocumentFlaw(path=path, line=trace.line, wanted=flaw[0], found=flaw[1])
    if path.endswith(".md"):
        yield from map(_flaw_of, number_flaws(without_traces(_body(text)), source=path))


def _body(text: str) -> str:
    """A document with its front matter blanked, so that lines keep their numbers."""
    head, fence, rest = text.partition("\n---\n")
    return "\n" * (head.count("\n") + 2) + rest if text.startswith("---\n") and fence else text


def _sections(texts: Mapping[str, str]) -> Iterator[DocumentFlaw]:
    """Yield every required section that a card does not have, or that is empty."""
    for path, card in _CARDS:
        if path in texts:
            yield from map(_flaw_of, section_flaws(_body(texts[path]), CARD_SECTIONS[card], (), source=path))
