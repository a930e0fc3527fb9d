"""What `doit status` prints for people: versions as a table, then what would run and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release_tasks.formats.markdown import printable
from release_tasks.verbs.aliases import Pointers
from release_tasks.verbs.standing import Due
from release_tasks.verbs.status import ReleaseRow

_HEADER = ("version", "state", "verdict", "level", "root", "tag")
_REASONS = 5  # of one step


def render_status(
    name: str,
    version: str,
    rows: Sequence[ReleaseRow],
    pointers: Sequence[Pointers],
    due: Sequence[Due] | str,
) -> str:
    """Render the status; `due` are the steps that would run, or why that cannot be told."""
    lines = [f"{name}, release.toml says {version}"]
    lines += _table(rows) if rows else ["no release yet: run 'doit release'"]
    for item in pointers:
        lines += [f"{item.destination}: {text}" for text in _pointers(item)]
    lines += _due(due)
    return "".join(f"{printable(line).rstrip()}\n" for line in lines)


def _table(rows: Sequence[ReleaseRow]) -> Iterator[str]:
    cells = [_HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADER))]
    for number, line in enumerate(cells):
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        if number:
            yield from (f"  {text}" for text in _below(rows[number - 1]))


def _cells(row: ReleaseRow) -> tuple[str, ...]:
    tag = "none"
    if row.tag is not None:
        where = f", on {', '.join(row.tag.pushed_to)}" if row.tag.pushed_to else ", not known to be pushed"
        tag = f"{row.tag.name} at {row.tag.commit[:12]}, {'signed' if row.tag.signed else 'unsigned'}{where}"
    return (
        row.version,
        row.state,
        row.decision or "not here",
        "none" if row.level is None else str(row.level),
        "not here" if row.root is None else row.root.hex[:16],
        tag,
    )


def _below(row: ReleaseRow) -> Iterator[str]:
    if row.yanked is not None:
        yield f"YANKED since {row.yanked.at}: {row.yanked.reason}"
    for item in row.receipts:
        yield f"published to {item.destination} ({item.uri}) on {item.published_at}"
    if row.tag is not None and not row.tag.binds and row.root is not None:
        yield f"the tag {row.tag.name} is not of this directory"
    yield from row.problems


def _pointers(item: Pointers) -> Iterator[str]:
    if item.versions:
        told = ", ".join(f"{alias} is {version}" for alias, version in item.versions)
        yield told if item.seen else f"{told}, by the records here"
    yield from item.problems


def _due(due: Sequence[Due] | str) -> Iterator[str]:
    if isinstance(due, str):
        yield f"what would run cannot be told: {due}"
        return
    if not due:
        yield "nothing would run: every step is up to date"
        return
    width = max(len(item.step) for item in due)
    yield f"{len(due)} step{'s' if len(due) != 1 else ''} would run:"
    for item in due:
        why = list(item.why[:_REASONS])
        if len(item.why) > _REASONS:
            why.append(f"and {len(item.why) - _REASONS} more")
        why = why or [f"if {', '.join(item.after)} give{'s' if len(item.after) == 1 else ''} other bytes"]
        yield f"  {item.step:<{width}}  {why[0]}"
        yield from (f"  {'':<{width}}  {text}" for text in why[1:])
