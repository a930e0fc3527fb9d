"""The page of a release as data: all that it shows, before anything is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from release_tasks.policy.content_figures import shown_number
from release_tasks.policy.gates import GATES
from release_tasks.policy.page_charts import checkpoint_chart, dataset_chart, parity_chart, weights_chart
from release_tasks.policy.page_history import History
from release_tasks.policy.page_lineage import Lineage, lay_out_lineage
from release_tasks.policy.page_performance import performance_charts
from release_tasks.policy.page_tensors import WeightsTable, weights_table
from release_tasks.policy.rebuild_level import LEVELS, Level
from release_tasks.policy.waivers import WAIVERS_USED, WAIVERS_USED_DOC
from release_tasks.records.chart import Chart
from release_tasks.records.content import Content, GateContent
from release_tasks.records.digest import Digest
from release_tasks.records.evidence import evidence_from_json
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON
from release_tasks.records.lineage import StepFiles, lineage_from_json
from release_tasks.records.manifest import Manifest
from release_tasks.records.rebuild import RebuildReport
from release_tasks.records.release_contents import VERDICT
from release_tasks.records.tensor_overview import WeightsOverview

ENVIRONMENT = "evidence/environment.json"
ARTIFACTS = "evidence/artifacts.json"
WEIGHT_ROLES = ("weights", "gguf")
Card = tuple[str, str, str]  # a number, what follows it in smaller letters, what it is
_STATUSES = ("fail", "warn", "waived", "pass", "off", "skipped")
_DOCS = {**{gate.name: gate.doc for gate in GATES}, WAIVERS_USED: WAIVERS_USED_DOC}
_NOT_SHOWN = frozenset({"seed", "samples"})  # of the summary: how it was measured
_MOST_METRICS = 3
_LONG = 24  # characters of a fact that wants a line of its own
_FACTS = (
    ("date", "Date"),
    ("git_commit", "Commit"),
    ("release_type", "Type"),
    ("license", "Licence"),
    ("architecture", "Architecture"),
    ("dataset_version", "Dataset"),
    ("tokenizer_version", "Tokenizer"),
    ("training_seed", "Training seed"),
    ("docs_version", "Documentation"),
)


@frozen
class Rebuilt:
    """What a rebuild report beside the release shows; without one that counts, `why` says it."""

    report: RebuildReport | None = None
    level: Level | None = None
    why: str | None = None


@frozen
class GateRow:
    """One gate, and in a sentence what it wants."""

    gate: GateContent
    doc: str


@frozen
class Page:
    """Everything that the page shows; `sources` are files beside the tree that it draws on, with digests."""

    content: Content
    manifest: Manifest
    root: Digest
    decision: str
    facts: tuple[tuple[str, str, bool], ...]
    gates: tuple[GateRow, ...]
    statuses: tuple[tuple[str, int], ...]
    rebuilt: Rebuilt
    history: History
    performance: tuple[Chart, ...]
    checkpoints: Chart | None
    parity: Chart | None
    categories: Chart | None
    weights_by_kind: Chart | None
    weights: tuple[WeightsTable, ...]
    lineage: Lineage | None
    steps: tuple[StepFiles, ...]
    sources: tuple[tuple[str, str], ...]
    cards: tuple[Card, ...]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart of the page, in its order."""
        single = (self.checkpoints, self.parity, self.categories, self.weights_by_kind)
        return (*self.performance, *(chart for chart in single if chart is not None))

    @property
    def levels(self) -> tuple[str, ...]:
        """What each level means, from 0."""
        return LEVELS


def build_page(
    content: Content,
    manifest: Manifest,
    *,
    root: Digest,
    rebuilt: Rebuilt,
    history: History,
    weights: Sequence[WeightsOverview],
    sources: tuple[tuple[str, str], ...],
) -> Page:
    """Put the page together; a pure function of what was read, without a clock."""
    gates = tuple(GateRow(gate=gate, doc=_DOCS.get(gate.name, "")) for gate in content.gates)
    counts = Counter(row.gate.status for row in gates)
    steps = lineage_from_json(content.record(ENVIRONMENT).get("lineage"))
    return Page(
        content=content,
        manifest=manifest,
        root=root,
        decision=str(content.record(VERDICT).get("decision", "")),
        facts=tuple(_facts(content)),
        gates=tuple(sorted(gates, key=lambda row: _STATUSES.index(row.gate.status))),
        statuses=tuple((status, counts[status]) for status in _STATUSES if counts[status]),
        rebuilt=rebuilt,
        history=history,
        performance=performance_charts(content, history.baselines),
        checkpoints=checkpoint_chart(content),
        parity=parity_chart(content),
        categories=dataset_chart(content),
        weights_by_kind=weights_chart(weights),
        weights=tuple(weights_table(file) for file in weights),
        lineage=lay_out_lineage(steps, _released(content)),
        steps=steps,
        sources=sources,
        cards=tuple(_cards(content, manifest, rebuilt, weights)),
    )


def _cards(
    content: Content, manifest: Manifest, rebuilt: Rebuilt, weights: Sequence[WeightsOverview]
) -> Iterator[Card]:
    """Level, parameters, the first metrics of the summary, records, size: what fits into one look."""
    number = None if rebuilt.level is None else rebuilt.level.number
    if number is None:
        yield ("none", "", "rebuild level")
    else:
        yield (str(number), f"of {len(LEVELS) - 1}", "rebuild level")
    if known := next((file for file in weights if file.tensors), None):
        yield (f"{known.values:,}", "", "parameters")
    summary = content.metadata.get("metrics_summary")
    metrics = sorted(summary.items()) if isinstance(summary, dict) else []
    shown = [
        (key, value)
        for key, value in metrics
        if isinstance(value, int | float) and not isinstance(value, bool) and key not in _NOT_SHOWN
    ]
    for key, value in shown[:_MOST_METRICS]:
        yield (shown_number(value), "", key.replace("_", " "))
    if records := content.figures.get("dataset.record_count"):
        yield (f"{records.value:,}", "", "records of data")
    size = sum(file.entry.size for file in manifest.files)
    yield (_megabytes(size), "", f"in {len(manifest.files)} files")


def _megabytes(size: int) -> str:
    """A size as disks are sold, with three digits."""
    for unit, power in (("GB", 9), ("MB", 6), ("kB", 3)):
        if size >= 10**power:
            return f"{size / 10**power:.3g} {unit}"
    return f"{size} B"


def _facts(content: Content) -> list[tuple[str, str, bool]]:
    """Label, text, and whether the text only says why there is none; long ones last."""
    reasons = content.metadata.get("reasons")
    told = reasons if isinstance(reasons, dict) else {}
    found = []
    for key, label in _FACTS:
        value = content.metadata.get(key)
        if value is not None:
            found.append((label, str(value), False))
        elif key in told:
            found.append((label, str(told[key]), True))
    if content.metadata.get("git_dirty") is True:
        found.append(("Source", "built from uncommitted changes", False))
    return sorted(found, key=lambda fact: len(fact[1]) > _LONG)


def _released(content: Content) -> dict[str, str]:
    """The declared path of each artifact, and its name in the release, matched by digest."""
    value: JSON = content.records.get(ARTIFACTS)
    if value is None:
        return {}
    names = {str(file.entry.sha256): file.path for file in content.files}
    subjects = evidence_from_json(value, where=ARTIFACTS).subjects
    return {path: names[str(digest)] for path, digest in subjects if str(digest) in names}
