"""JUnit XML: reports of real tools (junit/README.md), and everything that is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.junit_xml import JUnitCase, parse_junit

REPORTS = Path(__file__).parent / "junit"


def outcomes(data: bytes) -> list[tuple[str, str]]:
    return [(case.id, case.outcome) for case in parse_junit(data)]


PYTEST = [
    ("test_demo::test_passes", "passed"),
    ("test_demo::test_fails", "failed"),
    ("test_demo.TestGroup::test_in_a_class", "passed"),
    ("test_demo::test_needs_a_broken_fixture", "error"),
    ("test_demo::test_passes_and_leaves_badly", "error"),
    ("test_demo::test_fails_and_leaves_badly", "failed"),
    ("test_demo::test_fails_and_leaves_badly", "error"),
    ("test_demo::test_skips", "skipped"),
    ("test_demo::test_fails_as_expected", "skipped"),
    ("test_demo::test_passes_against_a_strict_expectation", "failed"),
    ("test_demo::test_passes_against_an_expectation", "passed"),
    ("test_demo::test_of[a]", "passed"),
    ("test_demo::test_of[a::b]", "failed"),
    ("test_demo::test_of[<&>]", "failed"),
    ("test_demo::test_of[\\xe9\\u202e]", "failed"),
    ("test_demo::test_of[\\x00]", "failed"),
    ("test_demo::test_with_a_property", "passed"),
]


@pytest.mark.parametrize("name", ["pytest.xml", "pytest-xdist-xunit1.xml"])
def test_pytest(name: str) -> None:
    """A test that fails and cannot be torn down is two cases; one that passes and cannot is counted as two."""
    cases = parse_junit((REPORTS / name).read_bytes())
    assert sorted((case.id, case.outcome) for case in cases) == sorted(PYTEST)
    by_id = {case.id: case for case in cases}
    assert by_id["test_demo::test_fails"].message == "assert 1 == 2"
    assert by_id["test_demo::test_skips"].message == "not today"
    assert by_id["test_demo::test_fails_as_expected"].message == "known"
    ours = (("release_mark", "structural"), ("release_collected", "16"))
    assert by_id["test_demo::test_with_a_property"].properties == (*ours, ("note", "kept"))
    assert "E   assert 1 == 2" in by_id["test_demo::test_fails"].details
    assert all(case.seconds is not None for case in cases)


OTHERS = {
    "unittest-xml-reporting.xml": [
        ("Demo::test_passes", "passed"),
        ("Demo::test_fails", "failed"),
        ("Demo::test_parts (n=1)", "failed"),
        ("Demo::test_breaks", "error"),
        ("Demo::test_skips", "skipped"),
        ("Demo::test_fails_as_expected", "skipped"),
    ],
    "ctest.xml": [
        ("passes::passes", "passed"),
        ("fails::fails", "failed"),
        ("skips::skips", "skipped"),
        ("off::off", "skipped"),
        ("absent::absent", "skipped"),
    ],
    "jest-junit.xml": [
        ("adder adds::adder adds", "passed"),
        ("adder is wrong::adder is wrong", "failed"),
        ("adder waits::adder waits", "skipped"),
        ("adder throws::adder throws", "failed"),
        ("adder later::adder later", "passed"),
    ],
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_tools(name: str) -> None:
    assert outcomes((REPORTS / name).read_bytes()) == OTHERS[name]


def test_a_test_that_never_started_says_why() -> None:
    cases = {case.id: case.message for case in parse_junit((REPORTS / "ctest.xml").read_bytes())}
    assert cases["off::off"] == "disabled"
    assert cases["absent::absent"] == "Unable to find executable"


GTEST = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" disabled="1" errors="0" time="0.01" timestamp="2026-01-01T00:00:00" name="AllTests">
  <testsuite name="Math" tests="4" failures="1" disabled="1" skipped="1" errors="0" time="0.01">
    <testcase name="Adds" status="run" result="completed" time="0.001" classname="Math" />
    <testcase name="Fails" status="run" result="completed" time="0.001" classname="Math">
      <failure message="a.cc:3&#x0A;Expected: 1" type=""><![CDATA[a.cc:3]]></failure>
      <failure message="a.cc:4&#x0A;Expected: 2" type=""><![CDATA[a.cc:4]]></failure>
    </testcase>
    <testcase name="DISABLED_Later" status="notrun" result="suppressed" time="0" classname="Math" />
    <testcase name="Skips" status="run" result="skipped" time="0" classname="Math">
      <skipped message="a.cc:9&#x0A;no device"/>
    </testcase>
  </testsuite>
</testsuites>
"""
SUREFIRE = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0.2" name="demo.DemoTest" time="1,234.5" tests="3" errors="0" skipped="1" failures="1" flakes="1">
  <properties><property name="java.version" value="17"/></properties>
  <testcase name="retried" classname="demo.DemoTest" time="1,234.5">
    <flakyFailure message="first time" type="E"><stackTrace>at demo</stackTrace></flakyFailure>
  </testcase>
  <testcase name="fails" classname="demo.DemoTest" time="0"><failure type="E">first line
    at demo</failure><rerunFailure type="E"/></testcase>
  <testcase name="ignored" classname="demo.DemoTest" time="0"><skipped/></testcase>
</testsuite>
"""


def test_forms_of_googletest_and_surefire() -> None:
    """Written by hand from knowledge of these tools, not produced by running them."""
    assert outcomes(GTEST) == [
        ("Math::Adds", "passed"),
        ("Math::Fails", "failed"),
        ("Math::DISABLED_Later", "skipped"),
        ("Math::Skips", "skipped"),
    ]
    assert parse_junit(GTEST)[1].message == "a.cc:3\nExpected: 1"
    found = parse_junit(SUREFIRE)
    assert [case.outcome for case in found] == ["passed", "failed", "skipped"]
    assert [case.seconds for case in found] == [1234.5, 0.0, 0.0]
    assert found[1].details.startswith("first line\n")
    assert all(case.properties == () for case in found)  # those of a suite are of no test


def test_suites_nest_and_attributes_may_be_missing() -> None:
    data = b"""<testsuites tests="3"><testsuite tests="3"><testcase name="a" time="nan"/>
    <testsuite tests="2"><testcase classname="b"/><testcase name="c" classname=""><properties>
    <property name="p" value="v"/><property name="q">text</property></properties><error/></testcase>
    </testsuite></testsuite></testsuites>"""
    assert parse_junit(data) == (
        JUnitCase(id="a", outcome="passed"),
        JUnitCase(id="b", outcome="passed"),
        JUnitCase(id="c", outcome="error", properties=(("p", "v"), ("q", "text"))),
    )


def test_the_worst_outcome_of_a_case_counts() -> None:
    data = b"""<testsuite><testcase name="a"><failure message="f"/><error message="e"/><skipped message="s"/>
    </testcase><testcase name="a"><skipped message="s"/><failure message="f"/></testcase></testsuite>"""
    assert [(case.outcome, case.message) for case in parse_junit(data)] == [("error", "e"), ("failed", "f")]


LAUGHS = b"""<!DOCTYPE testsuite [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite name="&b;"><testcase name="a"/></testsuite>"""
EXTERNAL = b"""<!DOCTYPE testsuite SYSTEM "file:///etc/passwd"><testsuite/>"""
REFUSED = [
    (b"", "not XML\n  found: no element found at line 1 column 1\n  where: r.xml"),
    (b"<testsuite>", "not XML\n  found: no element found at line 1 column 12\n  where: r.xml"),
    (b"<testsuite/>x", "not XML\n  found: junk after document element at line 1 column 13\n  where: r.xml"),
    (
        b"<testsuite name='\xff'/>",
        "not XML\n  found: not well-formed (invalid token) at line 1 column 18\n  where: r.xml",
    ),
    (
        LAUGHS,
        "JUnit report with a document type\n  wanted: no DOCTYPE and no entities\n  found:  testsuite\n  where:  r.xml",
    ),
    (
        EXTERNAL,
        "JUnit report with a document type\n  wanted: no DOCTYPE and no entities\n  found:  testsuite\n  where:  r.xml",
    ),
    (b"<testsuite>&a;</testsuite>", "not XML\n  found: undefined entity at line 1 column 12\n  where: r.xml"),
    (
        b"<?xml version='1.0' encoding='utf-7'?><testsuite/>",
        "JUnit report in another encoding\n  wanted: UTF-8\n  found:  utf-7\n  where:  r.xml",
    ),
    (
        b"<html/>",
        "not a JUnit report\n  wanted: the root testsuites or testsuite\n  found:  html\n  where:  r.xml",
    ),
    (
        b"<testsuites><testcase name='a'/></testsuites>",
        "JUnit element out of place\n  found: testcase inside of testsuites\n  where: r.xml",
    ),
    (
        b"<testsuite><testcase name='a'><testcase name='b'/></testcase></testsuite>",
        "JUnit element out of place\n  found: testcase inside of testcase\n  where: r.xml",
    ),
    (
        b"<testsuite><testcase name='a'><system-out><failure/></system-out></testcase></testsuite>",
        "JUnit element out of place\n  found: failure inside of system-out\n  where: r.xml",
    ),
    (
        b"<testsuite><error/></testsuite>",
        "JUnit element out of place\n  found: error inside of testsuite\n  where: r.xml",
    ),
    (
        b"<testsuite><testcase name='' time='1'/></testsuite>",
        "JUnit case without a name\n  wanted: name, classname or both\n  where:  r.xml",
    ),
    (
        b"<testsuite name='s' tests='5'>" + b"<testcase name='a'/>" * 4 + b"</testsuite>",
        "JUnit report is cut: a suite shows less than it counts\n  wanted: 5 tests in s\n  found:  4\n  where:  r.xml",
    ),
    (
        b"<testsuites><testsuite name='s' failures='1'><testcase name='a'/></testsuite></testsuites>",
        "JUnit report is cut: a suite shows less than it counts\n  wanted: 1 failures in s\n  found:  0\n  where:  r.xml",
    ),
    (
        b"<testsuites errors='1'><testsuite><testcase name='a'/></testsuite></testsuites>",
        "JUnit report is cut: a suite shows less than it counts\n  wanted: 1 errors in testsuites\n  found:  0\n  where:  r.xml",
    ),
    (
        b"<testsuite disabled='1' skipped='1'><testcase name='a'><skipped/></testcase></testsuite>",
        "JUnit report is cut: a suite shows less than it counts\n  wanted: 2 skipped in testsuite\n  found:  1\n  where:  r.xml",
    ),
    (
        b"<testsuite name='s' tests='-1'/>",
        "JUnit count that is no number\n  found: s: tests=-1\n  where: r.xml",
    ),
    (
        b"<testsuite tests='\xd9\xa1'/>",
        "JUnit count that is no number\n  found: testsuite: tests=\\u0661\n  where: r.xml",
    ),
]


@pytest.mark.parametrize(("data", "message"), REFUSED)
@pytest.mark.structural
def test_refusals(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as refused:
        parse_junit(data, where="r.xml")
    assert str(refused.value) == message


def test_limits() -> None:
    deep = b"<testsuite>" * 50 + b"</testsuite>" * 50
    assert parse_junit(deep) == ()
    with pytest.raises(FormatError, match="nested too deeply"):
        parse_junit(b"<testsuite>" + deep + b"</testsuite>")
    with pytest.raises(FormatError, match="nested too deeply"):
        parse_junit(b"<testsuite>" * 1_000_000)
    assert parse_junit(b"<testsuite/>", max_bytes=12) == ()
    with pytest.raises(FormatError) as refused:
        parse_junit(b"<testsuite/>", max_bytes=11)
    assert str(refused.value) == "JUnit report too large\n  wanted: at most 11 bytes\n  found:  12 bytes"


@given(data=st.binary(max_size=300))
def test_any_bytes_give_cases_or_a_format_error(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        parse_junit(data)


WORDS = st.sampled_from(
    [
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "properties",
        "property",
        "system-out",
    ]
)
NAMES = st.sampled_from(["name", "classname", "tests", "failures", "status", "time", "message", "value"])
VALUES = st.one_of(
    st.sampled_from(["1", "0", "notrun", "a"]), st.text(st.characters(categories=["L", "N"]), max_size=5)
)
TREES = st.recursive(
    st.just(""),
    lambda inner: st.builds(
        lambda tag, attributes, children: (
            f"<{tag}{''.join(f' {k}={quoteattr(v)}' for k, v in attributes.items())}>{''.join(children)}</{tag}>"
        ),
        WORDS,
        st.dictionaries(NAMES, VALUES, max_size=3),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@given(tree=TREES, cut=st.integers(0, 400))
def test_any_tree_of_these_elements_gives_cases_or_a_format_error(tree: str, cut: int) -> None:
    for data in (
        f"<testsuite>{tree}</testsuite>".encode(),
        f"<testsuites>{tree}</testsuites>".encode()[:cut],
    ):
        with contextlib.suppress(FormatError):
            parse_junit(data)


TEXT = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20)
CASES = st.lists(
    st.builds(
        JUnitCase,
        id=TEXT,
        outcome=st.sampled_from(["passed", "failed", "error", "skipped"]),
        message=TEXT,
        properties=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
        seconds=st.none() | st.floats(0, 1e6),
    ),
    max_size=8,
)
_TAGS = {"failed": "failure", "error": "error", "skipped": "skipped"}


def written(case: JUnitCase) -> str:
    time = "" if case.seconds is None else f' time="{case.seconds!r}"'
    properties = "".join(f"<property name={quoteattr(k)} value={quoteattr(v)}/>" for k, v in case.properties)
    tag = _TAGS.get(case.outcome)
    end = f"<{tag} message={quoteattr(case.message)}/>" if tag else ""
    return f"<testcase name={quoteattr(case.id)}{time}><properties>{properties}</properties>{end}</testcase>"


@given(cases=CASES)
def test_what_is_written_is_what_is_read(cases: list[JUnitCase]) -> None:
    data = f'<testsuite tests="{len(cases)}">{"".join(map(written, cases))}</testsuite>'.encode()
    wanted = [
        case
        if case.outcome in _TAGS
        else JUnitCase(id=case.id, outcome="passed", properties=case.properties, seconds=case.seconds)
        for case in cases
    ]
    assert parse_junit(data) == tuple(wanted)
