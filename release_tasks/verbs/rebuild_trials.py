"""Run a step that came out otherwise again and again, until what makes it do so is found (`--explain`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from release_tasks.policy.culprits import find_culprits, smallest
from release_tasks.policy.probable_cause import MOST_LIKELY_FIRST, STILL, Seen, likely_first
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen

Outputs = Mapping[str, Digest]
_NOTHING: frozenset[str] = frozenset()
_CLOCK = "clock"
_OTHER_MACHINE = ("cpu-features", "cpus")  # what another machine may be, as far as this one can play it
# Runs with one result before something is said to hold a step still: more if it repeats itself by chance.
_SURE, _SURE_OF_A_COIN = 2, 5


@frozen
class Trial:
    """What a step made, and under which variations; no outputs but `why` if it failed, neither if not run."""

    outputs: Outputs | None
    applied: tuple[str, ...] = ()
    why: str | None = None


class Runs(Protocol):
    """Whoever runs the step under a set of variations."""

    def __call__(self, names: frozenset[str], /) -> Trial:
        """Run it once."""


class Trials:
    """Every run is remembered: the n-th time that a set of variations is asked for costs one run at most."""

    def __init__(self, run: Runs, *, wanted: Outputs, known: Mapping[frozenset[str], Trial]) -> None:
        """`wanted` is what is released; `known` are runs that were made already."""
        self._run = run
        self._wanted = wanted
        self._known = {(names, 1): trial for names, trial in known.items()}
        self.count = 0

    def run(self, names: Iterable[str], *, time: int = 1) -> Trial:
        """What the step makes under these variations, asked for the first, second or later `time`."""
        key = (frozenset(names), time)
        if key not in self._known:
            self.count += 1
            self._known[key] = self._run(key[0])
        return self._known[key]

    def changes(self, names: Iterable[str], *, time: int = 1) -> bool:
        """Whether the step makes something else than is released, or fails, under these variations."""
        trial = self.run(names, time=time)
        return trial.outputs != self._wanted and (trial.outputs is not None or trial.why is not None)

    def never_twice(self) -> bool:
        """Whether all that was ever seen of the step is different, what is released included."""
        made = [trial.outputs for trial in self._known.values() if trial.outputs is not None]
        made.append(self._wanted)
        return all(first != second for first, second in itertools.combinations(made, 2))

    def changes_again(self, names: Iterable[str]) -> bool:
        """Whether it does so a second time."""
        return self.changes(names, time=2)

    def repeats(self, names: Iterable[str], *, times: int = 2) -> bool:
        """Whether it makes the same thing every time under them."""
        first = self.run(names).outputs
        return first is not None and all(
            self.run(names, time=time).outputs == first for time in range(2, times + 1)
        )


def try_again(seen: Seen, trials: Trials, names: tuple[str, ...]) -> Seen:
    """Try the step as it is, then under parts of `names`, and add what is seen to what was.

    A step that makes only the same tensors under another header is not tried: that says enough.
    """
    if seen.headers_only:
        return seen
    plain = trials.run(_NOTHING)
    if plain.outputs is None:
        return replace(seen, failure=plain.why or seen.failure, tried=True)
    seen = replace(seen, failure=None, tried=True)
    if not trials.repeats(_NOTHING):
        return _held_still(replace(seen, repeats=False), trials)
    if trials.changes(_NOTHING):
        if not trials.repeats(_NOTHING, times=3):
            return _held_still(replace(seen, repeats=False), trials)
        return _against_itself(replace(seen, repeats=True, otherwise=True), trials, plain)
    known = tuple(name for name in MOST_LIKELY_FIRST if name in names)
    ordered, likely = likely_first(known, seen.suspects)
    found = find_culprits(
        ordered, likely=likely, has_effect=trials.changes, still_has_it=trials.changes_again
    )
    if not all(trials.changes_again({name}) for name in found.alone):  # it does not depend on them after all
        return _held_still(replace(seen, repeats=False), trials)
    return replace(seen, repeats=True, by_variation=found.alone, together=found.together)


def _held_still(seen: Seen, trials: Trials) -> Seen:
    """What has to be held still for the step to repeat itself; suspects first, then everything at once."""
    names, likely = likely_first(tuple(name for name, _ in STILL), seen.suspects)

    times = _SURE if trials.never_twice() else _SURE_OF_A_COIN

    def holds(part: Iterable[str]) -> bool:
        return trials.repeats(part, times=times)

    held = _first(names[:likely], holds)
    if not held and holds(names):
        held = _first(names[likely:], holds) or smallest(names, holds)
    if held:
        return replace(seen, still=held)
    applied = trials.run(names).applied
    return replace(seen, free=tuple(name for name in names if name not in applied))


def _first(names: tuple[str, ...], holds: Callable[[Iterable[str]], bool]) -> tuple[str, ...]:
    """The first name that holds by itself, or nothing."""
    return next(((name,) for name in names if holds({name})), ())


def _against_itself(seen: Seen, trials: Trials, plain: Trial) -> Seen:
    """What changes a step that repeats itself and is not what was released: the time, or another machine."""
    names = (_CLOCK, *(_OTHER_MACHINE if seen.elsewhere else ()))
    sensitive = tuple(name for name in names if _changed(trials.run({name}), plain))
    return replace(seen, sensitive=sensitive)


def _changed(trial: Trial, plain: Trial) -> bool:
    return trial.outputs is not None and trial.outputs != plain.outputs
