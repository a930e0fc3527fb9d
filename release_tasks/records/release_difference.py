"""How one release differs from another: the report of `diff`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from release_tasks.records.difference import FileDifference, ValueDifferences, finite_or_text
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.likeness import Likeness
from release_tasks.records.step import Class

SCHEMA_VERSION = 1

Judgement = Literal["better", "worse", "same", "changed", "added", "removed", "unlike", "undecided"]
Compared = Literal["nothing", "files", "records"]


@frozen
class ReleaseSide:
    """One of the two releases; `problems` is how many verification found, 0 for one that verifies."""

    path: str
    name: str
    version: str
    commit: str | None
    root: str | None
    exact_root: str | None
    problems: int

    def to_json(self) -> JSONObject:
        """Write the side as plain JSON."""
        return {
            "path": self.path,
            "name": self.name,
            "version": self.version,
            "commit": self.commit,
            "root": self.root,
            "exact_root": self.exact_root,
            "problems": self.problems,
        }


@frozen
class FileChange:
    """A file that is not the same on both sides: its name on each, None where it is not; role and class."""

    before: str | None
    after: str | None
    role: str
    cls: Class

    def to_json(self) -> JSONObject:
        """Write the change as plain JSON."""
        return {"before": self.before, "after": self.after, "role": self.role, "class": self.cls}


@frozen
class VocabularyDifference:
    """What changed of a tokenizer.

    `added` and `removed` are tokens with their ids, `moved` tokens with the id before and after, all by id.
    `merges` counts those before, after, only before and only after; `first_merge` is the first rank that
    differs. `options` are the model's type, the special tokens and the stages of the pipeline.
    """

    added: tuple[tuple[str, int], ...] = ()
    removed: tuple[tuple[str, int], ...] = ()
    moved: tuple[tuple[str, int, int], ...] = ()
    merges: tuple[int, int, int, int] = (0, 0, 0, 0)
    first_merge: int | None = None
    options: ValueDifferences = ValueDifferences()

    @property
    def empty(self) -> bool:
        """Whether vocabulary, merges and options are the same."""
        changed = self.added or self.removed or self.moved or self.options.count
        return not changed and self.first_merge is None

    def to_json(self) -> JSONObject:
        """Write the difference as plain JSON."""
        before, after, removed, added = self.merges
        return {
            "added": [{"token": token, "id": number} for token, number in self.added],
            "removed": [{"token": token, "id": number} for token, number in self.removed],
            "moved": [{"token": token, "before": old, "after": new} for token, old, new in self.moved],
            "merges": {"before": before, "after": after, "removed": removed, "added": added},
            "first_merge": self.first_merge,
            "options": self.options.to_json(),
        }


@frozen
class NameChanges:
    """Names of what was added, removed and changed, each sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def to_json(self) -> JSONObject:
        """Write the names as plain JSON."""
        return {
            "added": list[JSON](self.added),
            "removed": list[JSON](self.removed),
            "changed": list[JSON](self.changed),
        }


@frozen
class DatasetDifference:
    """What changed of the dataset.

    `compared` is how deep: the statistics alone say which `files` changed; `records` were read from the
    commits of both releases, and are named by their id, or where they stand. `note` says why not deeper.
    """

    compared: Compared = "nothing"
    statistics: ValueDifferences = ValueDifferences()
    files: NameChanges = NameChanges()
    records: NameChanges = NameChanges()
    note: str | None = None

    def to_json(self) -> JSONObject:
        """Write the difference as plain JSON."""
        return {
            "compared": self.compared,
            "statistics": self.statistics.to_json(),
            "files": self.files.to_json(),
            "records": self.records.to_json() if self.compared == "records" else None,
            "note": self.note,
        }


@frozen
class MetricDifference:
    """One metric of `source` (`quality`, or a benchmark): medians, and the relative change, 0.05 for 5 %.

    `direction` is the better one, None where nobody declared it; without it a metric is `changed` at most.
    `same` is equal, or within the noise. `unlike` was measured with another unit, direction or settings, or
    on another machine.
    """

    source: str
    name: str
    unit: str | None
    direction: Literal["higher", "lower"] | None
    before: float | None
    after: float | None
    relative: float | None
    judgement: Judgement

    def to_json(self) -> JSONObject:
        """Write the metric as plain JSON."""
        return {
            "source": self.source,
            "name": self.name,
            "unit": self.unit,
            "direction": self.direction,
            "before": finite_or_text(self.before),
            "after": finite_or_text(self.after),
            "relative": finite_or_text(self.relative),
            "judgement": self.judgement,
        }


@frozen
class ReleaseDifference:
    """The whole report; `exact` and `identical` tell whether exact files, and all files, are the same.

    `weights` are the files of tensors that are on both sides and not the same, `level` is how alike those
    are; `others` are further exact files; `files` has every file that is not the same, sorted by name.
    """

    before: ReleaseSide
    after: ReleaseSide
    identical: bool
    exact: bool
    same_files: int
    level: Likeness = "bytes"
    files: tuple[FileChange, ...] = ()
    weights: tuple[FileDifference, ...] = ()
    tokenizer: VocabularyDifference | None = None
    config: tuple[FileDifference, ...] = ()
    dataset: DatasetDifference = DatasetDifference()
    metrics: tuple[MetricDifference, ...] = ()
    metadata: ValueDifferences = ValueDifferences()
    licences: ValueDifferences = ValueDifferences()
    environment: ValueDifferences = ValueDifferences()
    verdict: ValueDifferences = ValueDifferences()
    others: tuple[FileDifference, ...] = ()

    def to_json(self) -> JSONObject:
        """Write the report as the one object that `--json` prints."""
        return {
            "schema_version": SCHEMA_VERSION,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "identical": self.identical,
            "exact_identical": self.exact,
            "same_files": self.same_files,
            "level": self.level,
            "files": [change.to_json() for change in self.files],
            "weights": _files(self.weights),
            "tokenizer": None if self.tokenizer is None else self.tokenizer.to_json(),
            "config": _files(self.config),
            "dataset": self.dataset.to_json(),
            "metrics": [metric.to_json() for metric in self.metrics],
            "metadata": self.metadata.to_json(),
            "licences": self.licences.to_json(),
            "environment": self.environment.to_json(),
            "verdict": self.verdict.to_json(),
            "others": _files(self.others),
        }


def _files(differences: Iterable[FileDifference]) -> list[JSON]:
    return [difference.to_json() for difference in differences]
