"""The content graph of a finished release, for whoever shows it: pages, checks."""

from __future__ import annotations

from pathlib import Path

from release_tasks.records.content import Content
from release_tasks.stages.documents_action import read_content
from release_tasks.stages.release_manifest import read_release_manifest


def read_release_content(folder: Path) -> Content:
    """Read the content graph of a release directory; raises what `read_release_manifest` raises, and
    FormatError for records that no release of ours has.
    """
    return read_content(folder, read_release_manifest(folder).files)
