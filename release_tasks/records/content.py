"""The content graph: all that documents say of a release, every figure with the file that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import ManifestFile

# RFC 3986 pchar and "/", without what a comment (`--`), a link or a table could trip over.
_PLAIN = frozenset(b"/~.-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


@frozen
class Figure:
    """One number, as it is shown, and its source: a file of the tree, and what it is in that file.

    `pointer` is a JSON Pointer (RFC 6901) to the number, or to the value that it was counted or computed
    from; None means the file as a whole, for its size. `unit` is None for a plain count or share.
    """

    name: str
    value: int | float
    shown: str
    path: str
    pointer: str | None
    sha256: Digest
    unit: str | None = None
    direction: Literal["higher", "lower"] | None = None

    @property
    def source(self) -> str:
        """The source as one text: path, pointer as a URI fragment (RFC 6901 section 6), first 16 digits."""
        fragment = "" if self.pointer is None else f"#{_quoted(self.pointer)}"
        return f"{_quoted(self.path)}{fragment} sha256:{self.sha256.short}"

    @property
    def text(self) -> str:
        """The number with its unit, for people."""
        return self.shown if self.unit is None else f"{self.shown} {self.unit}"


def _quoted(text: str) -> str:
    """Percent-encode a text (RFC 3986 section 2.1), so that it can stand in an HTML comment."""
    spelt = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in text.encode("utf-8"))
    return spelt.replace("--", "-%2D")


@frozen
class Measurement:
    """One metric of a benchmark; `low` and `high` are None where the samples are too few for an interval.

    Raising `higher` or lowering `lower` is better; an `exact` metric has no noise.
    """

    name: str
    unit: str
    direction: Literal["higher", "lower"]
    exact: bool
    median: Figure
    samples: Figure
    low: Figure | None = None
    high: Figure | None = None


@frozen
class BenchContent:
    """One benchmark: the released file that it measured (None: not said), where and how, and its metrics."""

    name: str
    path: str
    artifact: str | None
    machine: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    metrics: tuple[Measurement, ...]

    def setting(self, name: str) -> str | None:
        """One of the settings, None when it is not stated."""
        return dict(self.settings).get(name)


@frozen
class SuiteContent:
    """One test suite: how many tests passed or failed by their mark, failed and were skipped."""

    name: str
    path: str
    structural: Figure
    heuristic: Figure
    failed: Figure
    skipped: Figure


@frozen
class PairContent:
    """One parity pair: two released files, τ-b and ΔNLL as the gate judges them (B6)."""

    name: str
    path: str
    kind: str
    reference: str
    candidate: str
    prompts: Figure
    tau: Figure | None
    delta_nll: Figure | None


@frozen
class EvaluationContent:
    """One evaluation by a rubric: score, what was wanted, samples judged."""

    name: str
    path: str
    judge: str
    mock: bool
    score: Figure
    threshold: Figure
    samples: Figure


@frozen
class GateContent:
    """One gate of the verdict: the files of the tree under it, and code and subject of every finding."""

    name: str
    hardness: str
    status: str
    evidence: tuple[str, ...]
    findings: tuple[str, ...]


@frozen
class Content:
    """All that documents speak of; `records` are the JSON files of the tree, `texts` what people wrote.

    `files` are those of the manifest that documents can speak of, sorted: neither documents nor the README.
    """

    metadata: JSONObject
    files: tuple[ManifestFile, ...]
    records: Mapping[str, JSON]
    texts: Mapping[str, str]
    gates: tuple[GateContent, ...]
    benches: tuple[BenchContent, ...]
    suites: tuple[SuiteContent, ...]
    pairs: tuple[PairContent, ...]
    evaluations: tuple[EvaluationContent, ...]
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def file(self, path: str) -> ManifestFile | None:
        """The file of a path, None when the release has none."""
        return next((file for file in self.files if file.path == path), None)

    def evidence(self, path: str) -> JSONObject:
        """The data of an evidence record; empty when the release has no such record."""
        data = self.record(path).get("data")
        return data if isinstance(data, dict) else {}

    def record(self, path: str) -> JSONObject:
        """A JSON object of the tree; empty when there is no such file or it is another value."""
        value = self.records.get(path)
        return value if isinstance(value, dict) else {}
