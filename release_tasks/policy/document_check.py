"""What a document must be whoever wrote its template: every number sourced, every section with words."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.card_text import section_flaws
from release_tasks.policy.prose_numbers import number_flaws
from release_tasks.policy.traces import Sources, traces_in, without_traces
from release_tasks.records.card import CARD_SECTIONS, CardFlaw, CardName
from release_tasks.records.document import DATA_CARD, MODEL_CARD

_CARDS: dict[str, CardName] = {MODEL_CARD: "model", DATA_CARD: "data"}


def document_flaws(path: str, text: str, sources: Sources) -> Iterator[CardFlaw]:
    """Yield every number that its evidence does not bear out or that has no source, and every required
    section that a card does not have, or that is empty; `sources` is `known_sources` of the release.
    """
    for trace in traces_in(text):
        flaw = trace.flaw(sources)
        if flaw is not None:
            yield CardFlaw(rule="number", source=path, line=trace.line, wanted=flaw[0], found=flaw[1])
    if path.endswith(".md"):
        yield from number_flaws(without_traces(_body(text)), source=path)
    if path in _CARDS:
        yield from section_flaws(_body(text), CARD_SECTIONS[_CARDS[path]], (), source=path)


def _body(text: str) -> str:
    """A document with its front matter blanked, so that lines keep their numbers."""
    head, fence, rest = text.partition("\n---\n")
    return "\n" * (head.count("\n") + 2) + rest if text.startswith("---\n") and fence else text
