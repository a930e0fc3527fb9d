"""Numbers in the words of people that look like measurements, however they are spelt (P16)."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterator

from release_tasks.formats.markdown_lines import CODE_SPAN, markdown_lines
from release_tasks.policy.card_text import WANTED_CALL
from release_tasks.records.card import CardFlaw

# What is no prose: code, addresses, calls. Tags leave nothing behind, as on the page.
_NO_PROSE = re.compile(
    rf'{CODE_SPAN.pattern}|\]\(\s*[^\s()]*(?:\s+"[^"]*")?\s*\)|<?https?://[^\s<>]+>?|\{{\{{.*?\}}\}}'
)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_MARKS = re.compile(r"\\(?=[!-/:-@\[-`{-~])|(?:\*+|~~|(?<!\w)_+)(?=\d)|(?<=\d)(?:\*+|~~|_+(?!\w))")
_SPELLINGS = str.maketrans({"٪": "%", "٫": ".", "·": "."})  # what compatibility forms leave as it is
_UNITS = (
    *(
        "ns",
        "µs",
        "μs",
        "us",
        "ms",
        "s",
        "sec",
        "seconds",
        "minutes",
        "hours",
        "B",
        "kB",
        "KB",
        "MB",
        "GB",
        "TB",
    ),
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
_BEGIN, _END = r"(?<![\w@.,/-])", r"(?![\w@]|[.,/-]\d)"
_NUMBER = rf"{_BEGIN}\d[\d,]*(?:\.\d+)?{_END}"
_ANY = r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
_PATTERNS = tuple(
    map(
        re.compile,
        (
            rf"(?<![\w.,]){_ANY} ?(?:[%‰‱]|per ?cent\b|percentage points?\b|pct\b|pp[mb]?\b|basis points?\b)",
            rf"(?<![\w.,/-])(?:\d+\.\d+|\.\d+|0,\d+){_END}",
            rf"{_BEGIN}{_ANY}[eE][+\-−]?\d+{_END}",
            rf"{_BEGIN}{_ANY} ?[×x*] ?10\^?[−-]?\d+\b",
            r"(?<![\w.])\d+⁄\d+",
            rf"{_BEGIN}\d+ out of \d+{_END}",
            rf"(?<![\w.,]){_ANY} ?(?:[x×]|times) (?:as|faster|slower|better|worse|smaller|larger)\b",
            r"(?<![\w.,])\d*\.\d+ ?[x×](?!\w| ?\d)",
        ),
    )
)


def number_flaws(
    text: str, *, source: str, metrics: Collection[str] = (), units: Collection[str] = ()
) -> Iterator[CardFlaw]:
    """Yield every line with a number that looks like a measurement and has no source.

    Such are shares, fractions (not versions, as 1.2.3), powers of ten, and numbers beside a unit or the name
    of a metric. Code, addresses, calls and comments are left out. Words as "ninety" are not read.
    """
    patterns = (*_PATTERNS, _beside(metrics, units))
    for line in markdown_lines(text):
        prose = "" if line.fenced else _prose(line.shown)
        found = [match for pattern in patterns for match in pattern.finditer(prose)]
        if found:
            first = min(found, key=lambda match: (match.start(), -match.end()))
            yield CardFlaw(
                rule="number", source=source, line=line.number, wanted=WANTED_CALL, found=first[0].strip()
            )


def _prose(shown: str) -> str:
    """A line as it is read: without marks and tags, spaces and digits of all kinds in their plain form."""
    text = html.unescape(_TAG.sub("", _NO_PROSE.sub(" ¤ ", shown)))
    text = "".join(char for char in text.translate(_SPELLINGS) if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", _MARKS.sub("", text))


def _beside(metrics: Collection[str], units: Collection[str]) -> re.Pattern[str]:
    """A number right before a unit, or on either side of a metric's name."""
    unit = _either((*_UNITS, *(unit for unit in units if unit != "1")), ())
    metric = _either((*metrics, *(name.replace("_", " ") for name in metrics)), _METRICS)
    between = r"[ *_|]*(?:(?:is|was|of|at|to|about|around|over|under|above|below|=|:|≥|≤|<|>)[ *_]*){0,2}"
    return re.compile(
        rf"{_NUMBER} ?(?:{unit})(?![\w/])|(?<!\w)(?:{metric}){between}{_NUMBER}|{_NUMBER} (?:{metric})(?!\w)"
    )


def _either(names: Collection[str], patterns: Collection[str]) -> str:
    spelt = {unicodedata.normalize("NFKC", name) for name in names}
    words = sorted(spelt, key=lambda name: (-len(name), name))
    return "|".join((*map(re.escape, words), *patterns))
