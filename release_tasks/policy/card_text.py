"""Markdown that people wrote for a card: its sections, its calls, and numbers with nothing behind them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from release_tasks.records.card import CardFlaw, CardSection
from release_tasks.records.frozen_record import frozen

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"## +(.*?)(?: +#+)? *")
_ANY_CALL = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{\{|\{%|\{#|\}\}|%\}|#\}")
_TEXT = r"\"((?:[^\"\\{}]|\\[\"\\])*)\""
_CALL = re.compile(rf"\{{\{{ *(?:figure\( *{_TEXT} *\)|stated\( *{_TEXT} *, *{_TEXT} *\)) *\}}\}}")
WANTED_CALL = '{{ figure("name") }} for what was measured, {{ stated("text", "why") }} for another fact'
# What is no prose: comments, code, addresses.
_NO_PROSE = re.compile(r"<!--.*?-->|(`+)[^`].*?\1|\]\([^)]*\)|<[^<>\s]*>|https?://\S+|\{\{.*?\}\}")
_CODE = re.compile(r"(`+)[^`].*?\1")
_UNITS = (
    *("ns", "µs", "us", "ms", "s", "sec", "seconds", "minutes", "hours", "B", "kB", "KB", "MB", "GB", "TB"),
    *("KiB", "MiB", "GiB", "bytes", "tokens/s", "tok/s", "tokens", "records", "samples", "parameters"),
    *("nats", "bits", "FLOPS", "FLOPs", "GFLOPS", "TFLOPS"),
)
_METRICS = (
    *(
        "accuracy",
        "precision",
        "recall",
        "F1",
        "BLEU",
        "ROUGE",
        "perplexity",
        "loss",
        "AUC",
        "WER",
        "latency",
    ),
    *("throughput", r"pass@\d+", "score", "rate"),
)
_NUMBER = r"(?<![\w@.,/-])\d[\d,]*(?:\.\d+)?(?![\w@]|[.,/-]\d)"
_SHARE = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)? ?(?:%|‰|per ?cent\b|percentage points?\b)")
_DECIMAL = re.compile(r"(?<![\w.,/-])\d+\.\d+(?![\w@]|[.,/-]\d)")


@frozen
class Section:
    """One `## Section` of a text: its heading, the line of it (from 1), and the lines below it."""

    title: str
    line: int
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        """The text below the heading, without blank lines around it."""
        return "\n".join(self.lines).strip()


def sections_of(text: str) -> tuple[Section, ...]:
    """Split Markdown at its headings `## `, not in fenced code; what stands before has the title ''."""
    found: list[tuple[str, int, list[str]]] = [("", 0, [])]
    for number, line, fenced in lines_of(text):
        match = None if fenced else _HEADING.fullmatch(line)
        if match is None:
            found[-1][2].append(line)
        else:
            found.append((match[1], number, []))
    return tuple(Section(title=title, line=line, lines=tuple(lines)) for title, line, lines in found)


def lines_of(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield every line with its number and whether it is fenced code (CommonMark 0.31 section 4.5)."""
    fence = ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        match = _FENCE.match(line)
        if fence:
            yield number, line, True
            if match is not None and match[1].startswith(fence) and line.strip(" `~") == "":
                fence = ""
        else:
            fence = "" if match is None else match[1]
            yield number, line, bool(fence)


def section_flaws(
    text: str, required: Sequence[CardSection], grounds: Collection[str], *, source: str
) -> Iterator[CardFlaw]:
    """Yield every required section that is missing and every one that is empty or stands twice.

    A section whose ground is among `grounds` need not be there: what was measured fills it.
    """
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
        loose = any(line.strip() and not line.startswith(("# ", "<!--")) for line in section.lines)
        return ("words below a heading ## Section", "words before the first one") if loose else None
    if not section.body:
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
    for number, line, fenced in lines_of(text):
        if fenced:
            continue
        found = [(WANTED_CALL, written) for written, call in calls_in(line) if call is None]
        found += [("a call outside of code", match[0]) for match in _CODE.finditer(line) if "{{" in match[0]]
        for wanted, what in found:
            yield CardFlaw(rule="call", source=source, line=number, wanted=wanted, found=what[:100])


def number_flaws(
    text: str, *, source: str, metrics: Collection[str] = (), units: Collection[str] = ()
) -> Iterator[CardFlaw]:
    """Yield every number that looks like a measurement and has no source (P16).

    Such are shares, decimal fractions (not versions, as 1.2.3), and numbers beside a unit or the name of a
    metric. Code, addresses, calls and numbers with a comment of their own are left out.
    """
    beside = _beside(metrics, units)
    for number, line, fenced in lines_of(text):
        prose = "" if fenced else _NO_PROSE.sub(" ¤ ", line)
        found = [match for pattern in (_SHARE, _DECIMAL, beside) for match in pattern.finditer(prose)]
        if found:
            first = min(found, key=lambda match: (match.start(), -match.end()))
            yield CardFlaw(
                rule="number", source=source, line=number, wanted=WANTED_CALL, found=first[0].strip()
            )


def _beside(metrics: Collection[str], units: Collection[str]) -> re.Pattern[str]:
    """A number right before a unit, or on either side of a metric's name."""
    unit = _either((*_UNITS, *(unit for unit in units if unit != "1")), ())
    metric = _either((*metrics, *(name.replace("_", " ") for name in metrics)), _METRICS)
    between = r"[ *_]*(?:(?:is|was|of|at|to|about|around|over|under|above|below|=|:|≥|≤|<|>)[ *_]*){0,2}"
    return re.compile(
        rf"{_NUMBER} ?(?:{unit})(?![\w/])|(?<!\w)(?:{metric}){between}{_NUMBER}|{_NUMBER} (?:{metric})(?!\w)"
    )


def _either(names: Collection[str], patterns: Collection[str]) -> str:
    words = sorted(set(names), key=lambda name: (-len(name), name))
    return "|".join((*map(re.escape, words), *patterns))
