"""Build the exact files of a release again, step by step in a fresh place, or rest on records of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from release_tasks.catalog import plan_steps
from release_tasks.config.layout import is_json, tree_names
from release_tasks.errors import CommandFailed, EnvironmentRefused, FormatError, ReleaseError
from release_tasks.formats.lock_file import parse_lock
from release_tasks.policy.rebuild_choice import best_record, is_varied_less, spot_check, why_not_counted
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.lock import Lock
from release_tasks.records.rebuild import Machine, Outcome, StepResult
from release_tasks.records.rebuild_record import RebuildRecord
from release_tasks.records.step import Step, tree_matches
from release_tasks.records.variation import ordered
from release_tasks.stages.evidence import exact_records
from release_tasks.stages.records_io import read_object
from release_tasks.stages.workspace import Workspace
from release_tasks.system.clock import now
from release_tasks.system.rebuild_store import RebuildStore, Stored
from release_tasks.system.variation import Variation
from release_tasks.verbs.rebuild_claim import RELEASED_LOCK, Claim, Source
from release_tasks.verbs.rebuild_inputs import Sources, frozen_inputs, supply_output, supply_reads
from release_tasks.verbs.rebuild_run import Ran, run_again
from release_tasks.verbs.rebuild_trials import Trial

Told = Callable[[str, str], None]  # an event of a step, for whoever watches: its name and what happened


@frozen
class Wish:
    """How a rebuild is asked for: every step anew, or `spot_check` of those on record; what is varied."""

    all: bool
    spot_check: int
    variation: Variation


@frozen
class Made:
    """A step's result, the outputs that it should have, and where those lie that came out otherwise."""

    result: StepResult
    wanted: tuple[str, ...] = ()
    other: tuple[tuple[str, Path], ...] = ()


def exact_steps(source: Source) -> tuple[Step, ...]:
    """The steps that make exact files, in the order of the graph."""
    return tuple(
        step for step in plan_steps(source.plan) if any(write.cls == "exact" for write in step.writes)
    )


def wanted_outputs(claim: Claim, source: Source) -> dict[str, Digest]:
    """What steps made in the first build, by declared path: as released, else as the lock froze it."""
    lock = released_lock(claim)
    frozen = dict(lock.outputs.get(str(claim.environment["numeric_id"]), ())) if lock else {}
    released = {file.path: file.entry.sha256 for file in claim.manifest.files}
    names = [
        (name, path)
        for name, path, _ in tree_names(source.plan.release.artifacts)
        if name != "config.yaml" or not is_json(path)
    ]
    names += exact_records(source.plan).items()
    return {**frozen, **{path: released[name] for name, path in names if name in released}}


def released_lock(claim: Claim) -> Lock | None:
    """The release.lock that the release holds, None for a release without one."""
    file = claim.folder / RELEASED_LOCK
    return parse_lock(file.read_bytes()) if file.is_file() else None


class StepRebuild:
    """One pass over the steps of a release; what comes out otherwise is kept aside in `place`."""

    def __init__(
        self,
        claim: Claim,
        source: Source,
        *,
        workspace: Workspace,
        sources: Sources,
        store: RebuildStore,
        wish: Wish,
        machine: Machine,
        builder: Machine | None,
        run: str,
        place: Path,
        told: Told,
    ) -> None:
        self._source = source
        self.workspace = workspace
        self._sources = sources
        self._store = store
        self._wish = wish
        self._variation = wish.variation
        self._rounds: dict[str, int] = {}  # of the steps that were built again
        self._machine = machine
        self._builder = builder
        self._run = run
        self._first_run = _first_run(claim)
        self._place = place
        self._told = told
        self._wanted = wanted_outputs(claim, source)
        self.frozen = frozen_inputs(released_lock(claim))
        self._steps = exact_steps(source)
        self.made_paths = frozenset(write.path for step in self._steps for write in step.writes)
        self.refused: list[str] = []  # records that were not believed, in words

    def results(self) -> Iterator[Made]:
        """Build or look up each step in turn."""
        picked = self._spot_checked() if self._wish.spot_check else frozenset()
        for step in self._steps:
            yield self._one(step, again=self._wish.all or step.name in picked)

    def _spot_checked(self) -> frozenset[str]:
        recorded: dict[str, RebuildRecord] = {}
        for step in self._steps:
            if not self._prepare(step)[1]:
                stored = self._on_record(step, self.workspace.key(step, self._facts(step)))
                if stored is not None:
                    recorded[step.name] = stored.record
        self.refused.clear()
        moment = datetime.fromisoformat(now())
        return frozenset(spot_check(recorded, self._wish.spot_check, now=moment))

    def _facts(self, step: Step) -> tuple[tuple[str, str], ...]:
        return self.workspace.facts(step, {})

    def _prepare(self, step: Step) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Lay out what the step reads; returns what was given for it and what is missing."""
        given, missing = supply_reads(step.reads, self.workspace, self._sources, self.frozen, self.made_paths)
        upstream = {path for path in step.files if path in self.made_paths}
        upstream |= {path for path in self._wanted for tree in step.trees if tree_matches(tree, path)}
        lost = [path for path in sorted(upstream) if not self._lay_out(path)]
        return given, (*missing, *lost)

    def _lay_out(self, path: str) -> bool:
        wanted = self._wanted.get(path)
        if wanted is None:
            return self.workspace.index.sha256(path) is not None
        return supply_output(path, wanted, self.workspace, self._sources)

    def _one(self, step: Step, *, again: bool) -> Made:
        given, missing = self._prepare(step)
        if missing:
            why = f"not to be had: {', '.join(missing)}; name a folder that has them with --inputs"
            result = StepResult(name=step.name, outcome="inconclusive", key=None, why=why)
            return Made(result=result, wanted=tuple(self.expected(step)))
        key = self.workspace.key(step, self._facts(step))
        stored = None if again else self._on_record(step, key)
        if stored is not None and all(self._lay_out(path) for path in self.expected(step)):
            self._told(step.name, "on record")
            return Made(result=_recorded(step, stored, given), wanted=tuple(self.expected(step)))
        return self._build(step, key, given)

    def expected(self, step: Step) -> dict[str, Digest]:
        """The outputs of a step that are released or frozen, with their digests."""
        return {write.path: self._wanted[write.path] for write in step.writes if write.path in self._wanted}

    def _on_record(self, step: Step, key: str) -> Stored | None:
        stored, refused = self._store.records(key)
        self.refused += refused
        counted = {}
        for item in stored:
            why = why_not_counted(item.record, wanted=self.expected(step), run=self._first_run)
            if why is None and is_varied_less(item.record, self._variation.names):
                continue
            if why is None:
                counted[item.name] = item
            else:
                self.refused.append(f"{item.name}: {why}")
        best = best_record(
            (item.record for item in counted.values()),
            builder=None if self._builder is None else self._builder.id,
        )
        return next((item for item in counted.values() if item.record is best), None)

    def _build(self, step: Step, key: str, given: tuple[str, ...]) -> Made:
        self._told(step.name, "building")
        self._clear(step)
        self._rounds[step.name] = self._variation.round + len(self._store.records(key)[0])
        began = time.perf_counter()
        try:
            ran = self._run_again(step, self._variation.names)
        except CommandFailed as error:
            return self._failed(step, key, error, "mismatch")
        except EnvironmentRefused as error:
            return self._failed(step, key, error, "inconclusive")
        seconds = round(time.perf_counter() - began, 3)
        return self._compared(step, key, ran, seconds=seconds, given=given)

    def _run_again(self, step: Step, names: frozenset[str]) -> Ran:
        """Run a step with other values of the variations than every rebuild of it that is on record."""
        variation = Variation(names=names, round=self._rounds[step.name])
        return run_again(step, self._source.plan, self.workspace, variation, place=self._place)

    def _failed(self, step: Step, key: str, error: ReleaseError, outcome: Outcome) -> Made:
        for path in self.expected(step):
            self._lay_out(path)
        result = StepResult(name=step.name, outcome=outcome, key=key, machine=self._machine, why=str(error))
        self._told(step.name, "failed")
        return Made(result=result, wanted=tuple(self.expected(step)))

    def _compared(self, step: Step, key: str, ran: Ran, *, seconds: float, given: tuple[str, ...]) -> Made:
        wanted = self.expected(step)
        made = {
            write.path: digest
            for write in step.writes
            if write.cls == "exact" and (digest := self.workspace.index.sha256(write.path)) is not None
        }
        other = []
        for path, digest in wanted.items():
            if made.get(path) != digest:
                other.append((path, self._set_aside(path)))
                self._lay_out(path)
        outcome: Outcome = "mismatch" if other else "match" if wanted else "inconclusive"
        record = RebuildRecord(
            key=key,
            step=step.name,
            kind="rebuild",
            run=self._run,
            outputs=tuple(sorted(made.items())),
            variations=ran.variations,
            machine=self._machine,
            numeric=ran.numeric,
            seconds=seconds,
            rebuilt_at=now(),
        )
        for path, digest in made.items():
            if wanted.get(path) == digest and not self._sources.is_released(digest):
                self._store.keep_output(self.workspace.index.locate(path), digest)
        result = StepResult(
            name=step.name,
            outcome=outcome,
            key=key,
            outputs=record.outputs,
            seconds=seconds,
            numeric=ran.numeric,
            variations=ran.variations,
            machine=self._machine,
            record=self._store.add(record),
            why=self._remark(wanted, [path for path, _ in other], given),
        )
        self._told(step.name, outcome)
        return Made(result=result, wanted=tuple(wanted), other=tuple(other))

    def _remark(self, wanted: Mapping[str, Digest], other: Sequence[str], given: Sequence[str]) -> str | None:
        """What the files of the release cannot tell of a step."""
        if not wanted:
            return "neither the release nor its lock says what it gave"
        inner = [path for path in other if not self._sources.is_released(wanted[path])]
        if inner:
            return f"made other bytes of {', '.join(inner)}, which is not released"
        return None if other else _given(given)

    def step(self, name: str) -> Step:
        """One of the steps, by name."""
        return next(step for step in self._steps if step.name == name)

    @property
    def varied(self) -> tuple[str, ...]:
        """What is to be varied, in the order of the table."""
        return ordered(self._variation.names)

    def trial(self, step: Step, names: frozenset[str]) -> Trial:
        """Run a step under these variations; what is laid out stays as it was."""
        self._told(step.name, f"trying {', '.join(ordered(names)) or 'as it is'}")
        self._prepare(step)
        self._clear(step)
        try:
            ran = self._run_again(step, names)
        except CommandFailed as error:
            trial = Trial(outputs=None, why=str(error))
        except EnvironmentRefused:
            trial = Trial(outputs=None)
        else:
            self.workspace.index.forget()
            made = {path: self.workspace.index.sha256(path) for path in self.expected(step)}
            outputs = {path: digest for path, digest in made.items() if digest is not None}
            trial = Trial(outputs=outputs, applied=ran.variations.applied)
        self._clear(step)
        for path in self.expected(step):
            self._lay_out(path)
        return trial

    def _clear(self, step: Step) -> None:
        """Remove the outputs of a step: a link that leads to the release must not be what it "made"."""
        for write in step.writes:
            self.workspace.index.locate(write.path).unlink(missing_ok=True)
        self.workspace.index.forget()

    def _set_aside(self, path: str) -> Path:
        """Keep what came out otherwise, to be compared with what is released."""
        aside = self._place / "made" / path.replace(":", "/")
        aside.parent.mkdir(parents=True, exist_ok=True)
        made = self.workspace.index.locate(path)
        if made.is_file():
            shutil.move(made, aside)
        self.workspace.index.forget()
        return aside


def _first_run(claim: Claim) -> str | None:
    """The id of the run that built the release."""
    try:
        value = read_object(claim.folder / "evidence/run.json", where="evidence/run.json").get("run_id")
    except (OSError, FormatError):
        return None
    return value.removeprefix("sha256:") if isinstance(value, str) else None


def _given(names: Sequence[str]) -> str | None:
    return f"given by digest, git does not hold it: {', '.join(names)}" if names else None


def _recorded(step: Step, stored: Stored, given: Sequence[str]) -> StepResult:
    record = stored.record
    return StepResult(
        name=step.name,
        outcome="on record",
        key=record.key,
        outputs=record.outputs,
        seconds=record.seconds,
        numeric=record.numeric,
        variations=record.variations,
        machine=record.machine,
        record=stored.name,
        why=_given(given),
    )
