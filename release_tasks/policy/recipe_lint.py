"""Read the user's Python sources for known causes of other bytes (REC9): source text to findings, no I/O."""

from __future__ import annotations

import io
import tokenize
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from release_tasks.policy.recipe_bytes import files
from release_tasks.policy.recipe_draws import draws, settings
from release_tasks.policy.recipe_markers import Marker, markers
from release_tasks.policy.recipe_numeric import arrays
from release_tasks.policy.recipe_order import order
from release_tasks.policy.recipe_rules import RULES, Family, Hit
from release_tasks.policy.recipe_source import Source
from release_tasks.policy.recipe_world import world
from release_tasks.records.frozen_record import frozen

FAMILIES: tuple[Family, ...] = (draws, order, world, files, arrays)
_NO_SOURCE = (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError)


@frozen
class RecipeFinding:
    """What stands against a line: line and column from 1, the rule, what was found; a reason accepts it."""

    line: int
    column: int
    rule: str
    found: str
    reason: str | None = None


def decode_source(data: bytes) -> str:
    """Decode a source as Python does (PEP 263); raises SyntaxError and ValueError for what it refuses."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def source_settings(text: str) -> frozenset[str]:
    """What a source settles for its whole process, as `random.seed` does; nothing if it does not parse."""
    try:
        return settings(_parse(text))
    except _NO_SOURCE:
        return frozenset()


def lint_source(text: str, *, settled: frozenset[str] = frozenset()) -> tuple[RecipeFinding, ...]:
    """Find every known cause of other bytes in one source, in the order of its lines; accepted ones too.

    `settled` are the settings that other sources of the same process make. Text that is no Python, or nested
    too deep to be followed, is a finding of the rule `unreadable`; nothing is raised.
    """
    try:
        source = _parse(text, settled)
        hits = [hit for family in FAMILIES for hit in family(source)]
        marks = markers(text, source.lines)
    except _NO_SOURCE as error:
        return (_unreadable(text, error),)
    return tuple(sorted(_judged(source, hits, marks), key=lambda item: (item.line, item.column, item.rule)))


def lint_files(
    sources: Mapping[str, bytes], steps: Mapping[str, Sequence[str]]
) -> dict[str, tuple[RecipeFinding, ...]]:
    """Lint the sources of a recipe; `steps` names those that run in one process each.

    A source may rely on a setting only if every step that runs it makes it, in whichever of its sources.
    """
    texts: dict[str, str] = {}
    found: dict[str, tuple[RecipeFinding, ...]] = {}
    for path, data in sources.items():
        try:
            texts[path] = decode_source(data)
        except (SyntaxError, ValueError, LookupError) as error:
            found[path] = (_unreadable("", error),)
    made = {path: source_settings(text) for path, text in texts.items()}
    of_step = {
        name: frozenset[str]().union(*(made.get(path, frozenset()) for path in paths))
        for name, paths in steps.items()
    }
    for path, text in texts.items():
        shared = [of_step[name] for name, paths in steps.items() if path in paths]
        settled = reduce(frozenset.intersection, shared) if shared else frozenset[str]()
        found[path] = lint_source(text, settled=settled)
    return dict(sorted(found.items()))


def _parse(text: str, settled: frozenset[str] = frozenset()) -> Source:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the code that is read: invalid escapes
        return Source(text, settled=settled)


def _unreadable(text: str, error: BaseException) -> RecipeFinding:
    line = getattr(error, "lineno", None)
    count = text.count("\n") + 1
    words = getattr(error, "msg", None) or str(error) or type(error).__name__
    return RecipeFinding(
        line=min(max(line, 1), count) if isinstance(line, int) else 1,
        column=1,
        rule="unreadable",
        found=f"no Python source: {ascii(words)[1:-1][:100]}",
    )


def _judged(source: Source, hits: Sequence[Hit], marks: Sequence[Marker]) -> Iterator[RecipeFinding]:
    """Yield every finding with the reason that accepts it, then what is wrong with the markers themselves."""
    used: set[tuple[Marker, str]] = set()
    seen: set[tuple[int, int, str]] = set()
    for hit in hits:
        line, column = _place(source, hit)
        if (line, column, hit.rule) in seen:
            continue
        seen.add((line, column, hit.rule))
        marker = next((item for item in marks if _accepts(item, line, hit.rule)), None)
        if marker is not None:
            used.add((marker, hit.rule))
        reason = marker.reason if marker else None
        yield RecipeFinding(line=line, column=column, rule=hit.rule, found=hit.found, reason=reason)
    for marker in marks:
        if marker.flaw is not None:
            yield RecipeFinding(
                line=marker.line, column=marker.column, rule="invalid-marker", found=marker.flaw
            )
        elif idle := [rule for rule in marker.rules if (marker, rule) not in used]:
            words = f"a marker of {', '.join(idle)} that accepts nothing"
            yield RecipeFinding(line=marker.line, column=marker.column, rule="unused-marker", found=words)


def _accepts(marker: Marker, line: int, rule: str) -> bool:
    return marker.flaw is None and marker.about == line and rule in marker.rules


def _place(source: Source, hit: Hit) -> tuple[int, int]:
    """Line and column of a node, counted in characters from 1."""
    if hit.rule not in RULES:
        raise AssertionError(f"BUG: no rule {hit.rule}")
    line = getattr(hit.node, "lineno", 1)
    offset = getattr(hit.node, "col_offset", 0)
    before = source.lines[line - 1].encode("utf-8")[:offset]
    return line, len(before.decode("utf-8", "replace")) + 1
