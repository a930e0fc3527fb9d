"""Which of many changes are behind an effect, by few trials: delta debugging, Zeller and Hildebrandt 2002."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from release_tasks.records.frozen_record import frozen

Names = tuple[str, ...]
Test = Callable[[frozenset[str]], bool]


@frozen
class Culprits:
    """Names that have the effect each by itself, and those of the rest that have it only together."""

    alone: Names = ()
    together: Names = ()


def find_culprits(names: Sequence[str], *, likely: int, has_effect: Test, still_has_it: Test) -> Culprits:
    """Every name that has the effect alone, else a smallest set that has it together.

    `names` are given with the likely ones first, `likely` counts them: they are tried as the first part. Each
    culprit costs at most log2(n) + 3 trials. `still_has_it` looks again before much is spent on a whole set.
    """
    alone: list[str] = []
    rest = tuple(names)
    while rest and has_effect(frozenset(rest)):
        part = sum(name not in alone for name in names[:likely])
        one = _narrowed(rest, part or len(rest) // 2, has_effect)
        if one is None:
            together = smallest(rest, has_effect) if still_has_it(frozenset(rest)) else ()
            return Culprits(alone=tuple(alone), together=together)
        alone.append(one)
        rest = tuple(name for name in rest if name != one)
    return Culprits(alone=tuple(alone))


def smallest(names: Names, has_effect: Test) -> Names:
    """A set that has the effect, which `names` have together, and loses it without any one of its names."""
    kept = names
    for name in names:
        rest = tuple(item for item in kept if item != name)
        if rest and has_effect(frozenset(rest)):
            kept = rest
    return kept


def _narrowed(names: Names, first: int, has_effect: Test) -> str | None:
    """One name that has the effect alone, by looking at one part of what is left at a time; None for none."""
    part = first
    while len(names) > 1:
        head, tail = names[:part], names[part:]
        names = head if not tail or has_effect(frozenset(head)) else tail
        part = max(1, len(names) // 2)
    return names[0] if has_effect(frozenset(names)) else None
