"""What every stage is told when it plans its steps: the release, the mode of the run, and shared paths."""

from __future__ import annotations

from dataclasses import replace

from release_tasks.config.declared import is_glob
from release_tasks.config.layout import tree_names
from release_tasks.config.schema import Release
from release_tasks.records.frozen_record import frozen
from release_tasks.records.step import Tree
from release_tasks.records.verdict import Mode
from release_tasks.records.version import Version, parse_version

RELEASES = "release"
EXPERIMENTS = "experiments"  # what is no production release never stands among them (R24)


@frozen
class Plan:
    """A release and how it is asked for; `policy` is the policy file in force, None for the default."""

    release: Release
    mode: Mode
    policy: str | None = None

    @property
    def home(self) -> str:
        """The folder of all releases of this kind, relative to the project."""
        return EXPERIMENTS if self.release.type == "experimental" else RELEASES

    @property
    def folder(self) -> str:
        """The directory of the release, relative to the project."""
        return f"{self.home}/{self.release.version.text}"

    @property
    def staging(self) -> str:
        """Where the release is put together before it is accepted."""
        return f"{self.home}/.staging-{self.release.version.text}"

    @property
    def attestations(self) -> str:
        """Where statements about the release are kept, outside the tree that they speak of."""
        return f"{self.folder}.attestations"

    @property
    def bundle_stem(self) -> str:
        """Name of the release's folder inside bundles, and of the bundles."""
        return f"{self.release.name}-{self.release.version.text}"

    @property
    def artifacts(self) -> tuple[str, ...]:
        """Declared files of `[artifacts]` that are single files, sorted, each once."""
        names = {path for _, path, _ in tree_names(self.release.artifacts)}
        training = self.release.artifacts.training
        return tuple(sorted(names | ({training} if training else set())))

    @property
    def artifact_reads(self) -> tuple[str | Tree, ...]:
        """All that is released as reads of a step: single files, and globs as trees."""
        globs = tuple(Tree((path,)) for path in self.release.artifacts.extra if is_glob(path))
        return tuple(dict.fromkeys((*self.artifacts, *globs, *as_reads(self.released_data))))

    @property
    def released_data(self) -> tuple[str, ...]:
        """Declared files and globs of data that are released themselves, none but for a dataset."""
        dataset = self.release.dataset
        return dataset.files if self.release.type == "dataset" and dataset is not None else ()


def as_reads(declared: tuple[str, ...]) -> tuple[str | Tree, ...]:
    """Turn declared files and globs into a step's reads: single files as they are, each glob a Tree."""
    return tuple(Tree((path,)) if is_glob(path) else path for path in declared)


def _snapshot_of(version: Version) -> Version:
    """A version that no release of its scheme can have."""
    if version.scheme == "calendar":
        return replace(version, text=f"{version.text}-snapshot")
    base = version.text.partition("+")[0]
    return parse_version(base + (".snapshot" if "-" in base else "-snapshot"), version.scheme)


def make_plan(release: Release, mode: Mode, policy: str | None, *, profile: str | None = None) -> Plan:
    """Combine a release with the mode of the run; a snapshot gets a version that no release can have.

    `profile` takes the place of the one that release.toml names.
    """
    if profile is not None:
        release = replace(release, profile=profile)
    if mode.snapshot:
        release = replace(release, version=_snapshot_of(release.version))
    mode = replace(mode, experimental=release.type == "experimental")
    return Plan(release=release, mode=mode, policy=policy)
