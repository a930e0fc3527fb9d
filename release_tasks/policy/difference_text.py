"""How files differ, as Markdown: tables of tensors, keys of JSON, lines of text; bounded, counts exact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from release_tasks.formats.markdown import code_span, printable
from release_tasks.policy.tensor_table import markdown_tensors
from release_tasks.records.difference import FileDifference, ValueDifferences

_SHOWN = 40  # keys named for one file
_WIDEST_NOTE = 400


def difference_text(differences: Mapping[str, FileDifference]) -> str:
    """One section for each file that differs, sorted by path; empty for none."""
    lines = [line for path in sorted(differences) for line in _section(path, differences[path])]
    return "\n".join(lines)


def _section(path: str, difference: FileDifference) -> Iterator[str]:
    before, after = difference.size
    yield f"### {code_span(path)}"
    yield ""
    at = "" if difference.offset is None else f", from byte {difference.offset} on"
    yield f"{difference.format}, {before} bytes released and {after} bytes rebuilt{at}."
    if difference.relation == "tensors-equal":
        yield "Only the header differs: every tensor has the same bytes."
    yield ""
    if difference.header.count:
        yield from _values("header", difference.header)
    if difference.tensors:
        yield from markdown_tensors(difference.tensors)
        yield ""
    if difference.values.count:
        yield from _values("values", difference.values)
    if difference.text is not None:
        yield from _fenced([f" {printable(line)}" for line in difference.text.lines])
    if difference.note is not None:
        yield from (code_span(difference.note, widest=_WIDEST_NOTE), "")


def _fenced(lines: list[str]) -> Iterator[str]:
    """A block of code that none of its lines can close (CommonMark 0.31, 4.5): its fence is the longest."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}diff", *lines, fence, "")


def _values(what: str, values: ValueDifferences) -> Iterator[str]:
    yield f"{what}: {values.count} differ"
    yield ""
    for value in values.shown[:_SHOWN]:
        pair = (code_span("absent" if side is None else side) for side in (value.before, value.after))
        yield f"- {code_span(value.key)}: {' became '.join(pair)}"
    if values.count > len(values.shown[:_SHOWN]):
        yield f"- and {values.count - len(values.shown[:_SHOWN])} more"
    yield ""
