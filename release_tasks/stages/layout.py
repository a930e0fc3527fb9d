"""Which file of the project becomes which file of the release, with its role, media type and class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from release_tasks.config.declared import is_glob
from release_tasks.config.layout import OWN_NAMES, base_name, data_name, is_json, tree_names
from release_tasks.errors import PathError
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.paths import fold, safe_relpath
from release_tasks.records.step import Class, Tree
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace

_ROLES = {
    "model": "weights",
    "index": "weights-index",
    "tokenizer": "tokenizer",
    "preprocessor": "preprocessor",
    "config": "config",
    "quality": "quality",
    "gguf": "gguf",
    "wheel": "wheel",
    "sdist": "sdist",
    "extra": "extra",
}
_MEDIA_TYPES = {
    "json": "application/json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "txt": "text/plain",
    "md": "text/markdown",
}


@frozen
class Placed:
    """One file of the release that comes from the project; `rendered`: the YAML form of a JSON config."""

    name: str
    declared: str
    role: str
    cls: Class = "exact"
    rendered: bool = False

    @property
    def media_type(self) -> str:
        """IANA media type, or octets for what has none."""
        return media_type(self.name)


def media_type(name: str) -> str:
    """Media type by file name (RFC 9512 for YAML), octets for weights and whatever else has none."""
    return _MEDIA_TYPES.get(name.rpartition(".")[2].casefold(), "application/octet-stream")


def _placed(plan: Plan, workspace: Workspace) -> Iterator[Placed]:
    artifacts = plan.release.artifacts
    for name, declared, key in tree_names(artifacts):
        rendered = key[0] == "config" and name == "config.yaml" and is_json(declared)
        yield Placed(name=name, declared=declared, role=_ROLES[str(key[0])], rendered=rendered)
    for pattern in filter(is_glob, artifacts.extra):
        for declared in workspace.index.tree_files(Tree((pattern,))):
            yield Placed(name=base_name(declared), declared=declared, role="extra")
    dataset = plan.release.dataset
    if dataset is not None:
        for declared in workspace.index.expand(plan.released_data):
            yield Placed(name=data_name(dataset, declared), declared=declared, role="data")


def place_artifacts(plan: Plan, workspace: Workspace) -> tuple[Placed, ...]:
    """Lay out all artifacts, sorted by name in the release.

    Raises PathError for names that not every file system can hold, and when two names collide: only a glob
    can bring such names, the configuration refuses the others.
    """
    placed = sorted(_placed(plan, workspace), key=lambda item: (item.name, item.declared))
    taken = {fold(name): f"{name}, which packaging writes" for name in OWN_NAMES}
    for item in placed:
        table, key = ("dataset", "files") if item.role == "data" else ("artifacts", "extra")
        safe_relpath(item.name, where=f"release.toml: {table}, the file {item.declared!a}")
        if fold(item.name) in taken:
            raise PathError(
                f"two files would be {item.name} in the release",
                wanted="names that differ by more than case or Unicode form",
                found=f"{taken[fold(item.name)]} and {ascii(item.declared)[1:-1]}",
                where=f"release.toml: {table}",
                hint=f"rename one of them, or narrow the pattern in {table}.{key}",
            )
        taken[fold(item.name)] = ascii(item.declared)[1:-1]
    return tuple(placed)


def artifact_subjects(workspace: Workspace, placed: Iterable[Placed]) -> tuple[tuple[str, Digest], ...]:
    """The declared files behind the layout with their digests as they are now, sorted."""
    found = {}
    for item in placed:
        digest = workspace.index.sha256(item.declared)
        if digest is not None:
            found[item.declared] = digest
    return tuple(sorted(found.items()))
