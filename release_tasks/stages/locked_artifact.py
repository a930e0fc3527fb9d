"""What release.lock of an earlier commit says of a file: the bytes that a release of then was made of."""

from __future__ import annotations

from release_tasks.errors import FormatError
from release_tasks.formats.lock_file import parse_lock
from release_tasks.records.lock import LOCK
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import file_of


def locked_digest(workspace: Workspace, commit: str, artifact: str) -> str | None:
    """The digest that release.lock of a commit has for an artifact: that of now when it is among several.

    None when the commit has no lock that can be read, or its lock does not name the artifact.
    """
    data = file_of(workspace.root, commit, LOCK)
    try:
        lock = None if data is None else parse_lock(data)
    except FormatError:
        lock = None
    if lock is None:
        return None
    tables = [dict(lock.inputs.files), *(dict(outputs) for outputs in lock.outputs.values())]
    digests = {str(table[artifact]) for table in tables if artifact in table}
    now = str(workspace.index.sha256(artifact))
    return now if now in digests else min(digests, default=None)
