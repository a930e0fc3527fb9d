"""`cards`: is all said that people must say of the release, and has every number of it a source (D, P16)."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.config.schema import Release
from release_tasks.records.card import CardName
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Step, Write
from release_tasks.stages.plan import Plan


def card_texts(release: Release) -> tuple[tuple[CardName, str], ...]:
    """The texts that people wrote, by card: (card, declared path)."""
    cards = release.cards
    named: tuple[tuple[CardName, str | None], ...] = (
        ("model", cards.model if cards else None),
        ("data", cards.data if cards else None),
    )
    return tuple((name, path) for name, path in named if path is not None)


def card_copies(release: Release) -> tuple[tuple[str, Write], ...]:
    """Every text and template of `[cards]` with its copy among the records, which the release shows."""
    templates = release.cards.templates if release.cards else ()
    return (
        *(
            (path, Write(f"{RECORDS}/cards/{name}.md", role="card-text"))
            for name, path in card_texts(release)
        ),
        *((path, Write(f"{RECORDS}/templates/{name}.j2", role="template")) for name, path in templates),
    )


def grounds(release: Release) -> tuple[str, ...]:
    """What of release.toml lets us fill sections without words of people (see `records.card`)."""
    return ("always", *(ground for ground, given in _grounds(release) if given))


def _grounds(release: Release) -> Iterator[tuple[str, bool]]:
    dataset = release.dataset
    yield "dataset", dataset is not None
    yield "categories", dataset is not None and dataset.category is not None
    yield "sources", dataset is not None and bool(dataset.sources)
    yield "measured", bool(release.benchmarks) or release.artifacts.quality is not None
    yield "checked", bool(release.tests or release.evaluations or release.parity)
    yield "license", release.license is not None


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the look at every text and template of `[cards]`, if it is declared."""
    release = plan.release
    if release.cards is None:
        return ()
    copies = card_copies(release)
    metrics = [metric for bench in release.benchmarks for metric in bench.metrics]
    return (
        Step(
            verb="cards",
            run="release_tasks.stages.cards_action:check_cards",
            doc="Look at what people wrote: every section there, every number with its source.",
            args=(
                ("cards", repr(release.cards)),
                ("grounds", grounds(release)),
                ("metrics", tuple(sorted({(metric.name, metric.unit) for metric in metrics}))),
            ),
            reads=tuple(dict.fromkeys(path for path, _ in copies)),
            writes=(Write(evidence_path("cards"), role="evidence"), *(write for _, write in copies)),
        ),
    )
