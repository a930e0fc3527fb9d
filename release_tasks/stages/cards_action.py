"""Look at the texts of `[cards]`, and keep them among the records: documents are rendered from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from release_tasks.config.schema import Release
from release_tasks.formats.hand_text import read_hand_text
from release_tasks.policy.card_text import call_flaws, section_flaws
from release_tasks.policy.prose_numbers import number_flaws
from release_tasks.records.card import CARD_SECTIONS, CardFlaw
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.cards import card_copies, card_texts, grounds
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.workspace import Workspace
from release_tasks.system.disk import write_atomic
from release_tasks.system.storage import storage_errors


def read_text(workspace: Workspace, path: str) -> str:
    """Read a declared text; raises FormatError unless it is text, StorageError when the system refuses."""
    with storage_errors(path):
        data = workspace.index.locate(path).read_bytes()
    return read_hand_text(data, where=path)


def card_flaws(release: Release, workspace: Workspace) -> Iterator[CardFlaw]:
    """Yield all that is wrong with the texts of `[cards]`, by file and line; raises as `read_text`."""
    metrics = [metric for bench in release.benchmarks for metric in bench.metrics]
    names = {metric.name for metric in metrics}
    units = {metric.unit for metric in metrics}
    known = grounds(release)
    for card, path in card_texts(release):
        text = read_text(workspace, path)
        flaws = (
            *section_flaws(text, CARD_SECTIONS[card], known, source=path),
            *call_flaws(text, source=path),
            *number_flaws(text, source=path, metrics=names, units=units),
        )
        yield from sorted(flaws, key=lambda flaw: flaw.line)


def check_cards(context: Context) -> None:
    """Write the evidence of kind `cards`, and a copy of every text and template."""
    release, workspace = context.plan.release, context.workspace
    cards = release.cards
    if cards is None:
        raise AssertionError("BUG: no [cards], yet a step")
    flaws: list[JSON] = [asdict(flaw) for flaw in card_flaws(release, workspace)]
    copies = card_copies(release)
    for path, write in copies:
        target = workspace.root / write.path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, workspace.index.locate(path).read_bytes())
    data: JSONObject = {
        "model": cards.model,
        "data": cards.data,
        "sources": list[JSON](path for path, _ in copies),
        "grounds": list[JSON](grounds(release)),
        "front": {
            "language": list[JSON](cards.language),
            "tags": list[JSON](cards.tags),
            "pipeline_tag": cards.pipeline_tag,
            "library_name": cards.library_name,
            "datasets": list[JSON](cards.datasets),
            "benchmark": cards.benchmark,
        },
        "flaws": flaws,
    }
    write_measurement(context, "cards", data)
