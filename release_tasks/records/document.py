"""A document of a release: a derived file for people, below docs/."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen

DOCUMENT_ROLES = ("model-card", "data-card", "perf-comparison", "checklist", "changelog")


@frozen
class Document:
    """One rendered document: its path in the release, its bytes, its role."""

    path: str
    data: bytes
    role: str
