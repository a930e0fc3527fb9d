"""Trials of a step that came out otherwise: fake steps with known flaws, the right words, few runs, no run twice."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.probable_cause import Seen, Suspect, probable_causes
from release_tasks.records.diagnosis import Cause
from release_tasks.records.digest import Digest
from release_tasks.records.variation import DEFAULT, ordered
from release_tasks.verbs.rebuild_trials import Trial, Trials, try_again

NAMES = ordered(DEFAULT)
RELEASED = {"out": Digest("sha256", "0" * 64)}
Step = Callable[[frozenset[str]], object]  # what it writes


def outputs(value: object) -> dict[str, Digest]:
    return (
        RELEASED if value is None else {"out": Digest("sha256", f"{hash(str(value)) & (1 << 64) - 1:064x}")}
    )


class Failed(Exception):
    """A step that fails."""


class Runner:
    """Runs a fake step, and counts."""

    def __init__(self, step: Step, *, missing: frozenset[str] = frozenset()) -> None:
        self.step = step
        self.missing = missing
        self.runs: list[frozenset[str]] = []

    def __call__(self, names: frozenset[str], /) -> Trial:
        self.runs.append(names)
        applied = names - self.missing
        try:
            value = self.step(applied)
        except Failed as error:
            return Trial(outputs=None, why=str(error))
        return Trial(outputs=outputs(value), applied=ordered(applied))


def explain(
    step: Step,
    *,
    seen: Seen | None = None,
    missing: frozenset[str] = frozenset(),
    known: Mapping[frozenset[str], Trial] | None = None,
) -> tuple[Seen, Runner]:
    """What is seen of a step after its first rebuild under everything, as the verb does it."""
    runner = Runner(step, missing=missing)
    if known is None:
        known = {frozenset(NAMES): Runner(step, missing=missing)(frozenset(NAMES))}
    trials = Trials(runner, wanted=RELEASED, known=known)
    found = try_again(seen or Seen(), trials, NAMES)
    assert trials.count == len(runner.runs)
    return found, runner


def causes(seen: Seen) -> list[Cause]:
    return [finding.cause for finding in probable_causes(seen)]


def under(*names: str) -> Step:
    """A step that writes otherwise where one of these is varied."""
    return lambda varied: "other" if varied & set(names) else None


@pytest.mark.parametrize("name", NAMES)
def test_one_variation_is_found_in_few_trials(name: str) -> None:
    seen, runner = explain(under(name))
    assert (seen.repeats, seen.by_variation, seen.together) == (True, (name,), ())
    assert len(runner.runs) <= 10
    assert frozenset(NAMES) not in runner.runs  # the rebuild itself was that trial
    assert sorted(map(sorted, runner.runs)).count([]) == 2
    assert {names for names in runner.runs if runner.runs.count(names) > 1} == {
        frozenset(),
        frozenset({name}),
    }


def test_a_suspect_of_the_lint_saves_trials() -> None:
    """Twice as it is, once under the suspect alone, once under the rest, and the suspect again."""
    seen, runner = explain(under("clock"), seen=Seen(suspects=(Suspect(rule="clock", place="train.py:3"),)))
    assert seen.by_variation == ("clock",)
    assert runner.runs == [
        frozenset(),
        frozenset(),
        frozenset({"clock"}),
        frozenset(NAMES) - {"clock"},
        frozenset({"clock"}),
    ]


def test_several_are_all_found_and_the_likely_first() -> None:
    seen, runner = explain(under("hostname", "clock", "umask"))
    assert seen.by_variation == ("clock", "hostname", "umask")
    assert causes(seen) == [Cause.CLOCK, Cause.HOSTNAME, Cause.UMASK]
    assert len(runner.runs) <= 2 + 3 * 7


def test_what_only_works_together() -> None:
    seen, runner = explain(lambda varied: "other" if {"umask", "cpus"} <= varied else None)
    assert (seen.by_variation, seen.together) == ((), ("cpus", "umask"))
    assert causes(seen) == [Cause.THREADS, Cause.UMASK]
    assert len(runner.runs) <= 2 + 2 * len(NAMES)


@given(st.frozensets(st.sampled_from(NAMES), min_size=1))
def test_any_set_of_flaws_is_found(flaws: frozenset[str]) -> None:
    seen, _ = explain(under(*flaws))
    assert set(seen.by_variation) == flaws


def test_once_and_never_again_is_not_blamed_on_anything() -> None:
    known = {frozenset(NAMES): Trial(outputs=outputs("once"), applied=NAMES)}
    seen, runner = explain(lambda _: None, known=known)
    assert (seen.repeats, seen.by_variation, seen.together) == (True, (), ())
    assert causes(seen) == [Cause.UNKNOWN]
    assert len(runner.runs) <= 8


@pytest.mark.parametrize(
    ("still", "cause", "most"),
    [
        ("still-clock", Cause.CLOCK, 6),
        ("malloc", Cause.MEMORY, 8),
        ("aslr", Cause.ADDRESSES, 10),
        ("cpus", Cause.THREADS, 12),
    ],
)
def test_what_holds_a_restless_step_still(still: str, cause: Cause, most: int) -> None:
    ticks = itertools.count()
    seen, runner = explain(lambda varied: "held" if still in varied else next(ticks))
    assert (seen.repeats, seen.still) == (False, (still,))
    assert causes(seen) == [cause]
    assert len(runner.runs) <= most


def test_a_suspected_clock_is_told_after_four_trials() -> None:
    ticks = itertools.count()
    suspects = (Suspect(rule="clock", place="train.py:3"),)
    seen, runner = explain(
        lambda varied: "held" if "still-clock" in varied else next(ticks), seen=Seen(suspects=suspects)
    )
    assert seen.still == ("still-clock",)
    assert len(runner.runs) == 4


def test_two_things_have_to_be_held() -> None:
    ticks = itertools.count()
    seen, runner = explain(lambda varied: "held" if {"still-clock", "aslr"} <= varied else next(ticks))
    assert seen.still == ("still-clock", "aslr")
    assert causes(seen) == [Cause.CLOCK, Cause.ADDRESSES]
    assert len(runner.runs) <= 30


def test_random_numbers_are_told_after_four_trials() -> None:
    ticks = itertools.count()
    seen, runner = explain(lambda _: next(ticks))
    assert (seen.repeats, seen.still, seen.free) == (False, (), ())
    assert causes(seen) == [Cause.RNG]
    assert len(runner.runs) == 4


def test_what_could_not_be_held_still_is_said() -> None:
    ticks = itertools.count()
    seen, _ = explain(
        lambda varied: "held" if "still-clock" in varied else next(ticks), missing=frozenset({"still-clock"})
    )
    assert (seen.still, seen.free) == ((), ("still-clock",))
    (finding,) = probable_causes(seen)
    assert finding.because.endswith("; not to be had here: still-clock")


def test_a_coin_is_rarely_taken_for_a_pattern() -> None:
    """Heads or tails, whatever is varied: seldom do they fall so that one thing or another seems to decide."""
    coins = random.Random(20)
    named = steady = 0
    for _ in range(1000):
        seen, runner = explain(
            lambda _: coins.choice((None, "tails")),
            known={frozenset(NAMES): Trial(outputs=outputs("tails"), applied=NAMES)},
        )
        named += bool(seen.by_variation or seen.together or seen.still)
        assert len(runner.runs) <= 60
        steady += seen.otherwise
    assert named < 1000 / 6
    assert steady < 1000 / 6


def test_time_went_by_between_the_builds() -> None:
    """The first build was yesterday: nothing varied explains it, and yet it is the clock."""
    seen, runner = explain(lambda varied: "later" if "clock" in varied else "today")
    assert (seen.repeats, seen.otherwise, seen.sensitive) == (True, True, ("clock",))
    assert causes(seen) == [Cause.CLOCK]
    assert len(runner.runs) == 4


def test_elsewhere_the_machine_is_tried_too() -> None:
    step: Step = lambda varied: "old" if "cpu-features" in varied else "here"  # noqa: E731
    seen, runner = explain(step, seen=Seen(elsewhere=("another processor (B, built with A)",)))
    assert seen.sensitive == ("cpu-features",)
    assert causes(seen) == [Cause.SIMD_DISPATCH]
    assert len(runner.runs) == 6
    seen, runner = explain(step)  # on the machine that built it, that explains nothing
    assert causes(seen) == [Cause.DIRTY_INPUT]
    assert len(runner.runs) == 4


def test_a_step_that_fails_as_it_is_was_run_once_more() -> None:
    def fails(_: frozenset[str]) -> object:
        raise Failed("step a failed\n  found: FileNotFoundError: notes")

    seen, runner = explain(fails, seen=Seen(failure="varied"))
    assert causes(seen) == [Cause.UNDECLARED_INPUT]
    assert runner.runs == [frozenset()]


def test_a_step_that_fails_under_one_variation_names_it() -> None:
    def fails(varied: frozenset[str]) -> object:
        if "locale" in varied:
            raise Failed("UnicodeDecodeError")
        return None

    seen, _ = explain(fails, seen=Seen(failure="UnicodeDecodeError"))
    assert (seen.failure, seen.by_variation) == (None, ("locale",))
    assert causes(seen) == [Cause.LOCALE]


def test_another_header_alone_needs_no_trial() -> None:
    seen, runner = explain(under("clock"), seen=Seen(headers_only=("a.safetensors",)))
    assert (seen, runner.runs) == (Seen(headers_only=("a.safetensors",)), [])


def test_where_the_step_cannot_run_nothing_is_concluded() -> None:
    """A variation under which the environment is refused changes nothing: nothing was run."""
    trials = Trials(lambda _names: Trial(outputs=None), wanted=RELEASED, known={})
    assert not trials.changes({"cpu-features"})
    assert not trials.repeats({"cpu-features"})
    assert trials.count == 1


@given(st.lists(st.integers(0, 2), min_size=1, max_size=200))
def test_whatever_a_step_writes_there_is_an_end_and_an_answer(answers: list[int]) -> None:
    turns = itertools.cycle(answers)
    seen, runner = explain(lambda _: next(turns) or None)
    assert probable_causes(seen)
    assert len(runner.runs) <= 120
