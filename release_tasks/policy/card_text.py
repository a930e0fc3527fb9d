"""Markdown that people wrote for a card: its sections and its calls. A comment of theirs is not shown."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Sequence

from release_tasks.formats.markdown_lines import CODE_SPAN, MarkdownLine, markdown_lines, open_end
from release_tasks.records.card import CardFlaw, CardSection
from release_tasks.records.frozen_record import frozen

_HEADING = re.compile(r"## +(.*?)(?: +#+)? *")
_ANY_CALL = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{\{|\{%|\{#|\}\}|%\}|#\}")
_TEXT = r"\"((?:[^\"\\{}]|\\[\"\\])*)\""
_CALL = re.compile(rf"\{{\{{ *(?:figure\( *{_TEXT} *\)|stated\( *{_TEXT} *, *{_TEXT} *\)) *\}}\}}")
_NO_WORD = re.compile(r"</?[A-Za-z][^<>]*>|^ {0,3}#{1,6} .*")  # a tag, a heading
WANTED_CALL = '{{ figure("name") }} for what was measured, {{ stated("text", "why") }} for another fact'


@frozen
class Section:
    """One `## Section` of a text: its heading, the line of it (from 1), and the lines below it."""

    title: str
    line: int
    lines: tuple[MarkdownLine, ...]

    @property
    def body(self) -> str:
        """What readers see below the heading, without blank lines around it."""
        return "\n".join(line.shown for line in self.lines).strip()

    @property
    def says(self) -> bool:
        """Whether there is a word: tags, headings and entities alone say nothing."""
        return any(
            any(map(str.isalnum, line.shown if line.fenced else _words(line.shown))) for line in self.lines
        )


def _words(shown: str) -> str:
    return html.unescape(_NO_WORD.sub("", shown))


def sections_of(text: str) -> tuple[Section, ...]:
    """Split Markdown at its headings `## `, not in code or comments; what stands before has the title ''."""
    found: list[tuple[str, int, list[MarkdownLine]]] = [("", 0, [])]
    for line in markdown_lines(text):
        match = None if line.fenced else _HEADING.fullmatch(line.shown)
        if match is None:
            found[-1][2].append(line)
        else:
            found.append((match[1], line.number, []))
    return tuple(Section(title=title, line=line, lines=tuple(lines)) for title, line, lines in found)


def section_flaws(
    text: str, required: Sequence[CardSection], grounds: Collection[str], *, source: str
) -> Iterator[CardFlaw]:
    """Yield every required section that is missing, every one that is empty or stands twice, and code or a
    comment that is not closed: it would take in what follows.

    A section whose ground is among `grounds` need not be there: what was measured fills it.
    """
    end = open_end(text)
    if end is not None:
        yield CardFlaw(
            rule="section", source=source, line=end.line, wanted=f"{end.closes} that closes it", found="none"
        )
    found = sections_of(text)
    titles = [section.title for section in found]
    for section in found:
        flaw = _section_flaw(section, found[titles.index(section.title)])
        if flaw is not None:
            line = max(section.line, 1)
            yield CardFlaw(rule="section", source=source, line=line, wanted=flaw[0], found=flaw[1])
    last = text.count("\n") + 1
    for item in required:
        if item.ground not in grounds and item.title not in titles:
            near = [title for title in titles if title.casefold() == item.title.casefold()]
            yield CardFlaw(
                rule="section",
                source=source,
                line=last,
                wanted=f"a section ## {item.title}",
                found=f"## {near[0]}" if near else "none",
            )


def _section_flaw(section: Section, first: Section) -> tuple[str, str] | None:
    """What is wanted of a section and found instead; None when it is as it should be."""
    if not section.title:
        loose = any(line.shown.strip() and not line.shown.startswith("# ") for line in section.lines)
        return ("words below a heading ## Section", "words before the first one") if loose else None
    if not section.says:
        return f"words below ## {section.title}", "nothing"
    if section is not first:
        return f"one section ## {section.title}", f"another one, in line {first.line}"
    return None


@frozen
class Call:
    """A call in a text: `figure` by its name, or `stated` with a text and why it is no measurement."""

    figure: str | None
    stated: str = ""
    why: str = ""


def read_call(text: str) -> Call | None:
    """Read one `{{ … }}`, None for anything but the two calls that there are."""
    match = _CALL.fullmatch(text)
    if match is None:
        return None
    figure, stated, why = (None if part is None else re.sub(r"\\(.)", r"\1", part) for part in match.groups())
    if figure is not None:
        return Call(figure=figure)
    if not stated or not why or not stated.strip() or not why.strip():
        return None
    return Call(figure=None, stated=stated, why=why)


def calls_in(line: str) -> Iterator[tuple[str, Call | None]]:
    """Yield every `{{ … }}` of a line, and whatever else looks like a template, with what it is."""
    for match in _ANY_CALL.finditer(line):
        yield match[0], read_call(match[0])


def call_flaws(text: str, *, source: str) -> Iterator[CardFlaw]:
    """Yield every call that is none of the two, and every one in inline code, where its source would show."""
    for line in markdown_lines(text):
        if line.fenced:
            continue
        found = [(WANTED_CALL, written) for written, call in calls_in(line.shown) if call is None]
        codes = [match[0] for match in CODE_SPAN.finditer(line.shown)]
        found += [("a call outside of code", code) for code in codes if "{{" in code]
        for wanted, what in found:
            yield CardFlaw(rule="call", source=source, line=line.number, wanted=wanted, found=what[:100])
