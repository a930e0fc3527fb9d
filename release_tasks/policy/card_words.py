"""The words of people in a card, with figures and stated facts put in."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from release_tasks.errors import FormatError
from release_tasks.formats.markdown import plain
from release_tasks.policy.card_text import WANTED_CALL, Section, calls_in, sections_of
from release_tasks.policy.traces import stated, traced
from release_tasks.records.content import Figure


def card_words(text: str, figures: Mapping[str, Figure], *, source: str) -> dict[str, str]:
    """Sections of a text by their headings, every call outside of fenced code replaced by what it is.

    Raises FormatError for a figure that there is not, and for a call that is none, with file and line.
    """
    return {section.title: _body(section, figures, source) for section in sections_of(text)}


def _body(section: Section, figures: Mapping[str, Figure], source: str) -> str:
    filled = (
        line.shown if line.fenced else _filled(line.shown, figures, where=f"{source}:{line.number}")
        for line in section.lines
    )
    return "\n".join(filled).strip()


def _filled(line: str, figures: Mapping[str, Figure], *, where: str) -> str:
    for written, call in calls_in(line):
        if call is None:
            raise FormatError("no such call", wanted=WANTED_CALL, found=written[:100], where=where)
        if call.figure is None:
            shown = stated(call.stated, call.why)
        else:
            figure = figures.get(call.figure)
            if figure is None:
                raise _no_figure(call.figure, figures, where)
            shown = traced(figure) + (f" {plain(figure.unit)}" if figure.unit else "")
        line = line.replace(written, shown, 1)
    return line


def _no_figure(name: str, figures: Mapping[str, Figure], where: str) -> FormatError:
    near = difflib.get_close_matches(name, sorted(figures), n=3, cutoff=0.4)
    return FormatError(
        "no figure of this name was measured",
        wanted="a figure of this release",
        found=name[:100],
        where=where,
        hint=f"did you mean {' or '.join(near)}?"
        if near
        else "'doit check --docs' of a release lists none like it",
    )
