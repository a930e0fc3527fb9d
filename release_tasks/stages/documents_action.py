"""The documents of a release, rendered from its content graph: the one place where all of them are made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from release_tasks.formats.markdown import code_span
from release_tasks.formats.text_template import render_template
from release_tasks.policy.changelog_text import COMMITS, render_changelog
from release_tasks.policy.content import build_content, content_reads
from release_tasks.policy.traces import traced
from release_tasks.records.content import Content
from release_tasks.records.document import Document
from release_tasks.records.manifest import ManifestFile
from release_tasks.system.storage import storage_errors


def read_content(folder: Path, files: Iterable[ManifestFile]) -> Content:
    """Read the content graph of a release folder whose manifest names `files`.

    Raises FormatError for records that no release of ours has, StorageError when the system refuses.
    """
    known = tuple(files)
    with storage_errors(folder):
        data = {path: (folder / path).read_bytes() for path in content_reads(known)}
    return build_content(known, data)


def render_documents(content: Content) -> tuple[Document, ...]:
    """Render every document of a release below docs/, sorted by path; a pure function of the content.

    Raises FormatError for a document that cannot be rendered.
    """
    documents = []
    if content.benches:
        text = render_template("PERF_COMPARISON.md", content=content, traced=traced, code=code_span)
        documents.append(Document(path="docs/PERF_COMPARISON.md", data=text, role="perf-comparison"))
    if COMMITS in content.records:
        data = render_changelog(content).encode("utf-8")
        documents.append(Document(path="docs/CHANGELOG.md", data=data, role="changelog"))
    return tuple(sorted(documents, key=lambda document: document.path))
