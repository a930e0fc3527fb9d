"""A traced number shows nothing of its source, and is found again with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.content_figures import Source, pointer, shown_number
from release_tasks.policy.traces import (
    Trace,
    known_sources,
    stated,
    traced,
    traced_change,
    traces_in,
    without_traces,
)
from release_tasks.records.content import Figure
from release_tasks.records.digest import sha256
from tests.fakes import released_documents as fake

SOURCE = Source(path="evidence/a.json", sha256=sha256("a" * 64))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1150, "1150"),
        (12_345_678, "12345678"),
        (0.0, "0"),
        (0.97826, "0.9783"),
        (0.00001, "0.00001"),
        (0.000123456, "0.0001235"),
        (1234.56, "1235"),
        (123456.7, "123457"),
        (-2.5, "-2.5"),
        (1e-9, "1e-09"),
        (1e20, "1e+20"),
    ],
)
def test_a_number_is_shown_for_people(value: float, shown: str) -> None:
    assert shown_number(value) == shown


def test_a_pointer_is_that_of_rfc_6901() -> None:
    assert pointer("a/b", 0, "m~n") == "/a~1b/0/m~0n"


def test_a_source_names_file_place_and_digest() -> None:
    figure = SOURCE.figure("a", 0.5, "data", "x", 0)
    assert figure.source == f"evidence/a.json#/data/x/0 sha256:{'a' * 16}"
    assert traced(figure) == f"0.5<!-- {figure.source} -->"
    assert SOURCE.size(9).source == f"evidence/a.json sha256:{'a' * 16}"


@given(NAMES, NAMES, NUMBERS)
def test_any_name_can_stand_in_a_comment_in_a_table(path: str, key: str, value: float) -> None:
    figure = Source(path=path, sha256=sha256("a" * 64)).figure("a", value, key)
    text = f"| x | {traced(figure)} |"
    (trace,) = traces_in(text)
    assert (trace.line, trace.shown, trace.source) == (1, figure.shown, figure.source)
    comment = text.partition("<!--")[2].removesuffix("--> |")
    assert not {"--", "|", ">", "\n"} & {
        comment[index : index + size] for size in (1, 2) for index in range(len(comment))
    }
    assert without_traces(text) == "| x |  ¤  |"


def test_a_change_names_both_sides() -> None:
    now, then = SOURCE.figure("a", 1, "now"), SOURCE.figure("a", 2, "then")
    text = f"+50.0 %{traced_change('', now, then)}"
    assert [(trace.shown, trace.source) for trace in traces_in(text)] == [
        (None, now.source),
        (None, then.source),
    ]
    assert "50" not in without_traces(text)


def test_a_drifted_number_and_a_foreign_digest_are_told() -> None:
    sources = known_sources(fake.content())
    figure = fake.content().figures["quality.mean"]
    assert Trace(line=1, source=figure.source, shown="0.7029").flaw(sources) is None
    assert Trace(line=1, source=figure.source, shown="0.70289855").flaw(sources) is None
    assert Trace(line=1, source=figure.source, shown="0.8").flaw(sources) == (
        f"0.7029, as {figure.source} says",
        "0.8",
    )
    other = figure.source[:-16] + "0" * 16
    assert Trace(line=1, source=other, shown="0.7029").flaw(sources) == (figure.source, other)
    gone = f"evidence/gone.json#/a sha256:{'0' * 16}"
    assert Trace(line=1, source=gone).flaw(sources) == ("a figure of evidence/gone.json", gone)


def test_one_place_can_give_several_figures() -> None:
    source = fake.content().figures["parity.f32.tau"].source
    figures: tuple[Figure, ...] = known_sources(fake.content())[source]
    assert {figure.name for figure in figures} == {
        "parity.f32.tau",
        "parity.f32.delta_nll",
        "parity.f32.prompts",
    }


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_stated_fact_is_one_comment_whatever_it_says(text: str, why: str) -> None:
    written = stated(text, why)
    assert written.count("<") == written.count("-->") == 1
    assert written.endswith(" -->")
    assert "--" not in written[written.index("<!--") + 4 : -4]
    assert without_traces(f"- {written}") == " ¤ "
