"""The documents of a release: derived files for people, below docs/."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen

MODEL_CARD = "docs/MODEL_CARD.md"
DATA_CARD = "docs/DATA_CARD.md"
PERF_COMPARISON = "docs/PERF_COMPARISON.md"
CHECKLIST = "docs/RELEASE_CHECKLIST.md"
# Where each kind of document stands, by its role in the manifest.
DOCUMENT_ROLES = ("model-card", "data-card", "perf-comparison", "checklist", "changelog", "eval-results")
# Whose templates a user may replace, by file name in [cards.templates].
TEMPLATES = ("DATA_CARD.md", "MODEL_CARD.md", "PERF_COMPARISON.md", "RELEASE_CHECKLIST.md")


@frozen
class Document:
    """One rendered document: its path in the release, its bytes, its role."""

    path: str
    data: bytes
    role: str
