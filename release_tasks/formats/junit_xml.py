"""JUnit XML as pytest, surefire, GoogleTest, ctest, jest and unittest-xml-reporting write it, read strictly.

There is no standard: the reader rests on what these tools have in common.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NoReturn
from xml.parsers import expat

from release_tasks.errors import FormatError
from release_tasks.records.frozen_record import frozen

Outcome = Literal["passed", "failed", "error", "skipped"]

_ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii"})
# What makes a case something else than passed, the worst last.
_OUTCOMES: Mapping[str, Outcome] = {"skipped": "skipped", "failure": "failed", "error": "error"}
_RANK = ("passed", *_OUTCOMES.values())
# ctest and GoogleTest say of a test that is switched off only that it did not run.
_NOT_RUN = frozenset({"notrun", "disabled"})
_PARENTS = {
    "testsuites": (None, "testsuites"),
    "testsuite": (None, "testsuites", "testsuite"),
    "testcase": ("testsuite",),
    "skipped": ("testcase",),
    "failure": ("testcase",),
    "error": ("testcase",),
}


@frozen
class JUnitCase:
    """One test that the report names; `id` is `classname::name`, or the one of them that is there.

    `message` says why a case is not passed, in the report's own words, and `details` at length; either may be
    empty. `seconds` is None when it is not told.
    """

    id: str
    outcome: Outcome
    message: str = ""
    details: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None


def parse_junit(
    data: bytes, *, where: str | None = None, max_bytes: int = 64 * 2**20, max_depth: int = 50
) -> tuple[JUnitCase, ...]:
    """Read every case of a report in its order; an id that occurs twice stands for two cases.

    Raises FormatError for more than `max_bytes` bytes or `max_depth` nested elements, a document type (and
    with it every entity), an encoding other than UTF-8, XML that is not well formed, another root than
    `testsuites` or `testsuite`, elements where they have no meaning, a case without a name, and a suite whose
    own count of tests, failures, errors or skipped tests is higher than what it shows: such a report is cut.
    """
    if len(data) > max_bytes:
        raise FormatError(
            "JUnit report too large",
            wanted=f"at most {max_bytes} bytes",
            found=f"{len(data)} bytes",
            where=where,
        )
    reader = _Reader(where=where, max_depth=max_depth)
    # The encoding is fixed here: a declared one can neither be another nor call a codec.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.XmlDeclHandler = reader.declaration
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)  # noqa: FBT003 - positional only
    except expat.ExpatError as error:
        raise FormatError(
            "not XML",
            found=f"{expat.ErrorString(error.code)} at line {error.lineno} column {error.offset + 1}",
            where=where,
        ) from None
    return tuple(reader.cases)


@dataclass(kw_only=True, slots=True)
class _Suite:
    """What a suite says of itself, and what it shows."""

    name: str
    claims: Mapping[str, int]
    shows: Counter[str] = field(default_factory=Counter)


@dataclass(kw_only=True, slots=True)
class _OpenCase:
    id: str
    seconds: float | None
    elements: set[str] = field(default_factory=set)
    outcome: Outcome = "passed"
    message: str = ""
    details: str = ""
    properties: list[tuple[str, str]] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class _Reader:
    """Follows the elements of one report."""

    where: str | None
    max_depth: int
    cases: list[JUnitCase] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    suites: list[_Suite] = field(default_factory=list)
    case: _OpenCase | None = None
    words: list[str] | None = None  # the text of the element that is being listened to
    attributes: dict[str, str] = field(default_factory=dict)  # and its attributes

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            self._refuse("JUnit report in another encoding", wanted="UTF-8", found=encoding)

    def doctype(self, name: str, *_ids: object) -> None:
        self._refuse("JUnit report with a document type", wanted="no DOCTYPE and no entities", found=name)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self.path[-1] if self.path else None
        if len(self.path) >= self.max_depth:
            self._refuse("JUnit report nested too deeply", wanted=f"at most {self.max_depth} levels")
        if parent is None and tag not in {"testsuites", "testsuite"}:
            self._refuse("not a JUnit report", wanted="the root testsuites or testsuite", found=tag)
        if tag in _PARENTS and parent not in _PARENTS[tag]:
            self._refuse("JUnit element out of place", found=f"{tag} inside of {parent}")
        self.path.append(tag)
        match tag:
            case "testsuites" | "testsuite":
                self.suites.append(self._suite(tag, attributes))
            case "testcase":
                self.case = self._opened(attributes)
            case "skipped" | "failure" | "error":
                self.words, self.attributes = [], attributes
            case "property" if self.path[-3:-1] == ["testcase", "properties"]:
                self.words, self.attributes = [], attributes

    def text(self, words: str) -> None:
        if self.words is not None:
            self.words.append(words)

    def end(self, tag: str) -> None:
        self.path.pop()
        match tag:
            case "testsuites" | "testsuite":
                self._close_suite(self.suites.pop())
            case "testcase":
                self._close_case()
            case "skipped" | "failure" | "error" if self.words is not None:
                self._outcome(tag, self.attributes.get("message", ""), "".join(self.words))
            case "property" if self.words is not None and self.case is not None:
                name = self.attributes.get("name", "")
                self.case.properties.append((name, self.attributes.get("value", "".join(self.words))))
                self.words = None

    def _suite(self, tag: str, attributes: Mapping[str, str]) -> _Suite:
        name = attributes.get("name") or tag
        claims: Counter[str] = Counter()
        for key in ("tests", "failures", "errors", "skipped", "disabled"):
            given = attributes.get(key, "0").strip()
            if not (given.isascii() and given.isdigit() and len(given) <= 12):
                self._refuse("JUnit count that is no number", found=f"{name}: {key}={given}")
            # `disabled` is what GoogleTest and ctest call those that were never started.
            claims["skipped" if key == "disabled" else key] += int(given)
        return _Suite(name=name, claims=claims)

    def _close_suite(self, suite: _Suite) -> None:
        # pytest counts a test twice that passes and then cannot be torn down, and shows it once, as an error.
        shown = {**suite.shows, "tests": suite.shows["tests"] + suite.shows["errors"]}
        for key, claim in suite.claims.items():
            if claim > shown.get(key, 0):
                self._refuse(
                    "JUnit report is cut: a suite shows less than it counts",
                    wanted=f"{claim} {key} in {suite.name}",
                    found=str(suite.shows[key]),
                )
        if self.suites:
            self.suites[-1].shows += suite.shows

    def _opened(self, attributes: Mapping[str, str]) -> _OpenCase:
        parts = [attributes[key] for key in ("classname", "name") if attributes.get(key)]
        if not parts:
            self._refuse("JUnit case without a name", wanted="name, classname or both")
        opened = _OpenCase(id="::".join(parts), seconds=_seconds(attributes.get("time", "")))
        status = attributes.get("status", "")
        if status in _NOT_RUN:
            opened.outcome, opened.message = "skipped", status
            opened.elements.add("skipped")
        return opened

    def _outcome(self, tag: str, message: str, details: str) -> None:
        if self.case is None:
            raise AssertionError("unreachable: start() refuses it outside of a case")
        self.words = None
        found = _OUTCOMES[tag]
        self.case.elements.add(tag)
        if _RANK.index(found) > _RANK.index(self.case.outcome) or (
            found == self.case.outcome and self.case.message in _NOT_RUN
        ):
            self.case.outcome, self.case.message, self.case.details = found, message, details

    def _close_case(self) -> None:
        if self.case is None:
            raise AssertionError("unreachable: cases do not nest")
        case, shows = self.case, self.suites[-1].shows
        shows["tests"] += 1
        for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            shows[key] += tag in case.elements
        self.cases.append(
            JUnitCase(
                id=case.id,
                outcome=case.outcome,
                message=case.message,
                details=case.details,
                properties=tuple(case.properties),
                seconds=case.seconds,
            )
        )
        self.case = None

    def _refuse(self, what: str, *, wanted: str | None = None, found: str | None = None) -> NoReturn:
        raise FormatError(what, wanted=_shown(wanted), found=_shown(found), where=self.where)


def _shown(text: str | None) -> str | None:
    """Put what the report says in a form that a terminal can show."""
    return None if text is None else ascii(text)[1:-1][:200]


def _seconds(text: str) -> float | None:
    """Read a duration; surefire writes 1,234.5 for a thousand and more."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
