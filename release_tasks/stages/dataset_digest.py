"""The digest of a dataset, over sorted names and digests of its files: a rename changes it (K22)."""

from __future__ import annotations

from release_tasks.config.schema import Dataset
from release_tasks.records.digest import Digest
from release_tasks.records.identity import tree_digest
from release_tasks.records.step import Tree
from release_tasks.stages.plan import as_reads
from release_tasks.stages.workspace import Workspace


def dataset_entries(dataset: Dataset, workspace: Workspace) -> tuple[tuple[str, Digest], ...]:
    """Every file of the dataset with its digest, sorted by name, each once; a missing file is left out.

    Raises ConfigError for a glob that matches nothing.
    """
    found: dict[str, Digest] = {}
    for read in as_reads(dataset.files):
        if isinstance(read, Tree):
            found.update(workspace.index.tree_digests(read))
        elif (digest := workspace.index.sha256(read)) is not None:
            found[read] = digest
    return tuple(sorted(found.items()))


def dataset_digest(dataset: Dataset, workspace: Workspace) -> Digest:
    """The tree digest of all files of the dataset."""
    return tree_digest((path, digest.hex) for path, digest in dataset_entries(dataset, workspace))
