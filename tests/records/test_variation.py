"""The syntax of --vary, which is reprotest's, over the table of variations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ConfigError
from release_tasks.records.variation import ASPECTS, DEFAULT, UNSUPPORTED, ordered, parse_vary

NAMES = ", ".join(("all", *ASPECTS))
REPROTEST = "environment build_path aslr num_cpus time user_group fileordering domain_host home locales timezone umask"


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", DEFAULT),
        ("+all", DEFAULT),
        ("+all -time", DEFAULT - {"clock"}),
        ("-all +timezone +locale", {"timezone", "locale"}),
        ("-all,+timezone,+locale", {"timezone", "locale"}),
        (" -all , +cpus\n", {"cpus"}),
        ("+cpu-features", DEFAULT | {"cpu-features"}),
        ("+cpu-features -all", set()),
        ("+cpu_features +all -cpu-features", DEFAULT),
        ("-all -kernel -exec_path", set()),
        ("-all +clock -clock +clock", {"clock"}),
    ],
)
def test_a_choice_is_applied_from_left_to_right(text: str, chosen: set[str]) -> None:
    assert parse_vary(text) == chosen


def test_the_names_of_reprotest_are_understood() -> None:
    chosen = {name: parse_vary(f"-all +{name}") for name in REPROTEST.split()}
    assert all(len(found) == 1 for found in chosen.values())
    assert frozenset().union(*chosen.values()) == DEFAULT - {"hash-seed", "malloc"}
    assert chosen["time"] == {"clock"}
    assert chosen["environment"] == {"hostile-environment"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "+all -tiem",
            (
                f"there is no such variation\n  wanted: {NAMES}\n  found:  -tiem\n  where:  --vary\n"
                "  hint:   did you mean -time?"
            ),
        ),
        ("+qqqqqqq", f"there is no such variation\n  wanted: {NAMES}\n  found:  +qqqqqqq\n  where:  --vary"),
        (
            "time",
            (
                "a variation has no sign\n  wanted: +NAME to vary, -NAME to leave as it is\n"
                "  found:  time\n  where:  --vary"
            ),
        ),
        (
            "+",
            (
                "a variation has no sign\n  wanted: +NAME to vary, -NAME to leave as it is\n"
                "  found:  +\n  where:  --vary"
            ),
        ),
        (
            "+kernel",
            (
                f"kernel cannot be varied\n  wanted: {NAMES}\n  found:  +kernel\n  where:  --vary\n"
                "  hint:   the kernel is part of the numeric id, not of the surroundings"
            ),
        ),
        (
            "+exec_path",
            (
                f"exec-path cannot be varied\n  wanted: {NAMES}\n  found:  +exec_path\n  where:  --vary\n"
                "  hint:   PATH is fixed for every command, and part of what it is run with"
            ),
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_vary(text)
    assert str(caught.value) == message


WORDS = st.tuples(st.sampled_from("+-"), st.sampled_from(("all", *ASPECTS)))


@given(st.lists(WORDS), st.sampled_from((" ", ",", ", ", "\n")))
def test_the_last_word_about_a_name_counts(words: list[tuple[str, str]], separator: str) -> None:
    chosen = parse_vary(separator.join(sign + name for sign, name in words))
    for name, aspect in ASPECTS.items():
        expected = aspect.default
        for sign, word in words:
            if word == name or (word == "all" and (aspect.default or sign == "-")):
                expected = sign == "+"
        assert (name in chosen) == expected


@given(st.frozensets(st.sampled_from(tuple(ASPECTS))))
def test_every_set_can_be_written(names: frozenset[str]) -> None:
    assert parse_vary(" ".join(("-all", *(f"+{name}" for name in names)))) == names
    assert set(ordered(names)) == names


@given(st.text())
def test_any_text_is_a_choice_or_a_sentence(text: str) -> None:
    try:
        found = parse_vary(text)
    except ConfigError:
        return
    assert found <= ASPECTS.keys()


def test_the_order_is_that_of_the_table() -> None:
    assert ordered(frozenset(ASPECTS)) == tuple(ASPECTS)
    with pytest.raises(KeyError, match="tiem"):
        ordered(frozenset({"tiem"}))


def test_no_name_has_two_meanings() -> None:
    names = [name for aspect in ASPECTS.values() for name in (aspect.name, *aspect.aliases)]
    assert len(names) == len(set(names))
    assert not UNSUPPORTED.keys() & set(names)
    assert ASPECTS.keys() - {"cpu-features", "still-clock"} == DEFAULT
