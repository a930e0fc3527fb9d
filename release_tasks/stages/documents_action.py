"""The documents of a release, rendered from its content graph: the one place where all of them are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.front_matter import dump_front_matter, dump_yaml_list
from release_tasks.formats.markdown import code_span, markdown_table
from release_tasks.formats.text_template import render_document, template_source
from release_tasks.policy import card_tables
from release_tasks.policy.card_front import data_front, eval_results, model_front
from release_tasks.policy.card_words import card_words
from release_tasks.policy.changelog_text import COMMITS, render_changelog
from release_tasks.policy.checklist import checklist, further_gates, later_items
from release_tasks.policy.content import BASELINE, CARDS, build_content, content_reads
from release_tasks.policy.document_check import document_flaws
from release_tasks.policy.performance_tables import SideBySide, against_baseline, last_version, side_by_side
from release_tasks.policy.traces import Sources, known_sources, traced
from release_tasks.records.card import CARD_SECTIONS, CardName
from release_tasks.records.content import Content
from release_tasks.records.document import CHECKLIST, DATA_CARD, MODEL_CARD, PERF_COMPARISON, Document
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
    """Render every document of a release, sorted by path; a pure function of the content.

    Raises FormatError for a document that cannot be rendered: a figure that was not measured, a template that
    fails; and for a template of the user that leaves out a section, or shows a number without its source.
    """
    documents = tuple(sorted(_documents(content), key=lambda document: document.path))
    sources = known_sources(content)
    for document in documents:
        if _own_template(document.path) in content.texts:
            _refuse_flaws(document, sources)
    return documents


def _refuse_flaws(document: Document, sources: Sources) -> None:
    """What our templates render is proved by tests; what others render is looked at before it is released."""
    for flaw in document_flaws(document.path, document.data.decode("utf-8"), sources):
        raise FormatError(
            "a template renders a document that says what no evidence says"
            if flaw.rule == "number"
            else "a template renders a document without a section that it must have",
            wanted=flaw.wanted,
            found=flaw.found,
            where=f"{flaw.source}:{flaw.line}",
            hint=f"correct the template of {document.path.removeprefix('docs/')} in [cards.templates]",
        )


def _own_template(path: str) -> str:
    return f"evidence/templates/{path.removeprefix('docs/')}.j2"


def _documents(content: Content) -> Iterator[Document]:
    cards = content.evidence(CARDS)
    if cards.get("model") is not None:
        yield Document(path=MODEL_CARD, data=_card(content, "model", MODEL_CARD), role="model-card")
        results = eval_results(content)
        if results:
            path = f".eval_results/{content.metadata['name']}.yaml"
            yield Document(path=path, data=dump_yaml_list(results).encode("utf-8"), role="eval-results")
    if cards.get("data") is not None:
        yield Document(path=DATA_CARD, data=_card(content, "data", DATA_CARD), role="data-card")
    if content.benches:
        yield Document(path=PERF_COMPARISON, data=_performance(content), role="perf-comparison")
    if COMMITS in content.records:
        changes = render_changelog(content).encode("utf-8")
        yield Document(path="docs/CHANGELOG.md", data=changes, role="changelog")
    yield Document(path=CHECKLIST, data=_checklist(content), role="checklist")


def _render(content: Content, path: str, **values: object) -> bytes:
    """Render one document by the user's template of this name, else by ours."""
    own = _own_template(path)
    template = content.texts.get(own)
    return render_document(
        template_source(path.removeprefix("docs/")) if template is None else template,
        where=own,
        content=content,
        name=f"{content.metadata['name']} {content.metadata['version']}",
        traced=traced,
        code=code_span,
        table=_table,
        tables=card_tables,
        **values,
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(markdown_table(head, rows))


def _card(content: Content, card: CardName, path: str) -> bytes:
    cards = content.evidence(CARDS)
    source = str(cards[card])
    words = card_words(content.texts[f"evidence/cards/{card}.md"], content.figures, source=source)
    required = {section.title for section in CARD_SECTIONS[card]}
    front = model_front(content) if card == "model" else data_front(content)
    return _render(
        content,
        path,
        front=dump_front_matter(front),
        words=lambda title: words.get(title, ""),
        more=[(title, text) for title, text in words.items() if title and title not in required],
        data_card=cards.get("data") is not None,
    )


def _performance(content: Content) -> bytes:
    return _render(
        content,
        PERF_COMPARISON,
        groups=side_by_side(content.benches),
        group_head=_group_head,
        group_rows=_group_rows,
        last=last_version(content),
        against=[
            (
                code_span(row.bench),
                code_span(row.metric.name),
                _unit(row.metric.unit),
                row.metric.direction,
                row.then,
                traced(row.metric.median),
                row.change,
            )
            for row in against_baseline(content)
        ],
        facts=_facts,
        no_baseline=content.record(BASELINE).get("reason"),
    )


def _unit(unit: str) -> str:
    return "" if unit == "1" else code_span(unit)


def _group_head(group: SideBySide) -> list[str]:
    first, *others = map(code_span, group.head)
    return [first, *(cell for other in others for cell in (other, "change"))]


def _group_rows(group: SideBySide) -> list[tuple[str, ...]]:
    return [
        (code_span(metric.name), _unit(metric.unit), metric.direction, *cells)
        for metric, cells in group.rows()
    ]


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {code_span(value)}" for name, value in facts) or "not stated"


def _checklist(content: Content) -> bytes:
    return _render(
        content,
        CHECKLIST,
        items=checklist(content),
        further=further_gates(content),
        later=tuple(later_items(str(content.metadata["version"]))),
    )
