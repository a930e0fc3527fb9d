"""One project as one process sees it: its configuration, digest index, worker and toolchain."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from release_tasks.config.schema import Release
from release_tasks.records.action_key import InputDigest, action_key
from release_tasks.records.step import Step
from release_tasks.stages.baseline_fact import baseline_fact, history_fact
from release_tasks.stages.input_modes import modes_fact
from release_tasks.system.environment import numeric_id, resolve_profile
from release_tasks.system.facts import resolve_facts
from release_tasks.system.git import committed_blobs, last_fetch, tag_commit
from release_tasks.system.index import DigestIndex
from release_tasks.system.sandbox import conditions, why_not
from release_tasks.system.scanners.gitleaks_program import gitleaks_fact
from release_tasks.system.state import StateDatabase
from release_tasks.system.toolchain import (
    distributions_digest,
    own_toolchain,
    pytest_plugin_digest,
    user_toolchain,
)

if TYPE_CHECKING:  # only runs that vary something need it
    from release_tasks.system.variation import Variation

STATE = ".release"


class MissingInputError(Exception):
    """A read of a step that is not there; the caller says which step and how to mend it."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Workspace:
    """What is shared by the steps that run in one process; pickled, it is opened anew on the other side.

    `variation` is what the user's commands shall find other than usual: no part of what identifies a step.
    """

    def __init__(
        self, release: Release, *, variation: Variation | None = None, index: DigestIndex | None = None
    ) -> None:
        self.release = release
        self.variation = variation
        if index is not None:
            self.index = index  # of a reader that may trust no digest of an earlier run

    def __getstate__(self) -> dict[str, object]:
        """Carry configuration and variation only: connections and what was seen belong to one process."""
        return {"release": self.release, "variation": self.variation}

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.release.root

    @cached_property
    def _database(self) -> StateDatabase:
        return StateDatabase(self.root / STATE / "index.sqlite")

    @cached_property
    def index(self) -> DigestIndex:
        """Digests of the project's files."""
        roots = {root.name: self.root / root.path for root in self.release.roots}
        return DigestIndex(self._database, self.root, roots)

    @cached_property
    def numeric_id(self) -> str:
        """Profile, OS, architecture, libc and numpy: the key of outputs in release.lock."""
        return numeric_id(resolve_profile(self.release.environment.numeric))

    @cached_property
    def _own_toolchain(self) -> str:
        return own_toolchain(self._database, libraries=self._libraries)

    @cached_property
    def _libraries(self) -> str:
        return distributions_digest(self._database)

    @cached_property
    def _remembered_mode(self) -> str:
        """The sandbox mode found when the machine last was as it is now: starting one costs 5 ms."""
        row = f"sandbox/{conditions()}"
        mode = self._database.get(row)
        if mode is None:
            mode = _mode()
            self._database.put([(row, mode)])
        return mode

    def _toolchain(self, step: Step, *, remembered: bool) -> str:
        """What runs a step: the user's command, our own code, or both where ours measures what theirs gives.

        What a `[[step]]` writes is its command's alone, so that a patch of ours does not train for days.
        """
        if not step.user:
            return self._own_toolchain
        theirs = self._user_toolchain(step, remembered=remembered)
        return theirs if step.verb == "step" else f"{self._own_toolchain} {theirs}"

    def _user_toolchain(self, step: Step, *, remembered: bool) -> str:
        command = dict(step.args)["command"]
        return user_toolchain(
            self._database,
            libraries=self._libraries,
            program=str(command[0]) if isinstance(command, tuple) else "",
            root=self.root,
            pass_=self.release.environment.pass_,
            numeric_id=self.numeric_id,
            mode=self._remembered_mode if remembered else _mode(),
        )

    def once_valid(self, path: str, check: Callable[[], object], *, under: str) -> None:
        """Run a check of a file unless the file's digest is the one that last passed it.

        `under` is what else the outcome depends on, as the profile does for a policy.
        """
        if not self.index.locate(path).is_file():
            check()
            return
        digest = self.index.sha256(path)
        row = f"valid/{path}/{under}"
        if digest is not None and self._database.get(row) == digest.hex:
            return
        check()
        if digest is not None:
            self._database.put([(row, digest.hex)])

    def inputs(self, step: Step) -> tuple[InputDigest, ...]:
        """Digests of all reads of a step now; raises MissingInputError, and ConfigError for an empty glob."""
        found = []
        for path in step.files:
            digest = self.index.sha256(path)
            if digest is None:
                raise MissingInputError(path)
            found.append(InputDigest(path, digest.hex))
        found += [
            InputDigest("|".join(tree.patterns), self.index.tree(tree).digest.hex) for tree in step.trees
        ]
        return tuple(found)

    def facts(
        self, step: Step, previous: dict[str, str], *, remembered: bool = False
    ) -> tuple[tuple[str, str], ...]:
        """The facts of the world that the step's identity holds, given those of its last run.

        `remembered`: what the state database remembers of the world is enough, for a check that may spare
        work; a step that runs looks at the world itself.
        """
        world = resolve_facts(
            self.root,
            tuple(name for name in step.facts if name not in self._own),
            previous,
            self._database if remembered else None,
        )
        return (*world, *((name, self._own[name]()) for name in step.facts if name in self._own))

    @cached_property
    def _own(self) -> dict[str, Callable[[], str]]:
        """Facts that depend on the configuration as well as on the world."""
        tag = self.release.version.tag_name(self.release.name)
        return {
            "numeric": lambda: self.numeric_id,
            "seal": lambda: tag_commit(self.root, tag) or "none",
            "modes": lambda: modes_fact(self.release, self.index),
            "scanners": gitleaks_fact,
            "baseline": lambda: baseline_fact(self.root, self.release, self._database),
            "history": lambda: history_fact(self.root, self.release),
            "fetched": lambda: last_fetch(self.root),
            "pytest-plugin": pytest_plugin_digest,
        }

    def committed(self, paths: list[str]) -> dict[str, str]:
        """`committed_blobs` as far as it is remembered: for what is shown, never for sealing."""
        return committed_blobs(self.root, paths, self._database)

    def key(self, step: Step, facts: tuple[tuple[str, str], ...], *, remembered: bool = False) -> str:
        """The action key of a step as everything is now; `remembered` as in `facts`, errors as `inputs`."""
        toolchain = self._toolchain(step, remembered=remembered)
        return action_key(step, inputs=self.inputs(step), toolchain=toolchain, facts=facts)


def _mode() -> str:
    return "no sandbox" if why_not() else "sandbox"
